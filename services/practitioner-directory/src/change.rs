//! Changes of the directory, in the order in which they were committed.
//!
//! Each transaction that changes the directory is a revision of it. Whatever it
//! changes carries its number, and is found again in the order of these numbers: what
//! changed several times stands at its last revision only, so reading all changes is
//! reading the directory.

use uuid::Uuid;

use crate::merge::Merge;
use crate::organization::Organization;
use crate::practitioner::Practitioner;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A structure was added or changed.
    Organization(Organization),
    /// A person was added or changed.
    Practitioner(Practitioner),
    /// Two entries turned out to be one human, or two again.
    Merge(Merge),
}

/// Where a change stands among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangePosition {
    /// In which revision of the directory.
    pub revision: u64,
    /// What kind of thing changed.
    pub kind: ChangeKind,
    /// Which of that kind.
    pub id: Uuid,
}

/// The kinds of things that change, in the order in which one revision tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Structures.
    Organization,
    /// People.
    Practitioner,
    /// Merges, by the entry that leads to the other.
    Merge,
}

/// Bytes of a position.
const BYTES: usize = 25;

impl ChangeKind {
    /// Every kind, in order.
    pub const ALL: [Self; 3] = [Self::Organization, Self::Practitioner, Self::Merge];

    const fn code(self) -> u8 {
        match self {
            Self::Organization => 1,
            Self::Practitioner => 2,
            Self::Merge => 3,
        }
    }
}

impl ChangePosition {
    /// Before the first change of all.
    pub const START: Self = Self {
        revision: 0,
        kind: ChangeKind::Organization,
        id: Uuid::nil(),
    };

    /// After everything that a revision changed.
    #[must_use]
    pub const fn end_of(revision: u64) -> Self {
        Self {
            revision,
            kind: ChangeKind::Merge,
            id: Uuid::max(),
        }
    }

    /// As a text for clients, who need not read it.
    #[must_use]
    pub fn to_cursor(self) -> String {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.revision.to_be_bytes());
        bytes[8] = self.kind.code();
        bytes[9..].copy_from_slice(self.id.as_bytes());
        hex::encode(bytes)
    }

    /// Reads what [`to_cursor`](Self::to_cursor) wrote.
    #[must_use]
    pub fn from_cursor(text: &str) -> Option<Self> {
        let mut bytes = [0; BYTES];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        let (revision, rest) = bytes.split_first_chunk::<8>()?;
        let (kind, id) = rest.split_first()?;
        Some(Self {
            revision: u64::from_be_bytes(*revision),
            kind: ChangeKind::ALL
                .into_iter()
                .find(|known| known.code() == *kind)?,
            id: Uuid::from_slice(id).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_start_is_before_everything_and_an_end_after_its_revision() {
        let of = |revision, kind, id| ChangePosition { revision, kind, id };
        let one = Uuid::from_u128(1);
        let first = of(0, ChangeKind::Organization, one);
        assert!(ChangePosition::START < first);
        assert!(first < of(0, ChangeKind::Practitioner, one));
        assert!(of(3, ChangeKind::Practitioner, one) < ChangePosition::end_of(3));
        assert!(ChangePosition::end_of(3) < of(4, ChangeKind::Organization, one));
    }

    #[test]
    fn a_text_that_is_no_cursor_is_none() {
        let cursor = ChangePosition::end_of(7).to_cursor();
        for wrong in [
            "",
            "start",
            "é",
            &cursor[1..],
            &cursor.replacen("03", "09", 1),
        ] {
            assert_eq!(ChangePosition::from_cursor(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back(revision: u64, kind in 0..ChangeKind::ALL.len(), id: u128) {
            let position = ChangePosition {
                revision,
                kind: ChangeKind::ALL[kind],
                id: Uuid::from_u128(id),
            };
            prop_assert_eq!(ChangePosition::from_cursor(&position.to_cursor()), Some(position));
        }

        #[test]
        fn reading_a_cursor_is_total(text in "\\PC{0,60}") {
            let _ = ChangePosition::from_cursor(&text);
        }
    }
}
