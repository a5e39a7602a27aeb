//! People who are read again and again, from memory.
//!
//! What was read is answered while this process knows that the directory has not changed
//! since: the [lease](crate::lease) says so, from a question to the database that began a
//! quarter of a second ago at most. An answer is that far behind what *another* instance
//! applied, and never behind what this one did. Batches and changes are read from the
//! database.
//!
//! Whoever is not remembered and asked for by several at once is read once: the others wait
//! for it. They join a reading of their own generation only: it saw what they may be told.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::PractitionerId;
use aval_runtime::flights::{Flights, Landed};
use futures::FutureExt;
use quick_cache::sync::Cache;

use crate::error::Error;
use crate::lease::{Generation, Lease};
use crate::metrics::ReadingMetrics;
use crate::practitioner::Practitioner;
use crate::store::{Sourced, Store};

/// How long a caller waits for what another reads.
const TOGETHER_AT_MOST: Duration = Duration::from_secs(1);

/// Reads single people.
#[derive(Debug)]
pub struct People {
    store: Arc<dyn Store>,
    lease: Arc<Lease>,
    remembered: Option<Cache<PractitionerId, Arc<Remembered>>>,
    readings: Flights<(PractitionerId, Generation), Option<Arc<Remembered>>, Error>,
    metrics: ReadingMetrics,
}

/// Somebody as they were read.
#[derive(Debug)]
struct Remembered {
    /// The one that was the present one before they were read.
    generation: Generation,
    found: Sourced<Practitioner>,
}

impl People {
    /// Reads from this store and remembers so many people at most. Nobody is answered from
    /// memory while the lease does not hold.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, most: usize, lease: Arc<Lease>) -> Self {
        Self {
            store,
            lease,
            remembered: (most > 0).then(|| Cache::new(most)),
            readings: Flights::waiting_at_most(TOGETHER_AT_MOST),
            metrics: ReadingMetrics::new(),
        }
    }

    /// The human that the id leads to, if there is such an entry.
    pub async fn read(&self, id: PractitionerId) -> Result<Option<Sourced<Practitioner>>, Error> {
        // Asked for before reading: what is committed meanwhile ends it.
        let Some((cache, generation)) = self.remembered.as_ref().zip(self.lease.generation())
        else {
            self.metrics.read("database");
            return read(self.store.as_ref(), id).await;
        };
        let remembered = cache.get(&id);
        if let Some(somebody) = remembered.filter(|known| known.generation == generation) {
            self.metrics.read("memory");
            return Ok(Some(somebody.found.clone()));
        }
        let landed = self.readings.join((id, generation), || {
            let store = Arc::clone(&self.store);
            let reading = async move {
                let found = read(store.as_ref(), id).await?;
                Ok(found.map(|found| Arc::new(Remembered { generation, found })))
            };
            reading.boxed()
        });
        let found = match landed.await.map_err(Error::ReadTogether)? {
            Landed::Own(found) => {
                self.metrics.read("database");
                if let Some(somebody) = &found {
                    cache.insert(id, Arc::clone(somebody));
                }
                found
            }
            Landed::Shared(found) => {
                self.metrics.read("another_reading");
                found
            }
        };
        Ok(found.map(|somebody| somebody.found.clone()))
    }

    /// Forgets everybody, and ends the lease for all who rest on it: this process may have
    /// changed the directory. Called before a change returns, whatever became of it.
    pub fn forget(&self) {
        self.lease.end();
    }
}

async fn read(
    store: &dyn Store,
    id: PractitionerId,
) -> Result<Option<Sourced<Practitioner>>, Error> {
    let Sourced { value, as_of } = store.practitioners(&[id]).await?;
    let found = value.into_iter().next().flatten();
    Ok(found.map(|value| Sourced { value, as_of }))
}
