//! Merges, and entries that are probably one human.

use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::practitioner_to_proto;
use crate::app::MergePractitioners;
use crate::merge::{DuplicateCandidate, Merge};
use crate::reason::Reason;

/// What a person decides about two entries.
pub(in crate::grpc) fn merge_practitioners(
    message: &proto::MergePractitionersRequest,
) -> Result<MergePractitioners, Refusal> {
    let mut fields = FieldErrors::new();
    let source = fields.parse("source_practitioner_id", &message.source_practitioner_id);
    let target = fields.parse("target_practitioner_id", &message.target_practitioner_id);
    let reason = fields.check("reason", Reason::parse(&message.reason));
    let request_id = fields.parse("request_id", &message.request_id);
    fields.build(|| {
        Some(MergePractitioners {
            merge: Merge {
                source: source?,
                target: target?,
                is_undo: message.undo,
            },
            reason: reason?,
            request_id: request_id?,
        })
    })
}

/// Two entries, and what speaks for their being one human.
pub(in crate::grpc) fn duplicate_to_proto(
    candidate: DuplicateCandidate,
) -> proto::DuplicateCandidate {
    proto::DuplicateCandidate {
        first: Some(practitioner_to_proto(candidate.first)),
        second: Some(practitioner_to_proto(candidate.second)),
        evidence: candidate.evidence.iter().map(ToString::to_string).collect(),
    }
}
