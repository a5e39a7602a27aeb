//! Which traces are recorded.
//!
//! Recording a call costs more than answering many a question from memory does: describing it,
//! encoding it, sending it. So of the traces that begin here one in so many is recorded
//! (`telemetry.trace_one_in`), and of those that begin elsewhere what the caller records. The
//! others have their id, which the log and the answers to errors name, and pass it on; no span
//! of theirs is made at all, by whatever they are worked on.

use std::sync::atomic::{AtomicU32, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing_subscriber::filter::DynFilterFn;
use tracing_subscriber::layer::Filter;

use super::TraceParent;
use crate::call;

/// One in so many, or one of the two below.
static ONE_IN: AtomicU32 = AtomicU32::new(NOTHING);
/// Nothing is exported.
const NOTHING: u32 = 0;
/// Everything is described, and the exporter's own sampler decides.
const DECIDED_ELSEWHERE: u32 = u32::MAX;

/// The standard variable by which somebody else decides.
const SAMPLER_VARIABLE: &str = "OTEL_TRACES_SAMPLER";

/// From now on spans leave the process.
pub(super) fn start(one_in: u32) {
    let decided_elsewhere = std::env::var_os(SAMPLER_VARIABLE).is_some();
    let one_in = if decided_elsewhere {
        DECIDED_ELSEWHERE
    } else {
        one_in
    };
    ONE_IN.store(one_in, Ordering::Release);
}

/// Whether a call at this place is recorded that its caller put there.
pub(crate) fn records_below(parent: TraceParent) -> bool {
    match ONE_IN.load(Ordering::Acquire) {
        NOTHING => false,
        DECIDED_ELSEWHERE => true,
        _ => parent.is_recorded(),
    }
}

/// Whether a trace is recorded that begins here, in a place that was drawn at random.
pub(crate) fn records_from(begin: TraceParent) -> bool {
    match ONE_IN.load(Ordering::Acquire) {
        NOTHING => false,
        DECIDED_ELSEWHERE => true,
        one_in => is_one_in(begin, one_in),
    }
}

fn is_one_in(begin: TraceParent, one_in: u32) -> bool {
    begin.drawn().is_multiple_of(u64::from(one_in))
}

/// Whether a trace is recorded that begins here with something that nobody asked for: every
/// so many, since nothing is drawn for those.
pub(crate) fn records_unasked() -> bool {
    static BEGUN: AtomicU32 = AtomicU32::new(0);
    match ONE_IN.load(Ordering::Acquire) {
        NOTHING => false,
        DECIDED_ELSEWHERE => true,
        one_in => BEGUN.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_in),
    }
}

/// The spans that are worth making: none below a call that is not recorded.
pub(super) fn filter<S>() -> impl Filter<S> {
    DynFilterFn::new(|metadata, _| {
        *metadata.level() <= LevelFilter::INFO
            && call::current().is_none_or(|call| call.trace_parent.is_recorded())
    })
    .with_max_level_hint(LevelFilter::INFO)
    .with_callsite_filter(|metadata| {
        if *metadata.level() <= LevelFilter::INFO {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    })
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;

    use super::*;

    #[test]
    fn of_the_traces_that_begin_here_one_in_so_many_is_recorded() {
        let random = SeededRandom::new(1);
        let recorded = |one_in| {
            let begun = (0..10_000).map(|_| TraceParent::begin(&random));
            begun.filter(|place| is_one_in(*place, one_in)).count()
        };
        assert_eq!(recorded(1), 10_000);
        let tenth = recorded(10);
        assert!((900..1_100).contains(&tenth), "{tenth}");
    }
}
