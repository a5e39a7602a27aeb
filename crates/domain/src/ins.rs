//! The INS: the national identity of a patient.
//!
//! An INS is a matricule (a NIR, or a NIA while one waits for a NIR) with the
//! OID that says which, and five traits. It identifies the *patient*; it never
//! identifies a practitioner. Only the identity service holds it.
//!
//! It is the child's own number, never the parent's social-security number that
//! a child's Vitale card may show (ARS and identito-na.fr on NIR and NIA).

mod key;
mod kind;
mod traits;

pub use kind::{InsKind, KeyPolicy};
pub use traits::{InsStatus, InsTraits, InseeCode, Sex};

use std::fmt;

use crate::InvalidValue;

const WHAT: &str = "INS";

/// A matricule of 13 characters and its key of two digits, with its kind.
///
/// It writes itself masked: [`reveal`](Self::reveal) is the only way to the
/// full value, so that one search finds every place that shows one. For the
/// same reason it has no serde form. It is held in place, in constant memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ins {
    kind: InsKind,
    characters: [u8; Ins::LENGTH],
}

impl Ins {
    /// Characters of a matricule with its key.
    pub const LENGTH: usize = 15;

    /// Reads 15 characters by the key policy of their kind
    /// ([`KeyPolicy::of`]): the key is enforced for NIR and NIA and tolerated
    /// for test and demonstration identities, because test matricules with a
    /// wrong key are published and circulate.
    pub fn parse(text: &str, kind: InsKind) -> Result<Self, InvalidValue> {
        Self::parse_with(text, kind, KeyPolicy::of(kind))
    }

    /// Reads 15 characters and enforces the key whatever the kind.
    pub fn parse_strict(text: &str, kind: InsKind) -> Result<Self, InvalidValue> {
        Self::parse_with(text, kind, KeyPolicy::Enforced)
    }

    /// Reads 15 characters by a configured policy. Tolerance reaches test and
    /// demonstration identities only: the key of a NIR or NIA is always enforced.
    pub fn parse_with(text: &str, kind: InsKind, policy: KeyPolicy) -> Result<Self, InvalidValue> {
        let characters: &[u8; Self::LENGTH] = text
            .as_bytes()
            .try_into()
            .map_err(|_| InvalidValue::new(WHAT, "it has 13 characters and a key of two digits"))?;
        key::check_shape(characters, kind)?;
        let enforced = policy == KeyPolicy::Enforced || KeyPolicy::of(kind) == KeyPolicy::Enforced;
        let ins = Self {
            kind,
            characters: *characters,
        };
        if enforced && !ins.has_valid_key() {
            return Err(InvalidValue::at(
                WHAT,
                "the key does not match the matricule",
                13,
            ));
        }
        Ok(ins)
    }

    /// The INS of a matricule of 13 characters, with the key computed.
    pub fn with_key(matricule: &str, kind: InsKind) -> Result<Self, InvalidValue> {
        let body: &[u8; 13] = matricule
            .as_bytes()
            .try_into()
            .map_err(|_| InvalidValue::new(WHAT, "the matricule has 13 characters"))?;
        let mut characters = [b'0'; Self::LENGTH];
        characters[..13].copy_from_slice(body);
        key::check_shape(&characters, kind)?;
        characters[13..].copy_from_slice(&key::compute(body));
        Ok(Self { kind, characters })
    }

    /// Whether the key is the one of the matricule; always true of a NIR or NIA.
    #[must_use]
    pub fn has_valid_key(&self) -> bool {
        let [matricule @ .., tens, units] = self.characters;
        [tens, units] == key::compute(&matricule)
    }

    /// NIR, NIA, test or demonstration.
    #[must_use]
    pub const fn kind(&self) -> InsKind {
        self.kind
    }

    /// The full 15 characters. For storage, lookup and the holder's own eyes;
    /// never for a log, a span or an error.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.characters.map(char::from).iter().collect()
    }
}

/// `INS(NIR, *************89)`: the kind and the key.
impl fmt::Display for Ins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [.., tens, units] = self.characters;
        write!(
            formatter,
            "INS({}, *************{}{})",
            self.kind.code(),
            char::from(tens),
            char::from(units)
        )
    }
}

impl fmt::Debug for Ins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests;
