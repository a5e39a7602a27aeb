//! Checks while grants are revoked: a change must not cost those who ask about
//! something else, and it takes the cache away from those who ask about the same.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::contender::{Contender, GrpcContender};
use super::load::Callers;
use super::people::{Patient, People};
use super::portal::Portal;
use crate::client::Bearer;

/// `Check` as always, while patients of whom is asked let another doctor in and take
/// it back.
pub(crate) struct WhileRevoking {
    checks: GrpcContender,
    revoker: Arc<Revoker>,
    under_way: Mutex<Option<UnderWay>>,
}

struct UnderWay {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<u64>>,
}

#[derive(Debug)]
struct Revoker {
    portal: Portal,
    patients: Vec<Patient>,
    other_doctor: String,
}

/// A grant and its revocation are begun so often, at most.
const PACE: Duration = Duration::from_millis(50);
/// How many of the patients take part.
const REVOKING_PATIENTS: usize = 8;

impl WhileRevoking {
    /// These checks, and these people.
    pub(crate) fn new(checks: GrpcContender, portal: Portal, people: &People) -> Self {
        let patients = people.patients.iter().take(REVOKING_PATIENTS);
        Self {
            checks,
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
        let callers = self.checks.callers(count).await?;
        let signed_in = self.revoker.sign_in().await?;
        let stop = CancellationToken::new();
        let (revoker, stopped) = (Arc::clone(&self.revoker), stop.clone());
        let task = tokio::spawn(async move { revoker.revoke_until(stopped, signed_in).await });
        *self.under_way.lock().await = Some(UnderWay { stop, task });
        Ok(callers)
    }

    async fn end_turn(&self) -> anyhow::Result<()> {
        let Some(UnderWay { stop, task }) = self.under_way.lock().await.take() else {
            return Ok(());
        };
        stop.cancel();
        let revoked = task.await?.context("revocations went wrong meanwhile")?;
        anyhow::ensure!(revoked > 0, "no grant was revoked meanwhile");
        Ok(())
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

    /// Answers how many grants were revoked.
    async fn revoke_until(
        &self,
        stop: CancellationToken,
        signed_in: Vec<(Bearer, String)>,
    ) -> anyhow::Result<u64> {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut revoked = 0;
        for (bearer, patient_id) in signed_in.iter().cycle() {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = pace.tick() => {}
            }
            let grant = self.portal.grant(bearer, patient_id, &self.other_doctor);
            self.portal.revoke(bearer, &grant.await?).await?;
            revoked += 1;
        }
        Ok(revoked)
    }
}
