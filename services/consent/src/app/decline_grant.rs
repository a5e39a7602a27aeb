//! The patient says no to a request.

use aval_domain::etag::Etag;
use aval_domain::event::EventKind;
use aval_domain::id::{GrantId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::create_grant::grant_event;
use crate::error::Error;
use crate::grant::Grant;
use crate::store::{Change, Write};

/// What the patient answers.
#[derive(Debug, Clone, Serialize)]
pub struct DeclineGrant {
    /// Which request.
    pub grant_id: GrantId,
    /// The etag that the patient saw.
    pub etag: Etag,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Declines a request to the patient, whether the record is open or not.
    #[tracing::instrument(name = "consent.decline_grant", skip_all, fields(grant.id = %command.grant_id))]
    pub async fn decline_grant(
        &self,
        cx: &RequestContext,
        command: DeclineGrant,
    ) -> Result<Grant, Error> {
        let patient_id = cx.patient()?.patient_id;
        let write = Write::new(cx, "consent.decline_grant", command.request_id, &command);
        let decline = |request: &Grant| {
            let value = request.decline(command.etag, cx.now)?;
            let event = grant_event(cx, EventKind::GrantDeclined, Some(request), &value);
            Ok(Some(Change { value, event }))
        };
        self.store
            .change_grant(&write, patient_id, command.grant_id, &decline)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;
    use crate::grant::GrantState;

    #[tokio::test]
    async fn a_declined_request_opens_nothing_and_names_who_asked() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let request = fixture.request_by_doctor().await.unwrap();
        let command = DeclineGrant {
            grant_id: request.grant_id,
            etag: request.version.etag(),
            request_id: fixture.request_id(),
        };
        let declined = fixture.app.decline_grant(&cx, command).await.unwrap();
        assert_eq!(declined.state(cx.now), GrantState::Declined);
        let doctor = fixture.as_doctor();
        let check = fixture.app.check(&doctor, fixture.question()).await;
        assert!(!check.unwrap().is_permit());
        let events = fixture.events().await;
        assert_eq!(
            events.last().unwrap().after["grantee_name"],
            "Dr Camille MARTIN"
        );
    }

    #[tokio::test]
    async fn nobody_declines_for_somebody_else() {
        let fixture = Fixture::new().await;
        let request = fixture.request_by_doctor().await.unwrap();
        let command = || DeclineGrant {
            grant_id: request.grant_id,
            etag: request.version.etag(),
            request_id: fixture.request_id(),
        };
        let other = fixture.as_other_patient();
        let hidden = fixture.app.decline_grant(&other, command()).await;
        assert!(matches!(hidden, Err(Error::NotFound)));
        for cx in [fixture.as_doctor(), fixture.as_nobody()] {
            let denied = fixture.app.decline_grant(&cx, command()).await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
    }
}
