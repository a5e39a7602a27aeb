//! What would this professional see?

use aval_domain::access::{AccessMode, Action, DenialReason};
use aval_domain::document::DocumentRef;
use aval_domain::id::{ActivityId, PatientId, PractitionerId};
use aval_runtime::context::RequestContext;

use super::App;
use crate::decision::{Asker, AuthorizationStatus, Decision, Question, Verdict, decide};
use crate::error::Error;

/// What is asked.
#[derive(Debug, Clone)]
pub struct PreviewAccess {
    /// Whose record.
    pub patient_id: PatientId,
    /// Which professional.
    pub practitioner_id: PractitionerId,
    /// In which practice situation.
    pub activity_id: ActivityId,
    /// Of which documents.
    pub documents: Vec<DocumentRef>,
}

/// What a professional would see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What a check would say to them.
    pub decision: Decision,
    /// Where the patient's authorisation of them stands.
    pub authorization: AuthorizationStatus,
}

impl App {
    /// What a check in normal mode would say to this professional now. Told to the
    /// patient alone, traced nowhere.
    #[tracing::instrument(name = "consent.preview_access", skip_all)]
    pub async fn preview_access(
        &self,
        cx: &RequestContext,
        query: PreviewAccess,
    ) -> Result<Preview, Error> {
        cx.patient_owning(query.patient_id)?;
        let capacity = self
            .capacity_of(query.practitioner_id, query.activity_id)
            .await?;
        let question = Question {
            asker: Asker::Practitioner(capacity),
            patient_id: query.patient_id,
            action: Action::Consult,
            mode: AccessMode::Normal,
            documents: query.documents,
            emergency_reason: None,
        };
        let policies = self.policies.policies().await?;
        let basis = self.basis(&question).await?;
        let decision = decide(&question, &basis, policies.in_force(cx.now), cx.now);
        if decision.verdict == Verdict::Deny(DenialReason::RecordUnavailable) {
            return Err(Error::RecordUnavailable);
        }
        Ok(Preview {
            decision: decision.as_check(),
            authorization: AuthorizationStatus::of(&basis, cx.now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;

    fn preview(fixture: &Fixture) -> PreviewAccess {
        PreviewAccess {
            patient_id: fixture.patient,
            practitioner_id: fixture.doctor(),
            activity_id: fixture.directory.doctor_activity,
            documents: fixture.question().documents,
        }
    }

    #[tokio::test]
    async fn a_preview_is_what_the_professionals_own_check_says() {
        let fixture = Fixture::new().await;
        fixture.grant_to_doctor().await;
        let previewed = fixture
            .app
            .preview_access(&fixture.as_patient(), preview(&fixture))
            .await;
        let checked = fixture
            .app
            .check(&fixture.as_doctor(), fixture.question())
            .await;
        let previewed = previewed.unwrap();
        assert_eq!(previewed.decision, checked.unwrap());
        assert_eq!(previewed.authorization, AuthorizationStatus::Valid);
    }

    #[tokio::test]
    async fn nobody_previews_another_record_and_a_closed_one_is_unavailable() {
        let fixture = Fixture::new().await;
        for cx in [
            fixture.as_other_patient(),
            fixture.as_doctor(),
            fixture.as_nobody(),
        ] {
            let denied = fixture.app.preview_access(&cx, preview(&fixture)).await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
        fixture.close_record().await;
        let closed = fixture
            .app
            .preview_access(&fixture.as_patient(), preview(&fixture))
            .await;
        assert!(matches!(closed, Err(Error::RecordUnavailable)));
    }
}
