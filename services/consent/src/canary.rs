//! Gives and takes back a right that nobody has, and measures how long afterwards it is
//! still found: it must not be found at all.

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
                    Ok(Duration::ZERO) => "fresh",
                    Ok(stale) => {
                        tracing::error!(?stale, "a right was found after it was taken back");
                        "stale"
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

    /// One round: how long the right was found after it was gone.
    pub async fn sing(&self) -> Result<Duration, Error> {
        let now = self.environment.clock.now();
        let practitioner_id = PractitionerId::new(now, self.environment.random.as_ref());
        self.store.give_canary(practitioner_id, now).await?;
        let given = self.is_found(practitioner_id).await;
        self.store.take_canary_back(practitioner_id).await?;
        let returned = Instant::now();
        given?;
        let mut staleness = Duration::ZERO;
        while self.is_found(practitioner_id).await? && staleness < PATIENCE {
            staleness = returned.elapsed();
        }
        self.staleness.record(staleness.as_secs_f64(), &[]);
        Ok(staleness)
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
