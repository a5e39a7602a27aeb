//! What a producer hands over: its events, in its order, each sealed for the log.

use std::fmt;

use aval_domain::event::Event;
use aval_domain::random::{self, Random};
use aval_merkle_log::Hash;
use aval_merkle_log::canonical::{CanonicalError, to_canonical_bytes};
use aval_merkle_log::leaf::commitment;

use crate::entry::Salt;

/// The longest canonical form of an event, in bytes.
pub const LONGEST_EVENT: usize = 256 * 1024;

/// The most events that one delivery carries.
pub const MOST_EVENTS: usize = 1_000;

/// The largest epoch and sequence: what the database counts in.
pub const LARGEST_NUMBER: u64 = i64::MAX.unsigned_abs();

/// Consecutive events of one producer.
///
/// Made by [`Submission::new`] alone, so that the sequences are known to have no
/// hole.
#[derive(Debug, Clone)]
pub struct Submission {
    source: String,
    epoch: u64,
    first: u64,
    events: Vec<SealedEvent>,
}

/// An event with its one byte form, a salt of its own and the commitment to both.
///
/// Nothing of it depends on its place in the log: it is made by the caller's task,
/// and leaves the one writer little to do.
#[derive(Clone)]
pub struct SealedEvent {
    /// What happened.
    pub event: Event,
    /// The canonical bytes.
    pub canonical: Vec<u8>,
    /// 32 random bytes, used for this event alone.
    pub salt: Salt,
    /// What the leaf will carry.
    pub commitment: Hash,
}

/// Why an event cannot be recorded, ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unrecordable {
    /// A number that has no canonical form: a time beyond the year 2255.
    #[error("has no canonical form")]
    NotCanonical(#[source] CanonicalError),
    /// An erasure that another producer tells of.
    #[error("is of a kind that the trail records itself")]
    Erasure,
    /// Longer than [`LONGEST_EVENT`].
    #[error("is longer than {LONGEST_EVENT} bytes in canonical form")]
    TooLong,
}

/// The epoch, a sequence or the number of events is out of bounds, or there is a
/// hole between two of the sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASubmission {
    /// The epoch is not 1 to 2^63 - 1.
    #[error("must be 1 to {LARGEST_NUMBER}")]
    Epoch,
    /// There is no event, or more than [`MOST_EVENTS`].
    #[error("must be 1 to {MOST_EVENTS} events")]
    Count,
    /// The event at this position has not the sequence that follows.
    #[error("must ascend without a hole, from 1 to {LARGEST_NUMBER}")]
    Sequence(usize),
}

impl Submission {
    /// The events of `source` in this life of its outbox, each after its sequence.
    pub fn new(
        source: impl Into<String>,
        epoch: u64,
        events: Vec<(u64, SealedEvent)>,
    ) -> Result<Self, NotASubmission> {
        if !fits(epoch) {
            return Err(NotASubmission::Epoch);
        }
        if !(1..=MOST_EVENTS).contains(&events.len()) {
            return Err(NotASubmission::Count);
        }
        let first = events[0].0;
        if !fits(first) {
            return Err(NotASubmission::Sequence(0));
        }
        for (position, (expected, (sequence, _))) in (first..).zip(&events).enumerate() {
            if *sequence != expected || !fits(*sequence) {
                return Err(NotASubmission::Sequence(position));
            }
        }
        Ok(Self {
            source: source.into(),
            epoch,
            first,
            events: events.into_iter().map(|(_, event)| event).collect(),
        })
    }

    /// The producer's name.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Which life of the producer's outbox.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The sequence of the first event.
    #[must_use]
    pub const fn first_sequence(&self) -> u64 {
        self.first
    }

    /// The events with their sequences, ascending.
    pub fn events(&self) -> impl Iterator<Item = (u64, &SealedEvent)> {
        (self.first..).zip(&self.events)
    }

    /// How many events there are, at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.events.len()
    }
}

impl SealedEvent {
    /// Seals an event under a new salt.
    pub fn seal(event: Event, random: &dyn Random) -> Result<Self, Unrecordable> {
        let canonical = canonical_bytes(&event).map_err(Unrecordable::NotCanonical)?;
        if canonical.len() > LONGEST_EVENT {
            return Err(Unrecordable::TooLong);
        }
        let salt = Salt(random::bytes(random));
        Ok(Self {
            commitment: commitment(&salt.0, &canonical),
            event,
            canonical,
            salt,
        })
    }

    /// Whether these canonical bytes tell the same event. A delivery that is repeated
    /// late may say so and still be the same; so may one of which an older version, which did
    /// not know the terms of grounds, wrote down the rest.
    #[must_use]
    pub fn tells_the_same_as(&self, canonical: &[u8]) -> bool {
        if self.canonical == canonical {
            return true;
        }
        let Ok(mut other) = serde_json::from_slice::<Event>(canonical) else {
            return false;
        };
        other.late = self.event.late;
        if let (Some(written), Some(told)) = (&mut other.decision, &self.event.decision) {
            written.ground_terms = written.ground_terms.or(told.ground_terms);
        }
        other == self.event
    }
}

/// The event and the sizes; never the salt.
impl fmt::Debug for SealedEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealedEvent")
            .field("event", &self.event)
            .field("bytes", &self.canonical.len())
            .finish_non_exhaustive()
    }
}

/// The one byte form of an event.
fn canonical_bytes(event: &Event) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(event)
        .expect("an event is strings, integers, lists and maps with text keys");
    to_canonical_bytes(&value)
}

/// Whether this is the number of an event, or of a life of an outbox.
#[must_use]
pub fn fits(number: u64) -> bool {
    (1..=LARGEST_NUMBER).contains(&number)
}

#[cfg(test)]
mod tests {
    use aval_domain::access::{GroundHolder, GroundTerms};
    use aval_domain::random::SeededRandom;
    use aval_domain::time::Timestamp;

    use super::*;
    use crate::sample;

    fn numbered(sequences: &[u64]) -> Vec<(u64, SealedEvent)> {
        let sample = sample::Events::new(1);
        let sealed = |sequence: &u64| (*sequence, sample.sealed(sample.access(None)));
        sequences.iter().map(sealed).collect()
    }

    fn refusal(epoch: u64, sequences: &[u64]) -> NotASubmission {
        Submission::new("consent", epoch, numbered(sequences)).unwrap_err()
    }

    #[test]
    fn sequences_ascend_without_a_hole() {
        let submission = Submission::new("consent", 1, numbered(&[7, 8, 9])).unwrap();
        let sequences: Vec<u64> = submission.events().map(|(sequence, _)| sequence).collect();
        assert_eq!(sequences, [7, 8, 9]);
        assert_eq!(refusal(1, &[7, 9]), NotASubmission::Sequence(1));
        assert_eq!(refusal(1, &[7, 8, 8]), NotASubmission::Sequence(2));
        assert_eq!(refusal(1, &[8, 7]), NotASubmission::Sequence(1));
    }

    #[test]
    fn numbers_begin_at_one_and_fit_the_database() {
        assert_eq!(refusal(0, &[1]), NotASubmission::Epoch);
        assert_eq!(refusal(1 << 63, &[1]), NotASubmission::Epoch);
        assert_eq!(refusal(1, &[0]), NotASubmission::Sequence(0));
        assert_eq!(refusal(1, &[1 << 63]), NotASubmission::Sequence(0));
        assert_eq!(refusal(1, &[u64::MAX, 0]), NotASubmission::Sequence(0));
        assert_eq!(refusal(1, &[]), NotASubmission::Count);
    }

    #[test]
    fn a_time_that_json_cannot_spell_exactly_is_refused() {
        let sample = sample::Events::new(1);
        let mut event = sample.access(None);
        event.occurred_at = Timestamp::MAX;
        let refused = SealedEvent::seal(event, &SeededRandom::new(1)).unwrap_err();
        assert_eq!(
            refused,
            Unrecordable::NotCanonical(CanonicalError::NotAnInteger)
        );
    }

    #[test]
    fn an_endless_event_is_refused() {
        let sample = sample::Events::new(1);
        let mut event = sample.access(None);
        event
            .after
            .insert("note".to_owned(), "x".repeat(LONGEST_EVENT));
        let refused = SealedEvent::seal(event, &SeededRandom::new(1)).unwrap_err();
        assert_eq!(refused, Unrecordable::TooLong);
    }

    #[test]
    fn an_event_repeated_late_is_the_same_and_a_changed_one_is_not() {
        let sample = sample::Events::new(1);
        let event = sample.access(None);
        let first = sample.sealed(event.clone());
        let mut late = event.clone();
        late.late = true;
        assert!(sample.sealed(late).tells_the_same_as(&first.canonical));
        let mut changed = event;
        changed.software = "records-2".to_owned();
        assert!(!sample.sealed(changed).tells_the_same_as(&first.canonical));
        assert!(!first.tells_the_same_as(b"{}"));

        let mut with_terms = first.event.clone();
        with_terms.decision.as_mut().unwrap().ground_terms = Some(GroundTerms {
            holder: GroundHolder::Practitioner,
            since: with_terms.occurred_at,
        });
        let with_terms = sample.sealed(with_terms);
        assert!(with_terms.tells_the_same_as(&first.canonical));
        assert!(!first.tells_the_same_as(&with_terms.canonical));
    }

    #[test]
    fn the_same_event_is_committed_to_differently_each_time() {
        let sample = sample::Events::new(1);
        let event = sample.access(None);
        let (one, two) = (sample.sealed(event.clone()), sample.sealed(event));
        assert_eq!(one.canonical, two.canonical);
        assert_ne!(one.commitment, two.commitment);
    }
}
