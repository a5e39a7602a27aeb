//! Records, treating doctors, the visibility of documents.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::VisibilityKind;

use super::{NOT_ANNA, WrongPeople, anna, refused};
use crate::people::{DOCTOR, Person};
use crate::stand::request_id;

fn set(kind: VisibilityKind) -> proto::SetDocumentVisibilityRequest {
    proto::SetDocumentVisibilityRequest {
        patient_id: anna(),
        document_id: "report-1".to_owned(),
        kind: kind.into(),
        request_id: request_id(),
        ..proto::SetDocumentVisibilityRequest::default()
    }
}

impl WrongPeople {
    pub(super) async fn try_record(&mut self) {
        let open = || proto::OpenRecordRequest {
            patient_id: anna(),
            request_id: request_id(),
        };
        let close = || proto::CloseRecordRequest {
            patient_id: anna(),
            request_id: request_id(),
        };
        let get = || proto::GetRecordSettingsRequest { patient_id: anna() };
        let oppose = || proto::SetEmergencyOppositionsRequest {
            patient_id: anna(),
            opposes_break_glass: Some(true),
            opposes_regulation_center: None,
            etag: "\"1\"".to_owned(),
            request_id: request_id(),
        };
        refused!(
            self,
            settings.open_record(open()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.close_record(close()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.get_record_settings(get()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.set_emergency_oppositions(oppose()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
    }

    pub(super) async fn try_treating_doctors(&mut self) {
        let add = || proto::AddTreatingDoctorRequest {
            patient_id: anna(),
            practitioner_id: DOCTOR.to_owned(),
            request_id: request_id(),
        };
        let remove = || proto::RemoveTreatingDoctorRequest {
            patient_id: anna(),
            practitioner_id: DOCTOR.to_owned(),
            request_id: request_id(),
        };
        refused!(
            self,
            settings.add_treating_doctor(add()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.remove_treating_doctor(remove()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
    }

    pub(super) async fn try_visibilities(&mut self) {
        let mask = || set(VisibilityKind::Masked);
        let hide = || set(VisibilityKind::HiddenFromPatient);
        let keep_secret = || set(VisibilityKind::HiddenFromRepresentatives);
        let list = || proto::ListDocumentVisibilitiesRequest {
            patient_id: anna(),
            ..Default::default()
        };
        // The nurse is blocked, so may not hide what they brought either.
        let not_authors = [
            Person::Anna,
            Person::BelaForAnna,
            Person::Bela,
            Person::Nurse,
        ];
        let representative = [Person::BelaForAnna];
        refused!(
            self,
            settings.set_document_visibility(mask()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.set_document_visibility(hide()),
            not_authors,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.set_document_visibility(keep_secret()),
            representative,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            settings.list_document_visibilities(list()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
    }
}
