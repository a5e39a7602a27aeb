//! The professions: how many, who they are, where they work. Shares are rough
//! and for show.

use super::code_lists::{DENTISTS, DOCTORS, NURSES, WeightedSkill};
use super::draw::Draw;
use super::person::Coded;
use super::setting::Setting;

/// A profession as the generator sees it.
#[derive(Debug)]
pub(super) struct Profile {
    /// `TRE_G15-ProfessionSante`.
    pub(super) profession: Coded,
    /// How many, relative to the others.
    share: u32,
    /// How many of 1,000 are women.
    pub(super) women: u32,
    /// How many of 1,000 have an ADELI number only.
    pub(super) adeli_only: u32,
    /// Who registers their situations outside and inside establishments.
    pub(super) authorities: (&'static str, &'static str),
    /// Where they work, by weight.
    pub(super) settings: &'static [(u32, Setting)],
    /// Their specialities, by weight.
    pub(super) skills: &'static [WeightedSkill],
    /// How many of 1,000 have a speciality.
    pub(super) with_skill: u32,
}

const ARS: (&str, &str) = ("ARS/ARS/ARS", "ARS/ARS/ARS");

/// Mostly on their own account.
const LIBERAL: &[(u32, Setting)] = &[
    (55, Setting::OwnPractice),
    (28, Setting::GroupPractice),
    (5, Setting::HealthCentre),
    (7, Setting::PublicHospital),
    (5, Setting::PrivateHospital),
];

/// Mostly employed by establishments.
const EMPLOYED: &[(u32, Setting)] = &[
    (62, Setting::PublicHospital),
    (20, Setting::PrivateHospital),
    (3, Setting::HealthCentre),
    (15, Setting::ElderlyHome),
];

const LABORATORY: &[(u32, Setting)] = &[(60, Setting::Laboratory), (40, Setting::PublicHospital)];
const SHOP: &[(u32, Setting)] = &[(1, Setting::Shop)];
const PHARMACY: &[(u32, Setting)] = &[(1, Setting::Pharmacy)];

const DOCTOR_SETTINGS: &[(u32, Setting)] = &[
    (330, Setting::OwnPractice),
    (200, Setting::GroupPractice),
    (40, Setting::PracticeCompany),
    (230, Setting::PublicHospital),
    (80, Setting::PrivateHospital),
    (10, Setting::MilitaryHospital),
    (25, Setting::HealthCentre),
    (15, Setting::ElderlyHome),
    (20, Setting::OccupationalService),
    (10, Setting::MaternalProtection),
    (5, Setting::RegulationCentre),
    (35, Setting::Substitution),
];

const NURSE_SETTINGS: &[(u32, Setting)] = &[
    (160, Setting::OwnPractice),
    (60, Setting::GroupPractice),
    (480, Setting::PublicHospital),
    (130, Setting::PrivateHospital),
    (10, Setting::MilitaryHospital),
    (25, Setting::HealthCentre),
    (90, Setting::ElderlyHome),
    (20, Setting::OccupationalService),
    (10, Setting::MaternalProtection),
    (15, Setting::Substitution),
];

const PHARMACIST_SETTINGS: &[(u32, Setting)] = &[
    (800, Setting::Pharmacy),
    (100, Setting::PublicHospital),
    (30, Setting::PrivateHospital),
    (70, Setting::Laboratory),
];

const MIDWIFE_SETTINGS: &[(u32, Setting)] = &[
    (280, Setting::OwnPractice),
    (80, Setting::GroupPractice),
    (440, Setting::PublicHospital),
    (140, Setting::PrivateHospital),
    (60, Setting::MaternalProtection),
];

pub(super) static PROFILES: &[Profile] = &[
    Profile {
        skills: NURSES,
        with_skill: 60,
        ..plain(
            "60",
            "Infirmier",
            390,
            870,
            60,
            ("CNOI/CNOI/CNOI", "CNOI/CNOI/ARS"),
            NURSE_SETTINGS,
        )
    },
    Profile {
        skills: DOCTORS,
        with_skill: 960,
        ..plain(
            "10",
            "Médecin",
            200,
            490,
            0,
            ("CNOM/CNOM/CNOM", "CNOM/CNOM/ARS"),
            DOCTOR_SETTINGS,
        )
    },
    plain(
        "70",
        "Masseur-kinésithérapeute",
        85,
        520,
        0,
        ("CNOMK/CNOMK/CNOMK", "CNOMK/CNOMK/ARS"),
        LIBERAL,
    ),
    plain(
        "21",
        "Pharmacien",
        65,
        680,
        0,
        ("CNOP/CNOP/CNOP", "CNOP/CNOP/ARS"),
        PHARMACIST_SETTINGS,
    ),
    Profile {
        skills: DENTISTS,
        with_skill: 60,
        ..plain(
            "40",
            "Chirurgien-dentiste",
            40,
            480,
            0,
            ("CNOCD/CNOCD/CNOCD", "CNOCD/CNOCD/ARS"),
            LIBERAL,
        )
    },
    plain("35", "Aide-soignant", 50, 890, 100, ARS, EMPLOYED),
    plain("28", "Opticien-lunetier", 30, 550, 400, ARS, SHOP),
    plain("98", "Manipulateur ERM", 25, 720, 250, ARS, EMPLOYED),
    plain("91", "Orthophoniste", 22, 965, 250, ARS, LIBERAL),
    plain(
        "50",
        "Sage-femme",
        20,
        970,
        0,
        ("CNOSF/CNOSF/CNOSF", "CNOSF/CNOSF/ARS"),
        MIDWIFE_SETTINGS,
    ),
    plain("39", "Préparateur officine", 18, 900, 150, ARS, PHARMACY),
    plain(
        "86",
        "Technicien de laboratoire",
        15,
        780,
        300,
        ARS,
        LABORATORY,
    ),
    plain(
        "80",
        "Pédicure-podologue",
        12,
        690,
        0,
        ("CNOPP/CNOPP/CNOPP", "CNOPP/CNOPP/ARS"),
        LIBERAL,
    ),
    plain("94", "Ergothérapeute", 12, 870, 200, ARS, EMPLOYED),
    plain("96", "Psychomotricien", 12, 890, 200, ARS, LIBERAL),
    plain("95", "Diététicien", 11, 940, 250, ARS, LIBERAL),
    plain(
        "37",
        "Auxiliaire de puériculture",
        10,
        985,
        100,
        ARS,
        EMPLOYED,
    ),
    plain("36", "Ambulancier", 8, 350, 200, ARS, EMPLOYED),
    plain(
        "38",
        "Préparateur pharmacie hosp.",
        5,
        850,
        150,
        ARS,
        EMPLOYED,
    ),
    plain("92", "Orthoptiste", 5, 890, 250, ARS, LIBERAL),
    plain("31", "Assistant dentaire", 5, 970, 100, ARS, LIBERAL),
    plain("26", "Audioprothésiste", 4, 480, 350, ARS, SHOP),
    plain("69", "Infirmier psychiatrique", 2, 700, 600, ARS, EMPLOYED),
    plain("32", "Physicien médical", 1, 450, 0, ARS, EMPLOYED),
    plain("81", "Orthoprothésiste", 1, 300, 400, ARS, SHOP),
    plain("82", "Podo-orthésiste", 1, 400, 400, ARS, SHOP),
    plain("83", "Orthopédiste-orthésiste", 1, 500, 400, ARS, SHOP),
    plain("84", "Oculariste", 1, 500, 400, ARS, SHOP),
    plain("85", "Epithésiste", 1, 500, 400, ARS, SHOP),
];

/// A profession, large ones more often.
pub(super) fn draw(draw: &mut Draw) -> &'static Profile {
    draw.weighted(PROFILES, |profile| profile.share)
}

/// The profession of a code of the list above.
pub(super) fn of_code(code: &str) -> &'static Profile {
    PROFILES
        .iter()
        .find(|profile| profile.profession.code == code)
        .expect("the code is one of the list")
}

const fn plain(
    code: &'static str,
    label: &'static str,
    share: u32,
    women: u32,
    adeli_only: u32,
    authorities: (&'static str, &'static str),
    settings: &'static [(u32, Setting)],
) -> Profile {
    Profile {
        profession: Coded::new(code, label),
        share,
        women,
        adeli_only,
        authorities,
        settings,
        skills: &[],
        with_skill: 0,
    }
}
