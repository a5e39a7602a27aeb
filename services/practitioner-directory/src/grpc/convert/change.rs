//! Changes, and from where they are watched.

use aval_proto::common::v1::ErrorReason;
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::Refusal;

use super::{organization_to_proto, practitioner_to_proto};
use crate::app::{WatchFrom, WatchUntil, WatchWhat, Watched};
use crate::change::{Change, ChangePosition};
use crate::error::Error;

/// The word that stands for the very first change.
const START: &str = "start";

/// Reads from where somebody watches.
pub(in crate::grpc) fn watch_from(cursor: &str) -> Result<WatchFrom, Refusal> {
    match cursor {
        "" => Ok(WatchFrom::Now),
        START => Ok(WatchFrom::Start),
        cursor => ChangePosition::from_cursor(cursor)
            .map(WatchFrom::After)
            .ok_or_else(|| {
                let sentence = Error::CursorUnknown.to_string();
                Refusal::new(ErrorReason::PageTokenInvalid, sentence)
            }),
    }
}

/// How long somebody watches.
pub(in crate::grpc) const fn watch_until(caught_up: bool) -> WatchUntil {
    if caught_up {
        WatchUntil::CaughtUp
    } else {
        WatchUntil::Stopped
    }
}

/// What somebody watches.
pub(in crate::grpc) const fn watch_what(merges_only: bool) -> WatchWhat {
    if merges_only {
        WatchWhat::Merges
    } else {
        WatchWhat::Everything
    }
}

/// A change, or a sign of life.
pub(in crate::grpc) fn watched_to_proto(watched: Watched) -> proto::WatchChangesResponse {
    let item = match watched.change {
        None => Item::HeartbeatAt(timestamp_to_proto(watched.now)),
        Some(Change::Organization(structure)) => {
            Item::OrganizationChanged(organization_to_proto(structure))
        }
        Some(Change::Practitioner(person)) => {
            Item::PractitionerChanged(practitioner_to_proto(person))
        }
        Some(Change::Merge(merge)) if merge.is_undo => {
            Item::PractitionersUnmerged(proto::PractitionersUnmerged {
                source_practitioner_id: merge.source.to_string(),
                target_practitioner_id: merge.target.to_string(),
            })
        }
        Some(Change::Merge(merge)) => Item::PractitionersMerged(proto::PractitionersMerged {
            source_practitioner_id: merge.source.to_string(),
            target_practitioner_id: merge.target.to_string(),
        }),
    };
    proto::WatchChangesResponse {
        item: Some(item),
        cursor: watched.position.to_cursor(),
    }
}
