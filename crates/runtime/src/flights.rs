//! One reading for many who want the same at the same time.
//!
//! Whoever comes first reads; who comes while that lasts waits for what comes of it. Each
//! waits no longer than its own call does: who gives up leaves, and the reading goes on for
//! as long as somebody waits.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

/// The readings under way, by what is read.
pub struct Flights<Key, Value, Error>(Mutex<HashMap<Key, Flight<Value, Error>>>);

type Flight<Value, Error> = Shared<BoxFuture<'static, Result<Value, Arc<Error>>>>;

/// What came of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed<Value> {
    /// It was begun by this call: it saw everything committed before.
    Own(Value),
    /// It was under way: it may have seen less.
    Shared(Value),
}

impl<Key, Value, Error> Flights<Key, Value, Error>
where
    Key: Clone + Eq + Hash,
    Value: Clone,
{
    /// Joins the reading of `key` that is under way, or begins one.
    pub async fn join(
        &self,
        key: Key,
        read: impl FnOnce() -> BoxFuture<'static, Result<Value, Error>>,
    ) -> Result<Landed<Value>, Arc<Error>>
    where
        Value: Send + Sync + 'static,
        Error: Send + Sync + 'static,
    {
        let (flight, own) = {
            let mut flights = self.flights();
            if let Some(flight) = flights.get(&key) {
                (flight.clone(), false)
            } else {
                let flight = read().map(|read| read.map_err(Arc::new)).boxed().shared();
                flights.insert(key.clone(), flight.clone());
                (flight, true)
            }
        };
        let landing = Landing {
            flights: self,
            key,
            flight: &flight,
        };
        let value = flight.clone().await;
        drop(landing);
        let value = value?;
        Ok(if own {
            Landed::Own(value)
        } else {
            Landed::Shared(value)
        })
    }
}

impl<Key, Value, Error> Flights<Key, Value, Error> {
    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Flight<Value, Error>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the flight off the table when the first of its passengers leaves it, arrived
/// or not: who comes later reads again.
struct Landing<'a, Key: Eq + Hash, Value: Clone, Error> {
    flights: &'a Flights<Key, Value, Error>,
    key: Key,
    flight: &'a Flight<Value, Error>,
}

impl<Key: Eq + Hash, Value: Clone, Error> Drop for Landing<'_, Key, Value, Error> {
    fn drop(&mut self) {
        let mut flights = self.flights.flights();
        if flights
            .get(&self.key)
            .is_some_and(|present| present.ptr_eq(self.flight))
        {
            flights.remove(&self.key);
        }
    }
}

impl<Key, Value, Error> Default for Flights<Key, Value, Error> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Key, Value, Error> fmt::Debug for Flights<Key, Value, Error> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Flights")
            .field(&self.flights().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Poll;

    use futures::poll;
    use tokio::sync::Semaphore;

    use super::*;

    /// What is read, when it may be, and how often it was.
    #[derive(Default)]
    struct Library {
        flights: Flights<u8, u32, &'static str>,
        begun: Arc<AtomicU32>,
    }

    impl Library {
        /// Reads the how-manieth reading this is, once the gate opens.
        async fn read(
            &self,
            key: u8,
            gate: &Arc<Semaphore>,
        ) -> Result<Landed<u32>, Arc<&'static str>> {
            let (gate, begun) = (Arc::clone(gate), Arc::clone(&self.begun));
            let reading = || {
                async move {
                    let count = begun.fetch_add(1, Ordering::SeqCst);
                    let _open = gate.acquire().await.map_err(|_| "closed")?;
                    Ok(count)
                }
                .boxed()
            };
            self.flights.join(key, reading).await
        }
    }

    fn gate() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(0))
    }

    #[tokio::test]
    async fn who_comes_while_one_reads_waits_for_it_and_who_comes_later_reads_again() {
        let (library, gate) = (Library::default(), gate());
        let mut first = Box::pin(library.read(1, &gate));
        let mut second = Box::pin(library.read(1, &gate));
        let mut another = Box::pin(library.read(2, &gate));
        assert_eq!(poll!(&mut first), Poll::Pending);
        assert_eq!(poll!(&mut second), Poll::Pending);
        assert_eq!(poll!(&mut another), Poll::Pending);
        gate.add_permits(1);
        assert_eq!(second.await, Ok(Landed::Shared(0)));
        assert_eq!(first.await, Ok(Landed::Own(0)));
        assert_eq!(another.await, Ok(Landed::Own(1)));
        assert_eq!(library.read(1, &gate).await, Ok(Landed::Own(2)));
    }

    #[tokio::test]
    async fn who_gives_up_takes_nobody_along() {
        let (library, gate) = (Library::default(), gate());
        let mut first = Box::pin(library.read(1, &gate));
        let mut second = Box::pin(library.read(1, &gate));
        assert_eq!(poll!(&mut first), Poll::Pending);
        assert_eq!(poll!(&mut second), Poll::Pending);
        drop(first);
        gate.add_permits(1);
        assert_eq!(second.await, Ok(Landed::Shared(0)));
        assert!(library.flights.flights().is_empty());
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_who_waited_and_nobodys_afterwards() {
        let (library, gate) = (Library::default(), gate());
        let mut first = Box::pin(library.read(1, &gate));
        let mut second = Box::pin(library.read(1, &gate));
        assert_eq!(poll!(&mut first), Poll::Pending);
        assert_eq!(poll!(&mut second), Poll::Pending);
        gate.close();
        assert_eq!(first.await, Err(Arc::new("closed")));
        assert_eq!(second.await, Err(Arc::new("closed")));
        let open = Arc::new(Semaphore::new(1));
        assert_eq!(library.read(1, &open).await, Ok(Landed::Own(1)));
    }
}
