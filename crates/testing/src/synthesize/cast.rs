//! The people that a scenario needs, who play the first ranks of every plan.

use super::code_lists::{CIVIL, DOCTORS, GENERAL_PRACTICE, STUDENT, WeightedSkill};
use super::making::Maker;
use super::person::{Coded, Person, Skill};
use super::setting::Setting;
use super::towns::{BREST, LYON, PARIS, TownIndex};

/// The people that a scenario needs. All are in the file but [`absent`](Self::absent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// A general practitioner in Paris who has homonyms.
    pub generalist: Person,
    /// Two doctors of the same names: a cardiologist in Lyon and a dermatologist in Brest.
    pub homonyms: [Person; 2],
    /// A cardiologist with a practice and a hospital situation.
    pub two_activities: Person,
    /// Another general practitioner.
    pub colleague: Person,
    /// A nurse on their own account.
    pub nurse: Person,
    /// A pharmacist.
    pub pharmacist: Person,
    /// A midwife.
    pub midwife: Person,
    /// A dental surgeon.
    pub dentist: Person,
    /// A physiotherapist.
    pub physiotherapist: Person,
    /// A doctor who regulates calls (`FON-32`).
    pub regulator: Person,
    /// An occupational doctor (`FON-29`).
    pub occupational_doctor: Person,
    /// A doctor of an old people's home, one in two its coordinator (`FON-63`).
    pub elderly_home_doctor: Person,
    /// A substitute (`FON-22`), without a place of their own.
    pub substitute: Person,
    /// A hospital intern (`FON-48`).
    pub intern: Person,
    /// A speech therapist who has an ADELI number only.
    pub adeli_only: Person,
    /// A general practitioner who is not in the file.
    pub absent: Person,
}

/// A part in the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Generalist,
    HomonymousCardiologist,
    HomonymousDermatologist,
    TwoActivities,
    Colleague,
    Nurse,
    Pharmacist,
    Midwife,
    Dentist,
    Physiotherapist,
    Regulator,
    OccupationalDoctor,
    ElderlyHomeDoctor,
    Substitute,
    Intern,
    AdeliOnly,
}

impl Cast {
    /// How many people a plan must have for all of them.
    pub const SIZE: u32 = 16;

    pub(super) fn of(maker: &Maker, people: u32) -> Self {
        let play = |role: Role| maker.person_as(role as u32, Some(role));
        Self {
            generalist: play(Role::Generalist),
            homonyms: [
                play(Role::HomonymousCardiologist),
                play(Role::HomonymousDermatologist),
            ],
            two_activities: play(Role::TwoActivities),
            colleague: play(Role::Colleague),
            nurse: play(Role::Nurse),
            pharmacist: play(Role::Pharmacist),
            midwife: play(Role::Midwife),
            dentist: play(Role::Dentist),
            physiotherapist: play(Role::Physiotherapist),
            regulator: play(Role::Regulator),
            occupational_doctor: play(Role::OccupationalDoctor),
            elderly_home_doctor: play(Role::ElderlyHomeDoctor),
            substitute: play(Role::Substitute),
            intern: play(Role::Intern),
            adeli_only: play(Role::AdeliOnly),
            absent: maker.person_as(people, Some(Role::Colleague)),
        }
    }
}

impl Role {
    /// In the order of their ranks.
    const ALL: [Self; Cast::SIZE as usize] = [
        Self::Generalist,
        Self::HomonymousCardiologist,
        Self::HomonymousDermatologist,
        Self::TwoActivities,
        Self::Colleague,
        Self::Nurse,
        Self::Pharmacist,
        Self::Midwife,
        Self::Dentist,
        Self::Physiotherapist,
        Self::Regulator,
        Self::OccupationalDoctor,
        Self::ElderlyHomeDoctor,
        Self::Substitute,
        Self::Intern,
        Self::AdeliOnly,
    ];

    pub(super) fn of_rank(rank: u32) -> Option<Self> {
        Self::ALL.get(rank as usize).copied()
    }

    pub(super) fn profession(self) -> &'static str {
        match self {
            Self::Nurse => "60",
            Self::Pharmacist => "21",
            Self::Midwife => "50",
            Self::Dentist => "40",
            Self::Physiotherapist => "70",
            Self::AdeliOnly => "91",
            _ => "10",
        }
    }

    pub(super) fn category(self) -> Coded {
        if self == Self::Intern { STUDENT } else { CIVIL }
    }

    pub(super) fn skill(self) -> Option<Skill> {
        match self {
            Self::HomonymousCardiologist | Self::TwoActivities => Some(speciality("SM04")),
            Self::HomonymousDermatologist => Some(speciality("SM15")),
            Self::OccupationalDoctor => Some(speciality("SM25")),
            Self::ElderlyHomeDoctor => Some(speciality("SM18")),
            Self::Regulator => Some(speciality("SM59")),
            Self::Generalist | Self::Colleague | Self::Substitute => Some(GENERAL_PRACTICE),
            _ => None,
        }
    }

    pub(super) fn settings(self) -> &'static [Setting] {
        match self {
            Self::TwoActivities => &[Setting::OwnPractice, Setting::PublicHospital],
            Self::Pharmacist => &[Setting::Pharmacy],
            Self::Midwife | Self::Intern => &[Setting::PublicHospital],
            Self::Regulator => &[Setting::RegulationCentre],
            Self::OccupationalDoctor => &[Setting::OccupationalService],
            Self::ElderlyHomeDoctor => &[Setting::ElderlyHome],
            Self::Substitute => &[Setting::Substitution],
            _ => &[Setting::OwnPractice],
        }
    }

    /// Where they work, when it matters.
    pub(super) fn town(self) -> Option<TownIndex> {
        match self {
            Self::Generalist => Some(PARIS),
            Self::HomonymousCardiologist => Some(LYON),
            Self::HomonymousDermatologist => Some(BREST),
            _ => None,
        }
    }

    /// What they are called, when it matters.
    pub(super) fn name(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Generalist | Self::HomonymousCardiologist | Self::HomonymousDermatologist => {
                Some(("LE GOFF", "Zoé"))
            }
            _ => None,
        }
    }

    pub(super) fn is_adeli_only(self) -> bool {
        self == Self::AdeliOnly
    }
}

fn speciality(code: &str) -> Skill {
    let found: Option<&WeightedSkill> = DOCTORS.iter().find(|(_, skill)| skill.code == code);
    found
        .expect("the code is one of the doctors' specialities")
        .1
}
