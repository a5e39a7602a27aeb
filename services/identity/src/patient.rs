//! A patient, as identity knows them.

use aval_domain::etag::Version;
use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsStatus, InsTraits};
use aval_domain::time::Timestamp;

/// Matricule and traits. Both write themselves masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The matricule and its kind.
    pub ins: Ins,
    /// The five traits.
    pub traits: InsTraits,
}

/// A patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Opaque, for ever.
    pub patient_id: PatientId,
    /// Who they are.
    pub identity: Identity,
    /// How far that is proved.
    pub status: InsStatus,
    /// Since when they are known here.
    pub registered_at: Timestamp,
    /// When anything last changed.
    pub updated_at: Timestamp,
    /// How often it was written.
    pub version: Version,
}

/// The names of the five traits.
pub const TRAITS: [&str; 5] = [
    "birth_name",
    "birth_first_names",
    "birth_date",
    "sex",
    "birth_place_code",
];

/// The names of the traits that differ, never their values: what a person who looks
/// into a collision sees first.
#[must_use]
pub fn differing_traits(one: &InsTraits, other: &InsTraits) -> Vec<&'static str> {
    [
        ("birth_name", one.birth_name != other.birth_name),
        (
            "birth_first_names",
            one.birth_first_names != other.birth_first_names,
        ),
        ("birth_date", one.birth_date != other.birth_date),
        ("sex", one.sex != other.sex),
        ("birth_place_code", one.birth_place != other.birth_place),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}
