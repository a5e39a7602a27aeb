//! Whether two requests ask for the same thing.

use sha2::{Digest, Sha256};

/// SHA-256 over the parts, each behind its length as eight bytes, so that no two
/// lists of parts give the same bytes. The parts are what the client asked for, in
/// a fixed order; an absent one and an empty one must differ, so give an absent
/// one as no part after a part that says so.
#[must_use]
pub fn fingerprint<Part: AsRef<[u8]>>(parts: impl IntoIterator<Item = Part>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        let part = part.as_ref();
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_boundary_between_parts_changes_the_fingerprint() {
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
        assert_ne!(fingerprint(["abc"]), fingerprint(["abc", ""]));
    }

    #[test]
    fn equal_parts_give_the_known_digest_of_their_length_prefixed_bytes() {
        let bytes = b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\x01c";
        let expected: [u8; 32] = Sha256::digest(bytes).into();
        assert_eq!(fingerprint(["ab", "c"]), expected);
    }
}
