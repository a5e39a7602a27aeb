//! One human who practises, or practised, a health profession.

use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, OrganizationId, PractitionerId};
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identifier::Identifier;
use crate::organization::Organization;
use crate::qualification::Qualification;
use crate::reason::Reason;

/// One human, for ever one identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Practitioner {
    /// Who.
    pub practitioner_id: PractitionerId,
    /// Every number under which they are known, the RPPS number first.
    pub identifiers: Vec<Identifier>,
    /// Name of practice.
    pub family_name: String,
    /// First name of practice; may be empty.
    pub given_name: String,
    /// Civility of practice; may be empty.
    pub civility: String,
    /// Whether they have an active practice situation.
    pub active: bool,
    /// Every practice situation, the active ones first.
    pub activities: Vec<Activity>,
    /// Diplomas, then authorisations to practise, each by type and code.
    pub qualifications: Vec<Qualification>,
    /// The entry that this one leads to, if it was merged: then numbers and practice
    /// situations are that one's.
    pub merged_into: Option<PractitionerId>,
    /// When the directory last changed this entry.
    pub updated_at: Timestamp,
}

/// One practice situation: who, as what, where. Codes are as published; an empty one
/// is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Which; the same for as long as nothing below changes but skills and place data.
    pub activity_id: ActivityId,
    /// Profession.
    pub profession: Profession,
    /// Professional category.
    pub category: String,
    /// Skills in this profession, by kind and code.
    pub skills: Vec<Skill>,
    /// Mode of practice.
    pub mode: String,
    /// Sector.
    pub sector: String,
    /// Function.
    pub function: String,
    /// Kind of activity.
    pub kind: String,
    /// Where, if the source names a place.
    pub organization: Option<Organization>,
    /// Whether the situation is current.
    pub active: bool,
    /// The local correction that says where, if there is one.
    pub attachment_override: Option<AttachmentOverride>,
}

/// A local correction of where somebody practises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentOverride {
    /// Where the source says that it is; `None`: it names no place.
    pub source_organization_id: Option<OrganizationId>,
    /// Why it was corrected.
    pub reason: Reason,
    /// Who corrected it.
    pub author: String,
    /// When.
    pub created_at: Timestamp,
}

/// A speciality or another skill (savoir-faire).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skill {
    /// Its kind; may be empty.
    pub type_code: String,
    /// Its code.
    pub code: String,
    /// In French; may be empty.
    pub label: String,
}

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PractitionerMatch {
    /// Who.
    pub practitioner: Practitioner,
    /// Whether another active practitioner bears the same names.
    pub homonym: bool,
    /// Whether the names differ by a slip from what was typed.
    pub is_near: bool,
}
