//! English names for the French code lists, which publish none.

use aval_domain::code::Profession;
use aval_domain::document::DocumentClass;

pub(super) const fn profession(profession: Profession) -> &'static str {
    match profession {
        Profession::Doctor => "doctor",
        Profession::Pharmacist => "pharmacist",
        Profession::HearingAidSpecialist => "hearing aid specialist",
        Profession::Optician => "optician",
        Profession::DentalAssistant => "dental assistant",
        Profession::MedicalPhysicist => "medical physicist",
        Profession::CareAssistant => "care assistant",
        Profession::AmbulanceWorker => "ambulance worker",
        Profession::ChildcareAssistant => "childcare assistant",
        Profession::HospitalPharmacyTechnician => "hospital pharmacy technician",
        Profession::PharmacyTechnician => "pharmacy technician",
        Profession::Dentist => "dentist",
        Profession::Midwife => "midwife",
        Profession::Nurse => "nurse",
        Profession::PsychiatricNurse => "psychiatric nurse",
        Profession::Physiotherapist => "physiotherapist",
        Profession::Podiatrist => "podiatrist",
        Profession::Orthoprosthetist => "orthoprosthetist",
        Profession::PodiatricOrthotist => "podiatric orthotist",
        Profession::Orthotist => "orthotist",
        Profession::Ocularist => "ocularist",
        Profession::Epithesist => "epithesist",
        Profession::LaboratoryTechnician => "laboratory technician",
        Profession::SpeechTherapist => "speech therapist",
        Profession::Orthoptist => "orthoptist",
        Profession::OccupationalTherapist => "occupational therapist",
        Profession::Dietitian => "dietitian",
        Profession::PsychomotorTherapist => "psychomotor therapist",
        Profession::Radiographer => "radiographer",
    }
}

pub(super) const fn class(class: DocumentClass) -> &'static str {
    match class {
        DocumentClass::Report => "report",
        DocumentClass::Summary => "summary",
        DocumentClass::Imaging => "medical imaging",
        DocumentClass::Prescription => "prescription",
        DocumentClass::Dispensation => "dispensation",
        DocumentClass::CarePlan => "care plan or protocol",
        DocumentClass::AdministeredTreatment => "administered treatment",
        DocumentClass::Certificate => "certificate or declaration",
        DocumentClass::Reimbursement => "reimbursement data",
        DocumentClass::PatientDocument => "other document added by the patient",
        DocumentClass::ManagementDocument => "management document",
    }
}
