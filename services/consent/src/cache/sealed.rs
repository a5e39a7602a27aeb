//! Values that tell by themselves whether they are ours, and whose.
//!
//! ```text
//! version (1) │ the entry's key (32) │ payload │ keyed BLAKE3 over all before it (32)
//! ```
//!
//! Who may write to the shared tier can lose a value or bring back an old one of the
//! same key; they cannot make one, change one, or put one in another's place.

use super::shared::{CacheSecret, EntryKey};

/// Another layout of the envelope or of what is in it has another number.
const VERSION: u8 = 1;

const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;
const HEAD_BYTES: usize = 1 + KEY_BYTES;

/// The payload as it may lie in the tier under that key.
#[must_use]
pub(super) fn seal(key: &EntryKey, payload: &[u8], secret: &CacheSecret) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(HEAD_BYTES + payload.len() + MAC_BYTES);
    sealed.push(VERSION);
    sealed.extend_from_slice(key.as_bytes());
    sealed.extend_from_slice(payload);
    let mac = blake3::keyed_hash(secret.seals(), &sealed);
    sealed.extend_from_slice(mac.as_bytes());
    sealed
}

/// The payload, if it was sealed under this key and this secret.
#[must_use]
pub(super) fn open<'a>(key: &EntryKey, sealed: &'a [u8], secret: &CacheSecret) -> Option<&'a [u8]> {
    let (body, mac) = sealed.split_last_chunk::<MAC_BYTES>()?;
    let (head, payload) = body.split_at_checked(HEAD_BYTES)?;
    // Compared in constant time: digests of this type are.
    let is_ours = blake3::keyed_hash(secret.seals(), body) == blake3::Hash::from_bytes(*mac);
    let is_for_this_key = head[0] == VERSION && head[1..] == key.as_bytes()[..];
    (is_ours && is_for_this_key).then_some(payload)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn secret() -> CacheSecret {
        CacheSecret::new(&[3; 32])
    }

    fn key(name: &[u8]) -> EntryKey {
        EntryKey::of(&secret(), &[(1, name)])
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let sealed = seal(&key(b"one"), b"the payload", &secret());
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key(b"one"), &flipped, &secret()), None, "bit {bit}");
        }
    }

    #[test]
    fn every_shorter_value_is_refused() {
        let sealed = seal(&key(b"one"), b"the payload", &secret());
        for length in 0..sealed.len() {
            let cut = [&sealed[..length], &sealed[sealed.len() - length..]];
            for part in cut {
                assert_eq!(open(&key(b"one"), part, &secret()), None, "{length}");
            }
        }
    }

    #[test]
    fn another_secrets_value_is_refused() {
        let other = CacheSecret::new(&[4; 32]);
        let sealed = seal(&key(b"one"), b"the payload", &other);
        assert_eq!(open(&key(b"one"), &sealed, &secret()), None);
    }

    #[test]
    fn another_version_is_refused_although_its_seal_is_right() {
        let mut sealed = vec![VERSION + 1];
        sealed.extend_from_slice(key(b"one").as_bytes());
        let mac = blake3::keyed_hash(secret().seals(), &sealed);
        sealed.extend_from_slice(mac.as_bytes());
        assert_eq!(open(&key(b"one"), &sealed, &secret()), None);
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_under_its_own_key_alone(
            payload in vec(any::<u8>(), 0..200),
            name in vec(any::<u8>(), 0..8),
            other in vec(any::<u8>(), 0..8),
        ) {
            let sealed = seal(&key(&name), &payload, &secret());
            prop_assert_eq!(open(&key(&name), &sealed, &secret()), Some(&payload[..]));
            let opened = open(&key(&other), &sealed, &secret());
            prop_assert_eq!(opened.is_some(), name == other);
        }

        #[test]
        fn bytes_of_any_kind_are_refused(
            bytes in vec(any::<u8>(), 0..200),
            longer in vec(any::<u8>(), 1..50),
        ) {
            prop_assert_eq!(open(&key(b"one"), &bytes, &secret()), None);
            let mut sealed = seal(&key(b"one"), &bytes, &secret());
            sealed.extend_from_slice(&longer);
            prop_assert_eq!(open(&key(b"one"), &sealed, &secret()), None);
        }
    }
}
