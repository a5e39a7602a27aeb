//! A professional who asks for access, and the questions.

use aval::client::{Bearer, Software};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_testing::synthesize::Person;
use common::{AccessMode, DocumentClass};

use super::{IMAGE, PRESCRIPTION, REPORT};
use crate::scene::{Patient, Scene, document, fresh_id};

/// A professional, signed in with their software.
pub(super) struct Asker {
    pub(super) practitioner_id: String,
    software: Software,
    bearer: Bearer,
}

/// A decision that was given: its event, and whether it permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) event_id: String,
    pub(super) permitted: bool,
}

impl Asker {
    pub(super) async fn signed_in(scene: &Scene, person: &Person, software: &Software) -> Self {
        let signed_in = scene.professional(person, software).await;
        Self {
            practitioner_id: signed_in.practitioner_id,
            software: software.clone(),
            bearer: signed_in.bearer,
        }
    }

    /// Asks, with a trace, and notes what was decided. A check says the same.
    pub(super) async fn authorizes(
        &self,
        question: consent::AccessQuestion,
        decided: &mut Vec<Decided>,
    ) -> consent::Decision {
        let request = consent::CheckRequest {
            question: Some(question.clone()),
        };
        let checked = self
            .software
            .decisions()
            .check(self.bearer.asks(request))
            .await
            .unwrap();
        let checked = checked.into_inner().decision.unwrap();
        let request = consent::AuthorizeRequest {
            question: Some(question),
            request_id: fresh_id(),
        };
        let answer = self
            .software
            .decisions()
            .authorize(self.bearer.asks(request))
            .await
            .unwrap();
        let answer = answer.into_inner();
        let decision = answer.decision.unwrap();
        assert_eq!(
            (
                checked.effect(),
                checked.reason(),
                &checked.permitted_document_ids,
                &checked.ground
            ),
            (
                decision.effect(),
                decision.reason(),
                &decision.permitted_document_ids,
                &decision.ground
            )
        );
        decided.push(Decided {
            event_id: answer.event_id,
            permitted: decision.effect() == consent::Effect::Permit,
        });
        decision
    }

    /// Whether the explanation that the professional gets is the same for a document
    /// that is masked as for one that there is not.
    pub(super) async fn is_told_of_nothing_hidden(
        &self,
        question: consent::AccessQuestion,
    ) -> bool {
        let mut invented = question.clone();
        for document in &mut invented.documents {
            if document.document_id == REPORT {
                document.document_class = DocumentClass::Imaging.into();
            }
        }
        let rules_of = async |question| {
            let request = consent::ExplainRequest {
                question: Some(question),
                ..Default::default()
            };
            let request = self.bearer.asks(request);
            let answer = self.software.decisions().explain(request).await.unwrap();
            answer.into_inner().rules
        };
        rules_of(question).await == rules_of(invented).await
    }
}

/// To consult the three documents, as usual.
pub(crate) fn usual(patient: &Patient) -> consent::AccessQuestion {
    consent::AccessQuestion {
        patient_id: patient.patient_id.clone(),
        action: common::AccessAction::Consult.into(),
        mode: AccessMode::Normal.into(),
        documents: vec![
            document(REPORT, DocumentClass::Report),
            document(IMAGE, DocumentClass::Imaging),
            document(PRESCRIPTION, DocumentClass::Prescription),
        ],
        emergency_reason: String::new(),
        purpose: "consultation".to_owned(),
    }
}

/// The same by breaking the glass.
pub(super) fn break_glass(patient: &Patient, reason: &str) -> consent::AccessQuestion {
    consent::AccessQuestion {
        mode: AccessMode::BreakGlass.into(),
        emergency_reason: reason.to_owned(),
        ..usual(patient)
    }
}

/// The same as the regulator of a centre 15.
pub(super) fn regulate(patient: &Patient) -> consent::AccessQuestion {
    consent::AccessQuestion {
        mode: AccessMode::RegulationCenter.into(),
        ..usual(patient)
    }
}
