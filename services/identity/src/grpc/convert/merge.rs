//! Who turned out to be whom.

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::watch_merges_response::Item;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::Refusal;

use crate::app::WatchedMerge;
use crate::merge::{MergeChange, MergeCursor};

/// From which place on.
pub(in crate::grpc) fn from(message: &proto::WatchMergesRequest) -> Result<MergeCursor, Refusal> {
    let given = message.cursor.as_str();
    if ["", "start"].contains(&given) {
        return Ok(MergeCursor::default());
    }
    let is_number = given.bytes().all(|byte| byte.is_ascii_digit());
    let number = given.parse().ok().filter(|_| is_number);
    let refused = || Refusal::field("cursor", "must be empty, \"start\", or one that was given");
    number.map(MergeCursor).ok_or_else(refused)
}

/// What is told.
pub(in crate::grpc) fn watched(watched: WatchedMerge) -> proto::WatchMergesResponse {
    let item = match watched.change {
        None => Item::HeartbeatAt(timestamp_to_proto(watched.now)),
        Some(MergeChange {
            source,
            target: Some(target),
            ..
        }) => Item::PatientsMerged(proto::PatientsMerged {
            source_patient_id: source.to_string(),
            target_patient_id: target.to_string(),
        }),
        Some(MergeChange { source, .. }) => Item::PatientsUnmerged(proto::PatientsUnmerged {
            source_patient_id: source.to_string(),
        }),
    };
    proto::WatchMergesResponse {
        item: Some(item),
        cursor: watched.cursor.0.to_string(),
    }
}
