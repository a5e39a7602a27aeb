//! What the trail is told of an import.

use std::collections::BTreeMap;

use aval_domain::event::{Event, EventKind, Subject};

use super::{Import, ImportState};

/// The event of an import that was applied, suspended or rejected, made from the
/// call's own event, or `None` for one that is being received or that failed: it
/// changed nothing.
#[must_use]
pub fn traced(call: &Event, import: &Import) -> Option<Event> {
    let kind = match import.state {
        ImportState::Applied => EventKind::DirectoryImportApplied,
        ImportState::Suspended => EventKind::DirectoryImportSuspended,
        ImportState::Rejected => EventKind::DirectoryImportRejected,
        ImportState::Receiving | ImportState::Failed => return None,
    };
    let mut event = call.clone();
    event.kind = kind;
    event.subject = Some(Subject::new("import", &import.import_id));
    event.after = facts_of(import);
    Some(event)
}

fn facts_of(import: &Import) -> BTreeMap<String, String> {
    let report = &import.report;
    let changes = &report.changes;
    let mut facts: BTreeMap<String, String> = [
        ("row_count", report.row_count),
        ("quarantined_count", report.quarantined_count),
        ("practitioners_added_count", changes.practitioners_added),
        ("practitioners_changed_count", changes.practitioners_changed),
        (
            "practitioners_deactivated_count",
            changes.practitioners_deactivated,
        ),
        ("practitioners_unknown_count", changes.practitioners_unknown),
        ("overrides_retired_count", changes.overrides_retired),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count.to_string()))
    .collect();
    facts.insert("source".to_owned(), import.source.to_string());
    facts.insert("file_sha256".to_owned(), report.file_sha256.clone());
    if let Some(generated_at) = import.generated_at {
        facts.insert("generated_at".to_owned(), generated_at.to_string());
    }
    if !import.state_reason.is_empty() {
        facts.insert("state_reason".to_owned(), import.state_reason.clone());
    }
    if let Some(decided) = &import.decided {
        let reason = decided.reason.as_str().to_owned();
        facts.insert("decision_reason".to_owned(), reason);
    }
    facts
}
