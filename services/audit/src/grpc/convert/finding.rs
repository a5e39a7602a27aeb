//! What is found in patients' histories.

use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::watch_findings_response::Item;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::Refusal;

use super::oversight::kind_to_proto;
use crate::app::WatchedFinding;
use crate::finding::{FindingCursor, NotACursor};

/// From where on; none: from as far back as there is.
pub(in crate::grpc) fn finding_cursor(
    request: &proto::WatchFindingsRequest,
) -> Result<Option<FindingCursor>, Refusal> {
    let given = request.cursor.as_str();
    if ["", "start"].contains(&given) {
        return Ok(None);
    }
    let refused = |rule: NotACursor| Refusal::field("cursor", rule.to_string());
    given.parse().map(Some).map_err(refused)
}

pub(in crate::grpc) fn watched_finding(watched: &WatchedFinding) -> proto::WatchFindingsResponse {
    let item = match &watched.finding {
        None => Item::HeartbeatAt(timestamp_to_proto(watched.now)),
        Some(finding) => Item::Finding(proto::Finding {
            finding_id: finding.id.to_string(),
            kind: kind_to_proto(finding.kind).into(),
            patient_id: finding.patient_id.to_string(),
            practitioner_id: finding.practitioner_id.to_string(),
            event_id: finding.event_id.to_string(),
            first_at: Some(timestamp_to_proto(finding.first_at)),
            withheld_from_representatives: watched.withheld_from_representatives,
        }),
    };
    proto::WatchFindingsResponse {
        item: Some(item),
        cursor: watched.cursor.to_string(),
    }
}
