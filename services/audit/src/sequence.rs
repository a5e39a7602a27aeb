//! How far each producer has come: which events of a delivery are new, and whether
//! some are missing before them.

use std::collections::BTreeMap;

use crate::submission::Submission;

/// The last sequence recorded of each source and epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<(String, u64), u64>);

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
        // An owned key, because the map's is: positions are looked up once a delivery.
        let key = (source.to_owned(), epoch);
        self.0.get(&key).copied().unwrap_or_default()
    }

    /// How many events at the beginning of this delivery were delivered before.
    pub fn repeated(&self, submission: &Submission) -> Result<usize, Hole> {
        let expected = self.last(submission.source(), submission.epoch()) + 1;
        let first = submission.first_sequence();
        let repeated = expected.checked_sub(first).ok_or(Hole { expected })?;
        Ok(usize::try_from(repeated)
            .unwrap_or(usize::MAX)
            .min(submission.count()))
    }

    /// Moves past the events of this delivery; the position never goes back.
    pub fn advance(&mut self, submission: &Submission) {
        let key = (submission.source().to_owned(), submission.epoch());
        let last = submission.first_sequence() + (submission.count() as u64 - 1);
        let position = self.0.entry(key).or_default();
        *position = last.max(*position);
    }

    /// The positions that differ from those of `before`: what has to be stored.
    pub fn changed_since<'a>(
        &'a self,
        before: &'a Self,
    ) -> impl Iterator<Item = (&'a str, u64, u64)> {
        let is_new = |(key, last): &(&(String, u64), &u64)| before.0.get(*key) != Some(*last);
        let changed = self.0.iter().filter(is_new);
        changed.map(|((source, epoch), last)| (source.as_str(), *epoch, *last))
    }
}

impl FromIterator<(String, u64, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (String, u64, u64)>>(positions: I) -> Self {
        let positions = positions.into_iter();
        Self(positions.map(|(s, e, last)| ((s, e), last)).collect())
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

    #[test]
    fn a_producer_begins_at_one_in_each_epoch() {
        let mut positions = Positions::default();
        assert_eq!(positions.repeated(&submission("consent", 1, 1..=3)), Ok(0));
        positions.advance(&submission("consent", 1, 1..=3));
        assert_eq!(positions.last("consent", 1), 3);
        for (source, epoch) in [("consent", 2), ("identity", 1)] {
            let later = positions.repeated(&submission(source, epoch, 4..=4));
            assert_eq!(later, Err(Hole { expected: 1 }));
        }
    }

    #[test]
    fn what_was_delivered_before_is_counted_from_the_front() {
        let mut positions = Positions::default();
        positions.advance(&submission("consent", 1, 1..=3));
        let repeated = |sequences| positions.repeated(&submission("consent", 1, sequences));
        assert_eq!(repeated(4..=9), Ok(0));
        assert_eq!(repeated(2..=9), Ok(2));
        assert_eq!(repeated(1..=2), Ok(2));
        assert_eq!(repeated(5..=9), Err(Hole { expected: 4 }));
    }

    #[test]
    fn a_repeated_delivery_moves_nothing_back() {
        let mut positions = Positions::default();
        positions.advance(&submission("consent", 1, 1..=5));
        let before = positions.clone();
        positions.advance(&submission("consent", 1, 1..=2));
        assert_eq!(positions, before);
        assert_eq!(positions.changed_since(&before).count(), 0);
        positions.advance(&submission("consent", 1, 6..=6));
        let changed: Vec<_> = positions.changed_since(&before).collect();
        assert_eq!(changed, [("consent", 1, 6)]);
    }
}
