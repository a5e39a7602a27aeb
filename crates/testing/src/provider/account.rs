//! Who may be signed in.

use std::collections::BTreeMap;
use std::fmt;

use crate::synthesize::{Organization, Person, PracticeActivity};

/// The assurance level that Pro Santé Connect states.
pub(super) const USUAL_ACR: &str = "eidas1";

/// A professional as the provider knows them. Codes are those of the national
/// lists; an empty text is an absent value, as in the provider's own answers.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfessionalAccount {
    /// What is given to sign in. [`national_id`](Self::national_id) works too.
    pub username: String,
    /// The national identifier with its type's prefix: `8` and the RPPS number,
    /// `0` and the ADELI number, or a test identity's.
    pub national_id: String,
    /// `M` or `MME`.
    pub civility: String,
    /// `DR`, `PR`, or empty.
    pub exercise_civility: String,
    /// The name under which they practise.
    pub family_name: String,
    /// The first name under which they practise.
    pub given_name: String,
    /// `TRE_G15-ProfessionSante`, such as `10`.
    pub profession: String,
    /// `C` civil, `M` military, `E` student.
    pub category: String,
    /// `TRE_R38-SpecialiteOrdinale`, such as `SM26`; each makes an "exercice" of its own.
    pub specialities: Vec<String>,
    /// Where they practise, and in what capacity.
    pub activities: Vec<ProfessionalActivity>,
    /// Whether `Acces_Regulation_Medicale` is `VRAI`.
    pub regulation: bool,
    /// The assurance level of their sign-ins unless the request asks for another.
    pub acr: String,
    /// The layout of their `UserInfo` unless the request asks for another.
    pub layout: Layout,
}

/// One practice situation, with the fields of `UserInfo`'s `activities`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfessionalActivity {
    /// `L` liberal, `S` salaried, `B` volunteer.
    pub mode: String,
    /// `TRE_R02-SecteurActivite`, such as `SA07`.
    pub sector: String,
    /// `TRE_R21-Fonction`, such as `FON-32`.
    pub function: String,
    /// Section of the pharmacists' register, or empty.
    pub pharmacist_section: String,
    /// 14 digits.
    pub siret: String,
    /// The FINESS number of the site.
    pub finess_site: String,
    /// The FINESS number of the legal entity.
    pub finess_legal: String,
    /// `R…`, `F…` or `C…`.
    pub technical_id: String,
    /// The identifier with its type's prefix, such as `499700366240007`.
    pub former_id: String,
    /// The organization's name.
    pub name: String,
    /// Who registered the activity, such as `CNOM/CNOM/CNOM`.
    pub registration_authority: String,
    /// Number in the street.
    pub street_number: String,
    /// Code of the kind of street, such as `R`.
    pub street_kind: String,
    /// The street's name.
    pub street: String,
    /// Five digits.
    pub postal_code: String,
    /// Postal code and town.
    pub town_line: String,
}

/// The two layouts of `UserInfo` that are in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// The recent one: `codeCivilite` beside the names.
    #[default]
    A,
    /// The older one: `codeCivilite` inside `SubjectRefPro`, each exercice twice.
    B,
}

/// A patient as the provider knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct PatientAccount {
    /// What is given to sign in. The matricule works too.
    pub username: String,
    /// The INS's matricule with its key, 15 characters.
    pub ins: String,
    /// The OID of the INS's kind, such as `1.2.250.1.213.1.4.10` for tests.
    pub ins_oid: String,
    /// Birth name.
    pub family_name: String,
    /// Birth first names.
    pub given_names: Vec<String>,
    /// `YYYY-MM-DD`.
    pub birth_date: String,
    /// Sex of the civil registry.
    pub gender: Gender,
    /// INSEE code of the place of birth.
    pub birth_place: String,
    /// The assurance level of their sign-ins unless the request asks for another.
    pub acr: String,
}

/// The `gender` claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// `female`
    Female,
    /// `male`
    Male,
}

/// Everybody who may be signed in, by username.
#[derive(Clone, Default)]
pub struct Accounts {
    professionals: BTreeMap<String, ProfessionalAccount>,
    patients: BTreeMap<String, PatientAccount>,
}

impl ProfessionalAccount {
    /// A civil professional without speciality or activity, whose username is
    /// the national identifier.
    #[must_use]
    pub fn new(national_id: &str, family_name: &str, given_name: &str, profession: &str) -> Self {
        Self {
            username: national_id.to_owned(),
            national_id: national_id.to_owned(),
            civility: "M".to_owned(),
            exercise_civility: String::new(),
            family_name: family_name.to_owned(),
            given_name: given_name.to_owned(),
            profession: profession.to_owned(),
            category: "C".to_owned(),
            specialities: Vec::new(),
            activities: Vec::new(),
            regulation: false,
            acr: USUAL_ACR.to_owned(),
            layout: Layout::A,
        }
    }

    /// The account of a person of a synthetic directory.
    #[must_use]
    pub fn from_directory(person: &Person) -> Self {
        Self {
            civility: person.civility.code.to_owned(),
            exercise_civility: person.exercise_civility.code.to_owned(),
            category: person.category.code.to_owned(),
            specialities: person
                .skills
                .iter()
                .map(|skill| skill.code.to_owned())
                .collect(),
            activities: person
                .activities
                .iter()
                .map(ProfessionalActivity::from_directory)
                .collect(),
            regulation: person.is_regulator(),
            ..Self::new(
                &person.national_id(),
                &person.family_name,
                &person.given_name,
                person.profession.code,
            )
        }
    }

    /// Where the national identifier comes from, as `UserInfo`'s `origine` says.
    pub(super) fn origin(&self) -> &'static str {
        match self.national_id.as_bytes() {
            [b'8', digits @ ..] if is_number(digits, 11) => "RPPS",
            [b'0', digits @ ..] if is_number(digits, 9) => "ADELI",
            _ => "EDIT",
        }
    }
}

impl ProfessionalActivity {
    fn from_directory(activity: &PracticeActivity) -> Self {
        let situation = Self {
            mode: activity.mode.code.to_owned(),
            sector: activity.sector.code.to_owned(),
            function: activity.function.code.to_owned(),
            pharmacist_section: activity.pharmacist_section.code.to_owned(),
            registration_authority: activity.registration_authority.to_owned(),
            ..Self::default()
        };
        match &activity.organization {
            Some(organization) => situation.at(organization),
            None => situation,
        }
    }

    fn at(self, organization: &Organization) -> Self {
        let address = &organization.address;
        Self {
            siret: organization.siret.clone(),
            finess_site: organization.finess_site.clone(),
            finess_legal: organization.finess_legal.clone(),
            technical_id: organization.technical_id.clone(),
            former_id: organization.former_id.clone(),
            name: organization.name.clone(),
            street_number: address.number.clone(),
            street_kind: address.street_kind.code.to_owned(),
            street: address.street.to_owned(),
            postal_code: address.town.postal_code.to_owned(),
            town_line: address.town.postal_line(),
            ..self
        }
    }
}

impl Accounts {
    /// Adds a professional, or replaces the one of the same username.
    pub fn put_professional(&mut self, account: ProfessionalAccount) {
        self.professionals.insert(account.username.clone(), account);
    }

    /// Adds a patient, or replaces the one of the same username.
    pub fn put_patient(&mut self, account: PatientAccount) {
        self.patients.insert(account.username.clone(), account);
    }

    /// The professional of this username or national identifier.
    #[must_use]
    pub fn professional(&self, name: &str) -> Option<&ProfessionalAccount> {
        self.professionals.get(name).or_else(|| {
            self.professionals
                .values()
                .find(|account| account.national_id == name)
        })
    }

    /// The patient of this username or matricule.
    #[must_use]
    pub fn patient(&self, name: &str) -> Option<&PatientAccount> {
        self.patients
            .get(name)
            .or_else(|| self.patients.values().find(|account| account.ins == name))
    }
}

impl Gender {
    pub(super) fn claim(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
}

impl fmt::Debug for ProfessionalAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProfessionalAccount")
            .field("profession", &self.profession)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PatientAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PatientAccount { .. }")
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Accounts")
            .field("professionals", &self.professionals.len())
            .field("patients", &self.patients.len())
            .finish()
    }
}

fn is_number(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(u8::is_ascii_digit)
}
