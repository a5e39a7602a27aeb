//! Entries that turn out to be one human, and those that perhaps are.

use aval_domain::id::PractitionerId;

use crate::practitioner::Practitioner;

/// Two entries that were declared one human, or two again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// The entry that leads to the other.
    pub source: PractitionerId,
    /// The entry that stays.
    pub target: PractitionerId,
    /// Whether this takes an earlier merge back.
    pub is_undo: bool,
}

/// Two entries that are probably one human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateCandidate {
    /// The entry that was known first.
    pub first: Practitioner,
    /// The other.
    pub second: Practitioner,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
}

/// What speaks for two entries being one human. `Display` is a fixed public word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Evidence {
    /// They bear the same family name and first name.
    #[error("same names")]
    SameNames,
    /// They practise the same profession.
    #[error("same profession")]
    SameProfession,
    /// They practise it in the same structure.
    #[error("same organization")]
    SameOrganization,
    /// They practise it at the same address.
    #[error("same address")]
    SameAddress,
    /// They practise it in the same town.
    #[error("same town")]
    SameTown,
    /// One of them has no RPPS number, with which everybody is being provided.
    #[error("one has no RPPS number")]
    NumberMissing,
}

/// Where a candidate stands in the list, the most likely first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicatePosition {
    /// 0 is the most likely.
    pub rank: u8,
    /// The names that they share, as they are sorted.
    pub sort_name: String,
    /// One.
    pub first: PractitionerId,
    /// The other.
    pub second: PractitionerId,
}
