//! What is kept encrypted: AES-256-GCM under keys that have names.
//!
//! Of a kind of keys there may be several, so that they can be changed while the service
//! is used: one encrypts what is kept from now on, the others read what was kept under
//! them. Whatever is sealed is bound to a context, the row that it belongs to, and opens in
//! no other. Nothing here is ever printed.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::key_file::Secret;

/// How much longer than what it holds something sealed is: a nonce and a tag.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// One key that encrypts.
pub struct SealingKey(RandomizedNonceKey);

/// What was opened is not what was sealed for this context, or not under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was sealed was altered, or belongs elsewhere")]
pub struct Altered;

/// Why something sealed under one of several keys cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealBroken {
    /// The key was taken away too early: put its file back.
    #[error("something is encrypted under the key {key_id}, which no configured file holds")]
    KeyGone {
        /// Its name.
        key_id: String,
    },
    /// It is not what was sealed for this context.
    #[error(transparent)]
    Altered(#[from] Altered),
}

/// What only the holder of the key can read.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key that encrypted it.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// The keys of one kind: the one that encrypts, and those that only decrypt.
pub struct SealingKeys {
    purpose: &'static [u8],
    current: String,
    keys: HashMap<String, SealingKey>,
}

impl SealingKey {
    /// The key that is this secret.
    ///
    /// # Panics
    ///
    /// Never: a secret has the length of a key.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &**secret);
        Self(key.expect("a secret has the length of a key"))
    }

    /// Encrypts these bytes for this context, and for no other. The nonce is the
    /// cryptographic library's own: one that came twice would open both.
    ///
    /// # Panics
    ///
    /// When the operating system has no entropy source.
    #[must_use]
    pub fn seal(&self, context: &[u8], bytes: &[u8]) -> Vec<u8> {
        // In the place that it will have, so that nothing is copied or moved afterwards.
        let mut sealed = Vec::with_capacity(bytes.len() + OVERHEAD);
        sealed.resize(NONCE_LEN, 0);
        sealed.extend_from_slice(bytes);
        let (head, body) = sealed.split_at_mut(NONCE_LEN);
        let sealing = self
            .0
            .seal_in_place_separate_tag(Aad::from(context), body)
            .expect("the operating system provides entropy, and what is kept is short");
        let (nonce, tag) = sealing;
        head.copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// What was encrypted for this context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Altered> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(Altered)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Altered)?;
        let mut bytes = Zeroizing::new(rest.to_vec());
        let opened = self.0.open_in_place(nonce, Aad::from(context), &mut bytes);
        let length = opened.map_err(|_| Altered)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl SealingKeys {
    /// Encrypts under `current`. The names of keys for one purpose tell nothing of the same
    /// secret used for another.
    #[must_use]
    pub fn new(purpose: &'static [u8], current: &Secret) -> Self {
        let mut keys = Self {
            purpose,
            current: name_of(purpose, current),
            keys: HashMap::new(),
        };
        keys.also_open(current);
        keys
    }

    /// Decrypts besides what is under this key.
    pub fn also_open(&mut self, secret: &Secret) {
        let name = name_of(self.purpose, secret);
        self.keys.insert(name, SealingKey::new(secret));
    }

    /// The name of the key that encrypts.
    #[must_use]
    pub fn current(&self) -> &str {
        &self.current
    }

    /// The names of all keys, the one that encrypts first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let others = self.keys.keys().filter(|id| **id != self.current);
        [&self.current]
            .into_iter()
            .chain(others)
            .map(String::as_str)
    }

    /// Encrypts these bytes for this context, and for no other.
    ///
    /// # Panics
    ///
    /// When the operating system has no entropy source.
    #[must_use]
    pub fn seal(&self, context: &[u8], bytes: &[u8]) -> Sealed {
        Sealed {
            key_id: self.current.clone(),
            bytes: self.keys[&self.current].seal(context, bytes),
        }
    }

    /// What was encrypted for this context, under whichever of the keys.
    pub fn open(&self, context: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let Some(key) = self.keys.get(&sealed.key_id) else {
            let key_id = sealed.key_id.clone();
            return Err(SealBroken::KeyGone { key_id });
        };
        Ok(key.open(context, &sealed.bytes)?)
    }
}

/// A name for a secret that tells nothing of it, among those used for `purpose`.
#[must_use]
pub fn name_of(purpose: &[u8], secret: &Secret) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(purpose);
    context.update(&**secret);
    URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..12])
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealingKey(..)")
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealingKeys")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sealed")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> Secret {
        Zeroizing::new([byte; 32])
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_place_alone() {
        let key = SealingKey::new(&secret(1));
        for plain in [b"".as_slice(), b"x", &[7; 5_000]] {
            let sealed = key.seal(b"row 1", plain);
            assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            assert_eq!(key.open(b"row 1", &sealed).unwrap().as_slice(), plain);
            assert_eq!(key.open(b"row 2", &sealed), Err(Altered));
            let other = SealingKey::new(&secret(2));
            assert_eq!(other.open(b"row 1", &sealed), Err(Altered));
            assert_ne!(sealed, key.seal(b"row 1", plain));
        }
    }

    #[test]
    fn a_changed_bit_and_a_missing_end_are_noticed() {
        let key = SealingKey::new(&secret(1));
        let sealed = key.seal(b"row", b"what was done");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(key.open(b"row", &changed), Err(Altered));
            assert_eq!(key.open(b"row", &sealed[..place]), Err(Altered));
        }
    }

    #[test]
    fn a_former_key_reads_and_does_not_write() {
        let old = SealingKeys::new(b"test", &secret(1));
        let sealed = old.seal(b"row", b"kept");
        let mut new = SealingKeys::new(b"test", &secret(2));
        let gone = SealBroken::KeyGone {
            key_id: old.current().to_owned(),
        };
        assert_eq!(new.open(b"row", &sealed), Err(gone));
        new.also_open(&secret(1));
        assert_eq!(new.open(b"row", &sealed).unwrap().as_slice(), b"kept");
        assert_eq!(new.seal(b"row", b"kept").key_id, new.current());
        let ids: Vec<&str> = new.ids().collect();
        assert_eq!(ids, [new.current(), old.current()]);
    }
}
