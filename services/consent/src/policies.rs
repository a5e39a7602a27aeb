//! Which policy is in force: the matrices that were loaded, each from its day on, and
//! what stands in the configuration as long as there is none.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::Timestamp;

use crate::decision::Policy;
use crate::matrix::{Faults, Matrix};
use crate::store::Answer;

/// The shortest time that is kept.
const INSTANT: Duration = Duration::from_micros(1);

/// A matrix that an operator loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedMatrix {
    /// Its revision, which no other content ever has.
    pub revision: String,
    /// The file as it was loaded.
    pub content: String,
    /// The day from which it is in force; `None`: from its loading, whatever a replica's
    /// clock says.
    pub effective_from: Option<Timestamp>,
    /// When it was loaded: later than every one that was loaded before.
    pub loaded_at: Timestamp,
}

/// The policies, one after the other.
#[derive(Debug)]
pub struct Policies {
    configured: Policy,
    /// In the order in which they come into force.
    loaded: Vec<Scheduled>,
}

#[derive(Debug)]
struct Scheduled {
    matrix: LoadedMatrix,
    policy: Policy,
}

/// Gives the policies that decisions are made under. Whoever implements it promises that
/// they hold every matrix whose load had returned before the call began, and that the
/// answer is an error when that cannot be known.
pub trait PolicySource: fmt::Debug + Send + Sync {
    /// The policies, present and to come.
    fn policies(&self) -> Answer<'_, Arc<Policies>>;
}

impl LoadedMatrix {
    /// The matrix in this file, checked, to be loaded at `now`.
    pub fn new(
        content: String,
        effective_from: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Faults> {
        Ok(Self {
            revision: Matrix::parse(&content)?.revision(),
            content,
            effective_from,
            loaded_at: now,
        })
    }

    /// The same, loaded after these. If the clock says that it was loaded before one of
    /// them it is behind, and would leave that one in force for good.
    #[must_use]
    pub fn loaded_after(mut self, present: &[Self]) -> Self {
        let newest = present.iter().map(|one| one.loaded_at).max();
        if let Some(newest) = newest {
            self.loaded_at = self.loaded_at.max(newest.saturating_add(INSTANT));
        }
        self
    }

    /// From when on it is in force.
    #[must_use]
    pub fn effective_at(&self) -> Timestamp {
        self.effective_from.unwrap_or(self.loaded_at)
    }

    /// Its place in the order of coming into force. One whose day is before its loading was
    /// loaded by a clock that is behind that of the load before, and comes after it.
    fn place(&self) -> (Timestamp, Timestamp, &str) {
        let from = self.effective_at().max(self.loaded_at);
        (from, self.loaded_at, &self.revision)
    }

    fn has_come_into_force(&self, now: Timestamp) -> bool {
        self.effective_from.is_none_or(|from| from <= now)
    }
}

impl Policies {
    /// The policy of the configuration, and matrices that stand in the place of its own
    /// with the same switches. Refused when a matrix cannot be read, which names it.
    pub fn new(
        configured: &Policy,
        mut matrices: Vec<LoadedMatrix>,
    ) -> Result<Self, (String, Faults)> {
        matrices.sort_by(|one, other| one.place().cmp(&other.place()));
        let ends: Vec<_> = (1..=matrices.len())
            .map(|next| matrices.get(next..).into_iter().flatten())
            .map(|later| later.filter_map(|one| one.effective_from).min())
            .collect();
        let first_end = matrices.iter().filter_map(|one| one.effective_from).min();
        let loaded = matrices.into_iter().zip(ends).map(|(matrix, until)| {
            match Matrix::parse(&matrix.content) {
                Ok(parsed) => Ok(Scheduled {
                    policy: configured.with_matrix(parsed).until(until),
                    matrix,
                }),
                Err(error) => Err((matrix.revision, error)),
            }
        });
        Ok(Self {
            loaded: loaded.collect::<Result<_, _>>()?,
            configured: configured.clone().until(first_end),
        })
    }

    /// One policy for ever.
    #[must_use]
    pub fn always(policy: Policy) -> Self {
        Self {
            configured: policy,
            loaded: Vec::new(),
        }
    }

    /// The one in force at `now`: of the last matrix that came into force.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> &Policy {
        let scheduled = self.scheduled_for(now);
        scheduled.map_or(&self.configured, |scheduled| &scheduled.policy)
    }

    /// The matrix in force at `now`, if it is one that was loaded.
    #[must_use]
    pub fn loaded_in_force(&self, now: Timestamp) -> Option<&LoadedMatrix> {
        self.scheduled_for(now).map(|scheduled| &scheduled.matrix)
    }

    /// The matrices that were loaded, each with the policy that it is part of, in the
    /// order of coming into force.
    pub fn loaded(&self) -> impl Iterator<Item = (&LoadedMatrix, &Policy)> {
        let loaded = self.loaded.iter();
        loaded.map(|scheduled| (&scheduled.matrix, &scheduled.policy))
    }

    /// What stands in the configuration: in force until a matrix is, with the switches of
    /// every policy.
    #[must_use]
    pub const fn configured(&self) -> &Policy {
        &self.configured
    }

    fn scheduled_for(&self, now: Timestamp) -> Option<&Scheduled> {
        let mut latest_first = self.loaded.iter().rev();
        latest_first.find(|scheduled| scheduled.matrix.has_come_into_force(now))
    }
}

/// One for tests and for programs without a database.
#[derive(Debug)]
pub struct FixedPolicies(Arc<Policies>);

impl FixedPolicies {
    /// This policy for ever.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(Policies::always(policy)))
    }
}

impl PolicySource for FixedPolicies {
    fn policies(&self) -> Answer<'_, Arc<Policies>> {
        Box::pin(async { Ok(Arc::clone(&self.0)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn hours(hours: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_hours(hours))
    }

    fn loaded(revision: &str, from: Option<u64>, at: u64) -> LoadedMatrix {
        let content = format!("revision = '{revision}'");
        LoadedMatrix::new(content, from.map(hours), hours(at)).unwrap()
    }

    fn policies(matrices: Vec<LoadedMatrix>) -> Policies {
        Policies::new(&Policy::new(Matrix::example()), matrices).unwrap()
    }

    fn in_force(policies: &Policies, hour: u64) -> (&str, Option<Timestamp>) {
        let policy = policies.in_force(hours(hour));
        let revision = policy.revision().strip_prefix("2/").unwrap();
        (revision, policy.in_force_until())
    }

    #[test]
    fn without_a_matrix_the_configured_one_is_in_force() {
        assert_eq!(
            in_force(&policies(Vec::new()), 5),
            ("2026.11+example", None)
        );
    }

    #[test]
    fn each_matrix_is_in_force_from_its_day_until_the_next_ones() {
        let all = policies(vec![
            loaded("later", Some(8), 1),
            loaded("soon", Some(4), 2),
        ]);
        let until = |hour| Some(hours(hour));
        assert_eq!(in_force(&all, 3), ("2026.11+example", until(4)));
        assert_eq!(in_force(&all, 4), ("soon", until(8)));
        assert_eq!(in_force(&all, 7), ("soon", until(8)));
        assert_eq!(in_force(&all, 8), ("later", None));
    }

    #[test]
    fn a_matrix_in_force_from_its_loading_is_so_on_every_clock() {
        let all = policies(vec![loaded("first", None, 5), loaded("second", None, 6)]);
        assert_eq!(in_force(&all, 0), ("second", None));
        let all = policies(vec![loaded("day", Some(9), 1), loaded("at-once", None, 6)]);
        assert_eq!(in_force(&all, 0), ("at-once", Some(hours(9))));
        assert_eq!(in_force(&all, 9), ("day", None));
    }

    #[test]
    fn of_two_with_one_day_the_one_loaded_last_is_in_force() {
        let all = policies(vec![loaded("b", Some(4), 2), loaded("a", Some(4), 3)]);
        assert_eq!(in_force(&all, 4).0, "a");
    }

    #[test]
    fn whatever_is_loaded_by_a_clock_that_is_behind_has_the_place_of_what_was_loaded_before() {
        let ahead = loaded("ahead", None, 9);
        for (behind, hour) in [
            (loaded("at-once", None, 1), 1),
            (loaded("at-once", None, 9), 9),
            (loaded("day", Some(4), 1), 4),
        ] {
            let revision = behind.revision.clone();
            let behind = behind.loaded_after(std::slice::from_ref(&ahead));
            let all = policies(vec![behind, ahead.clone()]);
            assert_eq!(in_force(&all, hour), (revision.as_str(), None));
            assert_eq!(in_force(&all, 10), (revision.as_str(), None));
        }
        let right = loaded("right", None, 10);
        let after = right.clone().loaded_after(std::slice::from_ref(&ahead));
        assert_eq!(after, right);
    }

    #[test]
    fn a_stored_matrix_that_cannot_be_read_is_no_policy() {
        let broken = LoadedMatrix {
            content: "revision = ".to_owned(),
            ..loaded("broken", None, 1)
        };
        let configured = Policy::new(Matrix::example());
        let (named, _) = Policies::new(&configured, vec![broken]).unwrap_err();
        assert_eq!(named, "broken");
    }
}
