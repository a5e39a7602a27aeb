//! How old the directory is.

use std::time::Duration;

use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;

use crate::source::Source;

/// What the directory was last made from, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// Each source that is imported.
    pub sources: Vec<SourceFreshness>,
    /// Active practitioners.
    pub practitioner_count: u64,
    /// Active practice situations.
    pub activity_count: u64,
    /// Structures in which somebody practises.
    pub organization_count: u64,
}

/// How fresh one source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFreshness {
    /// Which.
    pub source: Source,
    /// When the source generated the file in use, if its name said so.
    pub generated_at: Option<Timestamp>,
    /// When it was applied here; `None`: never.
    pub imported_at: Option<Timestamp>,
    /// How many people that import added, changed and deactivated.
    pub changed_count: u64,
    /// The import in use.
    pub import_id: Option<ImportId>,
}

impl SourceFreshness {
    /// How old the source is, from its generation on, or from its import on where the
    /// file's name does not say when it was generated; `None`: it was never imported.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let since = self.generated_at.or(self.imported_at)?;
        Some(now.since(since))
    }

    /// Whether the source is older than the alarm age; one that was never imported is.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp, alarm_age: Duration) -> bool {
        self.age(now).is_none_or(|age| age > alarm_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_stale_past_its_alarm_age_or_when_it_never_came() {
        let noon = Timestamp::from_unix_seconds(1_800_000_000);
        let two_days = Duration::from_hours(48);
        let mut source = SourceFreshness {
            source: Source::PracticeSituations,
            generated_at: None,
            imported_at: None,
            changed_count: 0,
            import_id: None,
        };
        assert!(source.is_stale(noon, two_days));
        assert_eq!(source.age(noon), None);
        source.imported_at = Some(noon.saturating_sub(two_days));
        assert!(!source.is_stale(noon, two_days));
        assert_eq!(source.age(noon), Some(two_days));
        source.generated_at = Some(noon.saturating_sub(two_days + Duration::from_secs(1)));
        assert!(source.is_stale(noon, two_days));
    }
}
