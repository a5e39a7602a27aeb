//! How many panics there were, in calls and beside them.

use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::KeyValue;
use opentelemetry::metrics::ObservableCounter;

use super::metrics;
use crate::call;

/// Counted here and read when metrics are: what counts a panic must not wait for a lock that
/// whoever panicked may hold.
static IN_CALLS: AtomicU64 = AtomicU64::new(0);
static BESIDE_CALLS: AtomicU64 = AtomicU64::new(0);

static COUNTER: OnceLock<ObservableCounter<u64>> = OnceLock::new();

/// Counts every panic from now on, and has it said if `is_said`: otherwise whoever said it
/// before goes on to.
pub(super) fn watch(is_said: bool) {
    COUNTER.get_or_init(|| {
        metrics::meter()
            .u64_observable_counter("aval.panics")
            .with_description(
                "Panics: of a call, which was answered INTERNAL, and outside of calls, where a \
                 task may have ended by it.",
            )
            .with_callback(|counter| {
                for (place, panics) in [("call", &IN_CALLS), ("task", &BESIDE_CALLS)] {
                    let panics = panics.load(Ordering::Relaxed);
                    counter.observe(panics, &[KeyValue::new("place", place)]);
                }
            })
            .build()
    });
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = match call::current() {
            Some(_) => &IN_CALLS,
            None => &BESIDE_CALLS,
        };
        place.fetch_add(1, Ordering::Relaxed);
        if is_said {
            say(panic);
        } else {
            before(panic);
        }
    }));
}

/// Says where a panic happened and not what it said: its message may quote values.
fn say(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(String::new, ToString::to_string);
    tracing::error!(panic.location = place, "a task panicked");
}
