//! The parts of the protocol, each of which can be taken out.

/// For how many ticks of its own clock an instance relies on a poll, from its beginning.
pub(crate) const PROMISE: u8 = 2;

/// By how many ticks two clocks may move apart while a promise lasts.
pub(crate) const DRIFT: u8 = 1;

/// Unrelated changes that other people make meanwhile.
pub(crate) const OTHER_CHANGES: u8 = 1;

/// What the protocol rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A change returns only when every promise made before it has run out.
    CommitWait,
    /// The wait is longer than the promise by what clocks may move apart.
    DriftMargin,
    /// An instance answers from a cache only while a promise lasts.
    LeaseTest,
    /// A position is taken under a lock that is held until the commit.
    CommitOrderedPositions,
    /// An instance refuses entries older than the oldest change it knows of.
    FloorTest,
    /// An entry's rows and its position are of one snapshot.
    OneSnapshot,
    /// A promise counts from before the poll is asked, not from its answer.
    PromiseFromAsking,
    /// What a poll brought is known before the promise is renewed.
    ChangesBeforePromise,
    /// A check tests the promise first, and the entry against the changes after it.
    PromiseTestedFirst,
    /// Clocks keep to [`DRIFT`]: what is assumed rather than done.
    BoundedClocks,
}

/// The protocol, whole or without one part.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    without: Option<Part>,
}

impl Protocol {
    /// As it is.
    pub(crate) const fn whole() -> Self {
        Self { without: None }
    }

    pub(crate) const fn without(part: Part) -> Self {
        Self {
            without: Some(part),
        }
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.without != Some(part)
    }

    /// How many ticks of the writer's clock pass between a commit and its return.
    pub(crate) fn wait(&self) -> u8 {
        if !self.has(Part::CommitWait) {
            0
        } else if !self.has(Part::DriftMargin) {
            PROMISE
        } else {
            PROMISE + DRIFT
        }
    }
}
