//! Gives and takes back a right that nobody has, and measures how long afterwards it is
//! still found: it must not be found at all. While it is given it must be found: one that
//! never was proves nothing when it is not found afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aval_domain::id::PractitionerId;
use aval_runtime::environment::Environment;
use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};
use tokio_util::sync::CancellationToken;

use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::error::Error;
use crate::store::sql::{CANARY_PATIENT, SqlStore};

/// How often.
const EVERY: Duration = Duration::from_secs(30);
/// For how long it is looked for at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a round found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// The right was found while it was given, and not once it was taken back.
    Fresh,
    /// It was found for so long after it was taken back.
    Stale(Duration),
    /// It was not found while it was given: nothing is known of staleness.
    Unseen,
}

/// Sings until `shutdown`.
#[derive(Debug)]
pub struct Canary {
    store: Arc<SqlStore>,
    source: Arc<dyn AccessBasisSource>,
    environment: Environment,
    staleness: Gauge<f64>,
    rounds: Counter<u64>,
}

impl Canary {
    /// One that changes this store and looks where decisions look.
    #[must_use]
    pub fn new(
        store: Arc<SqlStore>,
        source: Arc<dyn AccessBasisSource>,
        environment: Environment,
    ) -> Self {
        let meter = meter();
        Self {
            store,
            source,
            environment,
            staleness: meter
                .f64_gauge("aval.consent.canary.staleness")
                .with_description(
                    "For how long after its revocation had returned the canary's right was found.",
                )
                .with_unit("s")
                .build(),
            rounds: meter
                .u64_counter("aval.consent.canary.rounds")
                .with_description("Rights given to the canary and taken back, by result.")
                .build(),
        }
    }

    /// Gives and takes back, again and again.
    pub async fn run(self, shutdown: CancellationToken) {
        let for_ever = async {
            loop {
                tokio::time::sleep(EVERY).await;
                let result = match self.sing().await {
                    Ok(Round::Fresh) => "fresh",
                    Ok(Round::Stale(stale)) => {
                        tracing::error!(?stale, "a right was found after it was taken back");
                        "stale"
                    }
                    Ok(Round::Unseen) => {
                        tracing::error!("a right was not found after it was given");
                        "unseen"
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the canary did not sing");
                        "failed"
                    }
                };
                self.rounds.add(1, &[KeyValue::new("result", result)]);
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }

    /// One round.
    pub async fn sing(&self) -> Result<Round, Error> {
        let now = self.environment.clock.now();
        let practitioner_id = PractitionerId::new(now, self.environment.random.as_ref());
        self.store.give_canary(practitioner_id, now).await?;
        let given = self.is_found(practitioner_id).await;
        self.store.take_canary_back(practitioner_id).await?;
        let returned = Instant::now();
        let was_found = given?;
        let mut staleness = Duration::ZERO;
        while self.is_found(practitioner_id).await? && staleness < PATIENCE {
            staleness = returned.elapsed();
        }
        let round = match staleness {
            Duration::ZERO if !was_found => return Ok(Round::Unseen),
            Duration::ZERO => Round::Fresh,
            stale => Round::Stale(stale),
        };
        self.staleness.record(staleness.as_secs_f64(), &[]);
        Ok(round)
    }

    async fn is_found(&self, practitioner_id: PractitionerId) -> Result<bool, Error> {
        let query = AccessQuery {
            patient_id: CANARY_PATIENT,
            practitioner_id: Some(practitioner_id),
            organization_id: None,
            documents: Vec::new(),
        };
        let bases = self
            .source
            .access_bases(std::slice::from_ref(&query))
            .await?;
        Ok(bases.iter().any(|basis| basis.treating_doctor))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aval_database::migrate;
    use aval_database::testing::TestDatabase;

    use super::*;
    use crate::decision::AccessBasis;
    use crate::store::Answer;
    use crate::store::sql::Migrator;

    /// Finds the right the first times it is asked.
    #[derive(Debug)]
    struct Finds(AtomicU32);

    impl AccessBasisSource for Finds {
        fn access_bases<'a>(
            &'a self,
            _: &'a [AccessQuery<'a>],
        ) -> Answer<'a, Vec<Arc<AccessBasis>>> {
            let left = self
                .0
                .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                });
            let basis = AccessBasis {
                treating_doctor: left.is_ok(),
                ..AccessBasis::default()
            };
            Box::pin(async { Ok(vec![Arc::new(basis)]) })
        }
    }

    #[tokio::test]
    async fn a_right_that_is_never_found_is_no_fresh_one() {
        let database = TestDatabase::sqlite().await;
        migrate::migrate::<Migrator>(&database.db).await.unwrap();
        let sing = async |times| {
            let store = Arc::new(SqlStore::new(database.db.clone()));
            let source = Arc::new(Finds(AtomicU32::new(times)));
            let canary = Canary::new(store, source, Environment::system());
            canary.sing().await.unwrap()
        };
        assert_eq!(sing(0).await, Round::Unseen);
        assert_eq!(sing(1).await, Round::Fresh);
        assert!(matches!(sing(2).await, Round::Stale(_)));
    }
}
