//! Matrices of access rights.

use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::{
    document_class_to_proto, optional_timestamp_from_proto, timestamp_to_proto,
};
use aval_runtime::status::{FieldErrors, Refusal};

use crate::app::{CheckedMatrix, LoadMatrix};
use crate::matrix::{CellChange, Fault, Faults, Matrix};
use crate::policies::{LoadedMatrix, Policies};

/// The largest file, in bytes.
const LARGEST: usize = 256 * 1024;
/// How many faults one refusal names; `CheckMatrix` answers all of them.
const MOST_NAMED: usize = 20;

pub(in crate::grpc) fn check_matrix(request: &proto::CheckMatrixRequest) -> Result<&str, Refusal> {
    let mut fields = FieldErrors::new();
    let content = content(&mut fields, &request.content);
    fields.build(|| content)
}

pub(in crate::grpc) fn load_matrix(
    request: proto::LoadMatrixRequest,
    now: Timestamp,
) -> Result<LoadMatrix, Refusal> {
    let mut fields = FieldErrors::new();
    let from = request.effective_at.as_ref();
    let from = optional_timestamp_from_proto(&mut fields, "effective_at", from);
    let request_id = fields.parse("request_id", &request.request_id);
    let is_sized = content(&mut fields, &request.content).is_some();
    let read = is_sized.then(|| LoadedMatrix::new(request.content, from.flatten(), now));
    let matrix = read.and_then(|read| {
        let faults = match read {
            Ok(matrix) => return Some(matrix),
            Err(faults) => faults,
        };
        let faults = faults.as_slice();
        for fault in faults.iter().take(MOST_NAMED) {
            fields.add("content", fault.to_string());
        }
        if let Some(more @ 1..) = faults.len().checked_sub(MOST_NAMED) {
            fields.add("content", format!("and {more} more"));
        }
        None
    });
    fields.build(|| {
        Some(LoadMatrix {
            matrix: matrix?,
            request_id: request_id?,
        })
    })
}

fn content<'a>(fields: &mut FieldErrors, text: &'a str) -> Option<&'a str> {
    if !(1..=LARGEST).contains(&text.len()) {
        fields.add("content", "has 1 to 262144 bytes");
        return None;
    }
    Some(text)
}

pub(in crate::grpc) fn policies_to_proto(
    policies: &Policies,
    now: Timestamp,
) -> proto::GetMatrixResponse {
    let policy = policies.in_force(now);
    let cells = Matrix::empty().changes_to(policy.matrix());
    let loaded = policies.loaded();
    proto::GetMatrixResponse {
        policy_revision: policy.revision().to_owned(),
        in_force: Some(in_force(policies, now)),
        cells: cells.iter().map(cell_to_proto).collect(),
        loaded: loaded
            .map(|(loaded, policy)| matrix_to_proto(policy.matrix(), Some(loaded)))
            .collect(),
    }
}

pub(in crate::grpc) fn checked_matrix_to_proto(
    checked: &CheckedMatrix,
    now: Timestamp,
) -> proto::CheckMatrixResponse {
    let read = checked.read.as_ref();
    let faults = read.err().map(Faults::as_slice);
    let faults = faults.unwrap_or_default().iter();
    proto::CheckMatrixResponse {
        faults: faults.map(fault_to_proto).collect(),
        matrix: read.ok().map(|matrix| matrix_to_proto(matrix, None)),
        in_force: Some(in_force(&checked.policies, now)),
        changes: checked.changes.iter().map(cell_to_proto).collect(),
    }
}

fn in_force(policies: &Policies, now: Timestamp) -> proto::Matrix {
    let loaded = policies.loaded_in_force(now);
    matrix_to_proto(policies.in_force(now).matrix(), loaded)
}

pub(in crate::grpc) fn matrix_to_proto(
    matrix: &Matrix,
    loaded: Option<&LoadedMatrix>,
) -> proto::Matrix {
    proto::Matrix {
        revision: matrix.revision(),
        example: matrix.is_example(),
        sha256: matrix.sha256(),
        effective_at: loaded.map(|loaded| timestamp_to_proto(loaded.effective_at())),
        loaded_at: loaded.map(|loaded| timestamp_to_proto(loaded.loaded_at)),
    }
}

fn cell_to_proto(cell: &CellChange) -> proto::MatrixCell {
    let (function, document_type) = (cell.function.as_ref(), cell.document_type.as_ref());
    proto::MatrixCell {
        profession_code: cell.profession.code().to_owned(),
        profession_label: cell.profession.label_fr().to_owned(),
        function_code: function.map_or_else(String::new, |one| one.code().to_owned()),
        document_class: document_class_to_proto(cell.class).into(),
        document_type: document_type.map_or_else(String::new, |one| one.code().to_owned()),
        permits: cell.permits,
    }
}

fn fault_to_proto(fault: &Fault) -> proto::MatrixFault {
    let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
    proto::MatrixFault {
        line: number(fault.place.line),
        column: number(fault.place.column),
        field: fault.field.clone(),
        rule: fault.rule.to_string(),
    }
}
