//! One reading of the database for many who want the same.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::entry::AccessKey;
use super::tier::Kept;
use crate::error::Error;

/// The readings under way.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<AccessKey, Flight>>);

type Flight = Shared<BoxFuture<'static, Result<Arc<Kept>, Arc<Error>>>>;

/// What came of a reading.
pub(super) enum Landed {
    /// It was begun by this call: it saw everything committed before.
    Own(Arc<Kept>),
    /// It was under way: it may have seen less.
    Shared(Arc<Kept>),
}

impl Flights {
    /// Joins the reading of `key` that is under way, or begins one.
    pub(super) async fn join(
        &self,
        key: AccessKey,
        read: impl FnOnce() -> BoxFuture<'static, Result<Arc<Kept>, Error>>,
    ) -> Result<Landed, Arc<Error>> {
        let (flight, own) = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(flight) = flights.get(&key) {
                (flight.clone(), false)
            } else {
                let flight = read().map(|read| read.map_err(Arc::new)).boxed().shared();
                flights.insert(key, flight.clone());
                (flight, true)
            }
        };
        let landing = Landing {
            flights: self,
            key,
            flight: &flight,
        };
        let kept = flight.clone().await;
        drop(landing);
        let kept = kept?;
        Ok(if own {
            Landed::Own(kept)
        } else {
            Landed::Shared(kept)
        })
    }
}

/// Takes the flight off the table when the first of its passengers leaves it, arrived
/// or not: who comes later reads again.
struct Landing<'a> {
    flights: &'a Flights,
    key: AccessKey,
    flight: &'a Flight,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut flights = self
            .flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if flights
            .get(&self.key)
            .is_some_and(|present| present.ptr_eq(self.flight))
        {
            flights.remove(&self.key);
        }
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        formatter
            .debug_tuple("Flights")
            .field(&flights.len())
            .finish()
    }
}
