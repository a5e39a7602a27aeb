//! Calls while grants are revoked: a change must not cost those who ask about
//! something else, and it takes the cache away from those who ask about the same. The empty
//! handler is called meanwhile too: the changes take their part of the machine from
//! whoever else is served there. What is revoked was granted before anything is measured, as
//! far as there are doctors to grant it to: enough for turns of some ten seconds.

use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use aval_proto::consent::v1::Grant;
use futures::future::try_join_all;
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

/// Calls as always, while patients of whom is asked take back what they had granted to
/// other doctors.
pub(crate) struct WhileRevoking {
    calls: GrpcContender,
    revoker: Arc<Revoker>,
    under_way: tokio::sync::Mutex<Option<UnderWay>>,
}

struct UnderWay {
    stop: CancellationToken,
    begun: Instant,
    /// How long revocations took before there were calls.
    without_calls: Latencies,
    lanes: JoinSet<anyhow::Result<()>>,
}

#[derive(Debug)]
struct Revoker {
    portal: Portal,
    patients: Vec<Patient>,
    other_doctors: Vec<String>,
    /// How long there is something to revoke.
    lasting: Duration,
    /// How long those of this turn took to return.
    revoked: Mutex<Latencies>,
}

/// So many grants are revoked a second, by all patients together: what the figures of
/// checks are to be measured under.
pub(crate) const REVOCATIONS_PER_SECOND: u32 = 50;

/// How long calls go on before they are measured, and afterwards.
const AROUND: Duration = Duration::from_secs(2);

/// A patient who can revoke.
struct Provided {
    bearer: Bearer,
    patient_id: String,
    granted: Vec<Grant>,
}

impl WhileRevoking {
    /// These calls for so long, and these people. All of them take part: a revocation
    /// returns when every promise of a cache has run out, a quarter of a second later, and a
    /// patient waits for theirs.
    pub(crate) fn new(
        calls: GrpcContender,
        portal: Portal,
        people: &People,
        lasting: Duration,
    ) -> Self {
        Self {
            calls,
            revoker: Arc::new(Revoker {
                portal,
                patients: people.patients.clone(),
                other_doctors: people.other_doctors.clone(),
                lasting: lasting + AROUND,
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
        let provided = self.revoker.provided().await?;
        // So many grants at once keep the services busy for a while afterwards.
        tokio::time::sleep(self.revoker.turn()).await;
        let stop = CancellationToken::new();
        let mut lanes = JoinSet::new();
        for (lane, one) in (0..).zip(provided) {
            let (revoker, stopped) = (Arc::clone(&self.revoker), stop.clone());
            lanes.spawn(async move { revoker.revoke_until(&stopped, lane, one).await });
        }
        // As many as are to be revoked a second are under way only once the last patient
        // has begun. Nobody calls until then.
        tokio::time::sleep(self.revoker.turn()).await;
        let without_calls = std::mem::take(&mut *self.revoker.revoked());
        *self.under_way.lock().await = Some(UnderWay {
            stop,
            begun: Instant::now(),
            without_calls,
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
            p99_without_calls_us: under_way.without_calls.quantile(0.99),
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

    /// To how many doctors a patient grants access beforehand: as often as it is their turn,
    /// at most.
    fn stock(&self) -> usize {
        let turn = self.turn().as_millis().max(1);
        let turns = self.lasting.as_millis().div_ceil(turn) + 1;
        usize::try_from(turns).map_or(self.other_doctors.len(), |turns| {
            turns.min(self.other_doctors.len())
        })
    }

    fn revoked(&self) -> MutexGuard<'_, Latencies> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every patient, signed in anew, since a token lasts for some minutes, and with what
    /// there is to revoke.
    async fn provided(&self) -> anyhow::Result<Vec<Provided>> {
        let one = async |lane: usize, patient: &Patient| {
            let bearer = self.portal.sign_in(&patient.account).await?;
            let patient_id = patient.patient_id.clone();
            // Each begins with another doctor: one inbox is not told of everything at once.
            let doctors = self
                .other_doctors
                .iter()
                .cycle()
                .skip(lane)
                .take(self.stock());
            let granted = doctors.map(|doctor| self.portal.grant(&bearer, &patient_id, doctor));
            let granted = try_join_all(granted).await?;
            anyhow::Ok(Provided {
                bearer,
                patient_id,
                granted,
            })
        };
        let patients = self.patients.iter().enumerate();
        try_join_all(patients.map(|(lane, patient)| one(lane, patient))).await
    }

    /// Revokes a grant whenever it is this patient's turn, and makes one first only where
    /// none is left; then those that are left.
    async fn revoke_until(
        &self,
        stop: &CancellationToken,
        lane: u32,
        one: Provided,
    ) -> anyhow::Result<()> {
        let Provided {
            bearer,
            patient_id,
            mut granted,
        } = one;
        let first = tokio::time::Instant::now() + Self::BETWEEN * lane;
        let mut pace = tokio::time::interval_at(first, self.turn());
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = pace.tick() => {}
            }
            let grant = match (granted.pop(), self.other_doctors.first()) {
                (Some(grant), _) => grant,
                (None, Some(doctor)) => self.portal.grant(&bearer, &patient_id, doctor).await?,
                (None, None) => anyhow::bail!("there is nobody to grant access to"),
            };
            let asked = Instant::now();
            self.portal.revoke(&bearer, &grant).await?;
            self.revoked().record(asked.elapsed());
        }
        let left = granted.iter();
        try_join_all(left.map(|grant| self.portal.revoke(&bearer, grant))).await?;
        Ok(())
    }
}
