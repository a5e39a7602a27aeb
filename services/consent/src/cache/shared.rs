//! The tier that the instances share, as the cache sees it.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use zeroize::Zeroize;

/// The tier that replicas share: holds no truth, may lose, repeat or roll back anything.
///
/// Whoever reads from it must be able to tell by the value alone whether it may be used.
pub trait SharedTier: fmt::Debug + Send + Sync {
    /// Value bytes under this digest, if the tier has one and answers in time. Never an
    /// error: a failure is a miss (counted).
    fn get<'a>(&'a self, key: &'a EntryKey) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// The same of several, in the order asked.
    fn get_many<'a>(&'a self, keys: &'a [EntryKey]) -> BoxFuture<'a, Vec<Option<Vec<u8>>>>;

    /// Begins to store, and does not wait. What is stored is gone after `expires_in` at
    /// the latest.
    fn put(&self, key: EntryKey, value: Vec<u8>, expires_in: Duration);
}

/// What the instances know and the tier does not: with it they name entries, and tell
/// their own from what somebody else wrote. Wiped when it is dropped.
#[derive(Clone)]
pub struct CacheSecret {
    names: [u8; 32],
    seals: [u8; 32],
}

impl CacheSecret {
    /// From 32 random bytes, the same for every instance.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self {
            names: blake3::derive_key("aval consent cache 2026 names of entries", bytes),
            seals: blake3::derive_key("aval consent cache 2026 seals of values", bytes),
        }
    }

    /// The key under which values are sealed.
    pub(super) const fn seals(&self) -> &[u8; 32] {
        &self.seals
    }
}

impl Drop for CacheSecret {
    fn drop(&mut self) {
        self.names.zeroize();
        self.seals.zeroize();
    }
}

impl fmt::Debug for CacheSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheSecret(..)")
    }
}

/// The name of an entry in the tier: a keyed digest, from which nobody without the
/// secret learns whose entry it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryKey([u8; 32]);

impl EntryKey {
    /// The name of what these parts say. Each part goes in with its tag and its length:
    /// two lists that differ have two names, also when their bytes run together alike.
    #[must_use]
    pub fn of(secret: &CacheSecret, parts: &[(u8, &[u8])]) -> Self {
        let mut digest = blake3::Hasher::new_keyed(&secret.names);
        for (tag, bytes) in parts {
            digest.update(&[*tag]);
            digest.update(&(bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
        Self(*digest.finalize().as_bytes())
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryKey({}…)", hex::encode(&self.0[..4]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn secret() -> CacheSecret {
        CacheSecret::new(&[7; 32])
    }

    #[test]
    fn parts_whose_bytes_run_together_alike_have_names_of_their_own() {
        let lists: &[&[(u8, &[u8])]] = &[
            &[],
            &[(1, b"")],
            &[(1, b""), (1, b"")],
            &[(1, b"ab"), (2, b"c")],
            &[(1, b"a"), (2, b"bc")],
            &[(1, b"abc"), (2, b"")],
            &[(1, b"abc")],
            &[(2, b"abc")],
            &[(2, b"c"), (1, b"ab")],
            // A part that looks like two.
            &[(1, b"a\x02\x01\0\0\0\0\0\0\0b")],
            &[(1, b"a"), (2, b"b")],
        ];
        let names: HashSet<_> = lists
            .iter()
            .map(|parts| EntryKey::of(&secret(), parts))
            .collect();
        assert_eq!(names.len(), lists.len());
    }

    #[test]
    fn another_secret_gives_another_name() {
        let other = CacheSecret::new(&[8; 32]);
        let parts: &[(u8, &[u8])] = &[(1, b"patient")];
        assert_ne!(EntryKey::of(&secret(), parts), EntryKey::of(&other, parts));
        assert!(!format!("{:?}", secret()).contains('7'));
    }

    proptest! {
        #[test]
        fn lists_share_a_name_only_if_they_are_equal(
            one in vec((0_u8..3, vec(0_u8..3, 0..4)), 0..4),
            other in vec((0_u8..3, vec(0_u8..3, 0..4)), 0..4),
        ) {
            let name = |list: &[(u8, Vec<u8>)]| {
                let parts: Vec<_> = list.iter().map(|(tag, bytes)| (*tag, &bytes[..])).collect();
                EntryKey::of(&secret(), &parts)
            };
            prop_assert_eq!(name(&one) == name(&other), one == other);
        }
    }
}
