//! Where people work, and in what capacity.

use super::code_lists::{
    BIOLOGIST, COLLABORATOR, DEPUTY, ELDERLY_HOME_COORDINATOR, EMPLOYEE, HOLDER, HOSPITAL_PHARMACY,
    INTERN, LIBERAL, MATERNAL_PROTECTION, OCCUPATIONAL_DOCTOR, PARTNER, PHARMACY_HOLDER, REGULATOR,
    SALARIED, SECTION_BIOLOGISTS, SECTION_DEPUTIES, SECTION_HOLDERS, SECTION_HOSPITALS,
    SENIOR_NURSE, SUBSTITUTE, UNDEFINED, VOLUNTEER,
};
use super::draw::Draw;
use super::person::Coded;

/// A kind of place of practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    OwnPractice,
    GroupPractice,
    PracticeCompany,
    PublicHospital,
    MilitaryHospital,
    PrivateHospital,
    HealthCentre,
    ElderlyHome,
    MaternalProtection,
    OccupationalService,
    Pharmacy,
    Laboratory,
    Shop,
    RegulationCentre,
    /// In other people's places: none of their own.
    Substitution,
}

/// In what capacity somebody works in a setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    pub(super) mode: Coded,
    pub(super) function: Coded,
    pub(super) pharmacist_section: Coded,
}

impl Setting {
    /// `TRE_R02-SecteurActivite`.
    pub(super) fn sector(self) -> Coded {
        match self {
            Self::OwnPractice => Coded::new("SA07", "Cabinet individuel"),
            Self::GroupPractice => Coded::new("SA08", "Cabinet de groupe"),
            Self::PracticeCompany => Coded::new("SA09", "Exercice en société"),
            Self::PublicHospital => Coded::new("SA01", "Etablissement public de santé"),
            Self::MilitaryHospital => {
                Coded::new("SA02", "Hôpital militaire du service de santé des armées")
            }
            Self::PrivateHospital => Coded::new("SA04", "Etablissement privé non PSPH"),
            Self::HealthCentre => Coded::new("SA05", "Centre de santé"),
            Self::ElderlyHome => Coded::new("SA17", "Etablissement pour personnes âgées"),
            Self::MaternalProtection => Coded::new("SA15", "PMI Planification familiale"),
            Self::OccupationalService => Coded::new("SA13", "Entreprise"),
            Self::Pharmacy => Coded::new("SA33", "Pharmacie d'officine"),
            Self::Laboratory => Coded::new("SA25", "Laboratoire de biologie médicale"),
            Self::Shop => Coded::new("SA42", "Appareillage médical"),
            Self::RegulationCentre => Coded::new("SA50", "Permanence des soins"),
            Self::Substitution => Coded::NONE,
        }
    }

    /// Whether the place is a hospital's or another establishment's, whose
    /// situations another authority registers.
    pub(super) fn is_establishment(self) -> bool {
        matches!(
            self,
            Self::PublicHospital
                | Self::MilitaryHospital
                | Self::PrivateHospital
                | Self::HealthCentre
                | Self::ElderlyHome
                | Self::MaternalProtection
                | Self::RegulationCentre
        )
    }

    /// How somebody of `profession` works here.
    pub(super) fn capacity(self, profession: &str, student: bool, draw: &mut Draw) -> Capacity {
        let doctor = profession == "10";
        let (mode, function) = match self {
            Self::OwnPractice => (LIBERAL, HOLDER),
            Self::GroupPractice => (LIBERAL, draw.pick(&[HOLDER, HOLDER, PARTNER, COLLABORATOR])),
            Self::PracticeCompany => (LIBERAL, PARTNER),
            Self::Substitution => (LIBERAL, SUBSTITUTE),
            Self::RegulationCentre => (LIBERAL, REGULATOR),
            Self::Pharmacy if profession == "21" && draw.chance(400) => (LIBERAL, PHARMACY_HOLDER),
            Self::Pharmacy => (SALARIED, DEPUTY),
            Self::Laboratory => (SALARIED, BIOLOGIST),
            Self::Shop => (SALARIED, EMPLOYEE),
            Self::MaternalProtection => (SALARIED, MATERNAL_PROTECTION),
            Self::OccupationalService if doctor => (SALARIED, OCCUPATIONAL_DOCTOR),
            Self::ElderlyHome if doctor && draw.chance(500) => (SALARIED, ELDERLY_HOME_COORDINATOR),
            Self::PublicHospital | Self::MilitaryHospital if student => (SALARIED, INTERN),
            Self::PublicHospital | Self::PrivateHospital if profession == "21" => {
                (SALARIED, HOSPITAL_PHARMACY)
            }
            Self::PublicHospital | Self::PrivateHospital
                if profession == "60" && draw.chance(30) =>
            {
                (SALARIED, SENIOR_NURSE)
            }
            Self::PublicHospital | Self::MilitaryHospital | Self::PrivateHospital => {
                (SALARIED, UNDEFINED)
            }
            Self::HealthCentre if draw.chance(50) => (VOLUNTEER, UNDEFINED),
            Self::HealthCentre | Self::ElderlyHome | Self::OccupationalService => {
                (SALARIED, EMPLOYEE)
            }
        };
        Capacity {
            mode,
            function,
            pharmacist_section: pharmacist_section(profession, function),
        }
    }
}

fn pharmacist_section(profession: &str, function: Coded) -> Coded {
    if profession != "21" {
        return Coded::NONE;
    }
    match function {
        PHARMACY_HOLDER => SECTION_HOLDERS,
        BIOLOGIST => SECTION_BIOLOGISTS,
        HOSPITAL_PHARMACY | INTERN => SECTION_HOSPITALS,
        _ => SECTION_DEPUTIES,
    }
}
