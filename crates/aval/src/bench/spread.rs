//! What several rounds say together.

use serde::Serialize;

/// The median of some values, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// The one in the middle; of an even number of values, halfway between the two.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) lowest: f64,
    /// The largest.
    pub(crate) highest: f64,
}

impl Spread {
    /// Of these values; `None` if there is none, or one is not a number.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        if values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let (lowest, highest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self {
            median,
            lowest,
            highest,
        })
    }

    /// Of the ratios of what was measured in the same round: what the machine does to
    /// a whole round it does to both. `None` if a round has no ratio.
    pub(crate) fn of_ratios(
        values: impl IntoIterator<Item = f64>,
        baselines: impl IntoIterator<Item = f64>,
    ) -> Option<Self> {
        let pairs = values.into_iter().zip(baselines);
        Self::of(pairs.map(|(value, baseline)| value / baseline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(median: f64, lowest: f64, highest: f64) -> Spread {
        Spread {
            median,
            lowest,
            highest,
        }
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(Spread::of([9.0, 1.0, 4.0]), Some(spread(4.0, 1.0, 9.0)));
        assert_eq!(
            Spread::of([9.0, 1.0, 4.0, 2.0]),
            Some(spread(3.0, 1.0, 9.0))
        );
        assert_eq!(Spread::of([5.0]), Some(spread(5.0, 5.0, 5.0)));
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([1.0, f64::NAN]), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The second round was slow for both: the ratio does not know.
        let ratio = Spread::of_ratios([90.0, 45.0, 80.0], [100.0, 50.0, 100.0]);
        assert_eq!(ratio, Some(spread(0.9, 0.8, 0.9)));
    }

    #[test]
    fn a_baseline_that_did_nothing_gives_no_ratio() {
        assert_eq!(Spread::of_ratios([1.0, 1.0], [1.0, 0.0]), None);
        assert_eq!(Spread::of_ratios([0.0], [0.0]), None);
    }
}
