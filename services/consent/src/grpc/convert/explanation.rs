//! Explanations.

use aval_domain::document::DocumentClasses;
use aval_domain::id::{ActivityId, DocumentId, PractitionerId};
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::document_classes_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::decision::required_question;
use crate::app::Explain;
use crate::decision::{BlockTarget, Missing, RuleOutcome, Step};

pub(in crate::grpc) fn explain(request: proto::ExplainRequest) -> Result<Explain, Refusal> {
    let mut fields = FieldErrors::new();
    let about = about(&mut fields, &request);
    let question = required_question(&mut fields, request.question);
    fields.build(|| {
        Some(Explain {
            question: question?,
            about: about?,
        })
    })
}

/// The professional asked about, with their situation: both or neither.
#[expect(
    clippy::option_option,
    reason = "the inner option is the person, the outer one validity"
)]
fn about(
    fields: &mut FieldErrors,
    request: &proto::ExplainRequest,
) -> Option<Option<(PractitionerId, ActivityId)>> {
    if request.practitioner_id.is_empty() && request.activity_id.is_empty() {
        return Some(None);
    }
    let practitioner_id = fields.parse("practitioner_id", &request.practitioner_id);
    let activity_id = fields.parse("activity_id", &request.activity_id);
    Some(Some((practitioner_id?, activity_id?)))
}

pub(in crate::grpc) fn rule_trace_to_proto(step: &Step) -> proto::RuleTrace {
    let sentence = step.rule.sentence(step.outcome);
    proto::RuleTrace {
        rule: step.rule.name.to_owned(),
        outcome: outcome_to_proto(step.outcome).into(),
        legal_ground: step.rule.legal_ground.to_owned(),
        sentence_fr: sentence.fr.to_owned(),
        sentence_en: sentence.en.to_owned(),
    }
}

pub(in crate::grpc) fn missing_to_proto(missing: &Missing) -> proto::MissingCondition {
    let sentence = missing.sentence();
    let blank = proto::MissingCondition {
        kind: missing_kind(missing).into(),
        up_to_patient: missing.is_up_to_patient(),
        sentence_fr: sentence.fr.to_owned(),
        sentence_en: sentence.en.to_owned(),
        ..Default::default()
    };
    match missing {
        Missing::Grant {
            classes,
            instead_of,
        } => proto::MissingCondition {
            document_classes: document_classes_to_proto(*classes),
            grant_id: instead_of.map(|id| id.to_string()).unwrap_or_default(),
            ..blank
        },
        Missing::MatrixCell(class, document) => proto::MissingCondition {
            document_classes: document_classes_to_proto(DocumentClasses::only(*class)),
            document_id: document
                .as_ref()
                .map(DocumentId::to_string)
                .unwrap_or_default(),
            ..blank
        },
        Missing::NotHidden(document) | Missing::Revealed(document) => proto::MissingCondition {
            document_id: document.to_string(),
            ..blank
        },
        Missing::Practice
        | Missing::OpenRecord
        | Missing::NoBlock(_)
        | Missing::EmergencyReason
        | Missing::DirectAuthentication
        | Missing::RegulatorFunction
        | Missing::NoOpposition(_) => blank,
    }
}

const fn missing_kind(missing: &Missing) -> proto::MissingKind {
    use proto::MissingKind as Kind;
    match missing {
        Missing::Practice => Kind::Practice,
        Missing::OpenRecord => Kind::OpenRecord,
        Missing::NoBlock(BlockTarget::Person) => Kind::NoBlockOnPerson,
        Missing::NoBlock(BlockTarget::Organization) => Kind::NoBlockOnOrganization,
        Missing::EmergencyReason => Kind::EmergencyReason,
        Missing::DirectAuthentication => Kind::DirectAuthentication,
        Missing::RegulatorFunction => Kind::RegulatorFunction,
        Missing::NoOpposition(_) => Kind::NoOpposition,
        Missing::Grant { .. } => Kind::Grant,
        Missing::MatrixCell(..) => Kind::Matrix,
        Missing::NotHidden(_) => Kind::NotHidden,
        Missing::Revealed(_) => Kind::Revealed,
    }
}

const fn outcome_to_proto(outcome: RuleOutcome) -> proto::RuleOutcome {
    match outcome {
        RuleOutcome::NotApplicable => proto::RuleOutcome::NotApplicable,
        RuleOutcome::Permits => proto::RuleOutcome::Permits,
        RuleOutcome::Denies => proto::RuleOutcome::Denies,
    }
}
