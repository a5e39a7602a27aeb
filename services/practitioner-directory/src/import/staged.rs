//! What an import brings that the directory does not know, on its way to the store.

use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, OrganizationId, PractitionerId};

use super::QuarantinedRow;
use super::facts::{FactKey, Wording};
use crate::organization::OrganizationNumbers;
use crate::practitioner::Skill;
use crate::qualification::Qualification;

/// Part of an import. Of several of one kind with one key in an import, the first
/// holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// People who are new or are named otherwise.
    pub practitioners: Vec<StagedPractitioner>,
    /// Structures that are new or described otherwise.
    pub organizations: Vec<StagedOrganization>,
    /// Rows of practice situations that are new.
    pub rows: Vec<StagedRow>,
    /// Rows of people's skills that are new.
    pub person_skills: Vec<StagedPersonSkill>,
    /// Mailboxes that are new, or have another holder.
    pub mailboxes: Vec<StagedMailbox>,
    /// Qualifications of people that are new.
    pub qualifications: Vec<StagedQualification>,
    /// Establishments that are new or described otherwise.
    pub establishments: Vec<StagedEstablishment>,
    /// What a first file brings, instead of all that is above.
    pub founded: Founded,
    /// Rows that are put aside.
    pub quarantined: Vec<QuarantinedRow>,
}

/// Part of the first file of a directory: everything is new, is there once, and names
/// whatever else it is about by its identifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Founded {
    /// People.
    pub people: Vec<FoundedPerson>,
    /// Structures.
    pub organizations: Vec<StagedOrganization>,
    /// Practice situations.
    pub activities: Vec<FoundedActivity>,
    /// Their rows, one for each skill.
    pub rows: Vec<FoundedRow>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundedPerson {
    /// Their identifier here.
    pub practitioner_id: PractitionerId,
    /// Their national identifier.
    pub national_id: String,
    /// Their names, in short.
    pub wording: Wording,
    /// Civility of practice.
    pub civility: String,
    /// Name of practice.
    pub family_name: String,
    /// First name of practice.
    pub given_name: String,
}

/// A practice situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundedActivity {
    /// Its identifier here.
    pub activity_id: ActivityId,
    /// Its natural key.
    pub situation: FactKey,
    /// Whose.
    pub practitioner_id: PractitionerId,
    /// Where.
    pub organization_id: Option<OrganizationId>,
    /// Profession.
    pub profession: Profession,
    /// Professional category.
    pub category: String,
    /// Mode of practice.
    pub mode: String,
    /// Sector.
    pub sector: String,
    /// Function.
    pub function: String,
    /// Kind of activity.
    pub kind: String,
}

/// A practice situation with one skill, or with none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundedRow {
    /// Its key.
    pub row: FactKey,
    /// The practice situation.
    pub activity_id: ActivityId,
    /// The skill.
    pub skill: Option<Skill>,
}

/// A person as the file names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPractitioner {
    /// Their national identifier.
    pub national_id: String,
    /// Their identifier here, if they are new.
    pub practitioner_id: PractitionerId,
    /// Their names, in short.
    pub wording: Wording,
    /// Civility of practice.
    pub civility: String,
    /// Name of practice.
    pub family_name: String,
    /// First name of practice.
    pub given_name: String,
}

/// A structure as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedOrganization {
    /// Its identifier here, if it is new.
    pub organization_id: OrganizationId,
    /// Its description, in short.
    pub wording: Wording,
    /// Its numbers; the technical one is its key.
    pub numbers: OrganizationNumbers,
    /// Raison sociale.
    pub name: String,
    /// Enseigne commerciale.
    pub sign: String,
    /// Street line.
    pub address_line: String,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub town: String,
    /// INSEE code of the town.
    pub town_code: String,
    /// Code of the département.
    pub department_code: String,
    /// Sector.
    pub sector_code: String,
}

/// A practice situation with one skill, or with none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedRow {
    /// Its key.
    pub row: FactKey,
    /// The practice situation's natural key.
    pub situation: FactKey,
    /// The practice situation's identifier, if it is new.
    pub activity_id: ActivityId,
    /// Whose.
    pub national_id: String,
    /// Where, by technical identifier.
    pub technical_id: Option<String>,
    /// Profession.
    pub profession: Profession,
    /// Professional category.
    pub category: String,
    /// Mode of practice.
    pub mode: String,
    /// Sector.
    pub sector: String,
    /// Function.
    pub function: String,
    /// Kind of activity.
    pub kind: String,
    /// The skill.
    pub skill: Option<Skill>,
}

/// A skill of a person in one of their professions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPersonSkill {
    /// The row's key.
    pub row: FactKey,
    /// Whose.
    pub national_id: String,
    /// In which profession.
    pub profession: Profession,
    /// In which professional category.
    pub category: String,
    /// The skill.
    pub skill: Skill,
}

/// A mailbox of the secure health mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedMailbox {
    /// The row's key.
    pub row: FactKey,
    /// Whose, as one text: see [`holder_of`](super::facts::holder_of).
    pub holder: String,
    /// Its address, in lower case.
    pub address: String,
}

/// A qualification of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedQualification {
    /// Its key.
    pub row: FactKey,
    /// Whose.
    pub national_id: String,
    /// What the file says of it.
    pub qualification: Qualification,
}

/// An establishment as its register describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedEstablishment {
    /// Its key.
    pub row: FactKey,
    /// Its description, in short.
    pub wording: Wording,
    /// Its FINESS.
    pub finess: String,
    /// Its name.
    pub name: String,
    /// Street line.
    pub address_line: String,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub town: String,
    /// INSEE code of the town.
    pub town_code: String,
    /// Code of the département.
    pub department_code: String,
    /// Code of its category.
    pub category_code: String,
    /// Its category in French.
    pub category_label: String,
    /// When it opened.
    pub opened_on: String,
}

impl StagedOrganization {
    /// The name that is shown: its own, or that over its door.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            &self.sign
        } else {
            &self.name
        }
    }
}

impl Batch {
    /// How many things it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.practitioners.len()
            + self.organizations.len()
            + self.rows.len()
            + self.person_skills.len()
            + self.mailboxes.len()
            + self.qualifications.len()
            + self.establishments.len()
            + self.founded.len()
            + self.quarantined.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Founded {
    /// How many things it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len() + self.organizations.len() + self.activities.len() + self.rows.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
