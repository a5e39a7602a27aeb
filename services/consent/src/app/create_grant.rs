//! The patient authorises somebody.

use std::collections::BTreeMap;

use aval_domain::document::DocumentClasses;
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{GrantId, PatientId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use crate::asked_period::AskedPeriod;
use crate::error::Error;
use crate::grant::Grant;
use crate::grantee::Grantee;
use crate::store::{Change, Write};

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct CreateGrant {
    /// Whose record.
    pub patient_id: PatientId,
    /// Who may open it.
    pub grantee: Grantee,
    /// For which classes; not none.
    pub classes: DocumentClasses,
    /// For how long.
    pub period: AskedPeriod,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Authorises a grantee whom the directory knows, or lets the grant wait for one
    /// who is named by a number that it does not know.
    #[tracing::instrument(name = "consent.create_grant", skip_all)]
    pub async fn create_grant(
        &self,
        cx: &RequestContext,
        command: CreateGrant,
    ) -> Result<Grant, Error> {
        cx.patient_owning(command.patient_id)?;
        self.may_open(cx)?;
        let write = Write::new(cx, "consent.create_grant", command.request_id, &command);
        let value = match self.grant_of(cx, &command).await {
            Ok(value) => value,
            Err(refusal) => return self.as_before(&write, refusal).await,
        };
        let event = grant_event(cx, EventKind::GrantCreated, None, &value);
        self.store
            .create_grant(&write, &Change { value, event }, &[])
            .await
    }

    async fn grant_of(&self, cx: &RequestContext, command: &CreateGrant) -> Result<Grant, Error> {
        let period = command.period.settle_grant(command.grantee, cx.now)?;
        let grantee = self.known_grantee(command.grantee).await?;
        let grant_id = GrantId::new(cx.now, cx.random.as_ref());
        let (patient_id, classes) = (command.patient_id, command.classes);
        Ok(Grant::given(
            grant_id, patient_id, grantee, classes, period, cx.now,
        ))
    }
}

/// The event that tells of a grant's change.
pub(super) fn grant_event(
    cx: &RequestContext,
    kind: EventKind,
    before: Option<&Grant>,
    after: &Grant,
) -> Event {
    Event {
        patient_id: Some(after.patient_id),
        subject: Some(Subject::new("grant", &after.grant_id)),
        before: before.map_or_else(BTreeMap::new, |grant| grant.trail_fields(cx.now)),
        after: after.trail_fields(cx.now),
        ..cx.event(kind, Outcome::Success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;
    use crate::grant::GrantState;

    #[tokio::test]
    async fn a_grant_to_a_known_number_is_a_grant_to_the_professional() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let grantee = Grantee::Rpps(fixture.directory.known_rpps);
        let grant = fixture
            .app
            .create_grant(&cx, fixture.new_grant(grantee))
            .await
            .unwrap();
        assert_eq!(grant.grantee, Grantee::Practitioner(fixture.doctor()));
        assert_eq!(grant.state(cx.now), GrantState::Active);
    }

    #[tokio::test]
    async fn a_grant_to_an_unknown_number_waits() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let grantee = Grantee::Rpps("99700366240".parse().unwrap());
        let grant = fixture
            .app
            .create_grant(&cx, fixture.new_grant(grantee))
            .await
            .unwrap();
        assert_eq!(grant.state(cx.now), GrantState::Waiting);
    }

    #[tokio::test]
    async fn a_merged_identifier_becomes_the_present_one() {
        let fixture = Fixture::new().await;
        let grantee = Grantee::Practitioner(fixture.directory.merged);
        let command = fixture.new_grant(grantee);
        let grant = fixture
            .app
            .create_grant(&fixture.as_patient(), command)
            .await
            .unwrap();
        assert_eq!(grant.grantee, Grantee::Practitioner(fixture.doctor()));
    }

    #[tokio::test]
    async fn nothing_is_written_while_the_directory_does_not_answer() {
        let fixture = Fixture::new().await;
        fixture.directory.is_down(true);
        let command = fixture.new_grant(Grantee::Practitioner(fixture.doctor()));
        let refused = fixture
            .app
            .create_grant(&fixture.as_patient(), command.clone())
            .await;
        assert!(matches!(refused, Err(Error::DirectoryUnavailable(_))));
        fixture.directory.is_down(false);
        assert!(
            fixture
                .app
                .create_grant(&fixture.as_patient(), command)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_second_live_grant_to_the_same_professional_names_the_first() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let grantee = Grantee::Practitioner(fixture.doctor());
        let first = fixture
            .app
            .create_grant(&cx, fixture.new_grant(grantee))
            .await
            .unwrap();
        let second = fixture
            .app
            .create_grant(&cx, fixture.new_grant(grantee))
            .await;
        assert!(
            matches!(second, Err(Error::GrantExists { grant_id: Some(id) }) if id == first.grant_id)
        );
    }

    #[tokio::test]
    async fn nobody_authorises_in_a_record_that_is_not_theirs() {
        let fixture = Fixture::new().await;
        let command = fixture.new_grant(Grantee::Practitioner(fixture.doctor()));
        for cx in [
            fixture.as_other_patient(),
            fixture.as_doctor(),
            fixture.as_nobody(),
        ] {
            let refused = fixture.app.create_grant(&cx, command.clone()).await;
            assert!(matches!(refused, Err(Error::Denied(_))));
        }
    }

    #[tokio::test]
    async fn an_unknown_professional_and_an_unknown_organization_are_refused() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let nobody = Grantee::Practitioner(fixture.unknown());
        let refused = fixture
            .app
            .create_grant(&cx, fixture.new_grant(nobody))
            .await;
        assert!(matches!(refused, Err(Error::GranteeUnknown)));
    }
}
