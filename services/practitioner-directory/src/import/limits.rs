//! How much of a file may be wrong, and how much of the directory it may change.

use super::Changes;

/// From what on a file is refused, or waits for a person. Shares are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportLimits {
    /// The largest share of the active practitioners that a file may deactivate.
    pub deactivated_share: f64,
    /// The largest share of the active practitioners that a file may change.
    pub changed_share: f64,
    /// The share of the active practitioners from which on deactivating or changing
    /// them is an alarm.
    pub alarm_share: f64,
    /// The largest share of malformed rows.
    pub malformed_share: f64,
}

/// Why an import waits for a person. `Display` is a fixed public sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Suspicion {
    /// A newer file was applied before.
    #[error("the file is older than the newest one that was applied")]
    Outdated,
    /// Too many rows are malformed.
    #[error("too many rows of the file are malformed")]
    ManyMalformed,
    /// It would remove too many people.
    #[error("it would deactivate more practitioners than the configured share")]
    ManyDeactivated,
    /// It would remove alarmingly many people.
    #[error("it would deactivate more practitioners than the alarm share")]
    AlarminglyManyDeactivated,
    /// It would change too many people.
    #[error("it would change more practitioners than the configured share")]
    ManyChanged,
    /// It would change alarmingly many people.
    #[error("it would change more practitioners than the alarm share")]
    AlarminglyManyChanged,
}

impl Suspicion {
    /// All of these as one text.
    #[must_use]
    pub fn sentences(suspicions: &[Self]) -> String {
        let sentences: Vec<String> = suspicions.iter().map(ToString::to_string).collect();
        sentences.join("; ")
    }
}

impl ImportLimits {
    /// Why these changes want a person's look. An empty directory has nothing to lose:
    /// the first import's changes never do.
    #[must_use]
    pub fn suspicions(&self, changes: &Changes) -> Vec<Suspicion> {
        let before = changes.practitioners_before;
        let degree = |part, share| match before {
            0 => Degree::Usual,
            _ if exceeds(part, before, share) && exceeds(part, before, self.alarm_share) => {
                Degree::Alarming
            }
            _ if exceeds(part, before, share) => Degree::Suspicious,
            _ => Degree::Usual,
        };
        let removal = match degree(changes.practitioners_deactivated, self.deactivated_share) {
            Degree::Usual => None,
            Degree::Suspicious => Some(Suspicion::ManyDeactivated),
            Degree::Alarming => Some(Suspicion::AlarminglyManyDeactivated),
        };
        let rewriting = match degree(changes.practitioners_changed, self.changed_share) {
            Degree::Usual => None,
            Degree::Suspicious => Some(Suspicion::ManyChanged),
            Degree::Alarming => Some(Suspicion::AlarminglyManyChanged),
        };
        removal.into_iter().chain(rewriting).collect()
    }

    /// Whether these changes are so many that somebody must be alarmed.
    #[must_use]
    pub fn alarms(&self, changes: &Changes) -> bool {
        self.suspicions(changes).iter().any(|suspicion| {
            matches!(
                suspicion,
                Suspicion::AlarminglyManyDeactivated | Suspicion::AlarminglyManyChanged
            )
        })
    }

    /// Whether so many malformed rows speak against the whole file.
    #[must_use]
    pub fn distrusts(&self, malformed: u64, rows: u64) -> bool {
        exceeds(malformed, rows, self.malformed_share)
    }
}

/// How unusual a share is.
enum Degree {
    Usual,
    Suspicious,
    Alarming,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of people and rows are far below 2^52"
)]
fn exceeds(part: u64, whole: u64, share: f64) -> bool {
    part as f64 > whole as f64 * share
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ImportLimits = ImportLimits {
        deactivated_share: 0.05,
        changed_share: 0.05,
        alarm_share: 0.2,
        malformed_share: 0.01,
    };

    fn changes(before: u64, deactivated: u64, changed: u64) -> Changes {
        Changes {
            practitioners_before: before,
            practitioners_deactivated: deactivated,
            practitioners_changed: changed,
            ..Changes::default()
        }
    }

    #[test]
    fn five_in_a_hundred_may_go_or_change_and_six_may_not() {
        assert_eq!(LIMITS.suspicions(&changes(100, 5, 5)), []);
        let suspicions = LIMITS.suspicions(&changes(100, 6, 0));
        assert_eq!(suspicions, [Suspicion::ManyDeactivated]);
        let suspicions = LIMITS.suspicions(&changes(100, 0, 6));
        assert_eq!(suspicions, [Suspicion::ManyChanged]);
    }

    #[test]
    fn more_than_twenty_in_a_hundred_are_an_alarm() {
        assert!(!LIMITS.alarms(&changes(100, 20, 20)));
        assert!(LIMITS.alarms(&changes(100, 21, 0)));
        let suspicions = LIMITS.suspicions(&changes(100, 6, 21));
        let expected = [Suspicion::ManyDeactivated, Suspicion::AlarminglyManyChanged];
        assert_eq!(suspicions, expected);
        assert_eq!(
            Suspicion::sentences(&suspicions),
            "it would deactivate more practitioners than the configured share; \
             it would change more practitioners than the alarm share"
        );
    }

    #[test]
    fn the_first_import_is_never_suspicious_for_what_it_changes() {
        assert_eq!(LIMITS.suspicions(&changes(0, 0, 1_000)), []);
    }

    #[test]
    fn one_malformed_row_in_a_hundred_is_accepted() {
        assert!(!LIMITS.distrusts(1, 100));
        assert!(LIMITS.distrusts(2, 100));
        assert!(LIMITS.distrusts(1, 1));
    }
}
