//! The patient says yes to a request.

use aval_domain::etag::Etag;
use aval_domain::event::EventKind;
use aval_domain::id::{GrantId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::create_grant::grant_event;
use crate::error::Error;
use crate::grant::{Approval, Grant};
use crate::store::{Change, Write};

/// What the patient answers.
#[derive(Debug, Clone, Serialize)]
pub struct ApproveGrant {
    /// Which request.
    pub grant_id: GrantId,
    /// The etag that the patient saw.
    pub etag: Etag,
    /// What of it they changed.
    pub approval: Approval,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Makes a grant of a request to the patient, which holds from then on.
    #[tracing::instrument(name = "consent.approve_grant", skip_all, fields(grant.id = %command.grant_id))]
    pub async fn approve_grant(
        &self,
        cx: &RequestContext,
        command: ApproveGrant,
    ) -> Result<Grant, Error> {
        let patient_id = cx.patient()?.patient_id;
        self.may_open(cx)?;
        let write = Write::new(cx, "consent.approve_grant", command.request_id, &command);
        let approve = |request: &Grant| {
            let value = request.approve(command.approval, command.etag, cx.now)?;
            let event = grant_event(cx, EventKind::GrantApproved, Some(request), &value);
            Ok(Some(Change { value, event }))
        };
        self.store
            .approve_grant(&write, patient_id, command.grant_id, &approve)
            .await
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::access::Ground;

    use super::*;
    use crate::app::DeclineGrant;
    use crate::app::testing::Fixture;
    use crate::decision::Verdict;
    use crate::grantee::Grantee;

    #[tokio::test]
    async fn an_approved_request_opens_the_record_on_the_patients_grant() {
        let fixture = Fixture::new().await;
        let request = fixture.request_by_doctor().await.unwrap();
        let command = fixture.approval_of(&request);
        let cx = fixture.as_representative();
        let given = fixture.app.approve_grant(&cx, command).await.unwrap();
        let doctor = fixture.as_doctor();
        let check = fixture.app.check(&doctor, fixture.question()).await;
        let ground = Ground::Grant(given.grant_id);
        assert_eq!(check.unwrap().verdict, Verdict::Permit(ground));
        let events = fixture.events().await;
        let event = events.last().unwrap();
        assert_eq!(event.kind, EventKind::GrantApproved);
        assert_eq!(event.before["state"], "requested");
        assert_eq!(event.after["state"], "active");
        assert_eq!(event.after["grantee_name"], "Dr Camille MARTIN");
        let representative = event.representative.as_ref().unwrap();
        assert_eq!(representative.patient_id, fixture.other_patient);
        assert_eq!(event.patient_id, Some(fixture.patient));
    }

    #[tokio::test]
    async fn a_request_is_answered_once() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let request = fixture.request_by_doctor().await.unwrap();
        let decline = || DeclineGrant {
            grant_id: request.grant_id,
            etag: request.version.etag(),
            request_id: fixture.request_id(),
        };
        let declined = fixture.app.decline_grant(&cx, decline()).await.unwrap();
        for request in [&request, &declined] {
            let command = fixture.approval_of(request);
            let refused = fixture.app.approve_grant(&cx, command).await;
            assert!(matches!(refused, Err(Error::StateConflict(_))));
        }
        let again = fixture.app.decline_grant(&cx, decline()).await;
        assert!(matches!(again, Err(Error::StateConflict(_))));
        assert_eq!(fixture.events_of(EventKind::GrantDeclined).await, 1);
        assert_eq!(fixture.events_of(EventKind::GrantApproved).await, 0);
        // Whoever was declined may ask again.
        fixture.request_by_doctor().await.unwrap();
    }

    #[tokio::test]
    async fn the_same_answer_sent_again_is_the_same_grant() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let request = fixture.request_by_doctor().await.unwrap();
        let command = fixture.approval_of(&request);
        let first = fixture.app.approve_grant(&cx, command.clone()).await;
        let second = fixture.app.approve_grant(&cx, command).await;
        assert_eq!(first.unwrap(), second.unwrap());
        assert_eq!(fixture.events_of(EventKind::GrantApproved).await, 1);
    }

    #[tokio::test]
    async fn nobody_answers_a_request_to_somebody_else() {
        let fixture = Fixture::new().await;
        let request = fixture.request_by_doctor().await.unwrap();
        let other = fixture.as_other_patient();
        let hidden = fixture
            .app
            .approve_grant(&other, fixture.approval_of(&request))
            .await;
        assert!(matches!(hidden, Err(Error::NotFound)));
        for cx in [fixture.as_doctor(), fixture.as_nobody()] {
            let denied = fixture
                .app
                .approve_grant(&cx, fixture.approval_of(&request))
                .await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
    }

    #[tokio::test]
    async fn a_block_a_closed_record_and_a_live_grant_stand_in_the_way() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let request = fixture.request_by_doctor().await.unwrap();
        let given = fixture.grant_to_doctor().await;
        let command = || fixture.approval_of(&request);
        let exists = fixture.app.approve_grant(&cx, command()).await;
        assert!(
            matches!(exists, Err(Error::GrantExists { grant_id: Some(id) }) if id == given.grant_id)
        );
        fixture.block(Grantee::Practitioner(fixture.doctor())).await;
        let blocked = fixture.app.approve_grant(&cx, command()).await;
        assert!(matches!(blocked, Err(Error::GranteeBlocked)));
        fixture.close_record().await;
        let closed = fixture.app.approve_grant(&cx, command()).await;
        assert!(matches!(closed, Err(Error::RecordUnavailable)));
        let decline = DeclineGrant {
            grant_id: request.grant_id,
            etag: request.version.etag(),
            request_id: fixture.request_id(),
        };
        assert!(fixture.app.decline_grant(&cx, decline).await.is_ok());
    }
}
