//! Calls while grants are revoked: a change must not cost those who ask about
//! something else, and it takes the cache away from those who ask about the same. The empty
//! handler is called meanwhile too: the changes take their part of the machine from
//! whoever else is served there.

use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::contender::{Contender, GrpcContender};
use super::figures::{Beside, count};
use super::load::Callers;
use super::measurement::Latencies;
use super::people::{Patient, People};
use super::portal::Portal;
use crate::client::Bearer;

/// Calls as always, while patients of whom is asked let another doctor in and take it
/// back.
pub(crate) struct WhileRevoking {
    calls: GrpcContender,
    revoker: Arc<Revoker>,
    under_way: tokio::sync::Mutex<Option<UnderWay>>,
}

struct UnderWay {
    stop: CancellationToken,
    begun: Instant,
    lanes: JoinSet<anyhow::Result<()>>,
}

#[derive(Debug)]
struct Revoker {
    portal: Portal,
    patients: Vec<Patient>,
    other_doctor: String,
    /// How long those of this turn took to return.
    revoked: Mutex<Latencies>,
}

/// So many grants are made and revoked a second, by all patients together: what the figures
/// of checks are to be measured under.
pub(crate) const REVOCATIONS_PER_SECOND: u32 = 50;

impl WhileRevoking {
    /// These calls, and these people. All of them take part: a grant and its revocation
    /// return when every promise of a cache has run out, a quarter of a second later each,
    /// and a patient waits for theirs.
    pub(crate) fn new(calls: GrpcContender, portal: Portal, people: &People) -> Self {
        Self {
            calls,
            revoker: Arc::new(Revoker {
                portal,
                patients: people.patients.clone(),
                other_doctor: people.other_doctor.clone(),
                revoked: Mutex::default(),
            }),
            under_way: tokio::sync::Mutex::new(None),
        }
    }
}

#[tonic::async_trait]
impl Contender for WhileRevoking {
    async fn callers(&self, count: usize) -> anyhow::Result<Callers> {
        let callers = self.calls.callers(count).await?;
        let signed_in = self.revoker.sign_in().await?;
        let stop = CancellationToken::new();
        let mut lanes = JoinSet::new();
        for (lane, (bearer, patient_id)) in (0..).zip(signed_in) {
            let (revoker, stopped) = (Arc::clone(&self.revoker), stop.clone());
            lanes.spawn(async move {
                revoker
                    .revoke_until(&stopped, lane, &bearer, &patient_id)
                    .await
            });
        }
        // As many as are to be revoked a second are under way only once the last patient
        // has begun.
        tokio::time::sleep(self.revoker.turn()).await;
        *self.revoker.revoked() = Latencies::default();
        *self.under_way.lock().await = Some(UnderWay {
            stop,
            begun: Instant::now(),
            lanes,
        });
        Ok(callers)
    }

    async fn end_turn(&self) -> anyhow::Result<Option<Beside>> {
        let Some(mut under_way) = self.under_way.lock().await.take() else {
            return Ok(None);
        };
        let revoked = self.revoker.revoked().clone();
        let lasted = under_way.begun.elapsed();
        under_way.stop.cancel();
        while let Some(lane) = under_way.lanes.join_next().await {
            lane?.context("revocations went wrong meanwhile")?;
        }
        Ok(Some(Beside {
            per_second: count(revoked.count()) / lasted.as_secs_f64(),
            p99_us: revoked.quantile(0.99),
        }))
    }
}

impl Revoker {
    /// Between one patient's revocation and the next patient's.
    const BETWEEN: Duration = Duration::from_nanos(1_000_000_000 / REVOCATIONS_PER_SECOND as u64);

    /// Until it is the same patient's turn again.
    fn turn(&self) -> Duration {
        let patients = u32::try_from(self.patients.len()).unwrap_or(u32::MAX);
        Self::BETWEEN * patients
    }

    fn revoked(&self) -> MutexGuard<'_, Latencies> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every turn anew: a token lasts for some minutes.
    async fn sign_in(&self) -> anyhow::Result<Vec<(Bearer, String)>> {
        let mut signed_in = Vec::new();
        for patient in &self.patients {
            let bearer = self.portal.sign_in(&patient.account).await?;
            signed_in.push((bearer, patient.patient_id.clone()));
        }
        Ok(signed_in)
    }

    /// Lets another doctor in and takes it back, whenever it is this patient's turn.
    async fn revoke_until(
        &self,
        stop: &CancellationToken,
        lane: u32,
        bearer: &Bearer,
        patient_id: &str,
    ) -> anyhow::Result<()> {
        let first = tokio::time::Instant::now() + Self::BETWEEN * lane;
        let mut pace = tokio::time::interval_at(first, self.turn());
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = pace.tick() => {}
            }
            let grant = self.portal.grant(bearer, patient_id, &self.other_doctor);
            let grant = grant.await?;
            let asked = Instant::now();
            self.portal.revoke(bearer, &grant).await?;
            self.revoked().record(asked.elapsed());
        }
    }
}
