//! Calls while grants are revoked: a change must not cost those who ask about
//! something else, and it takes the cache away from those who ask about the same. The empty
//! handler is called meanwhile too: the changes take their part of the machine from
//! whoever else is served there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::contender::{Contender, GrpcContender};
use super::load::Callers;
use super::people::{Patient, People};
use super::portal::Portal;
use crate::client::Bearer;

/// Calls as always, while patients of whom is asked let another doctor in and take it
/// back.
pub(crate) struct WhileRevoking {
    calls: GrpcContender,
    revoker: Arc<Revoker>,
    under_way: Mutex<Option<UnderWay>>,
}

struct UnderWay {
    stop: CancellationToken,
    begun: Instant,
    lanes: JoinSet<anyhow::Result<u32>>,
}

#[derive(Debug)]
struct Revoker {
    portal: Portal,
    patients: Vec<Patient>,
    other_doctor: String,
}

/// So many grants are made and revoked a second, by all patients together: what the figures
/// of checks are to be measured under.
pub(crate) const REVOCATIONS_PER_SECOND: u32 = 50;
/// How many of the patients take part. A revocation returns when every promise of a cache
/// has run out, a quarter of a second later: each patient waits for theirs.
const REVOKING_PATIENTS: u32 = 16;

impl WhileRevoking {
    /// These calls, and these people.
    pub(crate) fn new(calls: GrpcContender, portal: Portal, people: &People) -> Self {
        let patients = people.patients.iter().take(REVOKING_PATIENTS as usize);
        Self {
            calls,
            revoker: Arc::new(Revoker {
                portal,
                patients: patients.cloned().collect(),
                other_doctor: people.other_doctor.clone(),
            }),
            under_way: Mutex::new(None),
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
        let begun = Instant::now();
        *self.under_way.lock().await = Some(UnderWay { stop, begun, lanes });
        Ok(callers)
    }

    async fn end_turn(&self) -> anyhow::Result<Option<f64>> {
        let Some(under_way) = self.under_way.lock().await.take() else {
            return Ok(None);
        };
        let UnderWay {
            stop,
            begun,
            mut lanes,
        } = under_way;
        let lasted = begun.elapsed().as_secs_f64();
        stop.cancel();
        let mut revoked = 0;
        while let Some(lane) = lanes.join_next().await {
            revoked += lane?.context("revocations went wrong meanwhile")?;
        }
        Ok(Some(f64::from(revoked) / lasted))
    }
}

impl Revoker {
    /// Every turn anew: a token lasts for some minutes.
    async fn sign_in(&self) -> anyhow::Result<Vec<(Bearer, String)>> {
        let mut signed_in = Vec::new();
        for patient in &self.patients {
            let bearer = self.portal.sign_in(&patient.account).await?;
            signed_in.push((bearer, patient.patient_id.clone()));
        }
        Ok(signed_in)
    }

    /// Answers how many grants this patient revoked until it was time to stop.
    async fn revoke_until(
        &self,
        stop: &CancellationToken,
        lane: u32,
        bearer: &Bearer,
        patient_id: &str,
    ) -> anyhow::Result<u32> {
        let between_lanes = Duration::from_secs(1) / REVOCATIONS_PER_SECOND;
        let first = tokio::time::Instant::now() + between_lanes * lane;
        let mut pace = tokio::time::interval_at(first, between_lanes * REVOKING_PATIENTS);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut revoked = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(revoked),
                _ = pace.tick() => {}
            }
            let grant = self.portal.grant(bearer, patient_id, &self.other_doctor);
            self.portal.revoke(bearer, &grant.await?).await?;
            if !stop.is_cancelled() {
                revoked += 1;
            }
        }
    }
}
