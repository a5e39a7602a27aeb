//! How far each producer has come: which events of a delivery are new, and whether
//! some are missing before them.

use std::collections::BTreeMap;

use crate::submission::Submission;

/// The last sequence recorded of each source and epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, BTreeMap<u64, u64>>);

/// How far producers have come with what is planned, beyond what is recorded.
#[derive(Debug)]
pub struct Ahead<'a> {
    recorded: &'a Positions,
    moved: Positions,
}

/// Events before this delivery never arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The sequence that must come next.
    pub expected: u64,
}

impl Positions {
    /// The last sequence recorded; 0 before the first.
    #[must_use]
    pub fn last(&self, source: &str, epoch: u64) -> u64 {
        self.find(source, epoch).unwrap_or_default()
    }

    /// How many events at the beginning of this delivery were delivered before.
    pub fn repeated(&self, submission: &Submission) -> Result<usize, Hole> {
        repeated(
            self.last(submission.source(), submission.epoch()),
            submission,
        )
    }

    /// Moves to where these are; none of them goes back.
    pub fn move_to(&mut self, others: &Self) {
        for (source, epoch, last) in others.all() {
            self.advance(source, epoch, last);
        }
    }

    /// Where these producers are, so that [`Positions::move_back`] leads back here.
    #[must_use]
    pub fn of_those(&self, others: &Self) -> Self {
        let mut now = Self::default();
        for (source, epoch, _) in others.all() {
            now.put(source, epoch, self.last(source, epoch));
        }
        now
    }

    /// Moves to where these were.
    pub fn move_back(&mut self, before: &Self) {
        for (source, epoch, last) in before.all() {
            self.put(source, epoch, last);
        }
    }

    /// All of them, in one order.
    pub fn all(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        self.0.iter().flat_map(|(source, epochs)| {
            let positions = epochs.iter();
            positions.map(|(epoch, last)| (source.as_str(), *epoch, *last))
        })
    }

    fn find(&self, source: &str, epoch: u64) -> Option<u64> {
        self.0.get(source)?.get(&epoch).copied()
    }

    fn advance(&mut self, source: &str, epoch: u64, to: u64) {
        self.put(source, epoch, to.max(self.last(source, epoch)));
    }

    fn put(&mut self, source: &str, epoch: u64, last: u64) {
        if !self.0.contains_key(source) {
            self.0.insert(source.to_owned(), BTreeMap::new());
        }
        if let Some(epochs) = self.0.get_mut(source) {
            epochs.insert(epoch, last);
        }
    }
}

impl<'a> Ahead<'a> {
    /// Nothing is planned yet.
    #[must_use]
    pub const fn of(recorded: &'a Positions) -> Self {
        let moved = Positions(BTreeMap::new());
        Self { recorded, moved }
    }

    /// The last sequence that is recorded or planned; 0 before the first.
    #[must_use]
    pub fn last(&self, source: &str, epoch: u64) -> u64 {
        let moved = self.moved.find(source, epoch);
        moved.unwrap_or_else(|| self.recorded.last(source, epoch))
    }

    /// How many events at the beginning of this delivery are recorded or planned.
    pub fn repeated(&self, submission: &Submission) -> Result<usize, Hole> {
        repeated(
            self.last(submission.source(), submission.epoch()),
            submission,
        )
    }

    /// Moves past the events of this delivery; the position never goes back.
    pub fn advance(&mut self, submission: &Submission) {
        let (source, epoch) = (submission.source(), submission.epoch());
        let last = submission.first_sequence() + (submission.count() as u64 - 1);
        if last > self.last(source, epoch) {
            self.moved.advance(source, epoch, last);
        }
    }

    /// The positions that differ from what is recorded: what has to be stored.
    #[must_use]
    pub fn moved(self) -> Positions {
        self.moved
    }
}

fn repeated(last: u64, submission: &Submission) -> Result<usize, Hole> {
    let expected = last + 1;
    let first = submission.first_sequence();
    let repeated = expected.checked_sub(first).ok_or(Hole { expected })?;
    Ok(usize::try_from(repeated)
        .unwrap_or(usize::MAX)
        .min(submission.count()))
}

impl FromIterator<(String, u64, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (String, u64, u64)>>(positions: I) -> Self {
        let mut all = Self::default();
        for (source, epoch, last) in positions {
            all.advance(&source, epoch, last);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn submission(
        source: &str,
        epoch: u64,
        sequences: std::ops::RangeInclusive<u64>,
    ) -> Submission {
        let sample = sample::Events::new(1);
        let events = sequences.map(|n| (n, sample.sealed(sample.access(None))));
        Submission::new(source, epoch, events.collect()).unwrap()
    }

    fn after(sequences: std::ops::RangeInclusive<u64>) -> Positions {
        let recorded = Positions::default();
        let mut ahead = Ahead::of(&recorded);
        ahead.advance(&submission("consent", 1, sequences));
        ahead.moved()
    }

    #[test]
    fn a_producer_begins_at_one_in_each_epoch() {
        let positions = Positions::default();
        assert_eq!(positions.repeated(&submission("consent", 1, 1..=3)), Ok(0));
        let positions = after(1..=3);
        assert_eq!(positions.last("consent", 1), 3);
        for (source, epoch) in [("consent", 2), ("identity", 1)] {
            let later = positions.repeated(&submission(source, epoch, 4..=4));
            assert_eq!(later, Err(Hole { expected: 1 }));
        }
    }

    #[test]
    fn what_was_delivered_before_is_counted_from_the_front() {
        let positions = after(1..=3);
        let repeated = |sequences| positions.repeated(&submission("consent", 1, sequences));
        assert_eq!(repeated(4..=9), Ok(0));
        assert_eq!(repeated(2..=9), Ok(2));
        assert_eq!(repeated(1..=2), Ok(2));
        assert_eq!(repeated(5..=9), Err(Hole { expected: 4 }));
    }

    #[test]
    fn what_is_planned_is_counted_with_what_is_recorded() {
        let recorded = after(1..=3);
        let mut ahead = Ahead::of(&recorded);
        assert_eq!(ahead.repeated(&submission("consent", 1, 2..=9)), Ok(2));
        ahead.advance(&submission("consent", 1, 4..=6));
        assert_eq!(ahead.last("consent", 1), 6);
        assert_eq!(ahead.repeated(&submission("consent", 1, 6..=9)), Ok(1));
        let hole = ahead.repeated(&submission("consent", 1, 8..=9));
        assert_eq!(hole, Err(Hole { expected: 7 }));
        assert_eq!(recorded.last("consent", 1), 3);
    }

    #[test]
    fn a_repeated_delivery_moves_nothing_back() {
        let mut positions = after(1..=5);
        let mut ahead = Ahead::of(&positions);
        ahead.advance(&submission("consent", 1, 1..=2));
        assert_eq!(ahead.moved(), Positions::default());
        let mut ahead = Ahead::of(&positions);
        ahead.advance(&submission("consent", 1, 6..=6));
        let moved = ahead.moved();
        let changed: Vec<_> = moved.all().collect();
        assert_eq!(changed, [("consent", 1, 6)]);
        positions.move_to(&moved);
        assert_eq!(positions.last("consent", 1), 6);
        positions.move_to(&after(1..=2));
        assert_eq!(positions.last("consent", 1), 6);
    }

    #[test]
    fn what_moved_goes_back_to_where_it_was() {
        let mut positions = after(1..=5);
        let mut ahead = Ahead::of(&positions);
        ahead.advance(&submission("consent", 1, 6..=9));
        ahead.advance(&submission("identity", 3, 1..=2));
        let moved = ahead.moved();
        let before = positions.of_those(&moved);
        positions.move_to(&moved);
        assert_eq!(positions.last("identity", 3), 2);
        positions.move_back(&before);
        assert_eq!(positions.last("consent", 1), 5);
        assert_eq!(positions.last("identity", 3), 0);
    }
}
