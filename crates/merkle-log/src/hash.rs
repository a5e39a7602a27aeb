//! SHA-256 hashes, and the two domain-separated ways in which RFC 6962 §2.1 makes them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash. Displayed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LENGTH]);

/// Text that is not a hash in the expected encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash in {0}")]
pub struct InvalidHash(&'static str);

impl Hash {
    /// Bytes in a hash.
    pub const LENGTH: usize = 32;

    /// The hash made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, borrowed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// Standard base64 with padding: 44 characters, as in notes and proofs.
    #[must_use]
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads [`Hash::to_base64`] and nothing else: padding is required and unused bits are zero.
    pub fn from_base64(text: &str) -> Result<Self, InvalidHash> {
        let bytes = STANDARD.decode(text).map_err(|_| InvalidHash("base64"))?;
        Self::try_from(bytes.as_slice()).map_err(|_| InvalidHash("base64"))
    }

    /// Reads the 64 lower-case hexadecimal digits of the display form.
    pub fn from_hex(text: &str) -> Result<Self, InvalidHash> {
        let mut bytes = [0; Self::LENGTH];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidHash("hexadecimal"))?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(InvalidHash("hexadecimal"));
        }
        Ok(Self(bytes))
    }
}

/// The root of the tree that has no leaf: the hash of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    digest(&[])
}

/// The hash of a leaf: `SHA-256(0x00 || entry)`.
#[must_use]
pub fn hash_leaf(entry: &[u8]) -> Hash {
    digest(&[&LEAF_PREFIX, entry])
}

/// The hash of an interior node: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn hash_children(left: &Hash, right: &Hash) -> Hash {
    digest_of_two(NODE_PREFIX, left, right)
}

/// SHA-256 of a prefix and two hashes, which is most of what is hashed: in one piece, which
/// costs less than piece by piece.
pub(crate) fn digest_of_two<const PREFIX: usize>(
    prefix: [u8; PREFIX],
    left: &Hash,
    right: &Hash,
) -> Hash {
    const LONGEST: usize = 2 + 2 * Hash::LENGTH;
    let mut bytes = [0; LONGEST];
    let (first, second) = (PREFIX, PREFIX + Hash::LENGTH);
    bytes[..first].copy_from_slice(&prefix);
    bytes[first..second].copy_from_slice(&left.0);
    bytes[second..second + Hash::LENGTH].copy_from_slice(&right.0);
    Hash(Sha256::digest(&bytes[..second + Hash::LENGTH]).into())
}

/// SHA-256 of the concatenated parts.
pub(crate) fn digest(parts: &[&[u8]]) -> Hash {
    let mut sha256 = Sha256::new();
    for part in parts {
        sha256.update(part);
    }
    Hash(sha256.finalize().into())
}

impl TryFrom<&[u8]> for Hash {
    type Error = InvalidHash;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| InvalidHash("32 bytes"))
    }
}

impl From<Hash> for [u8; Hash::LENGTH] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_tree_hashes_to_the_digest_of_nothing() {
        assert_eq!(
            empty_root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn an_empty_entry_is_not_an_empty_tree() {
        assert_eq!(
            hash_leaf(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn a_node_hashes_its_children_in_order() {
        let (left, right) = (hash_leaf(b""), hash_leaf(b"\x00"));
        assert_eq!(
            hash_children(&left, &right).to_string(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
        assert_ne!(hash_children(&left, &right), hash_children(&right, &left));
    }

    #[test]
    fn both_encodings_read_back() {
        let hash = hash_leaf(b"entry");
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        assert_eq!(Hash::from_hex(&hash.to_string()), Ok(hash));
    }

    #[test]
    fn an_encoding_has_one_spelling() {
        let hash = hash_leaf(b"entry");
        let base64 = hash.to_base64();
        assert!(Hash::from_base64(base64.trim_end_matches('=')).is_err());
        assert!(Hash::from_base64(&format!("{base64}\n")).is_err());
        assert!(Hash::from_hex(&hash.to_string().to_uppercase()).is_err());
        assert!(Hash::from_hex(&hash.to_string()[2..]).is_err());
        // 43 significant characters carry 258 bits: the two surplus ones must be zero.
        let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(Hash::from_base64(zero).is_ok());
        assert!(Hash::from_base64(&zero.replace("A=", "B=")).is_err());
    }
}
