//! How a patient's identity is kept: encrypted, and found through keyed digests.
//!
//! A digest without its key would tell the matricule: there are too few of them.
//! Nothing here is ever printed.

use std::collections::HashMap;
use std::fmt;

use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsKind, InsTraits};
use aval_runtime::key_file::{KeyFileError, Missing};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::config::PatientKeyFiles;
use crate::keys::{self, Secret};
use crate::patient::Identity;

/// A keyed digest, by which a patient is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyedDigest(pub [u8; 32]);

/// An identity that only [`PatientKeys`] can read.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedIdentity {
    /// The key that encrypted it.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// A sealed identity cannot be opened: its key is gone, or it was altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored identity cannot be decrypted by any of the configured keys")]
pub struct SealBroken;

/// The keys under which identities are kept.
pub struct PatientKeys {
    digest: hmac::Key,
    current: String,
    encryption: HashMap<String, RandomizedNonceKey>,
}

/// What is encrypted, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    ins: String,
    oid: String,
    traits: InsTraits,
}

impl PatientKeys {
    /// The keys in these files.
    pub fn load(files: &PatientKeyFiles, missing: Missing<'_>) -> Result<Self, KeyFileError> {
        let digest = keys::secret(&files.digest_key_file, missing)?;
        let current = keys::secret(&files.encryption_key_file, missing)?;
        let earlier = files.earlier_encryption_key_files.iter();
        let earlier = earlier.map(|path| keys::secret(path, Missing::Refuse));
        Ok(Self::new(
            &digest,
            &current,
            &earlier.collect::<Result<Vec<_>, _>>()?,
        ))
    }

    /// Digests under `digest`, encrypts under `current`, decrypts under any.
    ///
    /// # Panics
    ///
    /// Never: a secret has the length of a key.
    #[must_use]
    pub fn new(digest: &Secret, current: &Secret, earlier: &[Secret]) -> Self {
        let keys = earlier.iter().chain([current]).map(|secret| {
            let key = RandomizedNonceKey::new(&AES_256_GCM, &**secret);
            (
                key_id(secret),
                key.expect("a secret has the length of a key"),
            )
        });
        Self {
            digest: hmac::Key::new(hmac::HMAC_SHA256, &**digest),
            current: key_id(current),
            encryption: keys.collect(),
        }
    }

    /// The digest of a matricule and its kind.
    #[must_use]
    pub fn digest_of_ins(&self, ins: &Ins) -> KeyedDigest {
        let matricule = Zeroizing::new(ins.reveal());
        self.keyed_digest(["ins", ins.kind().oid(), matricule.as_str()])
    }

    /// The digest of the five traits, to the letter: only the two ways in which Unicode
    /// writes one accented letter are the same.
    #[must_use]
    pub fn digest_of_traits(&self, traits: &InsTraits) -> KeyedDigest {
        let date = traits.birth_date.to_string();
        let names = traits.birth_first_names.iter().map(|name| composed(name));
        let parts = ["traits".to_owned(), composed(&traits.birth_name)]
            .into_iter()
            .chain([date, traits.sex.code().to_owned()])
            .chain([traits.birth_place.as_str().to_owned()])
            .chain(names);
        self.keyed_digest(parts)
    }

    /// A key for something else than identities, which tells nothing of these.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> [u8; 32] {
        self.keyed_digest(["derived", purpose]).0
    }

    /// Encrypts an identity for this patient's row, and for no other. The nonce is the
    /// cryptographic library's own: one that came twice would open both.
    ///
    /// # Panics
    ///
    /// When the operating system has no entropy source.
    #[must_use]
    pub fn seal(&self, patient_id: PatientId, identity: &Identity) -> SealedIdentity {
        let plain = Plain {
            ins: identity.ins.reveal(),
            oid: identity.ins.kind().oid().to_owned(),
            traits: identity.traits.clone(),
        };
        let mut bytes = serde_json::to_vec(&plain).expect("texts and lists have a JSON form");
        let key = &self.encryption[&self.current];
        let nonce = key
            .seal_in_place_append_tag(Aad::from(patient_id.as_uuid().into_bytes()), &mut bytes)
            .expect("the operating system provides entropy, and an identity is short");
        bytes.splice(0..0, *nonce.as_ref());
        SealedIdentity {
            key_id: self.current.clone(),
            bytes,
        }
    }

    /// The identity of this patient's row.
    pub fn open(
        &self,
        patient_id: PatientId,
        sealed: &SealedIdentity,
    ) -> Result<Identity, SealBroken> {
        let key = self.encryption.get(&sealed.key_id).ok_or(SealBroken)?;
        let (nonce, rest) = sealed.bytes.split_at_checked(NONCE_LEN).ok_or(SealBroken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealBroken)?;
        let mut bytes = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(patient_id.as_uuid().into_bytes());
        let plain = key
            .open_in_place(nonce, aad, &mut bytes)
            .map_err(|_| SealBroken)?;
        let plain: Plain = serde_json::from_slice(plain).map_err(|_| SealBroken)?;
        let kind = InsKind::from_oid(&plain.oid).ok_or(SealBroken)?;
        Ok(Identity {
            ins: Ins::parse(&plain.ins, kind).map_err(|_| SealBroken)?,
            traits: plain.traits,
        })
    }

    /// HMAC-SHA256 over the parts, each behind its length, so that no two lists of
    /// parts give the same bytes.
    fn keyed_digest<Part: AsRef<str>>(&self, parts: impl IntoIterator<Item = Part>) -> KeyedDigest {
        let mut context = hmac::Context::with_key(&self.digest);
        for part in parts {
            let part = part.as_ref().as_bytes();
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        KeyedDigest(digest)
    }
}

/// A name for a key that tells nothing of it.
fn key_id(secret: &Secret) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"aval patient encryption key 1");
    context.update(&**secret);
    URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..12])
}

fn composed(name: &str) -> String {
    name.nfc().collect()
}

impl fmt::Debug for PatientKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PatientKeys")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyedDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyedDigest(..)")
    }
}

impl fmt::Debug for SealedIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealedIdentity")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::ins::{InseeCode, Sex};
    use aval_domain::random::SeededRandom;
    use aval_domain::time::{CivilDate, Timestamp};

    use super::*;

    fn keys() -> PatientKeys {
        PatientKeys::new(&Zeroizing::new([1; 32]), &Zeroizing::new([2; 32]), &[])
    }

    fn identity() -> Identity {
        Identity {
            ins: Ins::parse("279035121518989", InsKind::Test).unwrap(),
            traits: InsTraits {
                birth_name: "PAT-TROIS".to_owned(),
                birth_first_names: vec!["DOMINIQUE".to_owned(), "ANDRÉE".to_owned()],
                birth_date: CivilDate::new(1979, 3, 28).unwrap(),
                sex: Sex::Female,
                birth_place: InseeCode::parse("51215").unwrap(),
            },
        }
    }

    fn someone(seed: u64) -> PatientId {
        PatientId::new(Timestamp::UNIX_EPOCH, &SeededRandom::new(seed))
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_patient_and_no_other() {
        let sealed = keys().seal(someone(1), &identity());
        assert_eq!(keys().open(someone(1), &sealed), Ok(identity()));
        assert_eq!(keys().open(someone(2), &sealed), Err(SealBroken));
    }

    #[test]
    fn sealing_twice_gives_different_bytes_that_hold_nothing_in_clear() {
        let (one, other) = (
            keys().seal(someone(1), &identity()),
            keys().seal(someone(1), &identity()),
        );
        assert_ne!(one.bytes, other.bytes);
        let text = String::from_utf8_lossy(&one.bytes).into_owned();
        for clear in ["2790351215189", "PAT-TROIS", "DOMINIQUE", "1979", "1.2.250"] {
            assert!(!text.contains(clear));
        }
    }

    #[test]
    fn every_altered_or_cut_byte_is_noticed() {
        let sealed = keys().seal(someone(1), &identity());
        for place in 0..sealed.bytes.len() {
            let mut altered = sealed.clone();
            altered.bytes[place] ^= 1;
            assert_eq!(keys().open(someone(1), &altered), Err(SealBroken));
            altered.bytes.truncate(place);
            assert_eq!(keys().open(someone(1), &altered), Err(SealBroken));
        }
    }

    #[test]
    fn an_earlier_key_still_opens_and_the_new_one_seals() {
        let old = keys().seal(someone(1), &identity());
        let (digest, new) = (Zeroizing::new([1; 32]), Zeroizing::new([3; 32]));
        let rotated = PatientKeys::new(&digest, &new, &[Zeroizing::new([2; 32])]);
        assert_eq!(rotated.open(someone(1), &old), Ok(identity()));
        let sealed = rotated.seal(someone(1), &identity());
        assert_ne!(sealed.key_id, old.key_id);
        assert_eq!(keys().open(someone(1), &sealed), Err(SealBroken));
    }

    #[test]
    fn digests_depend_on_the_key_the_matricule_and_its_kind() {
        let test = identity().ins;
        let demo = Ins::parse("279035121518989", InsKind::Demo).unwrap();
        let other_key = PatientKeys::new(&Zeroizing::new([9; 32]), &Zeroizing::new([2; 32]), &[]);
        assert_eq!(keys().digest_of_ins(&test), keys().digest_of_ins(&test));
        assert_ne!(keys().digest_of_ins(&test), keys().digest_of_ins(&demo));
        assert_ne!(keys().digest_of_ins(&test), other_key.digest_of_ins(&test));
    }

    #[test]
    fn traits_are_compared_to_the_letter() {
        let traits = identity().traits;
        let digest = keys().digest_of_traits(&traits);
        let decomposed = InsTraits {
            birth_first_names: vec!["DOMINIQUE".to_owned(), "ANDRE\u{301}E".to_owned()],
            ..traits.clone()
        };
        assert_eq!(keys().digest_of_traits(&decomposed), digest);
        let names = |names: &[&str]| InsTraits {
            birth_first_names: names.iter().map(|&name| name.to_owned()).collect(),
            ..traits.clone()
        };
        for other in [
            InsTraits {
                birth_name: "PAT TROIS".to_owned(),
                ..traits.clone()
            },
            InsTraits {
                sex: Sex::Male,
                ..traits.clone()
            },
            InsTraits {
                birth_date: CivilDate::new(1979, 3, 29).unwrap(),
                ..traits.clone()
            },
            InsTraits {
                birth_place: InseeCode::parse("51216").unwrap(),
                ..traits.clone()
            },
            names(&["ANDRÉE", "DOMINIQUE"]),
            names(&["DOMINIQUE", "ANDREE"]),
            names(&["DOMINIQUEANDRÉE"]),
            names(&["DOMINIQUE"]),
        ] {
            assert_ne!(keys().digest_of_traits(&other), digest);
        }
    }
}
