//! Who turned out to be whom.

use aval_domain::id::PatientId;
use aval_domain::page::PageSize;
use aval_proto::identity::v1 as proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::merge::{MergeChange, MergeCursor, Merges};

/// After which place, and how many at most.
pub(in crate::grpc) fn asked(
    message: &proto::ListMergesRequest,
) -> Result<(MergeCursor, u64), Refusal> {
    let mut fields = FieldErrors::new();
    let cursor = match message.cursor.as_str() {
        "" => Some(MergeCursor::default()),
        given => fields.check("cursor", parse_cursor(given)),
    };
    let size = fields.check("page_size", PageSize::from_request(message.page_size));
    fields.build(|| Some((cursor?, size?.get() as u64)))
}

fn parse_cursor(given: &str) -> Result<MergeCursor, &'static str> {
    let digits = given.bytes().all(|byte| byte.is_ascii_digit());
    let number = given.parse().ok().filter(|_| digits);
    number
        .map(MergeCursor)
        .ok_or("must be one that was given here")
}

/// What came.
pub(in crate::grpc) fn to_proto(merges: &Merges) -> proto::ListMergesResponse {
    proto::ListMergesResponse {
        changes: merges.changes.iter().map(change).collect(),
        cursor: merges.cursor.0.to_string(),
        has_more: merges.more,
    }
}

fn change(change: &MergeChange) -> proto::MergeChange {
    let target = change.target.as_ref();
    proto::MergeChange {
        source_patient_id: change.source.to_string(),
        target_patient_id: target.map_or_else(String::new, PatientId::to_string),
        cursor: change.cursor.0.to_string(),
    }
}
