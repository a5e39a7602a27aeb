//! Entry bundles after C2SP tlog-tiles: up to 256 entries, each after its length on two bytes.

use crate::tile::TILE_WIDTH;

/// Bytes or entries that are not a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A bundle holds 1 to 256 entries.
    #[error("a bundle holds 1 to {TILE_WIDTH} entries")]
    WrongCount,
    /// An entry holds at most 65 535 bytes.
    #[error("entry {0} is longer than 65535 bytes")]
    EntryTooLong(usize),
    /// The bytes stop in the middle of this entry, counted from 0.
    #[error("entry {0} is cut short")]
    CutShort(usize),
}

/// Joins entries into the bundle that the tile's path names.
pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    check_count(entries.len())?;
    let mut bundle = Vec::new();
    for (position, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(position))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle, in order.
pub fn decode(bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let position = entries.len();
        let (entry, after) = split_entry(rest).ok_or(BundleError::CutShort(position))?;
        entries.push(entry);
        rest = after;
    }
    check_count(entries.len())?;
    Ok(entries)
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn check_count(count: usize) -> Result<(), BundleError> {
    if (1..=usize::from(TILE_WIDTH)).contains(&count) {
        Ok(())
    } else {
        Err(BundleError::WrongCount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_follow_their_length() {
        let bundle = encode(&[b"".as_slice(), b"a", b"bc"]).unwrap();
        assert_eq!(bundle, [0, 0, 0, 1, b'a', 0, 2, b'b', b'c']);
        assert_eq!(decode(&bundle), Ok(vec![b"".as_slice(), b"a", b"bc"]));
    }

    #[test]
    fn a_bundle_cut_anywhere_is_another_or_none() {
        let bundle = encode(&[[7; 3], [8; 3]]).unwrap();
        for end in 1..bundle.len() {
            let cut = decode(&bundle[..end]);
            if end == 5 {
                assert_eq!(cut, Ok(vec![[7; 3].as_slice()]));
            } else {
                assert_eq!(cut, Err(BundleError::CutShort(end / 5)));
            }
        }
    }

    #[test]
    fn a_bundle_has_room_for_a_tile_and_no_more() {
        let full = vec![b"entry".as_slice(); 256];
        let bundle = encode(&full).unwrap();
        assert_eq!(decode(&bundle), Ok(full));
        assert_eq!(encode(&vec![b"entry"; 257]), Err(BundleError::WrongCount));
        assert_eq!(
            decode(&[bundle.as_slice(), &[0, 0]].concat()),
            Err(BundleError::WrongCount)
        );
        assert_eq!(decode(b""), Err(BundleError::WrongCount));
        assert_eq!(encode::<&[u8]>(&[]), Err(BundleError::WrongCount));
    }

    #[test]
    fn an_entry_longer_than_its_length_field_is_refused() {
        assert!(encode(&[vec![0; 65_535]]).is_ok());
        assert_eq!(
            encode(&[vec![], vec![0; 65_536]]),
            Err(BundleError::EntryTooLong(1))
        );
    }
}
