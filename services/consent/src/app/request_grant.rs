//! A professional asks a patient for access.

use aval_domain::document::DocumentClasses;
use aval_domain::event::EventKind;
use aval_domain::id::{GrantId, PatientId, RequestId};
use aval_runtime::context::{PractitionerActor, RequestContext};
use serde::Serialize;

use super::App;
use super::create_grant::grant_event;
use crate::asked_period::AskedPeriod;
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin, GrantRequest, GrantStatus, Purpose};
use crate::grantee::{Grantee, GranteeName, NamedGrantee};
use crate::store::{Change, Write};

/// What the professional asks for.
#[derive(Debug, Clone, Serialize)]
pub struct RequestGrant {
    /// Whose record.
    pub patient_id: PatientId,
    /// For which classes; not none.
    pub classes: DocumentClasses,
    /// For how long.
    pub period: AskedPeriod,
    /// Why, for the patient to read.
    pub purpose: Purpose,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Stores the request, which opens nothing. A professional whom the patient
    /// blocked is not told so.
    #[tracing::instrument(name = "consent.request_grant", skip_all)]
    pub async fn request_grant(
        &self,
        cx: &RequestContext,
        command: RequestGrant,
    ) -> Result<Grant, Error> {
        let asker = cx.practitioner()?;
        let write = Write::new(cx, "consent.request_grant", command.request_id, &command);
        let to = the_caller(asker);
        let period = match command.period.settle_grant(to.grantee, cx.now) {
            Ok(period) => period,
            Err(refusal) => return self.as_before(&write, refusal).await,
        };
        let grant_id = GrantId::new(cx.now, cx.random.as_ref());
        let (patient_id, classes) = (command.patient_id, command.classes);
        let value = Grant {
            origin: GrantOrigin::Request,
            status: GrantStatus::Requested,
            created_by: Some(asker.practitioner_id),
            request: Some(GrantRequest::made(command.purpose.clone(), period, cx.now)),
            ..Grant::given(grant_id, patient_id, to, classes, period, cx.now)
        };
        let mut event = grant_event(cx, EventKind::GrantRequested, None, &value);
        let purpose = command.purpose.as_str().to_owned();
        event.after.insert("purpose".to_owned(), purpose);
        self.store
            .request_grant(&write, &Change { value, event }, &capacities(asker))
            .await
            .map_err(without_telling_of_blocks)
    }
}

/// The professional who makes the call, as a grantee.
pub(super) fn the_caller(practitioner: &PractitionerActor) -> NamedGrantee {
    NamedGrantee {
        grantee: Grantee::Practitioner(practitioner.practitioner_id),
        name: GranteeName::parse(&practitioner.display_name),
    }
}

/// Everything under which the patient may have blocked the professional who acts.
pub(super) fn capacities(practitioner: &PractitionerActor) -> Vec<Grantee> {
    let organization = practitioner.activity.organization_id;
    let organization = organization.map(Grantee::Organization);
    std::iter::once(Grantee::Practitioner(practitioner.practitioner_id))
        .chain(organization)
        .collect()
}

/// Who asks for a record is not told that they are blocked: to them it is unavailable.
pub(super) fn without_telling_of_blocks(error: Error) -> Error {
    match error {
        Error::GranteeBlocked => Error::RecordUnavailable,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::grant::GrantState;

    #[tokio::test]
    async fn a_request_opens_nothing_and_carries_its_purpose_to_the_trail() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_doctor();
        let request = fixture.request_by_doctor().await.unwrap();
        assert_eq!(request.state(cx.now), GrantState::Requested);
        assert_eq!(request.created_by, Some(fixture.doctor()));
        let check = fixture.app.check(&cx, fixture.question()).await.unwrap();
        assert!(!check.is_permit());
        let events = fixture.events().await;
        let event = events.last().unwrap();
        assert_eq!(event.kind, EventKind::GrantRequested);
        assert_eq!(event.patient_id, Some(fixture.patient));
        assert_eq!(event.after["purpose"], "suivi du diabète");
        assert_eq!(event.after["grantee_name"], "Dr Camille MARTIN");
    }

    #[tokio::test]
    async fn one_request_waits_at_a_time_and_an_unanswered_one_makes_room() {
        let fixture = Fixture::new().await;
        let first = fixture.request_by_doctor().await.unwrap();
        let second = fixture.request_by_doctor().await;
        assert!(
            matches!(second, Err(Error::GrantExists { grant_id: Some(id) }) if id == first.grant_id)
        );
        fixture.clock.advance(Duration::from_hours(30 * 24));
        let third = fixture.request_by_doctor().await.unwrap();
        let shown = fixture
            .app
            .get_grant(&fixture.as_patient(), first.grant_id)
            .await
            .unwrap();
        let now = fixture.as_patient().now;
        assert_eq!(shown.grant.state(now), GrantState::Expired);
        assert_eq!(third.state(now), GrantState::Requested);
    }

    #[tokio::test]
    async fn who_is_authorised_already_has_nothing_to_ask_for() {
        let fixture = Fixture::new().await;
        let given = fixture.grant_to_doctor().await;
        let request = fixture.request_by_doctor().await;
        assert!(
            matches!(request, Err(Error::GrantExists { grant_id: Some(id) }) if id == given.grant_id)
        );
    }

    #[tokio::test]
    async fn who_is_blocked_alone_or_with_their_organization_learns_that_the_record_is_unavailable()
    {
        for by_organization in [false, true] {
            let fixture = Fixture::new().await;
            let grantee = if by_organization {
                Grantee::Organization(fixture.directory.organization)
            } else {
                Grantee::Practitioner(fixture.doctor())
            };
            fixture.block(grantee).await;
            let refused = fixture.request_by_doctor().await;
            assert!(matches!(refused, Err(Error::RecordUnavailable)));
            assert_eq!(fixture.events_of(EventKind::GrantRequested).await, 0);
        }
    }

    #[tokio::test]
    async fn a_closed_record_takes_no_request_and_nobody_but_a_professional_makes_one() {
        let fixture = Fixture::new().await;
        for cx in [fixture.as_patient(), fixture.as_nobody()] {
            let refused = fixture.app.request_grant(&cx, fixture.request()).await;
            assert!(matches!(refused, Err(Error::Denied(_))));
        }
        fixture.close_record().await;
        let refused = fixture.request_by_doctor().await;
        assert!(matches!(refused, Err(Error::RecordUnavailable)));
    }
}
