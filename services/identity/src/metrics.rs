//! What the service counts and measures, for operators.

use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;

/// What providers said of people who signed out.
#[derive(Debug, Clone)]
pub(crate) struct LogoutMetrics {
    logouts: Counter<u64>,
    sessions: Counter<u64>,
}

impl LogoutMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            logouts: meter
                .u64_counter("aval.identity.logouts")
                .with_description("Logout tokens that came, by what became of them.")
                .build(),
            sessions: meter
                .u64_counter("aval.identity.logout.sessions")
                .with_description("Sessions that a provider's logout token closed.")
                .build(),
        }
    }

    /// A token was believed, and closed so many sessions.
    pub(crate) fn done(&self, sessions: usize) {
        self.logouts.add(1, &[KeyValue::new("outcome", "done")]);
        self.sessions.add(sessions as u64, &[]);
    }

    /// A token closed nothing, for this reason.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.logouts.add(1, &[KeyValue::new("outcome", reason)]);
    }
}
