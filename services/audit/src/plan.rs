//! Which events of several deliveries are to be recorded, and what each delivery is
//! answered. Pure.

use std::collections::HashMap;

use aval_domain::id::EventId;

use crate::batch::Origin;
use crate::sequence::{Ahead, Positions};
use crate::submission::{SealedEvent, Submission};

/// Events that the log holds already: their canonical bytes, or nothing where these
/// were erased.
pub type Recorded = HashMap<EventId, Option<Vec<u8>>>;

/// What is to be done about several deliveries.
#[derive(Debug)]
pub struct Plan<'a> {
    /// What is new, in the order of delivery.
    pub fresh: Vec<(Origin<'a>, &'a SealedEvent)>,
    /// How far those producers have come afterwards who come further.
    pub moved: Positions,
    /// For each delivery, the last sequence recorded, or why it is refused.
    pub answers: Vec<Result<u64, Refused>>,
}

/// Why a delivery is refused; nothing of it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Events before it never arrived.
    #[error("events are missing before this delivery")]
    Hole {
        /// The sequence that must come next.
        expected: u64,
    },
    /// A sequence that was recorded comes with an event that was not, or an event's
    /// identifier comes with another event: the producer's database was restored from
    /// an older copy without a new epoch, or its events were changed.
    #[error("an event differs from what was recorded under its number or identifier")]
    Differs {
        /// The sequence at which they differ.
        sequence: u64,
    },
}

/// The events that claim to have been delivered before: whoever plans must know
/// which of them the log holds.
pub fn claimed_before<'a>(
    positions: &Positions,
    submissions: &[&'a Submission],
) -> impl Iterator<Item = EventId> + use<'a> {
    let mut claimed = Vec::new();
    for submission in submissions {
        let repeated = positions.repeated(submission).unwrap_or_default();
        let events = submission.events().take(repeated);
        claimed.extend(events.map(|(_, sealed)| sealed.event.event_id));
    }
    claimed.into_iter()
}

impl<'a> Plan<'a> {
    /// Plans the deliveries in their order. `recorded` tells of the events that the
    /// log is known to hold; one that it does not tell of is taken for new.
    #[must_use]
    pub fn new(positions: &Positions, submissions: &[&'a Submission], recorded: &Recorded) -> Self {
        let mut planning = Planning {
            fresh: Vec::new(),
            ahead: Ahead::of(positions),
            planned: HashMap::new(),
            recorded,
        };
        let submissions = submissions.iter();
        let answers = submissions.map(|submission| planning.add(submission));
        let answers = answers.collect();
        Self {
            fresh: planning.fresh,
            moved: planning.ahead.moved(),
            answers,
        }
    }
}

struct Planning<'a, 'r> {
    fresh: Vec<(Origin<'a>, &'a SealedEvent)>,
    ahead: Ahead<'r>,
    /// What `fresh` holds, by identifier.
    planned: HashMap<EventId, &'a SealedEvent>,
    recorded: &'r Recorded,
}

enum Known {
    No,
    Same,
    Differs,
}

impl<'a> Planning<'a, '_> {
    /// Takes the whole delivery or nothing of it.
    fn add(&mut self, submission: &'a Submission) -> Result<u64, Refused> {
        let repeated = self.ahead.repeated(submission);
        let repeated = repeated.map_err(|hole| Refused::Hole {
            expected: hole.expected,
        })?;
        let before = self.fresh.len();
        for (position, (sequence, sealed)) in submission.events().enumerate() {
            match self.find(sealed) {
                Known::Same => {}
                Known::No if position >= repeated => {
                    let origin = Origin {
                        source: submission.source(),
                        epoch: submission.epoch(),
                        sequence,
                    };
                    self.planned.insert(sealed.event.event_id, sealed);
                    self.fresh.push((origin, sealed));
                }
                Known::No | Known::Differs => {
                    self.forget_from(before);
                    return Err(Refused::Differs { sequence });
                }
            }
        }
        self.ahead.advance(submission);
        Ok(self.ahead.last(submission.source(), submission.epoch()))
    }

    fn find(&self, sealed: &SealedEvent) -> Known {
        let id = sealed.event.event_id;
        let known = match (self.recorded.get(&id), self.planned.get(&id)) {
            (Some(Some(recorded)), _) => recorded,
            // An erased payload can be compared with nothing; its identifier is known.
            (Some(None), _) => return Known::Same,
            (None, Some(planned)) => &planned.canonical,
            (None, None) => return Known::No,
        };
        if sealed.tells_the_same_as(known) {
            Known::Same
        } else {
            Known::Differs
        }
    }

    fn forget_from(&mut self, start: usize) {
        for (_, sealed) in self.fresh.drain(start..) {
            self.planned.remove(&sealed.event.event_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn plan<'a>(submissions: &[&'a Submission], recorded: &Recorded) -> Plan<'a> {
        Plan::new(&Positions::default(), submissions, recorded)
    }

    fn sequences(plan: &Plan<'_>) -> Vec<(String, u64)> {
        let origins = plan.fresh.iter().map(|(origin, _)| origin);
        origins
            .map(|origin| (origin.source.to_owned(), origin.sequence))
            .collect()
    }

    #[test]
    fn deliveries_are_taken_in_their_order() {
        let sample = sample::Events::new(1);
        let one = sample.submission("consent", 1, 1, [sample.access(None), sample.access(None)]);
        let two = sample.submission("identity", 1, 1, [sample.access(None)]);
        let three = sample.submission("consent", 1, 3, [sample.access(None)]);
        let plan = plan(&[&one, &two, &three], &Recorded::new());
        assert_eq!(plan.answers, [Ok(2), Ok(1), Ok(3)]);
        let taken = [
            ("consent", 1),
            ("consent", 2),
            ("identity", 1),
            ("consent", 3),
        ];
        assert_eq!(sequences(&plan), taken.map(|(s, n)| (s.to_owned(), n)));
    }

    #[test]
    fn a_hole_refuses_its_own_delivery_alone() {
        let sample = sample::Events::new(1);
        let late = sample.submission("consent", 1, 3, [sample.access(None)]);
        let other = sample.submission("identity", 1, 1, [sample.access(None)]);
        let plan = plan(&[&late, &other], &Recorded::new());
        assert_eq!(plan.answers, [Err(Refused::Hole { expected: 1 }), Ok(1)]);
        assert_eq!(sequences(&plan), [("identity".to_owned(), 1)]);
        assert_eq!(plan.moved.last("consent", 1), 0);
    }

    #[test]
    fn a_delivery_repeated_in_the_same_batch_is_taken_once() {
        let sample = sample::Events::new(1);
        let event = sample.access(None);
        let first = sample.submission("consent", 1, 1, [event.clone()]);
        let again = sample.submission("consent", 1, 1, [event.clone(), sample.access(None)]);
        let plan = plan(&[&first, &again], &Recorded::new());
        assert_eq!(plan.answers, [Ok(1), Ok(2)]);
        assert_eq!(plan.fresh.len(), 2);
    }

    #[test]
    fn an_event_that_the_log_holds_is_acknowledged_under_a_new_number() {
        let sample = sample::Events::new(1);
        let event = sample.access(None);
        let recorded =
            Recorded::from([(event.event_id, Some(sample.sealed(event.clone()).canonical))]);
        let renumbered = sample.submission("consent", 2, 1, [event.clone(), sample.access(None)]);
        let plan = plan(&[&renumbered], &recorded);
        assert_eq!(plan.answers, [Ok(2)]);
        assert_eq!(sequences(&plan), [("consent".to_owned(), 2)]);
        let erased = Recorded::from([(event.event_id, None)]);
        assert_eq!(self::plan(&[&renumbered], &erased).answers, [Ok(2)]);
    }

    #[test]
    fn a_known_number_with_an_unknown_event_is_refused_whole() {
        let sample = sample::Events::new(1);
        let positions: Positions = [("consent".to_owned(), 1, 1)].into_iter().collect();
        let restored =
            sample.submission("consent", 1, 1, [sample.access(None), sample.access(None)]);
        let ids: Vec<EventId> = claimed_before(&positions, &[&restored]).collect();
        assert_eq!(ids.len(), 1);
        let plan = Plan::new(&positions, &[&restored], &Recorded::new());
        assert_eq!(plan.answers, [Err(Refused::Differs { sequence: 1 })]);
        assert!(plan.fresh.is_empty());
        assert_eq!(plan.moved, Positions::default());
    }

    #[test]
    fn another_event_under_a_used_identifier_is_refused_and_leaves_nothing_behind() {
        let sample = sample::Events::new(1);
        let event = sample.access(None);
        let mut changed = event.clone();
        changed.software = "records-2".to_owned();
        let first = sample.submission("consent", 1, 1, [event.clone()]);
        let forged = sample.submission("identity", 1, 1, [sample.access(None), changed]);
        let plan = plan(&[&first, &forged], &Recorded::new());
        assert_eq!(plan.answers, [Ok(1), Err(Refused::Differs { sequence: 2 })]);
        assert_eq!(sequences(&plan), [("consent".to_owned(), 1)]);
        assert_eq!(plan.moved.last("identity", 1), 0);
    }
}
