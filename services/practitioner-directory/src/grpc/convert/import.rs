//! Imports and what they put aside.

use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::{as_of, count_to_proto};
use crate::app::ImportDecision;
use crate::import::{Import, ImportReport, ImportState, QuarantinedRow};
use crate::reason::Reason;

/// An import and its report.
pub(in crate::grpc) fn import_to_proto(import: Import) -> proto::Import {
    let decided = import.decided;
    let (decided_by, decision_reason) = decided.map_or_else(Default::default, |decided| {
        (decided.by, decided.reason.as_str().to_owned())
    });
    proto::Import {
        import_id: import.import_id.to_string(),
        file_name: import.file_name,
        state: state_to_proto(import.state).into(),
        state_reason: import.state_reason,
        generated_at: as_of(import.generated_at),
        started_at: Some(timestamp_to_proto(import.started_at)),
        // One that waits for a person is not finished.
        finished_at: match import.state {
            ImportState::Suspended => None,
            _ => as_of(import.finished_at),
        },
        report: Some(report_to_proto(import.report)),
        decided_by,
        decision_reason,
    }
}

fn report_to_proto(report: ImportReport) -> proto::ImportReport {
    let changes = report.changes;
    proto::ImportReport {
        row_count: count_to_proto(report.row_count),
        quarantined_count: count_to_proto(report.quarantined_count),
        practitioner_count: count_to_proto(changes.practitioner_count),
        practitioners_added_count: count_to_proto(changes.practitioners_added),
        practitioners_changed_count: count_to_proto(changes.practitioners_changed),
        practitioners_deactivated_count: count_to_proto(changes.practitioners_deactivated),
        activity_count: count_to_proto(changes.activity_count),
        organization_count: count_to_proto(changes.organization_count),
        file_sha256: report.file_sha256,
        overrides_retired_count: count_to_proto(changes.overrides_retired),
        practitioners_unknown_count: count_to_proto(changes.practitioners_unknown),
    }
}

/// What a person decides about an import.
pub(in crate::grpc) fn import_decision(
    import_id: &str,
    reason: &str,
    request_id: &str,
) -> Result<ImportDecision, Refusal> {
    let mut fields = FieldErrors::new();
    let import_id = fields.parse("import_id", import_id);
    let reason = fields.check("reason", Reason::parse(reason));
    let request_id = fields.parse("request_id", request_id);
    fields.build(|| {
        Some(ImportDecision {
            import_id: import_id?,
            reason: reason?,
            request_id: request_id?,
        })
    })
}

/// A row that was put aside.
pub(in crate::grpc) fn quarantined_row_to_proto(row: QuarantinedRow) -> proto::QuarantinedRow {
    proto::QuarantinedRow {
        line: count_to_proto(row.line),
        column: row.column,
        reason: row.reason,
    }
}

const fn state_to_proto(state: ImportState) -> proto::ImportState {
    match state {
        ImportState::Receiving => proto::ImportState::Receiving,
        ImportState::Suspended => proto::ImportState::Suspended,
        ImportState::Applied => proto::ImportState::Applied,
        ImportState::Rejected => proto::ImportState::Rejected,
        ImportState::Failed => proto::ImportState::Failed,
    }
}
