//! What a synthetic directory is made of.

use super::code_lists;

/// A code of a national list with its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Coded {
    /// The code, empty when there is none.
    pub code: &'static str,
    /// The label, empty when there is none.
    pub label: &'static str,
}

/// A made-up professional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their national number.
    pub number: PersonNumber,
    /// `M` or `MME`.
    pub civility: Coded,
    /// `DR`, `PR`, or none.
    pub exercise_civility: Coded,
    /// The name under which they practise, in capitals.
    pub family_name: String,
    /// The first name under which they practise.
    pub given_name: String,
    /// `TRE_G15-ProfessionSante`.
    pub profession: Coded,
    /// Civil, military, student.
    pub category: Coded,
    /// Specialities and other know-how; the file repeats each activity for each.
    pub skills: Vec<Skill>,
    /// One to four practice situations.
    pub activities: Vec<PracticeActivity>,
}

/// The national number of a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PersonNumber {
    /// 11 digits with a valid Luhn key, `997…`.
    Rpps(String),
    /// 9 characters.
    Adeli(String),
}

/// A speciality or other know-how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Skill {
    /// The kind, such as `S` for a speciality.
    pub kind: Coded,
    /// The code, such as `SM26`.
    pub code: &'static str,
    /// Its label.
    pub label: &'static str,
}

/// A practice situation: one row of the file for each skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeActivity {
    /// Liberal, salaried, volunteer.
    pub mode: Coded,
    /// `TRE_R02-SecteurActivite`.
    pub sector: Coded,
    /// `TRE_R21-Fonction`.
    pub function: Coded,
    /// Section of the pharmacists' register, or none.
    pub pharmacist_section: Coded,
    /// The kind of activity.
    pub kind: Coded,
    /// Who registered it.
    pub registration_authority: &'static str,
    /// Where; substitutes may have no place of their own.
    pub organization: Option<Organization>,
}

/// A place of practice. Absent numbers are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// 14 digits with a valid key.
    pub siret: String,
    /// 9 characters.
    pub finess_site: String,
    /// 9 characters.
    pub finess_legal: String,
    /// `R…`, `F…` or `C…`.
    pub technical_id: String,
    /// The identifier with its type's prefix.
    pub former_id: String,
    /// Its name, in capitals.
    pub name: String,
    /// The name on the door, mostly empty.
    pub trade_name: String,
    /// Where it is.
    pub address: Address,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Who is behind the door.
    pub recipient: String,
    /// Number in the street.
    pub number: String,
    /// `B` for bis, mostly empty.
    pub repetition: &'static str,
    /// The kind of street.
    pub street_kind: Coded,
    /// The street's name.
    pub street: &'static str,
    /// The town.
    pub town: &'static Town,
}

/// A real town, or a district of Paris, Lyon or Marseille.
#[derive(Debug, PartialEq, Eq)]
pub struct Town {
    /// Its name.
    pub name: &'static str,
    /// Its name as the post writes it.
    pub postal_name: &'static str,
    /// Five digits.
    pub postal_code: &'static str,
    /// INSEE code.
    pub insee: &'static str,
    /// Its département.
    pub department: Coded,
    /// How many people practise there, relative to the others.
    pub(super) weight: u32,
}

impl Coded {
    /// No code.
    pub const NONE: Self = Self::new("", "");

    pub(super) const fn new(code: &'static str, label: &'static str) -> Self {
        Self { code, label }
    }
}

impl Person {
    /// The number with its type's prefix: `8` and the RPPS number, `0` and the ADELI number.
    #[must_use]
    pub fn national_id(&self) -> String {
        format!("{}{}", self.number.kind(), self.number.text())
    }

    /// The RPPS number, if they have one.
    #[must_use]
    pub fn rpps(&self) -> Option<&str> {
        match &self.number {
            PersonNumber::Rpps(number) => Some(number),
            PersonNumber::Adeli(_) => None,
        }
    }

    /// Whether one of their situations is a medical regulator's (`FON-32`).
    #[must_use]
    pub fn is_regulator(&self) -> bool {
        self.activities
            .iter()
            .any(|activity| activity.function.code == code_lists::REGULATOR.code)
    }

    /// Whether they are a doctor.
    #[must_use]
    pub fn is_doctor(&self) -> bool {
        self.profession.code == "10"
    }

    /// How many rows of the file are theirs.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.activities.len() * self.skills.len().max(1)
    }
}

impl PersonNumber {
    /// The number without prefix.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Rpps(number) | Self::Adeli(number) => number,
        }
    }

    /// Its type in `TRE_G08-TypeIdentifiantPersonne`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Rpps(_) => "8",
            Self::Adeli(_) => "0",
        }
    }
}

impl Organization {
    /// The first nine digits of the SIRET, empty without one.
    #[must_use]
    pub fn siren(&self) -> &str {
        self.siret.get(..9).unwrap_or_default()
    }
}

impl Town {
    /// Postal code and town, as on an envelope.
    #[must_use]
    pub fn postal_line(&self) -> String {
        format!("{} {}", self.postal_code, self.postal_name)
    }
}
