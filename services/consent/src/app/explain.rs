//! Why, or why not.

use aval_domain::id::{ActivityId, PractitionerId};
use aval_runtime::context::{Actor, Denied, RequestContext};

use super::App;
use super::asking::{AccessQuestion, asker};
use crate::decision::{Asker, Capacity, Explanation, explain};
use crate::error::Error;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Explain {
    /// The question.
    pub question: AccessQuestion,
    /// About whom, in which situation; `None`: about who asks.
    pub about: Option<(PractitionerId, ActivityId)>,
}

impl App {
    /// Tells every rule that was tried: the patient about anybody, with what was missing,
    /// a professional about themselves and without what was hidden from them.
    #[tracing::instrument(name = "consent.explain", skip_all)]
    pub async fn explain(
        &self,
        cx: &RequestContext,
        command: Explain,
    ) -> Result<Explanation, Error> {
        let asker = match (cx.person()?, command.about) {
            (_, None) => asker(cx, command.question.mode)?,
            (Actor::Practitioner(own), Some((person, activity)))
                if (person, activity) == (own.practitioner_id, own.activity.activity_id) =>
            {
                asker(cx, command.question.mode)?
            }
            (Actor::Practitioner(_), Some(_)) => return Err(Denied::ActorNotAllowed.into()),
            (Actor::Patient(_), Some((person, activity))) => {
                cx.patient_owning(command.question.patient_id)?;
                Asker::Practitioner(self.capacity_of(person, activity).await?)
            }
        };
        let question = command.question.asked_by(asker);
        let policies = self.policies.policies().await?;
        let basis = self.basis(&question).await?;
        let explanation = explain(&question, &basis, policies.in_force(cx.now), cx.now);
        match cx.person()? {
            Actor::Patient(_) => Ok(explanation),
            Actor::Practitioner(_) => Ok(explanation.for_professional()),
        }
    }

    /// In what capacity this professional would ask, by the directory.
    pub(super) async fn capacity_of(
        &self,
        practitioner_id: PractitionerId,
        activity_id: ActivityId,
    ) -> Result<Capacity, Error> {
        let known = self.directory.practitioner(practitioner_id).await?;
        let known = known.ok_or(Error::Invalid {
            field: "practitioner_id",
            rule: "is not known to the directory",
        })?;
        known.capacity(activity_id).ok_or(Error::Invalid {
            field: "activity_id",
            rule: "is not a practice situation of this professional with a health profession",
        })
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::document::{DocumentClass, DocumentClasses};

    use super::*;
    use crate::app::testing::Fixture;
    use crate::decision::{Missing, RuleOutcome};

    fn about(fixture: &Fixture, whom: Option<(PractitionerId, ActivityId)>) -> Explain {
        Explain {
            question: fixture.question(),
            about: whom,
        }
    }

    #[tokio::test]
    async fn a_patient_asks_about_a_professional_and_is_told_each_rule() {
        let fixture = Fixture::new().await;
        fixture.grant_to_doctor().await;
        let whom = Some((fixture.doctor(), fixture.directory.doctor_activity));
        let command = about(&fixture, whom);
        let told = fixture
            .app
            .explain(&fixture.as_patient(), command)
            .await
            .unwrap();
        assert!(told.decision.is_permit());
        let permits = |name: &str| {
            let mut steps = told.steps.iter();
            steps.any(|step| step.rule.name == name && step.outcome == RuleOutcome::Permits)
        };
        assert!(permits("grant_to_person") && !permits("treating_doctor"));
    }

    #[tokio::test]
    async fn what_was_missing_is_told_to_the_patient_and_not_to_the_professional() {
        let fixture = Fixture::new().await;
        let whom = Some((fixture.doctor(), fixture.directory.doctor_activity));
        let patient = fixture.as_patient();
        let to_patient = || fixture.app.explain(&patient, about(&fixture, whom));
        let lacking = to_patient().await.unwrap().missing;
        let grant = Missing::Grant {
            classes: DocumentClasses::only(DocumentClass::Report),
            instead_of: None,
        };
        assert_eq!(lacking, [grant]);
        let cx = fixture.as_doctor();
        let told = fixture
            .app
            .explain(&cx, about(&fixture, None))
            .await
            .unwrap();
        assert!(!told.decision.is_permit() && told.missing.is_empty());
        fixture.grant_to_doctor().await;
        assert_eq!(to_patient().await.unwrap().missing, []);
        let elsewhere = fixture.as_other_patient();
        let told = fixture
            .app
            .explain(&elsewhere, about(&fixture, None))
            .await
            .unwrap();
        assert!(!told.decision.is_permit() && told.missing.is_empty());
    }

    #[tokio::test]
    async fn a_professional_asks_about_themselves_only() {
        let fixture = Fixture::new().await;
        let own = Some((fixture.doctor(), fixture.directory.doctor_activity));
        let cx = fixture.as_doctor();
        assert!(
            fixture
                .app
                .explain(&cx, about(&fixture, None))
                .await
                .is_ok()
        );
        assert!(fixture.app.explain(&cx, about(&fixture, own)).await.is_ok());
        let other = fixture
            .app
            .explain(&fixture.as_nurse(), about(&fixture, own))
            .await;
        assert!(matches!(other, Err(Error::Denied(_))));
    }

    #[tokio::test]
    async fn a_patient_asks_about_nobody_in_another_record() {
        let fixture = Fixture::new().await;
        let whom = Some((fixture.doctor(), fixture.directory.doctor_activity));
        let other = fixture
            .app
            .explain(&fixture.as_other_patient(), about(&fixture, whom))
            .await;
        assert!(matches!(other, Err(Error::Denied(_))));
    }

    #[tokio::test]
    async fn a_situation_that_is_not_the_professionals_is_refused() {
        let fixture = Fixture::new().await;
        let mixed = Some((fixture.nurse(), fixture.directory.doctor_activity));
        let refused = fixture
            .app
            .explain(&fixture.as_patient(), about(&fixture, mixed))
            .await;
        assert!(matches!(
            refused,
            Err(Error::Invalid {
                field: "activity_id",
                ..
            })
        ));
        let nobody = Some((fixture.unknown(), fixture.directory.doctor_activity));
        let refused = fixture
            .app
            .explain(&fixture.as_patient(), about(&fixture, nobody))
            .await;
        assert!(matches!(
            refused,
            Err(Error::Invalid {
                field: "practitioner_id",
                ..
            })
        ));
    }
}
