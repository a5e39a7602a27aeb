//! What is asked of the store about those who are alike, and what it answers.

use aval_domain::id::PatientId;

use super::SealedPatient;
use crate::patient_keys::KeyedDigest;

/// Who may be meant by a likeness, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alike {
    /// Patients who have it; not more than two, because two are too many.
    pub found: Vec<SealedPatient>,
    /// Patients of whom the likeness is not known, as many as were asked for.
    pub unknown: Vec<SealedPatient>,
}

/// A patient's likeness, to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likened {
    /// Whose.
    pub patient_id: PatientId,
    /// The digest of the traits that it was made of.
    pub traits_digest: KeyedDigest,
    /// The likeness.
    pub likeness: KeyedDigest,
}
