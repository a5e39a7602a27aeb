//! Wakes those who watch an inbox when something came into it, whichever instance told
//! them.
//!
//! One statement a turn asks for every inbox that is watched here, so what watching
//! costs the database does not grow with what happens, and nobody is woken for others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::inbox::Inboxes;
use crate::notification::{InboxPosition, Recipient};

/// How often the inboxes are looked at while somebody watches.
const TURN_EVERY: Duration = Duration::from_millis(500);
/// How many watch at once in one instance.
const MOST_WATCHES: usize = 10_000;

/// Who watches which inbox.
#[derive(Debug, Default)]
pub struct Doorbell {
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    inboxes: HashMap<Recipient, Watch>,
    count: usize,
}

/// An inbox that somebody watches.
#[derive(Debug)]
struct Watch {
    head: watch::Sender<InboxPosition>,
    watchers: usize,
}

/// One who watches; until it is dropped.
#[derive(Debug)]
pub struct Listener {
    doorbell: Arc<Doorbell>,
    recipient: Recipient,
    head: watch::Receiver<InboxPosition>,
}

impl Doorbell {
    /// Watches an inbox from now on; [`Error::TooManyWatches`] when too many do. Look
    /// into the inbox after this: what came before does not ring.
    pub fn listen(self: &Arc<Self>, recipient: Recipient) -> Result<Listener, Error> {
        let mut watched = self.watched();
        if watched.count >= MOST_WATCHES {
            return Err(Error::TooManyWatches);
        }
        watched.count += 1;
        let new = || Watch {
            head: watch::Sender::new(InboxPosition::default()),
            watchers: 0,
        };
        let inbox = watched.inboxes.entry(recipient).or_insert_with(new);
        inbox.watchers += 1;
        Ok(Listener {
            doorbell: Arc::clone(self),
            recipient,
            head: inbox.head.subscribe(),
        })
    }

    /// Rings wherever the inbox moved since the last turn.
    pub async fn turn(&self, inboxes: &dyn Inboxes) -> Result<(), Error> {
        let recipients: Vec<_> = self.watched().inboxes.keys().copied().collect();
        if recipients.is_empty() {
            return Ok(());
        }
        let heads = inboxes.inbox_heads(&recipients).await?;
        let watched = self.watched();
        for (recipient, head) in recipients.iter().zip(heads) {
            if let Some(inbox) = watched.inboxes.get(recipient) {
                inbox.head.send_if_modified(|known| {
                    let moved = *known != head;
                    *known = head;
                    moved
                });
            }
        }
        Ok(())
    }

    /// Turns until `shutdown`. While the database does not answer nothing rings.
    pub async fn run(&self, inboxes: &dyn Inboxes, shutdown: CancellationToken) {
        let for_ever = async {
            loop {
                if let Err(error) = self.turn(inboxes).await {
                    tracing::warn!(%error, "watched inboxes were not looked at");
                }
                tokio::time::sleep(TURN_EVERY).await;
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }

    /// Rings wherever somebody watches.
    #[cfg(test)]
    pub(crate) fn ring(&self) {
        for inbox in self.watched().inboxes.values() {
            inbox.head.send_modify(|_| {});
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Returns when the inbox moved since the last time, or since the beginning.
    pub async fn rung(&mut self) {
        // The sender lives while this does.
        let _ = self.head.changed().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut watched = self.doorbell.watched();
        watched.count -= 1;
        if let Some(inbox) = watched.inboxes.get_mut(&self.recipient) {
            inbox.watchers -= 1;
            if inbox.watchers == 0 {
                watched.inboxes.remove(&self.recipient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::id::PatientId;
    use uuid::Uuid;

    use super::*;

    fn patient(number: u128) -> Recipient {
        Recipient::Patient(PatientId::from_uuid(Uuid::from_u128(number)))
    }

    #[test]
    fn who_no_longer_watches_leaves_nothing_behind() {
        let doorbell = Arc::new(Doorbell::default());
        let first = doorbell.listen(patient(1)).unwrap();
        let second = doorbell.listen(patient(1)).unwrap();
        let other = doorbell.listen(patient(2)).unwrap();
        drop((first, other));
        let left: Vec<_> = doorbell.watched().inboxes.keys().copied().collect();
        assert_eq!((left, doorbell.watched().count), (vec![patient(1)], 1));
        drop(second);
        assert_eq!(doorbell.watched().inboxes.len(), 0);
    }

    #[test]
    fn one_too_many_is_refused_until_another_leaves() {
        let doorbell = Arc::new(Doorbell::default());
        let mut listening: Vec<_> = (0..MOST_WATCHES)
            .map(|_| doorbell.listen(patient(1)).unwrap())
            .collect();
        let refused = doorbell.listen(patient(2));
        assert!(matches!(refused, Err(Error::TooManyWatches)));
        listening.pop();
        assert!(doorbell.listen(patient(2)).is_ok());
    }
}
