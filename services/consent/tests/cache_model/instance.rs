//! One instance: what it knows of the changes, and until when it relies on it.

use crate::database::{Database, News, Position};
use crate::protocol::{PROMISE, Part, Protocol};

/// What one instance knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Instance {
    /// Every change up to here is known; `None` before the first poll.
    applied: Option<Position>,
    /// Changes up to here may have been forgotten.
    floor: Position,
    /// The revocation, if it is known and not forgotten.
    revoked: Option<Position>,
    /// Ticks of this instance's clock until the promise ends.
    promise: u8,
    poll: Poll,
}

/// How far the poll is. `age` counts the ticks since the promise's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Poll {
    Idle,
    Asked { age: u8 },
    Answered { age: u8, news: News },
    ChangesApplied { age: u8 },
    PromiseRenewed { news: News },
}

impl Instance {
    pub(crate) fn new() -> Self {
        Self {
            applied: None,
            floor: 0,
            revoked: None,
            promise: 0,
            poll: Poll::Idle,
        }
    }

    /// This instance's clock moves.
    pub(crate) fn tick(&mut self) {
        self.promise = self.promise.saturating_sub(1);
        if let Poll::Asked { age } | Poll::Answered { age, .. } | Poll::ChangesApplied { age } =
            &mut self.poll
        {
            // Older than a promise is all that matters then.
            *age = PROMISE.min(*age + 1);
        }
    }

    pub(crate) fn ask(&mut self) -> Option<()> {
        (self.poll == Poll::Idle).then_some(())?;
        self.poll = Poll::Asked { age: 0 };
        Some(())
    }

    /// The database answers, from a snapshot of this instant.
    pub(crate) fn hear(&mut self, database: &Database) -> Option<()> {
        let Poll::Asked { age } = self.poll else {
            return None;
        };
        self.poll = Poll::Answered {
            age,
            news: database.news_beyond(self.applied),
        };
        Some(())
    }

    /// The first half of taking in what a poll brought, whenever it arrives.
    pub(crate) fn begin_to_apply(&mut self, protocol: &Protocol) -> Option<()> {
        let Poll::Answered { age, news } = self.poll else {
            return None;
        };
        let age = if protocol.has(Part::PromiseFromAsking) {
            age
        } else {
            0
        };
        if protocol.has(Part::ChangesBeforePromise) {
            self.learn(news);
            self.poll = Poll::ChangesApplied { age };
        } else {
            self.renew(age);
            self.poll = Poll::PromiseRenewed { news };
        }
        Some(())
    }

    /// The second half.
    pub(crate) fn end_to_apply(&mut self) -> Option<()> {
        match self.poll {
            Poll::ChangesApplied { age } => self.renew(age),
            Poll::PromiseRenewed { news } => self.learn(news),
            Poll::Idle | Poll::Asked { .. } | Poll::Answered { .. } => return None,
        }
        self.poll = Poll::Idle;
        Some(())
    }

    fn learn(&mut self, news: News) {
        if self.applied.is_none() {
            self.floor = news.head;
        }
        self.applied = Some(news.head);
        self.revoked = news.revoked.or(self.revoked);
    }

    fn renew(&mut self, age: u8) {
        self.promise = self.promise.max(PROMISE - age);
    }

    /// Lets the changes go that it remembers.
    pub(crate) fn forget(&mut self) -> Option<()> {
        let applied = self.applied.filter(|applied| *applied > self.floor)?;
        self.floor = applied;
        self.revoked = None;
        Some(())
    }

    /// Whether an entry of that position is as new as all that is known.
    pub(crate) fn accepts(&self, as_of: Position, protocol: &Protocol) -> bool {
        let above_the_floor = self.applied.is_some() && as_of >= self.floor;
        let unchanged = self.revoked.is_none_or(|revoked| as_of >= revoked);
        (above_the_floor || !protocol.has(Part::FloorTest)) && unchanged
    }

    /// Whether what is known may be relied on now.
    pub(crate) fn has_promise(&self, protocol: &Protocol) -> bool {
        self.promise > 0 || !protocol.has(Part::LeaseTest)
    }
}
