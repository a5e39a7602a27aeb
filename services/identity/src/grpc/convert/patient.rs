//! Patients and their identities.

use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsKind, InsStatus, InsTraits, InseeCode, Sex};
use aval_domain::time::CivilDate;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::resolve_patient_request::By as Asked;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::search;
use crate::app::{By, Found, RegisterPatient};
use crate::patient::{Identity, Patient};

/// Whom to register.
pub(in crate::grpc) fn register_command(
    message: &proto::RegisterPatientRequest,
) -> Result<RegisterPatient, Refusal> {
    let mut fields = FieldErrors::new();
    let ins = ins(&mut fields, message.ins.as_ref());
    let traits = traits(&mut fields, message.traits.as_ref());
    let status = status(&mut fields, message.status);
    let request_id = fields.parse("request_id", &message.request_id);
    fields.build(|| {
        Some(RegisterPatient {
            identity: Identity {
                ins: ins?,
                traits: traits?,
            },
            status: status?,
            request_id: request_id?,
        })
    })
}

/// Who is asked for.
pub(in crate::grpc) fn id_asked(message: &proto::GetPatientRequest) -> Result<PatientId, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &message.patient_id);
    fields.build(|| patient_id)
}

/// By what a patient is looked for.
pub(in crate::grpc) fn by(message: proto::ResolvePatientRequest) -> Result<By, Refusal> {
    let mut fields = FieldErrors::new();
    let by = match fields.required("by", message.by) {
        Some(Asked::Ins(asked)) => ins(&mut fields, Some(&asked)).map(By::Ins),
        Some(Asked::Traits(asked)) => traits(&mut fields, Some(&asked)).map(By::Traits),
        Some(Asked::Search(asked)) => return search::traits(&asked).map(By::Search),
        None => None,
    };
    fields.build(|| by)
}

/// Who was found.
pub(in crate::grpc) fn found(found: &Found) -> proto::ResolvePatientResponse {
    let (resolution, patient, differing): (_, _, &[_]) = match found {
        Found::Nobody => (proto::Resolution::None, None, &[]),
        Found::One(patient) => (proto::Resolution::One, Some(to_proto(patient)), &[]),
        Found::Several => (proto::Resolution::Ambiguous, None, &[]),
        Found::Alike { differing } => (proto::Resolution::Alike, None, differing),
    };
    proto::ResolvePatientResponse {
        resolution: resolution.into(),
        patient,
        differing_traits: differing.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// A patient, without the matricule.
pub(in crate::grpc) fn to_proto(patient: &Patient) -> proto::Patient {
    let traits = &patient.identity.traits;
    proto::Patient {
        patient_id: patient.patient_id.to_string(),
        traits: Some(proto::IdentityTraits {
            birth_name: traits.birth_name.clone(),
            birth_first_names: traits.birth_first_names.clone(),
            birth_date: traits.birth_date.to_string(),
            sex: match traits.sex {
                Sex::Female => proto::Sex::Female,
                Sex::Male => proto::Sex::Male,
                Sex::Undetermined => proto::Sex::Unknown,
            }
            .into(),
            birth_place_code: traits.birth_place.to_string(),
        }),
        status: match patient.status {
            InsStatus::Provisional => proto::IdentityStatus::Provisional,
            InsStatus::Retrieved => proto::IdentityStatus::Retrieved,
            InsStatus::Validated => proto::IdentityStatus::Validated,
            InsStatus::Qualified => proto::IdentityStatus::Qualified,
        }
        .into(),
        merged_into_patient_id: String::new(),
        registered_at: Some(timestamp_to_proto(patient.registered_at)),
        updated_at: Some(timestamp_to_proto(patient.updated_at)),
        etag: patient.version.etag().to_string(),
    }
}

pub(super) fn ins(fields: &mut FieldErrors, asked: Option<&proto::Ins>) -> Option<Ins> {
    let asked = fields.required("ins", asked)?;
    fields.within("ins", |fields| {
        let kind = InsKind::from_oid(&asked.oid);
        if kind.is_none() {
            fields.add("oid", "must be the OID of a kind of INS");
        }
        let matricule = fields.required_text("matricule", &asked.matricule);
        let (kind, matricule) = (kind?, matricule?);
        fields.check("matricule", Ins::parse(matricule, kind))
    })
}

pub(super) fn traits(
    fields: &mut FieldErrors,
    asked: Option<&proto::IdentityTraits>,
) -> Option<InsTraits> {
    let asked = fields.required("traits", asked)?;
    fields.within("traits", |fields| {
        let name = InsTraits::check_birth_name(&asked.birth_name);
        let name = fields.check("birth_name", name);
        let first_names = InsTraits::check_birth_first_names(&asked.birth_first_names);
        let first_names = fields.check("birth_first_names", first_names);
        let birth_date = fields.check("birth_date", CivilDate::parse(&asked.birth_date));
        let sex = sex(fields, asked.sex);
        let birth_place = fields.check(
            "birth_place_code",
            InseeCode::parse(&asked.birth_place_code),
        );
        Some(InsTraits {
            birth_name: name.map(|()| asked.birth_name.clone())?,
            birth_first_names: first_names.map(|()| asked.birth_first_names.clone())?,
            birth_date: birth_date?,
            sex: sex?,
            birth_place: birth_place?,
        })
    })
}

pub(super) fn sex(fields: &mut FieldErrors, asked: i32) -> Option<Sex> {
    match proto::Sex::try_from(asked) {
        Ok(proto::Sex::Female) => Some(Sex::Female),
        Ok(proto::Sex::Male) => Some(Sex::Male),
        Ok(proto::Sex::Unknown) => Some(Sex::Undetermined),
        Ok(proto::Sex::Unspecified) | Err(_) => {
            fields.add("sex", "is required");
            None
        }
    }
}

pub(super) fn status(fields: &mut FieldErrors, asked: i32) -> Option<InsStatus> {
    match proto::IdentityStatus::try_from(asked) {
        Ok(proto::IdentityStatus::Unspecified | proto::IdentityStatus::Provisional) => {
            Some(InsStatus::Provisional)
        }
        Ok(proto::IdentityStatus::Retrieved) => Some(InsStatus::Retrieved),
        Ok(proto::IdentityStatus::Validated) => Some(InsStatus::Validated),
        Ok(proto::IdentityStatus::Qualified) => Some(InsStatus::Qualified),
        Err(_) => {
            fields.add("status", "is not one of the contract's");
            None
        }
    }
}
