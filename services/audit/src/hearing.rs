//! When each producer was heard last, and whether what it says of its outbox fits the log.
//!
//! Deliveries have no holes, and so a producer that has nothing to say and one whose relay
//! died look alike. Therefore each reports every half minute. Any instance takes a report and
//! keeps it in memory: nothing is written for it. A producer is silent if no instance hears
//! it, for the least time that any of them shows.
//!
//! A report that contradicts what is recorded means that a database was put back, the
//! producer's or this one. A single one may mean nothing:
//!
//! ```text
//! t0  the relay reports 9, waits in vain for the answer, and gives up
//! t1  it delivers 10 to another instance, which records it
//! t2  the report of t0 is read here: 9 is behind 10
//! ```
//!
//! The next one says 10. So it counts once the same is said again, well after. Each instance
//! that hears it twice raises an alert of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aval_database::outbox::Report;
use aval_domain::time::{Clock, Timestamp};
use opentelemetry::metrics::{Counter, ObservableGauge};

use crate::app::PRODUCERS;
use crate::metrics::{self, HearingGauges};

/// How much later the same must be said again: later than any call takes, and not later than
/// the next report.
const WELL_AFTER: Duration = Duration::from_secs(20);

/// For how long an instance that was started says nothing of a producer that it has not heard
/// yet: the others know better, and the least counts.
const UNHEARD_FOR: Duration = Duration::from_mins(3);

/// For how long it is shown what a producer said. Its next reports may go to other instances.
const SHOWN_FOR: Duration = Duration::from_mins(2);

/// A report does not fit what is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// The producer gives numbers a second time: its database was put back without a new
    /// epoch.
    #[error("the producer's numbers are behind what is recorded")]
    Behind {
        /// The highest sequence recorded.
        recorded: u64,
    },
    /// Events that were acknowledged are not there: this database was put back.
    #[error("events that the producer knows to be recorded are missing")]
    Missing {
        /// The highest sequence recorded.
        recorded: u64,
    },
}

/// What is remembered of the producers.
#[derive(Debug)]
pub struct Hearing {
    clock: Arc<dyn Clock>,
    producers: Arc<Mutex<Producers>>,
    refused: Counter<u64>,
    _gauges: [ObservableGauge<f64>; 2],
}

/// By name.
pub(crate) type Producers = BTreeMap<&'static str, Producer>;

/// What is remembered of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Producer {
    /// Or since when it has to be.
    heard_at: Timestamp,
    is_heard: bool,
    said: Option<Said>,
    doubt: Option<Doubt>,
}

#[derive(Debug, Clone, Copy)]
struct Said {
    at: Timestamp,
    oldest_waiting_at: Option<Timestamp>,
}

/// What was said and does not fit.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    epoch: u64,
    newest_sequence: u64,
    since: Timestamp,
}

impl Contradiction {
    /// In what a report does not fit this highest sequence recorded of its source and epoch.
    #[must_use]
    pub const fn of(report: &Report, recorded: u64) -> Option<Self> {
        if report.newest_sequence < recorded {
            return Some(Self::Behind { recorded });
        }
        if report.newest_sequence > recorded && report.oldest_waiting_at.is_none() {
            return Some(Self::Missing { recorded });
        }
        None
    }

    /// The highest sequence recorded.
    #[must_use]
    pub const fn recorded(self) -> u64 {
        match self {
            Self::Behind { recorded } | Self::Missing { recorded } => recorded,
        }
    }
}

impl Hearing {
    /// Nobody was heard yet. Every producer has from now on to be: whom an instance never
    /// hears is as silent as who fell silent.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        let producer = Producer {
            heard_at: now,
            is_heard: false,
            said: None,
            doubt: None,
        };
        let producers: Producers = PRODUCERS.map(|name| (name, producer)).into();
        let producers = Arc::new(Mutex::new(producers));
        let observed = || (Arc::clone(&producers), Arc::clone(&clock));
        let (silence, backlog) = (observed(), observed());
        let gauges = HearingGauges {
            silence: move || silences(&lock(&silence.0), silence.1.now()),
            backlog: move || backlogs(&lock(&backlog.0), backlog.1.now()),
        };
        Self {
            clock,
            producers,
            refused: metrics::deliveries_refused(),
            _gauges: gauges.show(),
        }
    }

    /// It called.
    pub fn heard(&self, source: &str) {
        let now = self.clock.now();
        self.change(source, |producer| producer.call(now));
    }

    /// It delivered, and what it delivered is recorded.
    pub fn recorded(&self, source: &str) {
        let now = self.clock.now();
        self.change(source, |producer| {
            producer.call(now);
            producer.doubt = None;
        });
    }

    /// It reported, and what it said fits what is recorded.
    pub fn reported(&self, report: &Report) {
        let now = self.clock.now();
        self.change(&report.source, |producer| {
            producer.hear(report, now);
            producer.doubt = None;
        });
    }

    /// It reported what does not fit. Says whether it had said the same well before, and
    /// nothing else since: then it is counted.
    #[must_use]
    pub fn contradicted(&self, report: &Report) -> bool {
        let now = self.clock.now();
        let mut is_certain = false;
        self.change(&report.source, |producer| {
            producer.hear(report, now);
            is_certain = producer.is_said_again(report, now);
        });
        self.refused.add(u64::from(is_certain), &[]);
        is_certain
    }

    fn change(&self, source: &str, change: impl FnOnce(&mut Producer)) {
        if let Some(producer) = lock(&self.producers).get_mut(source) {
            change(producer);
        }
    }
}

impl Producer {
    const fn call(&mut self, now: Timestamp) {
        self.heard_at = now;
        self.is_heard = true;
    }

    const fn hear(&mut self, report: &Report, now: Timestamp) {
        self.call(now);
        self.said = Some(Said {
            at: now,
            oldest_waiting_at: report.oldest_waiting_at,
        });
    }

    fn is_said_again(&mut self, report: &Report, now: Timestamp) -> bool {
        let (epoch, newest_sequence) = (report.epoch, report.newest_sequence);
        let same = self
            .doubt
            .filter(|doubt| (doubt.epoch, doubt.newest_sequence) == (epoch, newest_sequence));
        let doubt = same.unwrap_or(Doubt {
            epoch,
            newest_sequence,
            since: now,
        });
        self.doubt = Some(doubt);
        now.since(doubt.since) >= WELL_AFTER
    }
}

/// For how long this instance has not heard each.
fn silences(producers: &Producers, now: Timestamp) -> Vec<(&'static str, f64)> {
    let each = producers.iter().map(|(name, producer)| {
        let silence = now.since(producer.heard_at);
        (*name, silence, producer.is_heard || silence >= UNHEARD_FOR)
    });
    each.filter(|(_, _, is_known)| *is_known)
        .map(|(name, silence, _)| (name, silence.as_secs_f64()))
        .collect()
}

/// For how long the oldest event of each waits, of those who said so of late.
fn backlogs(producers: &Producers, now: Timestamp) -> Vec<(&'static str, f64)> {
    let said = producers.iter().filter_map(|(name, producer)| {
        let said = producer.said?;
        (now.since(said.at) <= SHOWN_FOR).then_some((*name, said.oldest_waiting_at))
    });
    said.map(|(name, oldest)| {
        let age = oldest.map(|oldest| now.since(oldest));
        (name, age.unwrap_or_default().as_secs_f64())
    })
    .collect()
}

fn lock(producers: &Mutex<Producers>) -> MutexGuard<'_, Producers> {
    producers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use aval_domain::time::ManualClock;

    use super::*;

    const NOON: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn report(newest_sequence: u64, oldest_waiting_at: Option<Timestamp>) -> Report {
        Report {
            source: "consent".to_owned(),
            epoch: 7,
            newest_sequence,
            oldest_waiting_at,
        }
    }

    fn hearing() -> (Hearing, ManualClock) {
        let clock = ManualClock::new(NOON);
        (Hearing::new(Arc::new(clock.clone())), clock)
    }

    fn shown(
        hearing: &Hearing,
        show: fn(&Producers, Timestamp) -> Vec<(&'static str, f64)>,
    ) -> Vec<(&'static str, f64)> {
        show(&lock(&hearing.producers), hearing.clock.now())
    }

    #[test]
    fn a_report_fits_what_is_recorded_unless_it_is_behind_or_nothing_waits_of_what_is_not_there() {
        let waits = Some(NOON);
        for (newest, waits, recorded, expected) in [
            (0, None, 0, None),
            (9, None, 9, None),
            (9, waits, 9, None),
            (9, waits, 4, None),
            (9, None, 10, Some(Contradiction::Behind { recorded: 10 })),
            (9, waits, 10, Some(Contradiction::Behind { recorded: 10 })),
            (9, None, 8, Some(Contradiction::Missing { recorded: 8 })),
        ] {
            assert_eq!(
                Contradiction::of(&report(newest, waits), recorded),
                expected
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_certain_once_it_is_said_again_well_after() {
        let (hearing, clock) = hearing();
        let behind = report(9, None);
        assert!(!hearing.contradicted(&behind));
        // The same call, made once more.
        assert!(!hearing.contradicted(&behind));
        clock.advance(WELL_AFTER);
        assert!(hearing.contradicted(&behind));
        clock.advance(Duration::from_secs(1));
        assert!(hearing.contradicted(&behind));
    }

    #[test]
    fn what_was_overtaken_is_forgotten() {
        let (hearing, clock) = hearing();
        let behind = report(9, None);
        let amends: [fn(&Hearing); 3] = [
            |hearing| hearing.reported(&report(10, None)),
            |hearing| hearing.recorded("consent"),
            |hearing| assert!(!hearing.contradicted(&report(8, None))),
        ];
        for amend in amends {
            assert!(!hearing.contradicted(&behind));
            clock.advance(WELL_AFTER);
            amend(&hearing);
            assert!(!hearing.contradicted(&behind));
            hearing.recorded("consent");
        }
    }

    #[test]
    fn silence_is_counted_from_whatever_is_heard_and_in_the_end_from_the_start() {
        let (hearing, clock) = hearing();
        clock.advance(Duration::from_secs(40));
        hearing.heard("identity");
        assert!(!hearing.contradicted(&report(9, None)));
        hearing.heard("nobody");
        clock.advance(Duration::from_secs(2));
        let heard = [("consent", 2.0), ("identity", 2.0)];
        assert_eq!(shown(&hearing, silences), heard);
        clock.advance(UNHEARD_FOR);
        let expected = [
            ("audit", 222.0),
            ("consent", 182.0),
            ("identity", 182.0),
            ("practitioner-directory", 222.0),
        ];
        assert_eq!(shown(&hearing, silences), expected);
    }

    #[test]
    fn a_backlog_grows_until_it_is_said_to_be_gone_and_is_not_shown_for_ever() {
        let (hearing, clock) = hearing();
        assert!(shown(&hearing, backlogs).is_empty());
        clock.advance(Duration::from_mins(1));
        hearing.reported(&report(9, Some(NOON)));
        clock.advance(Duration::from_secs(30));
        assert_eq!(shown(&hearing, backlogs), [("consent", 90.0)]);
        hearing.reported(&report(9, None));
        assert_eq!(shown(&hearing, backlogs), [("consent", 0.0)]);
        clock.advance(SHOWN_FOR + Duration::from_secs(1));
        assert!(shown(&hearing, backlogs).is_empty());
    }
}
