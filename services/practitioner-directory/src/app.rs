//! The use cases, one file each.

mod approve_import;
mod batch_get_practitioners;
mod get_freshness;
mod get_import;
mod get_organization;
mod get_practitioner;
mod import_decision;
mod import_extraction;
mod list_duplicates;
mod list_imports;
mod list_quarantined_rows;
mod merge_practitioners;
mod override_attachment;
mod permission;
mod reject_import;
mod resolve_identifier;
mod search_organizations;
mod search_practitioners;
mod watch_changes;

pub use get_freshness::{Age, FreshnessReport};
pub use import_decision::ImportDecision;
pub use import_extraction::{ImportExtraction, PieceFault};
pub use merge_practitioners::MergePractitioners;
pub use override_attachment::OverrideAttachment;
pub use permission::{keep_directory, read_directory};
pub use watch_changes::{WatchFrom, WatchSettings, WatchUntil, WatchWhat, Watched};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::import::limits::ImportLimits;
use crate::metrics::ImportMetrics;
use crate::people::People;
use crate::source::Source;
use crate::store::Store;

/// The use cases and what they need.
#[derive(Debug)]
pub struct App {
    store: Arc<dyn Store>,
    people: Arc<People>,
    settings: Settings,
    /// One import at a time in this process: each holds the directory's keys.
    import_turn: Semaphore,
    metrics: ImportMetrics,
}

/// What the configuration decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How much of a file may be wrong, and how much it may change.
    pub limits: ImportLimits,
    /// How long an import's stream may say nothing.
    pub longest_silence: Duration,
    /// How long a suspended import waits for a decision.
    pub held_for: Duration,
    /// From what age on a source is stale.
    pub alarm_age: Duration,
    /// The same of the register of establishments.
    pub register_alarm_age: Duration,
    /// How changes are watched.
    pub watch: WatchSettings,
}

impl Settings {
    /// From what age on this source is stale: some are published more often than others.
    const fn alarm_age_of(&self, source: Source) -> Duration {
        match source {
            Source::Establishments => self.register_alarm_age,
            _ => self.alarm_age,
        }
    }
}

impl App {
    /// The use cases on this store, of which these read.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, people: Arc<People>, settings: Settings) -> Self {
        Self {
            store,
            people,
            settings,
            import_turn: Semaphore::new(1),
            metrics: ImportMetrics::new(),
        }
    }
}
