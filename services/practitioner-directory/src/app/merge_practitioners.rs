//! Two entries turn out to be one human, or two after all.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::{EventKind, Outcome, Subject};
use aval_domain::id::RequestId;
use aval_runtime::context::RequestContext;

use super::{App, keep_directory};
use crate::error::Error;
use crate::merge::Merge;
use crate::practitioner::Practitioner;
use crate::reason::Reason;
use crate::store::MergeEntries;

/// What a person decides about two entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergePractitioners {
    /// Which entries, and which way.
    pub merge: Merge,
    /// Why.
    pub reason: Reason,
    /// The client's name for this decision.
    pub request_id: RequestId,
}

impl App {
    /// Declares two entries one human, or takes that back, and answers the one that
    /// stays.
    pub async fn merge_practitioners(
        &self,
        cx: &RequestContext,
        command: MergePractitioners,
    ) -> Result<Practitioner, Error> {
        keep_directory(cx)?;
        let MergePractitioners {
            merge,
            reason,
            request_id,
        } = command;
        if merge.source == merge.target {
            return Err(Error::FieldInvalid {
                field: "target_practitioner_id",
                rule: "is another one than source_practitioner_id",
            });
        }
        let (source, target) = (merge.source.to_string(), merge.target.to_string());
        let way = if merge.is_undo { "undo" } else { "merge" };
        let parts = [source.as_str(), &target, way, reason.as_str()];
        let kind = if merge.is_undo {
            EventKind::DirectoryPractitionersUnmerged
        } else {
            EventKind::DirectoryPractitionersMerged
        };
        let mut event = cx.event(kind, Outcome::Success);
        event.subject = Some(Subject::new("practitioner", &target));
        event.after = [
            ("source_practitioner_id", source.as_str()),
            ("target_practitioner_id", &target),
            ("decision_reason", reason.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let entries = MergeEntries {
            request: RequestKey {
                actor: cx.caller.to_string(),
                request_id,
                operation: "practitioner_directory.merge_practitioners",
                fingerprint: fingerprint(parts.map(str::as_bytes)),
            },
            merge,
            author: cx.caller.to_string(),
            reason,
            event,
            now: cx.clock.now(),
        };
        let merged = self.store.merge_practitioners(&entries).await;
        self.people.forget();
        merged
    }
}
