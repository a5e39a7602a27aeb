//! Questions and decisions.

use aval_domain::access::{DenialReason, Ground, GroundKind};
use aval_domain::id::DocumentId;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::{
    access_action_from_proto, access_mode_from_proto, document_classes_to_proto, timestamp_to_proto,
};
use aval_runtime::status::{FieldErrors, Refusal};

use super::documents;
use crate::app::{AccessQuestion, Authorize, PreviewAccess};
use crate::decision::{Decision, EmergencyReason, Obligation, Verdict};

/// How many questions one batch holds.
const MOST_QUESTIONS: usize = 200;
/// The longest purpose, in characters.
const LONGEST_PURPOSE: usize = 100;

pub(in crate::grpc) fn check(request: proto::CheckRequest) -> Result<AccessQuestion, Refusal> {
    let mut fields = FieldErrors::new();
    let question = required_question(&mut fields, request.question);
    fields.build(|| question)
}

pub(in crate::grpc) fn batch_check(
    request: proto::BatchCheckRequest,
) -> Result<Vec<AccessQuestion>, Refusal> {
    if !(1..=MOST_QUESTIONS).contains(&request.questions.len()) {
        return Err(Refusal::field("questions", "must be 1 to 200"));
    }
    let mut fields = FieldErrors::new();
    let questions = fields.each("questions", request.questions, question);
    fields.build(|| questions)
}

pub(in crate::grpc) fn authorize(request: proto::AuthorizeRequest) -> Result<Authorize, Refusal> {
    let mut fields = FieldErrors::new();
    let question = required_question(&mut fields, request.question);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(Authorize {
            question: question?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn preview_access(
    request: proto::PreviewAccessRequest,
) -> Result<PreviewAccess, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let practitioner_id = fields.parse("practitioner_id", &request.practitioner_id);
    let activity_id = fields.parse("activity_id", &request.activity_id);
    let documents = documents(&mut fields, request.documents);
    fields.build(|| {
        Some(PreviewAccess {
            patient_id: patient_id?,
            practitioner_id: practitioner_id?,
            activity_id: activity_id?,
            documents: documents?,
        })
    })
}

pub(super) fn required_question(
    fields: &mut FieldErrors,
    value: Option<proto::AccessQuestion>,
) -> Option<AccessQuestion> {
    let value = fields.required("question", value)?;
    fields.within("question", |fields| question(fields, value))
}

fn question(fields: &mut FieldErrors, value: proto::AccessQuestion) -> Option<AccessQuestion> {
    let patient_id = fields.parse("patient_id", &value.patient_id);
    let action = access_action_from_proto(fields, "action", value.action);
    let mode = access_mode_from_proto(fields, "mode", value.mode);
    let documents = documents(fields, value.documents);
    let emergency_reason = words(
        fields,
        "emergency_reason",
        value.emergency_reason,
        EmergencyReason::LONGEST,
    );
    let purpose = words(fields, "purpose", value.purpose, LONGEST_PURPOSE);
    Some(AccessQuestion {
        patient_id: patient_id?,
        action: action?,
        mode: mode?,
        documents: documents?,
        emergency_reason: emergency_reason?,
        purpose: purpose?,
    })
}

/// A text of so many characters at most; empty: none.
#[expect(
    clippy::option_option,
    reason = "the inner option is the text, the outer one validity"
)]
fn words(
    fields: &mut FieldErrors,
    field: &str,
    text: String,
    longest: usize,
) -> Option<Option<String>> {
    if text.chars().count() > longest {
        fields.add(field, format!("must be at most {longest} characters"));
        return None;
    }
    Some((!text.is_empty()).then_some(text))
}

pub(in crate::grpc) fn decision_to_proto(decision: Decision) -> proto::Decision {
    proto::Decision {
        effect: effect_to_proto(decision.verdict).into(),
        reason: reason_to_proto(decision.verdict.reason()).into(),
        ground: decision.verdict.ground().map(ground_to_proto),
        permitted_document_ids: decision
            .permitted_documents
            .into_iter()
            .map(DocumentId::into_string)
            .collect(),
        permitted_classes: document_classes_to_proto(decision.permitted_classes),
        hold_until_at: decision.holds_until.map(timestamp_to_proto),
        policy_revision: decision.policy_revision,
        obligations: decision
            .obligations
            .iter()
            .map(|obligation| obligation_to_proto(*obligation).into())
            .collect(),
        decided_at: Some(timestamp_to_proto(decision.decided_at)),
    }
}

pub(super) fn ground_to_proto(ground: Ground) -> proto::Ground {
    let id = ground.reference().map(|id| id.to_string());
    proto::Ground {
        kind: ground_kind_to_proto(ground.kind()).into(),
        id: id.unwrap_or_default(),
    }
}

const fn effect_to_proto(verdict: Verdict) -> proto::Effect {
    match verdict {
        Verdict::Permit(_) => proto::Effect::Permit,
        Verdict::Deny(_) => proto::Effect::Deny,
    }
}

const fn reason_to_proto(reason: Option<DenialReason>) -> proto::DecisionReason {
    use proto::DecisionReason as Proto;
    match reason {
        None => Proto::Unspecified,
        Some(DenialReason::PractitionerInactive) => Proto::PractitionerInactive,
        Some(DenialReason::RecordUnavailable) => Proto::RecordUnavailable,
        Some(DenialReason::Blocked) => Proto::Blocked,
        Some(DenialReason::EmergencyOpposed) => Proto::EmergencyOpposed,
        Some(DenialReason::EmergencyReasonMissing) => Proto::EmergencyReasonMissing,
        Some(DenialReason::EmergencyAuthenticationTooWeak) => Proto::EmergencyAuthenticationTooWeak,
        Some(DenialReason::RegulatorFunctionRequired) => Proto::RegulatorFunctionRequired,
        Some(DenialReason::NoGrant) => Proto::NoGrant,
        Some(DenialReason::GrantExpired) => Proto::GrantExpired,
        Some(DenialReason::GrantNotYetActive) => Proto::GrantNotYetActive,
        Some(DenialReason::NothingPermitted) => Proto::NothingPermitted,
    }
}

const fn ground_kind_to_proto(kind: GroundKind) -> proto::GroundKind {
    match kind {
        GroundKind::OwnRecord => proto::GroundKind::OwnRecord,
        GroundKind::TreatingDoctor => proto::GroundKind::TreatingDoctor,
        GroundKind::Grant => proto::GroundKind::Grant,
        GroundKind::CareEpisode => proto::GroundKind::CareEpisode,
        GroundKind::Declaration => proto::GroundKind::Declaration,
        GroundKind::BreakGlass => proto::GroundKind::BreakGlass,
        GroundKind::RegulationCenter => proto::GroundKind::RegulationCenter,
        GroundKind::Contribution => proto::GroundKind::Contribution,
    }
}

const fn obligation_to_proto(obligation: Obligation) -> proto::Obligation {
    match obligation {
        Obligation::AuthorizeFirst => proto::Obligation::AuthorizeFirst,
        Obligation::ShowEmergencyMode => proto::Obligation::ShowEmergencyMode,
        Obligation::EmergencyReported => proto::Obligation::EmergencyReported,
    }
}

#[cfg(test)]
mod tests {
    use aval_proto::common::v1 as common;
    use proptest::prelude::*;

    use super::*;

    fn asked() -> proto::AccessQuestion {
        proto::AccessQuestion {
            patient_id: "018f3b2a-0000-7000-8000-000000000001".to_owned(),
            action: common::AccessAction::Consult.into(),
            mode: common::AccessMode::Normal.into(),
            ..proto::AccessQuestion::default()
        }
    }

    fn broken(question: proto::AccessQuestion) -> Vec<String> {
        let request = proto::CheckRequest {
            question: Some(question),
        };
        match check(request) {
            Ok(_) => Vec::new(),
            Err(refusal) => refusal
                .field_violations()
                .iter()
                .map(|v| v.field.clone())
                .collect(),
        }
    }

    fn document(id: &str) -> common::DocumentRef {
        common::DocumentRef {
            document_id: id.to_owned(),
            document_class: common::DocumentClass::Report.into(),
            ..common::DocumentRef::default()
        }
    }

    #[test]
    fn the_bounds_of_a_question_are_those_of_the_contract() {
        assert!(broken(asked()).is_empty());
        let reason = proto::AccessQuestion {
            emergency_reason: "é".repeat(1_000),
            ..asked()
        };
        assert!(broken(reason).is_empty());
        let reason = proto::AccessQuestion {
            emergency_reason: "é".repeat(1_001),
            ..asked()
        };
        assert_eq!(broken(reason), ["question.emergency_reason"]);
        let purpose = proto::AccessQuestion {
            purpose: "x".repeat(101),
            ..asked()
        };
        assert_eq!(broken(purpose), ["question.purpose"]);
        let twice = vec![document("a"), document("b"), document("a")];
        let twice = proto::AccessQuestion {
            documents: twice,
            ..asked()
        };
        assert_eq!(broken(twice), ["question.documents[2].document_id"]);
        let many = (0..201)
            .map(|number| document(&number.to_string()))
            .collect();
        let many = proto::AccessQuestion {
            documents: many,
            ..asked()
        };
        assert_eq!(broken(many), ["question.documents"]);
    }

    #[test]
    fn a_batch_holds_one_to_two_hundred_questions() {
        for (count, valid) in [(0, false), (1, true), (200, true), (201, false)] {
            let questions = vec![asked(); count];
            let parsed = batch_check(proto::BatchCheckRequest { questions });
            assert_eq!(parsed.is_ok(), valid, "{count}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_question_is_total(
            patient_id in ".{0,40}",
            action in -2..5_i32,
            mode in -2..6_i32,
            document_id in ".{0,20}",
            emergency_reason in ".{0,30}",
        ) {
            let documents = vec![document(&document_id)];
            let question = proto::AccessQuestion {
                patient_id, action, mode, documents, emergency_reason, ..asked()
            };
            let _ = check(proto::CheckRequest { question: Some(question) });
        }
    }
}
