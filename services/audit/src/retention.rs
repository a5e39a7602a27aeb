//! How long events are kept: by the writer alone, a few at a time, in the pauses between
//! batches.
//!
//! What is over is over with the first of a month, so that a patient reads of at most one
//! erasure a month, not of one a day. Breaking off loses nothing: what was erased says so,
//! and the next writer looks at the log from its beginning.
//!
//! What is erased is lost for good, and so no single clock says that its time is over: that of
//! this instance is believed up to a day beyond what another service told last. Where nobody
//! tells anything the calendar stands still.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aval_database::DatabaseError;
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::EventId;
use aval_domain::time::Timestamp;
use aval_runtime::environment::Environment;
use tokio_util::sync::CancellationToken;

use crate::config::RetentionConfig;
use crate::erasure::{Limit, Order, Target};
use crate::own_trail::SOURCE;
use crate::store::Store;
use crate::writer::{RecordError, Writer};

/// What the patient reads as the ground.
pub const GROUND: &str = "retention";

/// How long deliveries have the log for themselves after a step that erased something.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait between two looks at the calendar, and after a failure.
const BETWEEN_LOOKS: Duration = Duration::from_mins(10);

/// How far beyond what another service told last this instance's clock is believed.
const BELIEVED: Duration = Duration::from_hours(24);

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
enum NotErased {
    /// What others told last could not be read.
    #[error("what was told last could not be read")]
    Untold(#[from] DatabaseError),
    /// The log did not take it.
    #[error(transparent)]
    NotRecorded(#[from] RecordError),
}

/// What time it is as far as both say, this instance's clock and whoever told something last;
/// none where nobody ever did.
#[must_use]
pub fn believed(now: Timestamp, told_last: Option<Timestamp>) -> Option<Timestamp> {
    told_last.map(|told| now.min(told.saturating_add(BELIEVED)))
}

/// Until when which kinds are kept, at this moment: none where nothing is ever erased.
#[must_use]
pub fn limits(config: &RetentionConfig, now: Timestamp) -> Vec<Limit> {
    let mut by_years: BTreeMap<u16, BTreeSet<EventKind>> = BTreeMap::new();
    for (kind, years) in config.by_kind() {
        if years > 0 {
            by_years.entry(years).or_default().insert(kind);
        }
    }
    let limits = by_years.into_iter().filter_map(|(years, kinds)| {
        let before = first_of_month(now, years)?;
        Some(Limit { before, kinds })
    });
    limits.collect()
}

/// The first of this month, so many years ago, at midnight UTC.
fn first_of_month(now: Timestamp, years_ago: u16) -> Option<Timestamp> {
    let today = now.civil_date();
    let year = today.year().checked_sub(years_ago)?;
    let month = today.month();
    Timestamp::parse_rfc3339(&format!("{year:04}-{month:02}-01T00:00:00Z")).ok()
}

/// Erases what is over, whenever this instance writes the log, until `shutdown`.
pub async fn keep_to(
    config: RetentionConfig,
    store: Arc<dyn Store>,
    writer: Writer,
    environment: Environment,
    shutdown: CancellationToken,
) {
    if limits(&config, environment.clock.now()).is_empty() {
        return;
    }
    let looking = async {
        let mut leads = writer.leads();
        // With what this writer has finished.
        let mut finished = None;
        while leads.wait_for(|leads| *leads).await.is_ok() {
            let erasing = erase_anew(
                &config,
                store.as_ref(),
                &writer,
                &environment,
                &mut finished,
            );
            if let Err(error) = erasing.await {
                tracing::warn!(%error, "what is over is not erased yet");
            }
            tokio::select! {
                () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                _ = leads.wait_for(|leads| !*leads) => finished = None,
            }
        }
    };
    shutdown.run_until_cancelled(looking).await;
}

/// Erases what is over by now, unless this writer has `finished` that already.
async fn erase_anew(
    config: &RetentionConfig,
    store: &dyn Store,
    writer: &Writer,
    environment: &Environment,
    finished: &mut Option<Vec<Limit>>,
) -> Result<(), NotErased> {
    let now = environment.clock.now();
    let Some(believed) = believed(now, store.told_last().await?) else {
        return Ok(());
    };
    let limits = limits(config, believed);
    if limits != self::limits(config, now) {
        tracing::warn!(
            "nothing more is erased by this clock: it is more than a day beyond what another \
             service told last"
        );
    }
    if finished.as_ref() != Some(&limits) {
        erase(&limits, writer, environment).await?;
        *finished = Some(limits);
    }
    Ok(())
}

/// Erases everything that is over by these limits.
pub async fn erase(
    limits: &[Limit],
    writer: &Writer,
    environment: &Environment,
) -> Result<(), RecordError> {
    let mut from = Some(0);
    while let Some(place) = from {
        let erased = writer.erase(order(place, limits, environment)).await?;
        from = erased.next;
        if erased.count > 0 {
            tracing::info!(events = erased.count, "erased what is over");
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

fn order(from: u64, limits: &[Limit], environment: &Environment) -> Order {
    let now = environment.clock.now();
    let name = SOURCE.to_owned();
    let template = Event::new(
        EventId::new(now, environment.random.as_ref()),
        now,
        EventKind::TrailPruned,
        Outcome::Success,
        Actor::Service { name },
        SOURCE,
    );
    Order {
        target: Target::Outdated {
            from,
            limits: limits.to_vec(),
        },
        template,
        ground: GROUND.to_owned(),
        random: Arc::clone(&environment.random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn config(default_years: u16, years: &[(&str, u16)]) -> RetentionConfig {
        let years = years
            .iter()
            .map(|(name, years)| ((*name).to_owned(), *years));
        RetentionConfig {
            default_years,
            years: years.collect(),
        }
    }

    #[test]
    fn without_a_period_nothing_is_over() {
        assert!(limits(&RetentionConfig::default(), at("2040-01-01T00:00:00Z")).is_empty());
    }

    #[test]
    fn what_is_over_is_over_with_the_first_of_a_month() {
        let config = config(10, &[]);
        for now in ["2036-02-29T23:59:59Z", "2036-02-01T00:00:00Z"] {
            let [limit] = limits(&config, at(now)).try_into().unwrap();
            assert_eq!(limit.before, at("2026-02-01T00:00:00Z"));
            assert!(limit.kinds.contains(&EventKind::AccessDecided));
        }
    }

    #[test]
    fn a_clock_that_is_ahead_of_what_others_tell_is_believed_for_a_day_alone() {
        let told = at("2026-11-30T12:00:00Z");
        for (now, expected) in [
            // Nothing was told since, by a clock that is right or a little ahead.
            ("2026-11-30T12:00:05Z", "2026-11-30T12:00:05Z"),
            ("2026-12-01T11:59:59Z", "2026-12-01T11:59:59Z"),
            // Years ahead.
            ("2046-11-30T12:00:00Z", "2026-12-01T12:00:00Z"),
            // The other service's clock is ahead.
            ("2006-11-30T12:00:00Z", "2006-11-30T12:00:00Z"),
        ] {
            assert_eq!(believed(at(now), Some(told)), Some(at(expected)), "{now}");
        }
        assert_eq!(believed(at("2046-11-30T12:00:00Z"), None), None);
    }

    #[test]
    fn a_kind_has_its_own_period_and_some_have_none() {
        let config = config(10, &[("session.*", 2), ("access.decided", 0)]);
        let [two, ten] = limits(&config, at("2036-05-06T00:00:00Z"))
            .try_into()
            .unwrap();
        assert_eq!(two.before, at("2034-05-01T00:00:00Z"));
        assert!(two.kinds.contains(&EventKind::SessionOpened));
        assert_eq!(ten.before, at("2026-05-01T00:00:00Z"));
        assert!(!ten.kinds.contains(&EventKind::SessionOpened));
        let never = crate::payload::KEPT_FOR_EVER.into_iter();
        let never = never.chain(crate::standing::KINDS);
        for kind in never.chain(crate::withholding::KINDS) {
            assert!(!ten.kinds.contains(&kind) && !two.kinds.contains(&kind));
        }
        assert!(!ten.kinds.contains(&EventKind::AccessDecided));
    }
}
