//! Records.

use aval_domain::id::PatientId;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::app::{
    AddTreatingDoctor, CloseRecord, OpenRecord, RemoveTreatingDoctor, SetEmergencyOppositions,
};
use crate::record::{Oppositions, Record};

pub(in crate::grpc) fn open_record(
    request: &proto::OpenRecordRequest,
) -> Result<OpenRecord, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(OpenRecord {
            patient_id: patient_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn close_record(
    request: &proto::CloseRecordRequest,
) -> Result<CloseRecord, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(CloseRecord {
            patient_id: patient_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn patient_id(
    request: &proto::GetRecordSettingsRequest,
) -> Result<PatientId, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    fields.build(|| patient_id)
}

pub(in crate::grpc) fn set_emergency_oppositions(
    request: &proto::SetEmergencyOppositionsRequest,
) -> Result<SetEmergencyOppositions, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let etag = fields.parse("etag", &request.etag);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(SetEmergencyOppositions {
            patient_id: patient_id?,
            oppositions: Oppositions {
                break_glass: request.opposes_break_glass,
                regulation_center: request.opposes_regulation_center,
            },
            etag: etag?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn add_treating_doctor(
    request: &proto::AddTreatingDoctorRequest,
) -> Result<AddTreatingDoctor, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let practitioner_id = fields.parse("practitioner_id", &request.practitioner_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(AddTreatingDoctor {
            patient_id: patient_id?,
            practitioner_id: practitioner_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn remove_treating_doctor(
    request: &proto::RemoveTreatingDoctorRequest,
) -> Result<RemoveTreatingDoctor, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let practitioner_id = fields.parse("practitioner_id", &request.practitioner_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(RemoveTreatingDoctor {
            patient_id: patient_id?,
            practitioner_id: practitioner_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn record_to_proto(record: &Record) -> proto::RecordSettings {
    proto::RecordSettings {
        patient_id: record.patient_id.to_string(),
        open: record.is_open(),
        opposes_break_glass: record.opposes_break_glass,
        opposes_regulation_center: record.opposes_regulation_center,
        treating_doctor_practitioner_ids: record
            .current_treating_doctors()
            .map(|id| id.to_string())
            .collect(),
        opened_at: Some(timestamp_to_proto(record.opened_at)),
        closed_at: record.closed_at.map(timestamp_to_proto),
        etag: record.version.etag().to_string(),
    }
}
