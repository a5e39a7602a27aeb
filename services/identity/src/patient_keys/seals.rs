//! Identities as they are kept: AES-256-GCM, each for its patient's row alone.

use std::fmt;

use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsKind, InsTraits};
use aval_runtime::key_file::Secret;
use aval_runtime::sealing::{self, Sealed, SealingKeys};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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
pub(super) struct Seals(SealingKeys);

/// What the names of these keys are made for.
const PURPOSE: &[u8] = b"aval patient encryption key 1";

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
        Self(SealingKeys::new(PURPOSE, current))
    }

    pub(super) fn also_open(&mut self, secret: &Secret) {
        self.0.also_open(secret);
    }

    pub(super) fn current(&self) -> &str {
        self.0.current()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.ids()
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

    fn sealed(&self, patient_id: PatientId, plain: &impl Serialize) -> SealedIdentity {
        let bytes = serde_json::to_vec(plain).expect("texts and lists have a JSON form");
        let bytes = Zeroizing::new(bytes);
        let Sealed { key_id, bytes } = self.0.seal(patient_id.as_uuid().as_bytes(), &bytes);
        SealedIdentity { key_id, bytes }
    }

    fn opened<Plain: DeserializeOwned>(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Plain, SealBroken> {
        let sealed = Sealed {
            key_id: sealed.key_id.clone(),
            bytes: sealed.bytes.clone(),
        };
        let plain = self.0.open(patient_id.as_uuid().as_bytes(), &sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealBroken::Altered)
    }
}

impl From<sealing::SealBroken> for SealBroken {
    fn from(broken: sealing::SealBroken) -> Self {
        match broken {
            sealing::SealBroken::KeyGone { key_id } => Self::KeyGone { key_id },
            sealing::SealBroken::Altered(_) => Self::Altered,
        }
    }
}

fn ins_of(matricule: &str, oid: &str) -> Result<Ins, SealBroken> {
    let kind = InsKind::from_oid(oid).ok_or(SealBroken::Altered)?;
    Ins::parse(matricule, kind).map_err(|_| SealBroken::Altered)
}

/// The name of an encryption key, which tells nothing of it.
pub(crate) fn encryption_key_id(secret: &Secret) -> String {
    sealing::name_of(PURPOSE, secret)
}

impl fmt::Debug for SealedIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealedIdentity")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}
