//! Identities as they are kept: AES-256-GCM, each for its patient's row alone.

use std::collections::HashMap;
use std::fmt;

use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsKind, InsTraits};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::{self, Secret};
use crate::patient::Identity;

/// An identity that only [`PatientKeys`](super::PatientKeys) can read.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedIdentity {
    /// The key that encrypted it.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// A sealed identity cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealBroken {
    /// The key was taken away too early: put its file back.
    #[error(
        "a stored identity is encrypted under the key {key_id}, which no configured file holds"
    )]
    KeyGone {
        /// Its name.
        key_id: String,
    },
    /// It is not what was written for this row.
    #[error("a stored identity was altered, or belongs to another row")]
    Altered,
}

/// The keys that encrypt.
pub(super) struct Seals {
    current: String,
    keys: HashMap<String, RandomizedNonceKey>,
}

/// What is encrypted, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    ins: String,
    oid: String,
    traits: InsTraits,
}

/// What is encrypted of a matricule that somebody had before.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Former {
    former_ins: String,
    oid: String,
}

impl Seals {
    pub(super) fn new(current: &Secret) -> Self {
        let mut seals = Self {
            current: encryption_key_id(current),
            keys: HashMap::new(),
        };
        seals.also_open(current);
        seals
    }

    pub(super) fn also_open(&mut self, secret: &Secret) {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &**secret)
            .expect("a secret has the length of a key");
        self.keys.insert(encryption_key_id(secret), key);
    }

    pub(super) fn current(&self) -> &str {
        &self.current
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let others = self.keys.keys().filter(|id| **id != self.current);
        [&self.current]
            .into_iter()
            .chain(others)
            .map(String::as_str)
    }

    pub(super) fn seal(&self, patient_id: PatientId, identity: &Identity) -> SealedIdentity {
        let plain = Plain {
            ins: identity.ins.reveal(),
            oid: identity.ins.kind().oid().to_owned(),
            traits: identity.traits.clone(),
        };
        self.sealed(patient_id, &plain)
    }

    pub(super) fn open(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Identity, SealBroken> {
        let plain: Plain = self.opened(patient_id, sealed)?;
        Ok(Identity {
            ins: ins_of(&plain.ins, &plain.oid)?,
            traits: plain.traits,
        })
    }

    pub(super) fn seal_former(&self, patient_id: PatientId, ins: &Ins) -> SealedIdentity {
        let former = Former {
            former_ins: ins.reveal(),
            oid: ins.kind().oid().to_owned(),
        };
        self.sealed(patient_id, &former)
    }

    pub(super) fn open_former(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Ins, SealBroken> {
        let former: Former = self.opened(patient_id, sealed)?;
        ins_of(&former.former_ins, &former.oid)
    }

    /// The nonce is the cryptographic library's own: one that came twice would open both.
    fn sealed(&self, patient_id: PatientId, plain: &impl Serialize) -> SealedIdentity {
        let mut bytes = serde_json::to_vec(plain).expect("texts and lists have a JSON form");
        let key = &self.keys[&self.current];
        let nonce = key
            .seal_in_place_append_tag(Aad::from(patient_id.as_uuid().into_bytes()), &mut bytes)
            .expect("the operating system provides entropy, and an identity is short");
        bytes.splice(0..0, *nonce.as_ref());
        SealedIdentity {
            key_id: self.current.clone(),
            bytes,
        }
    }

    fn opened<Plain: DeserializeOwned>(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Plain, SealBroken> {
        let Some(key) = self.keys.get(&sealed.key_id) else {
            let key_id = sealed.key_id.clone();
            return Err(SealBroken::KeyGone { key_id });
        };
        let parts = sealed.bytes.split_at_checked(NONCE_LEN);
        let (nonce, rest) = parts.ok_or(SealBroken::Altered)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealBroken::Altered)?;
        let mut bytes = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(patient_id.as_uuid().into_bytes());
        let plain = key.open_in_place(nonce, aad, &mut bytes);
        let plain = plain.map_err(|_| SealBroken::Altered)?;
        serde_json::from_slice(plain).map_err(|_| SealBroken::Altered)
    }
}

fn ins_of(matricule: &str, oid: &str) -> Result<Ins, SealBroken> {
    let kind = InsKind::from_oid(oid).ok_or(SealBroken::Altered)?;
    Ins::parse(matricule, kind).map_err(|_| SealBroken::Altered)
}

/// The name of an encryption key, which tells nothing of it.
pub(crate) fn encryption_key_id(secret: &Secret) -> String {
    keys::name_of(b"aval patient encryption key 1", secret)
}

impl fmt::Debug for SealedIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealedIdentity")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
