//! What the service counts and measures, for operators.

use std::time::Duration;

use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};

use crate::store::OpenSessions;

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

/// How well the directory is followed.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryMetrics {
    age: Gauge<f64>,
    sessions: Counter<u64>,
}

impl DirectoryMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            age: meter
                .f64_gauge("aval.identity.directory.age")
                .with_description(
                    "How long ago the directory last told a change, or that there is none.",
                )
                .with_unit("s")
                .build(),
            sessions: meter
                .u64_counter("aval.identity.directory.sessions")
                .with_description("Sessions that a change of the directory closed.")
                .build(),
        }
    }

    /// So old is what is known.
    pub(crate) fn age(&self, age: Duration) {
        self.age.record(age.as_secs_f64(), &[]);
    }

    /// A change closed so many sessions.
    pub(crate) fn closed(&self, sessions: usize) {
        self.sessions.add(sessions as u64, &[]);
    }
}

/// How many sessions go on. Every instance shows the same: they are in the database.
#[derive(Debug, Clone)]
pub(crate) struct SessionMetrics {
    open: Gauge<u64>,
}

impl SessionMetrics {
    pub(crate) fn new() -> Self {
        Self {
            open: meter()
                .u64_gauge("aval.identity.sessions")
                .with_description("Sessions that go on, by who signed in.")
                .build(),
        }
    }

    /// So many go on.
    pub(crate) fn show(&self, open: OpenSessions) {
        for (kind, count) in [
            ("practitioner", open.practitioners),
            ("patient", open.patients),
            ("representative", open.representatives),
        ] {
            self.open.record(count, &[KeyValue::new("kind", kind)]);
        }
    }
}
