//! How a patient's identity is kept: encrypted, and found through keyed digests.
//!
//! A digest without its key would tell the matricule: there are too few of them.
//! Nothing here is ever printed.
//!
//! Of either kind there may be several keys, so that they can be changed while the
//! service is used: one makes what is kept from now on, the others read what was kept
//! under them, or will be by another instance. Every row names the keys that it is under.

mod digests;
mod seals;
#[cfg(test)]
mod tests;

pub use digests::KeyedDigest;
pub(crate) use digests::digest_key_id;
pub(crate) use seals::encryption_key_id;
pub use seals::{SealBroken, SealedIdentity};

use std::fmt;
use std::path::PathBuf;

use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsTraits};
use aval_runtime::key_file::{self, KeyFileError, Missing, Secret};

use crate::config::PatientKeyFiles;
use crate::likeness::Likeness;
use crate::patient::Identity;
use digests::DigestKey;
use seals::Seals;

/// The keys under which identities are kept.
pub struct PatientKeys {
    digest: DigestKey,
    other_digests: Vec<DigestKey>,
    seals: Seals,
}

impl PatientKeys {
    /// The keys in these files.
    pub fn load(files: &PatientKeyFiles, missing: Missing<'_>) -> Result<Self, KeyFileError> {
        let others = |paths: &[PathBuf]| {
            let secrets = paths
                .iter()
                .map(|path| key_file::base64(path, Missing::Refuse));
            secrets.collect::<Result<Vec<_>, _>>()
        };
        Ok(Self::new(
            &key_file::base64(&files.digest_key_file, missing)?,
            &key_file::base64(&files.encryption_key_file, missing)?,
        )
        .with_other_digest_keys(&others(&files.other_digest_key_files)?)
        .with_other_encryption_keys(&others(&files.other_encryption_key_files)?))
    }

    /// Digests under `digest`, and encrypts under `encryption`.
    #[must_use]
    pub fn new(digest: &Secret, encryption: &Secret) -> Self {
        Self {
            digest: DigestKey::new(digest),
            other_digests: Vec::new(),
            seals: Seals::new(encryption),
        }
    }

    /// Finds besides what is under these.
    #[must_use]
    pub fn with_other_digest_keys(mut self, others: &[Secret]) -> Self {
        let others = others.iter().map(DigestKey::new);
        self.other_digests = others.filter(|key| key.id() != self.digest.id()).collect();
        self
    }

    /// Decrypts besides what is under these.
    #[must_use]
    pub fn with_other_encryption_keys(mut self, others: &[Secret]) -> Self {
        for other in others {
            self.seals.also_open(other);
        }
        self
    }

    /// The name of the key that digests what is kept from now on.
    #[must_use]
    pub fn digest_key_id(&self) -> &str {
        self.digest.id()
    }

    /// The name of the key that encrypts what is kept from now on.
    #[must_use]
    pub fn encryption_key_id(&self) -> &str {
        self.seals.current()
    }

    /// The names of all digest keys, the one that is used first.
    pub fn digest_key_ids(&self) -> impl Iterator<Item = &str> {
        self.digest_keys().map(DigestKey::id)
    }

    /// The names of all encryption keys, the one that is used first.
    pub fn encryption_key_ids(&self) -> impl Iterator<Item = &str> {
        self.seals.ids()
    }

    /// The digest of a matricule and its kind.
    #[must_use]
    pub fn digest_of_ins(&self, ins: &Ins) -> KeyedDigest {
        self.digest.of_ins(ins)
    }

    /// Every digest under which a matricule may be kept, that of [`Self::digest_of_ins`]
    /// first.
    #[must_use]
    pub fn digests_of_ins(&self, ins: &Ins) -> Vec<KeyedDigest> {
        self.digest_keys().map(|key| key.of_ins(ins)).collect()
    }

    /// The digest of the five traits, to the letter: only the two ways in which Unicode
    /// writes one accented letter are the same.
    #[must_use]
    pub fn digest_of_traits(&self, traits: &InsTraits) -> KeyedDigest {
        self.digest.of_traits(traits)
    }

    /// Every digest under which traits may be kept, that of [`Self::digest_of_traits`]
    /// first.
    #[must_use]
    pub fn digests_of_traits(&self, traits: &InsTraits) -> Vec<KeyedDigest> {
        self.digest_keys()
            .map(|key| key.of_traits(traits))
            .collect()
    }

    /// The digest of a likeness, by which people are searched for.
    #[must_use]
    pub fn digest_of_likeness(&self, likeness: &Likeness) -> KeyedDigest {
        self.digest.of_likeness(likeness)
    }

    /// Every digest under which a likeness may be kept, that of [`Self::digest_of_likeness`]
    /// first.
    #[must_use]
    pub fn digests_of_likeness(&self, likeness: &Likeness) -> Vec<KeyedDigest> {
        self.digest_keys()
            .map(|key| key.of_likeness(likeness))
            .collect()
    }

    /// The digest of the likeness of these traits under the key that made this digest of
    /// them; `None` if no key that is known made it.
    #[must_use]
    pub fn likeness_beside(&self, digest: &KeyedDigest, traits: &InsTraits) -> Option<KeyedDigest> {
        let mut keys = self.digest_keys();
        let key = keys.find(|key| key.of_traits(traits) == *digest)?;
        Some(key.of_likeness(&Likeness::of(traits)))
    }

    /// A key for something else than identities, which tells nothing of these.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> [u8; 32] {
        self.digest.derived(purpose)
    }

    /// What [`Self::derived`] is where another digest key is used.
    #[must_use]
    pub fn derived_from_others(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.other_digests
            .iter()
            .map(|key| key.derived(purpose))
            .collect()
    }

    /// Encrypts an identity for this patient's row, and for no other.
    ///
    /// # Panics
    ///
    /// When the operating system has no entropy source.
    #[must_use]
    pub fn seal(&self, patient_id: PatientId, identity: &Identity) -> SealedIdentity {
        self.seals.seal(patient_id, identity)
    }

    /// The identity of this patient's row.
    pub fn open(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Identity, SealBroken> {
        self.seals.open(patient_id, sealed)
    }

    /// Encrypts a matricule that this patient had before. It opens as no identity.
    ///
    /// # Panics
    ///
    /// When the operating system has no entropy source.
    #[must_use]
    pub fn seal_former(&self, patient_id: PatientId, ins: &Ins) -> SealedIdentity {
        self.seals.seal_former(patient_id, ins)
    }

    /// A matricule that this patient had before.
    pub fn open_former(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Ins, SealBroken> {
        self.seals.open_former(patient_id, sealed)
    }

    fn digest_keys(&self) -> impl Iterator<Item = &DigestKey> {
        [&self.digest].into_iter().chain(&self.other_digests)
    }
}

impl fmt::Debug for PatientKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PatientKeys")
            .field("digest", &self.digest_key_id())
            .field("encryption", &self.encryption_key_id())
            .finish_non_exhaustive()
    }
}
