//! How old what is known of who is whom is, for operators.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use opentelemetry::metrics::ObservableGauge;

use crate::identity_changes::AgeGauge;

/// When everything that there was to tell was known here last.
#[derive(Debug)]
pub struct KnowledgeAge {
    clock: Arc<dyn Clock>,
    caught_up_at: Arc<AtomicI64>,
    _age: ObservableGauge<f64>,
}

impl KnowledgeAge {
    /// Counts from now on, and shows it there.
    #[must_use]
    pub fn new(gauge: AgeGauge<'_>, clock: Arc<dyn Clock>) -> Self {
        let caught_up_at = Arc::new(AtomicI64::new(clock.now().as_micros()));
        let (observed, wall) = (Arc::clone(&caught_up_at), Arc::clone(&clock));
        let age = gauge
            .with_description("Since when everything that is told of who is whom was known here.")
            .with_callback(move |observer| {
                let age = since(observed.load(Ordering::Relaxed), wall.now());
                observer.observe(age.as_secs_f64(), &[]);
            })
            .build();
        Self {
            clock,
            caught_up_at,
            _age: age,
        }
    }

    /// Everything that there is to tell is known.
    pub fn caught_up(&self) {
        let now = self.clock.now().as_micros();
        self.caught_up_at.store(now, Ordering::Relaxed);
    }

    /// How long ago that was.
    #[must_use]
    pub fn age(&self) -> Duration {
        since(self.caught_up_at.load(Ordering::Relaxed), self.clock.now())
    }
}

fn since(micros: i64, now: Timestamp) -> Duration {
    now.since(Timestamp::from_micros(micros))
}
