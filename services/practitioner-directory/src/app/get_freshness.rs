//! How old the directory is.

use std::time::Duration;

use aval_domain::time::Timestamp;
use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::freshness::{Freshness, SourceFreshness};

/// How old the directory is, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshnessReport {
    /// What is known.
    pub freshness: Freshness,
    /// How old its sources are, in their order.
    pub ages: Vec<Age>,
}

/// How old one source is, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// Since when it is what it is; `None`: it was never imported.
    pub age: Option<Duration>,
    /// Whether that is too old.
    pub is_stale: bool,
}

impl App {
    /// Answers how old each source is, and whether that is too old.
    pub async fn get_freshness(&self, cx: &RequestContext) -> Result<FreshnessReport, Error> {
        read_directory(cx)?;
        self.judge_freshness(cx.now).await
    }

    /// The same for the service itself, which tells its metrics.
    pub async fn judge_freshness(&self, now: Timestamp) -> Result<FreshnessReport, Error> {
        let freshness = self.store.freshness().await?;
        let judged = |source: &SourceFreshness| Age {
            age: source.age(now),
            is_stale: source.is_stale(now, self.settings.alarm_age_of(source.source)),
        };
        let ages = freshness.sources.iter().map(judged).collect();
        Ok(FreshnessReport { freshness, ages })
    }
}
