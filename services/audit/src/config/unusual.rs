//! What counts as unusual.

use aval_runtime::config::{ConfigError, DurationText};
use serde::Deserialize;

use crate::unusual::Rules;

/// What counts as unusual. Whoever changes it changes the lists of past periods too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnusualConfig {
    /// For how long before a period it is known what is usual. Default: 28 days.
    pub past: DurationText,
    /// Within what time an emergency is followed up. Default: 7 days.
    pub follow_up: DurationText,
    /// How many patients a day are too many, whatever explains them. Default: 200.
    pub most_patients: usize,
    /// How many patients a day without an explanation are never too many. Default: 10.
    pub least_patients: usize,
    /// How many times a professional's busiest day before is too many without an
    /// explanation. Default: 3.
    pub times_the_usual: usize,
    /// The hour of the day, in Paris, at which the usual hours begin. Default: 7.
    pub hours_begin: u8,
    /// The hour at which they have ended. Default: 21.
    pub hours_end: u8,
}

impl Default for UnusualConfig {
    fn default() -> Self {
        let rules = Rules::default();
        Self {
            past: rules.past.into(),
            follow_up: rules.follow_up.into(),
            most_patients: rules.most_patients,
            least_patients: rules.least_patients,
            times_the_usual: rules.times_the_usual,
            hours_begin: rules.hours_begin,
            hours_end: rules.hours_end,
        }
    }
}

impl UnusualConfig {
    /// The rules.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            past: self.past.get(),
            follow_up: self.follow_up.get(),
            most_patients: self.most_patients,
            least_patients: self.least_patients,
            times_the_usual: self.times_the_usual,
            hours_begin: self.hours_begin,
            hours_end: self.hours_end,
        }
    }

    /// Refuses what may not be, naming the key.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let a_day = DurationText::from_secs(24 * 3_600);
        let rules = [
            (self.past >= a_day, "unusual.past", "must be at least 24h"),
            (
                self.follow_up >= a_day,
                "unusual.follow_up",
                "must be at least 24h",
            ),
            (
                self.hours_begin < self.hours_end && self.hours_end <= 24,
                "unusual.hours_end",
                "must be later than hours_begin, and at most 24",
            ),
        ];
        let broken = rules.into_iter().find(|(holds, ..)| !holds);
        broken.map_or(Ok(()), |(_, key, rule)| {
            Err(ConfigError::Refused {
                key,
                rule: rule.to_owned(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_judge_without_knowing_is_refused() {
        let shortly = DurationText::from_secs(60);
        let right = UnusualConfig::default;
        let wrong = [
            (
                "unusual.past",
                UnusualConfig {
                    past: shortly,
                    ..right()
                },
            ),
            (
                "unusual.follow_up",
                UnusualConfig {
                    follow_up: shortly,
                    ..right()
                },
            ),
            (
                "unusual.hours_end",
                UnusualConfig {
                    hours_end: 7,
                    ..right()
                },
            ),
            (
                "unusual.hours_end",
                UnusualConfig {
                    hours_end: 25,
                    ..right()
                },
            ),
        ];
        UnusualConfig::default().check().unwrap();
        for (key, config) in wrong {
            let refused = config.check();
            assert!(
                matches!(refused, Err(ConfigError::Refused { key: named, .. }) if named == key),
                "{key}: {refused:?}"
            );
        }
    }
}
