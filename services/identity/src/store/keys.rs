//! What is asked of the store about the keys that everything is kept under.

use std::collections::{BTreeMap, BTreeSet};

use aval_domain::id::PatientId;

use crate::patient_keys::{KeyedDigest, SealedIdentity};

/// The names of the keys that are needed to read what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysInUse {
    /// Those that encrypted something.
    pub encryption: BTreeSet<String>,
    /// Those that digested something which can be digested again; empty text: the one from
    /// before keys had names.
    pub digest: BTreeSet<String>,
}

/// How many identities and former matricules are kept under the key of each name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyCounts {
    /// Encrypted under it.
    pub encryption: BTreeMap<String, u64>,
    /// Found through it.
    pub digest: BTreeMap<String, u64>,
    /// Former matricules from before they were kept: found only while the key of that
    /// time is looked under, and never under another.
    pub bound_former: u64,
}

/// Which rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherKeys<'a, Position> {
    /// The encryption key that they should be under.
    pub encryption: &'a str,
    /// The digest key that they should be under.
    pub digest: &'a str,
    /// Only those behind this one.
    pub after: Option<Position>,
    /// How many at most.
    pub limit: u64,
}

/// A waiting number that a NIR replaced, and that still leads to its patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerMatricule {
    /// Whose it was.
    pub patient_id: PatientId,
    /// By which it is found.
    pub ins_digest: KeyedDigest,
    /// The key of the digest.
    pub digest_key_id: String,
    /// The number, encrypted.
    pub sealed: SealedIdentity,
}

/// The same under other keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed<Row> {
    /// As it was read.
    pub read: Row,
    /// As it is to be.
    pub next: Row,
}
