//! The health professions.

labelled_list! {
    /// A health profession: TRE_G15-ProfessionSante (OID 1.2.250.1.71.1.2.7).
    /// Psychologists (93) left the list on 17 December 2021.
    pub enum Profession, "profession" {
        Doctor = "10" => "Médecin",
        Pharmacist = "21" => "Pharmacien",
        HearingAidSpecialist = "26" => "Audioprothésiste",
        Optician = "28" => "Opticien-lunetier",
        DentalAssistant = "31" => "Assistant dentaire",
        MedicalPhysicist = "32" => "Physicien médical",
        CareAssistant = "35" => "Aide-soignant",
        AmbulanceWorker = "36" => "Ambulancier",
        ChildcareAssistant = "37" => "Auxiliaire de puériculture",
        HospitalPharmacyTechnician = "38" => "Préparateur en pharmacie hospitalière",
        PharmacyTechnician = "39" => "Préparateur en pharmacie d'officine",
        Dentist = "40" => "Chirurgien-dentiste",
        Midwife = "50" => "Sage-femme",
        Nurse = "60" => "Infirmier",
        PsychiatricNurse = "69" => "Infirmier psychiatrique",
        Physiotherapist = "70" => "Masseur-kinésithérapeute",
        Podiatrist = "80" => "Pédicure-podologue",
        Orthoprosthetist = "81" => "Orthoprothésiste",
        PodiatricOrthotist = "82" => "Podo-orthésiste",
        Orthotist = "83" => "Orthopédiste-orthésiste",
        Ocularist = "84" => "Oculariste",
        Epithesist = "85" => "Épithésiste",
        LaboratoryTechnician = "86" => "Technicien de laboratoire",
        SpeechTherapist = "91" => "Orthophoniste",
        Orthoptist = "92" => "Orthoptiste",
        OccupationalTherapist = "94" => "Ergothérapeute",
        Dietitian = "95" => "Diététicien",
        PsychomotorTherapist = "96" => "Psychomotricien",
        Radiographer = "98" => "Manipulateur ERM",
    }
}

impl Profession {
    /// The OID of the list as `SubjectRole` names it in Pro Santé Connect and
    /// the DMP.
    pub const SUBJECT_ROLE_OID: &'static str = "1.2.250.1.213.1.1.5.5";
}
