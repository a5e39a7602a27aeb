//! Putting load on a contender, and measuring what comes back.
//!
//! Two shapes of load, because they answer two questions. The [closed](closed) loop
//! asks how much a server does when its callers wait for their answers. The
//! [open](open) loop asks how long callers wait when they come at a rate of their own:
//! a server that stalls is not excused from those who came meanwhile.

mod closed;
mod open;
mod timepiece;

use std::borrow::Cow;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::task::JoinSet;

use super::measurement::Measurement;

use closed::Until;
pub(crate) use timepiece::{Monotonic, Timepiece};

/// One of those who call at once: it makes one call after the other.
pub(crate) trait Caller: Send {
    /// Makes a call and looks at its answer.
    fn call(&mut self) -> Calling<'_>;
}

/// A call under way.
pub(crate) type Calling<'caller> =
    Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'caller>>;

/// All who call at once.
pub(crate) type Callers = Vec<Box<dyn Caller>>;

/// What a call failed of: the name under which it is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Failure(Cow<'static, str>);

impl Failure {
    /// The call was answered, but not with what it must be answered with.
    pub(crate) const UNEXPECTED_ANSWER: Self = Self(Cow::Borrowed("UnexpectedAnswer"));
    /// The connection broke before the answer was there.
    pub(crate) const CONNECTION: Self = Self(Cow::Borrowed("Connection"));
    /// The database refused.
    pub(crate) const DATABASE: Self = Self(Cow::Borrowed("Database"));
    /// The call was due and never made: too many were under way for too long.
    pub(crate) const NOT_STARTED: Self = Self(Cow::Borrowed("NotStarted"));

    /// The call was answered with an error.
    pub(crate) fn of_status(status: &tonic::Status) -> Self {
        Self(Cow::Owned(format!("{:?}", status.code())))
    }

    /// What it failed of, where no call may fail.
    pub(crate) fn into_error(self) -> anyhow::Error {
        anyhow::anyhow!("a call failed: {}", self.0)
    }

    /// The name under which it is counted.
    pub(crate) fn into_name(self) -> Cow<'static, str> {
        self.0
    }
}

/// The load that every contender is put under.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Load {
    /// Each caller calls again as soon as it is answered.
    Closed {
        /// How long new calls are begun, in seconds.
        seconds: f64,
    },
    /// The same, until so many calls were made by all callers together.
    Counted {
        /// How many.
        calls: u64,
    },
    /// Calls are due at a fixed rate, whatever became of those before.
    Open {
        /// Calls a second.
        rate: u32,
        /// How long new calls are due, in seconds.
        seconds: f64,
    },
}

/// What a run of load gives back: what was measured, and the callers for the next run.
pub(crate) struct Finished {
    pub(crate) measurement: Measurement,
    pub(crate) callers: Callers,
}

impl Load {
    /// Puts this load on whatever the callers call.
    pub(crate) async fn run(
        self,
        time: &impl Timepiece,
        callers: Callers,
    ) -> anyhow::Result<Finished> {
        match self {
            Self::Closed { seconds } => {
                let until = Until::Elapsed(Duration::from_secs_f64(seconds));
                closed::run(time, callers, until).await
            }
            Self::Counted { calls } => closed::run(time, callers, Until::Calls(calls)).await,
            Self::Open { rate, seconds } => {
                let duration = Duration::from_secs_f64(seconds);
                open::run(time, callers, open::Schedule::new(rate, duration)).await
            }
        }
    }

    /// The same kind of load, for this time.
    pub(crate) fn during(self, seconds: f64) -> Self {
        match self {
            Self::Closed { .. } | Self::Counted { .. } => Self::Closed { seconds },
            Self::Open { rate, .. } => Self::Open { rate, seconds },
        }
    }

    /// For how long it begins calls; `None`: as long as it takes.
    pub(crate) fn duration(self) -> Option<Duration> {
        match self {
            Self::Closed { seconds } | Self::Open { seconds, .. } => {
                Some(Duration::from_secs_f64(seconds))
            }
            Self::Counted { .. } => None,
        }
    }
}

/// Waits for every caller and adds up what each measured.
async fn gather(mut tasks: JoinSet<(Measurement, Box<dyn Caller>)>) -> anyhow::Result<Finished> {
    let mut finished = Finished {
        measurement: Measurement::default(),
        callers: Vec::with_capacity(tasks.len()),
    };
    while let Some(task) = tasks.join_next().await {
        let (measurement, caller) = task.context("a caller of the load failed")?;
        finished.measurement.merge(&measurement);
        finished.callers.push(caller);
    }
    Ok(finished)
}

#[cfg(test)]
mod tests;
