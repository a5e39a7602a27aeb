//! The patients' keys: one each, wrapped by the key in a file.
//!
//! Rotating the file's key wraps them anew and touches no event. A copy of the database made
//! before a patient's key was erased holds that key as it was wrapped then: it is unreadable
//! once the wrapping key of that time is destroyed (`docs/runbook.md`).

mod recent;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aval_domain::random::{self, Random};
use aval_runtime::key_file::{self, KeyFileError, Missing, Secret};
use aval_runtime::sealing::{self, Altered, SealBroken, Sealed, SealingKey, SealingKeys};
use uuid::Uuid;
use zeroize::Zeroizing;

use recent::Recent;

/// What the names of the wrapping keys are made for.
const PURPOSE: &[u8] = b"aval trail wrapping key 1";

/// How many keys stay in memory, some 100 bytes each.
const MOST_RECENT: usize = 100_000;

/// Makes, wraps and unwraps patients' keys, and remembers those used of late.
pub struct PatientKeys {
    wrapping: SealingKeys,
    random: Arc<dyn Random>,
    known: Mutex<Known>,
}

/// A patient's key.
#[derive(Clone)]
pub struct PatientKey {
    /// Its name, which stands with every payload that is under it.
    pub id: i64,
    /// Whose it is.
    pub owner: Uuid,
    secret: Secret,
}

/// A patient's key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its name.
    pub id: i64,
    /// Whose it is.
    pub owner: Uuid,
    /// The key, under the key in a file.
    pub sealed: Sealed,
}

/// The keys in memory.
#[derive(Default)]
struct Known {
    by_owner: Recent<Uuid, PatientKey>,
    by_id: Recent<i64, PatientKey>,
}

/// Where the wrapping key is, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappingKeyFile {
    /// Its name in the database.
    pub key_id: String,
    /// Where it is.
    pub path: PathBuf,
}

impl PatientKeys {
    /// Wraps under the first of these files, and unwraps what is under any. Only the first
    /// may be made where it is missing.
    pub fn load(
        files: &[PathBuf],
        missing: Missing<'_>,
        random: Arc<dyn Random>,
    ) -> Result<Self, KeyFileError> {
        let mut secrets = Vec::with_capacity(files.len());
        for (position, path) in files.iter().enumerate() {
            let missing = if position == 0 {
                missing
            } else {
                Missing::Refuse
            };
            secrets.push(key_file::base64(path, missing)?);
        }
        Ok(Self::new(&secrets, random))
    }

    /// The same with these secrets.
    ///
    /// # Panics
    ///
    /// When there is none: a configuration without one is refused.
    #[must_use]
    pub fn new(secrets: &[Secret], random: Arc<dyn Random>) -> Self {
        let (current, others) = secrets
            .split_first()
            .expect("the configuration names at least one");
        let mut wrapping = SealingKeys::new(PURPOSE, current);
        for other in others {
            wrapping.also_open(other);
        }
        Self {
            wrapping,
            random,
            known: Mutex::default(),
        }
    }

    /// The name of the key that wraps from now on.
    #[must_use]
    pub fn wrapping_key_id(&self) -> &str {
        self.wrapping.current()
    }

    /// Whether what is under this key can be unwrapped.
    #[must_use]
    pub fn can_unwrap(&self, wrapping_key_id: &str) -> bool {
        self.wrapping.ids().any(|id| id == wrapping_key_id)
    }

    /// A new key for this patient.
    #[must_use]
    pub fn make(&self, owner: Uuid) -> PatientKey {
        let id = i64::from_be_bytes(random::bytes(self.random.as_ref())) & i64::MAX;
        PatientKey {
            id,
            owner,
            secret: Zeroizing::new(random::bytes(self.random.as_ref())),
        }
    }

    /// A key as it is stored.
    #[must_use]
    pub fn wrap(&self, key: &PatientKey) -> WrappedKey {
        let context = context(key.id, key.owner);
        WrappedKey {
            id: key.id,
            owner: key.owner,
            sealed: self.wrapping.seal(&context, key.secret.as_slice()),
        }
    }

    /// A key that was stored.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<PatientKey, SealBroken> {
        let context = context(wrapped.id, wrapped.owner);
        let secret = self.wrapping.open(&context, &wrapped.sealed)?;
        let secret = secret.as_slice().try_into().map_err(|_| Altered)?;
        Ok(PatientKey {
            id: wrapped.id,
            owner: wrapped.owner,
            secret: Zeroizing::new(secret),
        })
    }

    /// The key of this patient, if it is in memory. For the writer.
    #[must_use]
    pub fn known_of(&self, owner: Uuid) -> Option<PatientKey> {
        self.recent().by_owner.get(&owner)
    }

    /// The key of this name, if it is in memory.
    #[must_use]
    pub fn known(&self, id: i64) -> Option<PatientKey> {
        self.recent().by_id.get(&id)
    }

    /// Keeps these, which the writer uses, in memory. They are in the database.
    pub fn remember_owners(&self, keys: impl IntoIterator<Item = PatientKey>) {
        let mut known = self.recent();
        for key in keys {
            known.by_owner.put(key.owner, key);
        }
    }

    /// Keeps a key that a reader used in memory.
    pub fn remember(&self, key: PatientKey) {
        self.recent().by_id.put(key.id, key);
    }

    /// Forgets whose keys are whose: another writer may have erased some meanwhile. Payloads
    /// under a key that was erased are erased with it.
    pub fn forget_owners(&self) {
        self.recent().by_owner.clear();
    }

    /// Forgets the key of this patient.
    pub fn forget(&self, owner: Uuid) {
        let mut known = self.recent();
        known.by_owner.remove(&owner);
        known.by_id.retain(|key| key.owner != owner);
    }

    fn recent(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PatientKey {
    /// What encrypts under it.
    #[must_use]
    pub fn sealing(&self) -> SealingKey {
        SealingKey::new(&self.secret)
    }
}

impl WrappingKeyFile {
    /// The keys in these files.
    pub fn all(files: &[PathBuf]) -> Result<Vec<Self>, KeyFileError> {
        let named = files.iter().map(|path| {
            let secret = key_file::base64(path, Missing::Refuse)?;
            Ok(Self {
                key_id: sealing::name_of(PURPOSE, &secret),
                path: path.clone(),
            })
        });
        named.collect()
    }
}

/// A stored key belongs to its own row.
fn context(id: i64, owner: Uuid) -> [u8; 24] {
    let mut context = [0; 24];
    context[..8].copy_from_slice(&id.to_be_bytes());
    context[8..].copy_from_slice(owner.as_bytes());
    context
}

impl fmt::Debug for PatientKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PatientKeys")
            .field("wrapping", &self.wrapping)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PatientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PatientKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Default for Recent<Uuid, PatientKey> {
    fn default() -> Self {
        Self::new(MOST_RECENT / 2)
    }
}

impl Default for Recent<i64, PatientKey> {
    fn default() -> Self {
        Self::new(MOST_RECENT / 2)
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;

    use super::*;

    fn keys(secrets: &[u8]) -> PatientKeys {
        let secrets: Vec<Secret> = secrets.iter().map(|b| Zeroizing::new([*b; 32])).collect();
        PatientKeys::new(&secrets, Arc::new(SeededRandom::new(1)))
    }

    #[test]
    fn a_stored_key_opens_in_its_own_row_and_under_a_known_key_alone() {
        let old = keys(&[1]);
        let key = old.make(Uuid::from_u128(7));
        let wrapped = old.wrap(&key);
        let unwrapped = old.unwrap(&wrapped).unwrap();
        assert_eq!(*unwrapped.secret, *key.secret);
        for moved in [
            WrappedKey {
                owner: Uuid::from_u128(8),
                ..wrapped.clone()
            },
            WrappedKey {
                id: key.id + 1,
                ..wrapped.clone()
            },
        ] {
            assert_eq!(old.unwrap(&moved).unwrap_err(), Altered.into());
        }
        let gone = keys(&[2]).unwrap(&wrapped).unwrap_err();
        assert!(matches!(gone, SealBroken::KeyGone { .. }));
        assert!(!keys(&[2]).can_unwrap(&wrapped.sealed.key_id));
        let rotated = keys(&[2, 1]);
        let anew = rotated.wrap(&rotated.unwrap(&wrapped).unwrap());
        assert_eq!(anew.sealed.key_id, rotated.wrapping_key_id());
        assert_eq!(*keys(&[2]).unwrap(&anew).unwrap().secret, *key.secret);
    }

    #[test]
    fn a_key_that_was_erased_is_forgotten() {
        let keys = keys(&[1]);
        let key = keys.make(Uuid::from_u128(7));
        keys.remember_owners([key.clone()]);
        keys.remember(key.clone());
        assert_eq!(keys.known_of(key.owner).unwrap().id, key.id);
        assert_eq!(keys.known(key.id).unwrap().owner, key.owner);
        keys.forget(key.owner);
        assert!(keys.known_of(key.owner).is_none() && keys.known(key.id).is_none());
    }
}
