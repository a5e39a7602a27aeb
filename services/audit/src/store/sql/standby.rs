//! Lists from a standby, when it has all that the primary has.
//!
//! Everything that changes in this database grows the log: what is recorded, merges, erasures.
//! So the size of the log says how far a standby has come, and a list is read there only if it
//! has come as far as the primary was when the list was asked for: whoever was answered before
//! finds it. (Putting keys under another key grows nothing, and changes nothing that is read.)
//!
//! ```text
//! t0  a list is asked for
//! t1  the primary says how long the log is      both by one look into a row;
//! t2  the standby says how long it is there     at the same time
//! t3  as long or longer: the standby reads      shorter, late, away: the primary does
//! ```
//!
//! The standby is one server: of two under one name, one could answer t2 and the other t3.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aval_database::{Database, DatabaseConfig, DatabaseError};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::onward;
use crate::metrics::ListMetrics;

/// How long a standby may take to say how far it has come. A primary answers sooner than this.
const ANSWERS_WITHIN: Duration = Duration::from_millis(250);

/// How long one is left alone that did not answer.
const RESTS_FOR: Duration = Duration::from_secs(5);

/// A server that follows the database.
#[derive(Clone)]
pub struct Standby {
    inner: Arc<Inner>,
}

struct Inner {
    config: DatabaseConfig,
    /// Once it was reached: a service starts without its standby.
    db: OnceCell<Database>,
    rests_until: Mutex<Option<Instant>>,
    metrics: ListMetrics,
}

impl Standby {
    /// The one to which this leads, whenever it is there.
    #[must_use]
    pub fn new(config: DatabaseConfig) -> Self {
        let inner = Inner {
            config,
            db: OnceCell::new(),
            rests_until: Mutex::new(None),
            metrics: ListMetrics::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The standby, if it has everything that `primary` has by now.
    pub(crate) async fn level_with(
        &self,
        primary: &Database,
    ) -> Result<Option<Database>, DatabaseError> {
        if self.rests() {
            return Ok(None);
        }
        let there = tokio::time::timeout(ANSWERS_WITHIN, self.size());
        let (here, there) = tokio::join!(onward::size(primary), there);
        let here = here?;
        match there {
            Ok(Ok((db, size))) if size >= here => Ok(Some(db)),
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => {
                self.rest(&error);
                Ok(None)
            }
            Err(_) => {
                self.rest(&"no answer in time");
                Ok(None)
            }
        }
    }

    /// It is not asked for a while.
    pub(super) fn rest(&self, why: &dyn fmt::Display) {
        tracing::warn!(error = %why, "lists are read from the primary: the standby failed");
        *self.resting() = Some(Instant::now() + RESTS_FOR);
    }

    pub(super) fn metrics(&self) -> &ListMetrics {
        &self.inner.metrics
    }

    async fn size(&self) -> Result<(Database, u64), DatabaseError> {
        let connect = || Database::connect(&self.inner.config);
        let db = self.inner.db.get_or_try_init(connect).await?;
        Ok((db.clone(), onward::size(db).await?))
    }

    fn rests(&self) -> bool {
        self.resting().is_some_and(|until| Instant::now() < until)
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let resting = self.inner.rests_until.lock();
        resting.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Standby {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Standby")
    }
}
