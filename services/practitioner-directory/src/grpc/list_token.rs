//! Where a page ended, sealed.

use aval_database::requests::fingerprint;
use aval_domain::id::{ImportId, OrganizationId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_runtime::page::{PageTokenInvalid, PageTokens};
use aval_runtime::status::Refusal;
use tonic::Status;
use uuid::Uuid;

use crate::merge::DuplicatePosition;
use crate::search::{Likeness, OrganizationPosition, Position, PractitionerPosition};

/// The tokens of one list: those of another list, or of the same list with another
/// filter, do not open.
pub(super) struct ListTokens<'a> {
    tokens: &'a PageTokens,
    filter: [u8; 32],
    now: Timestamp,
}

/// A place in a list that can be sealed.
pub(super) trait SealedPosition: Sized {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl<'a> ListTokens<'a> {
    /// The tokens of the list of this method with these filters, in a fixed order.
    pub(super) fn new(
        tokens: &'a PageTokens,
        now: Timestamp,
        method: &str,
        filters: &[&str],
    ) -> Self {
        let parts = [method].into_iter().chain(filters.iter().copied());
        Self {
            tokens,
            filter: fingerprint(parts),
            now,
        }
    }

    /// Where the page begins; an empty token is the first page's.
    pub(super) fn open<P: SealedPosition>(&self, token: &str) -> Result<Option<P>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let position = self
            .tokens
            .open(token, &self.filter, self.now)
            .and_then(|bytes| P::from_bytes(&bytes).ok_or(PageTokenInvalid));
        position
            .map(Some)
            .map_err(|error| Refusal::from(error).into())
    }

    /// The token of the page after this position; empty when there is none.
    pub(super) fn seal<P: SealedPosition>(&self, next: Option<&P>) -> String {
        next.map_or_else(String::new, |position| {
            self.tokens
                .seal(&self.filter, &position.to_bytes(), self.now)
        })
    }
}

impl SealedPosition for PractitionerPosition {
    fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self.likeness, self.id.as_uuid(), &self.sort_name)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        from_bytes(bytes, PractitionerId::from_uuid)
    }
}

impl SealedPosition for OrganizationPosition {
    fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self.likeness, self.id.as_uuid(), &self.sort_name)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        from_bytes(bytes, OrganizationId::from_uuid)
    }
}

impl SealedPosition for DuplicatePosition {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.rank];
        bytes.extend(self.first.as_uuid().as_bytes());
        bytes.extend(self.second.as_uuid().as_bytes());
        bytes.extend(self.sort_name.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (rank, rest) = bytes.split_first()?;
        let (first, rest) = rest.split_first_chunk::<16>()?;
        let (second, sort_name) = rest.split_first_chunk::<16>()?;
        Some(Self {
            rank: *rank,
            first: PractitionerId::from_uuid(Uuid::from_bytes(*first)),
            second: PractitionerId::from_uuid(Uuid::from_bytes(*second)),
            sort_name: String::from_utf8(sort_name.to_vec()).ok()?,
        })
    }
}

impl SealedPosition for ImportId {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_uuid().as_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self::from_uuid)
    }
}

/// A line of a file.
impl SealedPosition for u64 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

fn to_bytes(likeness: Likeness, id: Uuid, sort_name: &str) -> Vec<u8> {
    let likeness = match likeness {
        Likeness::Words => 0,
        Likeness::Beginnings => 1,
        Likeness::Mistyped => 2,
        Likeness::Doubtful => 3,
    };
    let mut bytes = vec![likeness];
    bytes.extend(id.as_bytes());
    bytes.extend(sort_name.as_bytes());
    bytes
}

fn from_bytes<Id>(bytes: &[u8], id_of: impl Fn(Uuid) -> Id) -> Option<Position<Id>> {
    let (likeness, rest) = bytes.split_first()?;
    let (id, sort_name) = rest.split_first_chunk::<16>()?;
    Some(Position {
        likeness: match likeness {
            0 => Likeness::Words,
            1 => Likeness::Beginnings,
            2 => Likeness::Mistyped,
            3 => Likeness::Doubtful,
            _ => return None,
        },
        id: id_of(Uuid::from_bytes(*id)),
        sort_name: String::from_utf8(sort_name.to_vec()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000)
    }

    #[test]
    fn a_token_of_another_filter_does_not_open() {
        let tokens = PageTokens::new(&[7; 32]);
        let dupont = ListTokens::new(&tokens, now(), "SearchPractitioners", &["dupont", ""]);
        let token = dupont.seal(Some(&12_u64));
        assert_eq!(dupont.open(&token).unwrap(), Some(12_u64));
        let durand = ListTokens::new(&tokens, now(), "SearchPractitioners", &["durand", ""]);
        assert!(durand.open::<u64>(&token).is_err());
        let moved = ListTokens::new(&tokens, now(), "SearchPractitioners", &["", "dupont"]);
        assert!(moved.open::<u64>(&token).is_err());
    }

    proptest! {
        #[test]
        fn a_position_comes_back(sort_name in "\\PC{0,40}", id: u128, likeness in 0_usize..4) {
            let position = PractitionerPosition {
                likeness: Likeness::ALL[likeness],
                sort_name,
                id: PractitionerId::from_uuid(Uuid::from_u128(id)),
            };
            let read = PractitionerPosition::from_bytes(&position.to_bytes());
            prop_assert_eq!(read, Some(position));
        }

        #[test]
        fn reading_a_position_is_total(bytes: Vec<u8>) {
            let _ = PractitionerPosition::from_bytes(&bytes);
            let read = DuplicatePosition::from_bytes(&bytes);
            prop_assert!(read.is_none_or(|position| position.to_bytes() == bytes));
            let _ = ImportId::from_bytes(&bytes);
            let _ = u64::from_bytes(&bytes);
        }
    }
}
