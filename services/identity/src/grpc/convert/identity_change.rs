//! Changes of identities, and merges.

use aval_domain::id::{PatientId, RequestId};
use aval_proto::identity::v1 as proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::patient::{ins, status, traits};
use crate::app::{MergePatients, UnmergePatients, UpdateIdentity};
use crate::error::Error;

const LONGEST_REASON: usize = 500;

/// What changes.
pub(in crate::grpc) fn update_command(
    message: &proto::UpdateIdentityRequest,
) -> Result<UpdateIdentity, Refusal> {
    let mut fields = FieldErrors::new();
    let paths = message
        .update_mask
        .as_ref()
        .map(|mask| mask.paths.as_slice());
    let paths = paths.unwrap_or_default();
    let names = |name: &str| paths.iter().any(|path| path == name);
    let request_id = fields.parse("request_id", &message.request_id);
    let ins = match &message.ins {
        None if !names("ins") => None,
        asked => ins(&mut fields, asked.as_ref()),
    };
    let patient = fields.required("patient", message.patient.as_ref());
    let patient = patient.and_then(|patient| {
        fields.within("patient", |fields| {
            let patient_id = fields.parse("patient_id", &patient.patient_id);
            let etag = fields.parse("etag", &patient.etag);
            // Read by nobody, and malformed all the same.
            let merged: Option<Option<PatientId>> =
                fields.parse_optional("merged_into_patient_id", &patient.merged_into_patient_id);
            let traits = match &patient.traits {
                None if !names("traits") => None,
                asked => traits(fields, asked.as_ref()),
            };
            let status = status(fields, patient.status);
            merged.map(|_| (patient_id, etag, traits, status))
        })
    });
    let is_known = |path: &String| ["traits", "status", "ins"].contains(&path.as_str());
    if paths.is_empty() || !paths.iter().all(is_known) {
        fields.finish()?;
        return Err(Error::UpdateMaskInvalid.into());
    }
    fields.build(|| {
        let (patient_id, etag, traits, status) = patient?;
        Some(UpdateIdentity {
            patient_id: patient_id?,
            etag: etag?,
            traits: traits.filter(|_| names("traits")),
            status: status.filter(|_| names("status")),
            ins: ins.filter(|_| names("ins")),
            request_id: request_id?,
        })
    })
}

/// Whom to merge.
pub(in crate::grpc) fn merge_command(
    message: &proto::MergePatientsRequest,
) -> Result<MergePatients, Refusal> {
    let mut fields = FieldErrors::new();
    let source = fields.parse("source_patient_id", &message.source_patient_id);
    let target = fields.parse("target_patient_id", &message.target_patient_id);
    let reason = reason(&mut fields, &message.reason);
    let request_id: Option<RequestId> = fields.parse("request_id", &message.request_id);
    fields.build(|| {
        Some(MergePatients {
            source: source?,
            target: target?,
            reason: reason?,
            request_id: request_id?,
        })
    })
}

/// Whose merge to take back.
pub(in crate::grpc) fn unmerge_command(
    message: &proto::UnmergePatientsRequest,
) -> Result<UnmergePatients, Refusal> {
    let mut fields = FieldErrors::new();
    let source = fields.parse("source_patient_id", &message.source_patient_id);
    let reason = reason(&mut fields, &message.reason);
    let request_id = fields.parse("request_id", &message.request_id);
    fields.build(|| {
        Some(UnmergePatients {
            source: source?,
            reason: reason?,
            request_id: request_id?,
        })
    })
}

fn reason(fields: &mut FieldErrors, text: &str) -> Option<String> {
    let is_sound = !text.trim().is_empty()
        && text.chars().count() <= LONGEST_REASON
        && !text.chars().any(char::is_control);
    if !is_sound {
        fields.add(
            "reason",
            "must be 1 to 500 characters, no control characters",
        );
        return None;
    }
    Some(text.to_owned())
}
