//! A professional attests that they collected the patient's consent.

use aval_domain::document::DocumentClasses;
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::{GrantId, PatientId, PractitionerId, RequestId};
use aval_runtime::context::{PractitionerActor, RequestContext};
use serde::Serialize;

use super::App;
use super::create_grant::grant_event;
use super::request_grant::{capacities, the_caller, without_telling_of_blocks};
use crate::asked_period::AskedPeriod;
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin};
use crate::grantee::{Grantee, NamedGrantee};
use crate::store::{Change, Write};

/// What the professional attests.
#[derive(Debug, Clone, Serialize)]
pub struct DeclareGrant {
    /// Whose record.
    pub patient_id: PatientId,
    /// For which colleague; `None`: for who makes the call.
    pub on_behalf_of: Option<PractitionerId>,
    /// For which classes; not none.
    pub classes: DocumentClasses,
    /// For how long; with an end.
    pub period: AskedPeriod,
    /// That the patient consented: an explicit act, never a default.
    pub consent_collected: bool,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Authorises the professional, or a colleague on whose behalf they collected the
    /// consent (art. L.1111-17 II CSP). No block is declared around: who is blocked declares
    /// nothing, and the patient reads of the attempt; what is declared for a colleague who is
    /// blocked opens nothing while they are. That they are is not for the declarer to know.
    #[tracing::instrument(name = "consent.declare_grant", skip_all)]
    pub async fn declare_grant(
        &self,
        cx: &RequestContext,
        command: DeclareGrant,
    ) -> Result<Grant, Error> {
        let declarer = cx.practitioner()?;
        require_explicit(&command)?;
        let write = Write::new(cx, "consent.declare_grant", command.request_id, &command);
        let value = match self.declared(cx, declarer, &command).await {
            Ok(value) => value,
            Err(refusal) => return self.as_before(&write, refusal).await,
        };
        let is_own = value.grantee == Grantee::Practitioner(declarer.practitioner_id);
        let event = grant_event(cx, EventKind::GrantDeclared, None, &value);
        let change = Change { value, event };
        let outcome = self
            .store
            .create_grant(&write, &change, &capacities(declarer))
            .await;
        if let Err(Error::GranteeBlocked) = outcome {
            self.store.trace_refused(&refused(change.event)).await?;
        }
        outcome.map_err(|error| match without_telling_of_blocks(error) {
            // A colleague's grants are not for the declarer to know.
            Error::GrantExists { .. } if !is_own => Error::GrantExists { grant_id: None },
            other => other,
        })
    }

    async fn declared(
        &self,
        cx: &RequestContext,
        declarer: &PractitionerActor,
        command: &DeclareGrant,
    ) -> Result<Grant, Error> {
        let to = self.beneficiary(declarer, command.on_behalf_of).await?;
        let period = command.period.settle_grant(to.grantee, cx.now)?;
        let grant_id = GrantId::new(cx.now, cx.random.as_ref());
        let (patient_id, classes) = (command.patient_id, command.classes);
        Ok(Grant {
            origin: GrantOrigin::Declaration,
            created_by: Some(declarer.practitioner_id),
            ..Grant::given(grant_id, patient_id, to, classes, period, cx.now)
        })
    }

    async fn beneficiary(
        &self,
        declarer: &PractitionerActor,
        colleague: Option<PractitionerId>,
    ) -> Result<NamedGrantee, Error> {
        match colleague {
            Some(colleague) if colleague != declarer.practitioner_id => {
                self.known_grantee(Grantee::Practitioner(colleague)).await
            }
            Some(_) | None => Ok(the_caller(declarer)),
        }
    }
}

/// What the trail is told of a declaration that was refused: of a grant that there is not.
fn refused(mut event: Event) -> Event {
    event.outcome = Outcome::Refused;
    event.subject = None;
    event.after.remove("state");
    event
}

fn require_explicit(command: &DeclareGrant) -> Result<(), Error> {
    let invalid = |field, rule| Err(Error::Invalid { field, rule });
    if !command.consent_collected {
        return invalid(
            "consent_collected",
            "must be true: the professional states that the patient consented",
        );
    }
    if command.period.until.is_none() {
        return invalid("period.until_at", "is required for a declaration");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::access::{DenialReason, Ground};
    use aval_domain::document::DocumentClass;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::decision::Verdict;
    use crate::grant::GrantState;

    fn declaration(fixture: &Fixture) -> DeclareGrant {
        DeclareGrant {
            patient_id: fixture.patient,
            on_behalf_of: None,
            classes: DocumentClasses::only(DocumentClass::Report),
            period: AskedPeriod {
                from: None,
                until: Some(
                    fixture
                        .as_doctor()
                        .now
                        .saturating_add(Duration::from_hours(48)),
                ),
            },
            consent_collected: true,
            request_id: fixture.request_id(),
        }
    }

    #[tokio::test]
    async fn a_declaration_opens_the_record_on_a_ground_of_its_own() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_doctor();
        let command = declaration(&fixture);
        let declared = fixture.app.declare_grant(&cx, command).await.unwrap();
        let check = fixture.app.check(&cx, fixture.question()).await.unwrap();
        let ground = Ground::Declaration(declared.grant_id);
        assert_eq!(check.verdict, Verdict::Permit(ground));
        assert_eq!(declared.created_by, Some(fixture.doctor()));
        let again = fixture.app.declare_grant(&cx, declaration(&fixture)).await;
        assert!(
            matches!(again, Err(Error::GrantExists { grant_id: Some(id) }) if id == declared.grant_id)
        );
    }

    #[tokio::test]
    async fn a_nurse_declares_for_the_doctor_and_the_trail_names_both() {
        let fixture = Fixture::new().await;
        let nurse = fixture.as_nurse();
        let command = || DeclareGrant {
            on_behalf_of: Some(fixture.directory.merged),
            ..declaration(&fixture)
        };
        let declared = fixture.app.declare_grant(&nurse, command()).await.unwrap();
        assert_eq!(declared.grantee, Grantee::Practitioner(fixture.doctor()));
        assert_eq!(declared.created_by, Some(fixture.nurse()));
        let events = fixture.events().await;
        let event = events.last().unwrap();
        assert_eq!(event.kind, EventKind::GrantDeclared);
        assert_eq!(event.actor.practitioner_id(), Some(fixture.nurse()));
        assert_eq!(event.after["grantee_name"], "Dr Camille MARTIN");
        let again = fixture.app.declare_grant(&nurse, command()).await;
        assert!(matches!(again, Err(Error::GrantExists { grant_id: None })));
    }

    #[tokio::test]
    async fn nothing_is_declared_by_default_or_without_an_end() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_doctor();
        let silent = DeclareGrant {
            consent_collected: false,
            ..declaration(&fixture)
        };
        let endless = DeclareGrant {
            period: AskedPeriod::default(),
            ..declaration(&fixture)
        };
        for (command, broken) in [(silent, "consent_collected"), (endless, "period.until_at")] {
            let refused = fixture.app.declare_grant(&cx, command).await;
            assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == broken));
        }
    }

    #[tokio::test]
    async fn no_block_is_declared_around_and_the_patient_reads_of_the_attempt() {
        let nurse = |fixture: &Fixture| Grantee::Practitioner(fixture.nurse());
        let organization =
            |fixture: &Fixture| Grantee::Organization(fixture.directory.organization);
        for blocked in [nurse, organization] {
            let fixture = Fixture::new().await;
            fixture.block(blocked(&fixture)).await;
            let command = DeclareGrant {
                on_behalf_of: Some(fixture.doctor()),
                ..declaration(&fixture)
            };
            let refused = fixture
                .app
                .declare_grant(&fixture.as_nurse(), command)
                .await;
            assert!(matches!(refused, Err(Error::RecordUnavailable)));
            let events = fixture.events().await;
            let event = events.last().unwrap();
            assert_eq!(event.kind, EventKind::GrantDeclared);
            assert_eq!(event.outcome, Outcome::Refused);
            assert_eq!(event.patient_id, Some(fixture.patient));
            assert_eq!(event.actor.practitioner_id(), Some(fixture.nurse()));
            assert_eq!(event.after["grantee_name"], "Dr Camille MARTIN");
            assert_eq!((&event.subject, event.after.get("state")), (&None, None));
        }
    }

    #[tokio::test]
    async fn who_declares_for_a_colleague_does_not_learn_that_they_are_blocked() {
        let fixture = Fixture::new().await;
        fixture.block(Grantee::Practitioner(fixture.doctor())).await;
        let command = DeclareGrant {
            on_behalf_of: Some(fixture.doctor()),
            ..declaration(&fixture)
        };
        let nurse = fixture.as_nurse();
        let declared = fixture.app.declare_grant(&nurse, command).await.unwrap();
        assert_eq!(declared.state(nurse.now), GrantState::Active);
        let events = fixture.events().await;
        assert_eq!(events.last().unwrap().outcome, Outcome::Success);
        let doctor = fixture.as_doctor();
        let check = fixture.app.check(&doctor, fixture.question()).await;
        let blocked = Verdict::Deny(DenialReason::Blocked);
        assert_eq!(check.unwrap().verdict, blocked);
    }

    #[tokio::test]
    async fn an_unknown_colleague_a_closed_record_and_a_patient_are_refused() {
        let fixture = Fixture::new().await;
        let command = DeclareGrant {
            on_behalf_of: Some(fixture.unknown()),
            ..declaration(&fixture)
        };
        let doctor = fixture.as_doctor();
        let refused = fixture.app.declare_grant(&doctor, command).await;
        assert!(matches!(refused, Err(Error::GranteeUnknown)));
        for cx in [fixture.as_patient(), fixture.as_nobody()] {
            let refused = fixture.app.declare_grant(&cx, declaration(&fixture)).await;
            assert!(matches!(refused, Err(Error::Denied(_))));
        }
        fixture.close_record().await;
        let refused = fixture
            .app
            .declare_grant(&doctor, declaration(&fixture))
            .await;
        assert!(matches!(refused, Err(Error::RecordUnavailable)));
    }
}
