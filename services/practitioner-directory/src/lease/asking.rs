//! Asking the database at which revision the directory is, for the lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Lease;
use crate::error::Error;
use crate::store::Store;

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Whoever asks, for all who answer from memory.
#[derive(Debug)]
pub struct Asking {
    lease: Arc<Lease>,
    store: Arc<dyn Store>,
}

impl Asking {
    /// Asks this store for this lease.
    #[must_use]
    pub fn new(lease: Arc<Lease>, store: Arc<dyn Store>) -> Self {
        Self { lease, store }
    }

    /// Asks once.
    pub(crate) async fn ask(&self) -> Result<(), Error> {
        let asked = self.lease.ask();
        let revision = self.store.newest_revision().await?;
        self.lease.answered(asked, revision);
        Ok(())
    }

    /// Asks again and again until `shutdown`. While the database does not answer the lease
    /// runs out, and nothing is answered from memory.
    pub async fn go_on(self, shutdown: CancellationToken) {
        let for_ever = async {
            let mut turn = tokio::time::interval(ASK_EVERY);
            turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut silent = false;
            loop {
                turn.tick().await;
                match self.ask().await {
                    Ok(()) => silent = false,
                    Err(error) if !silent => {
                        tracing::warn!(%error, "the revision is not read: nothing is answered from memory");
                        silent = true;
                    }
                    Err(_) => {}
                }
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }
}
