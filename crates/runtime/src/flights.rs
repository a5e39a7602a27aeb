//! One reading for many who want the same at the same time.
//!
//! Whoever comes first reads; who comes while that lasts waits for what comes of it. Each
//! waits no longer than its own call does: who gives up leaves, and the reading goes on for
//! as long as somebody waits. And nobody waits for another's reading longer than it should
//! take: one that hangs on a dead connection holds up those alone who were there first.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

/// The readings under way, by what is read.
pub struct Flights<Key, Value, Error> {
    under_way: Mutex<HashMap<Key, Flight<Value, Error>>>,
    patience: Duration,
}

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
    /// Joins the reading of `key` that is under way, or begins one; begins one too where the
    /// other's lasts longer than is waited for.
    pub async fn join(
        &self,
        key: Key,
        read: impl Fn() -> BoxFuture<'static, Result<Value, Error>>,
    ) -> Result<Landed<Value>, Arc<Error>>
    where
        Value: Send + Sync + 'static,
        Error: Send + Sync + 'static,
    {
        loop {
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
            let _landing = Landing {
                flights: self,
                key: key.clone(),
                flight: &flight,
            };
            if own {
                return Ok(Landed::Own(flight.clone().await?));
            }
            // Where it lasts too long it is taken off the table, and the next one begun is
            // everybody's who was tired of it.
            if let Ok(value) = tokio::time::timeout(self.patience, flight.clone()).await {
                return Ok(Landed::Shared(value?));
            }
        }
    }
}

impl<Key, Value, Error> Flights<Key, Value, Error> {
    /// Nothing under way. Nobody waits for another's reading longer than this.
    #[must_use]
    pub fn waiting_at_most(patience: Duration) -> Self {
        Self {
            under_way: Mutex::default(),
            patience,
        }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Flight<Value, Error>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

impl<Key, Value, Error> fmt::Debug for Flights<Key, Value, Error> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Flights")
            .field("under_way", &self.flights().len())
            .field("patience", &self.patience)
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
    struct Library {
        flights: Flights<u8, u32, &'static str>,
        begun: Arc<AtomicU32>,
    }

    impl Library {
        fn waiting_at_most(patience: Duration) -> Self {
            Self {
                flights: Flights::waiting_at_most(patience),
                begun: Arc::default(),
            }
        }

        /// Reads the how-manieth reading this is, once the gate opens.
        async fn read(
            &self,
            key: u8,
            gate: &Arc<Semaphore>,
        ) -> Result<Landed<u32>, Arc<&'static str>> {
            let reading = || {
                let (gate, begun) = (Arc::clone(gate), Arc::clone(&self.begun));
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
        let (library, gate) = (Library::waiting_at_most(Duration::MAX), gate());
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
        let (library, gate) = (Library::waiting_at_most(Duration::MAX), gate());
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
    async fn who_is_tired_of_anothers_reading_begins_one_and_is_joined_there() {
        let library = Library::waiting_at_most(Duration::ZERO);
        let (hangs, works) = (gate(), Arc::new(Semaphore::new(9)));
        let mut first = Box::pin(library.read(1, &hangs));
        assert_eq!(poll!(&mut first), Poll::Pending);
        assert_eq!(library.read(1, &works).await, Ok(Landed::Own(1)));
        // The one that hung is nobody's but its own, and lands when it does.
        assert!(library.flights.flights().is_empty());
        hangs.add_permits(1);
        assert_eq!(first.await, Ok(Landed::Own(0)));
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_who_waited_and_nobodys_afterwards() {
        let (library, gate) = (Library::waiting_at_most(Duration::MAX), gate());
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
