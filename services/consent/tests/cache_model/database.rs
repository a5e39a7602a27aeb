//! The database: what was committed, in which order, and what a snapshot shows.

use crate::protocol::{OTHER_CHANGES, Part, Protocol};

/// Orders the changes.
pub(crate) type Position = u8;

/// What is committed, and the revocation on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Database {
    /// The newest position that is committed.
    head: Position,
    /// The newest position that was given out.
    given: Position,
    revocation: Revocation,
    other_changes_left: u8,
}

/// How far the revocation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Revocation {
    /// Not asked for yet.
    ToCome,
    /// It has its position and is not committed.
    Positioned(Position),
    /// Committed there; the caller waits for so many ticks of the writer's clock.
    Committed(Position, u8),
    /// The caller was told.
    Returned(Position),
}

/// What was read of the grant, and as of which position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) as_of: Position,
    pub(crate) permits: bool,
}

/// What a poll brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct News {
    pub(crate) head: Position,
    /// The position of the revocation, if it lies beyond what was asked.
    pub(crate) revoked: Option<Position>,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self {
            head: 0,
            given: 0,
            revocation: Revocation::ToCome,
            other_changes_left: OTHER_CHANGES,
        }
    }

    pub(crate) fn has_returned(&self) -> bool {
        matches!(self.revocation, Revocation::Returned(_))
    }

    /// Whether the writer owes the caller an answer.
    pub(crate) fn is_revoking(&self) -> bool {
        matches!(
            self.revocation,
            Revocation::Positioned(_) | Revocation::Committed(..)
        )
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked().is_some()
    }

    /// The position of the revocation once it can be seen.
    fn revoked(&self) -> Option<Position> {
        match self.revocation {
            Revocation::Committed(position, _) | Revocation::Returned(position) => Some(position),
            Revocation::ToCome | Revocation::Positioned(_) => None,
        }
    }

    /// Rows and position of one snapshot.
    pub(crate) fn read(&self) -> Entry {
        Entry {
            as_of: self.head,
            permits: self.revoked().is_none(),
        }
    }

    /// The changes beyond `known`, or the head alone for who knows nothing.
    pub(crate) fn news_beyond(&self, known: Option<Position>) -> News {
        let beyond = |revoked: &Position| known.is_some_and(|known| *revoked > known);
        News {
            head: self.head,
            revoked: self.revoked().filter(beyond),
        }
    }

    pub(crate) fn take_position(&mut self) -> Option<()> {
        (self.revocation == Revocation::ToCome).then_some(())?;
        self.given += 1;
        self.revocation = Revocation::Positioned(self.given);
        Some(())
    }

    pub(crate) fn commit(&mut self, protocol: &Protocol) -> Option<()> {
        let Revocation::Positioned(position) = self.revocation else {
            return None;
        };
        self.head = self.head.max(position);
        self.revocation = Revocation::Committed(position, protocol.wait());
        Some(())
    }

    pub(crate) fn return_to_caller(&mut self) -> Option<()> {
        let Revocation::Committed(position, 0) = self.revocation else {
            return None;
        };
        self.revocation = Revocation::Returned(position);
        Some(())
    }

    /// Somebody else's change; it waits for the lock of the clock's row.
    pub(crate) fn other_change(&mut self, protocol: &Protocol) -> Option<()> {
        let locked = matches!(self.revocation, Revocation::Positioned(_));
        if locked && protocol.has(Part::CommitOrderedPositions) {
            return None;
        }
        self.other_changes_left = self.other_changes_left.checked_sub(1)?;
        self.given += 1;
        self.head = self.given;
        Some(())
    }

    /// The writer's clock moves.
    pub(crate) fn tick(&mut self) {
        if let Revocation::Committed(_, left) = &mut self.revocation {
            *left = left.saturating_sub(1);
        }
    }
}
