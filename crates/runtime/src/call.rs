//! What the work below a call inherits from it: its trace and its deadline.
//!
//! The server sets it around a handler; a [`Channel`](crate::channel::Channel) reads
//! it, so that what a handler calls belongs to the same trace and does not outlive
//! the handler, and the log does, so that its lines lead there. Tasks that are spawned do not inherit it.

use std::time::Duration;

use tokio::time::Instant;

use crate::telemetry::{MethodLabel, TraceParent};

/// A call that is being served.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// What is called.
    pub(crate) method: MethodLabel,
    /// Its place in its trace.
    pub trace_parent: TraceParent,
    /// When its caller stops waiting; `None` if it does not say.
    pub deadline: Option<Instant>,
}

tokio::task_local! {
    static CURRENT: Call;
}

/// The call that the present task serves.
#[must_use]
pub fn current() -> Option<Call> {
    CURRENT.try_with(|call| *call).ok()
}

/// How long the caller still waits; zero when its time is over, `None` when it set
/// no limit or there is no call.
#[must_use]
pub fn remaining() -> Option<Duration> {
    let deadline = current()?.deadline?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

impl Call {
    /// Serves the call: `work` inherits from it.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The same for work that does not wait.
    pub(crate) fn sync_scope<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}
