//! How many events wait for the log, and from how many on the one who writes wants to hear.
//!
//! Whoever delivers does not wake the writer while it stores a batch: of hundreds that arrive
//! meanwhile only the one with which enough wait does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Nobody wants to hear.
const NEVER: usize = usize::MAX;

/// Events that were delivered and not answered, those that are being stored among them.
#[derive(Debug)]
pub(super) struct Waits {
    events: AtomicUsize,
    enough: AtomicUsize,
    reached: Notify,
    /// How many batches were made ready while another one was being stored.
    #[cfg(test)]
    made_ready: AtomicUsize,
}

/// So many events that wait, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    waits: Arc<Waits>,
    events: usize,
}

impl Waits {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            events: AtomicUsize::new(0),
            enough: AtomicUsize::new(NEVER),
            reached: Notify::new(),
            #[cfg(test)]
            made_ready: AtomicUsize::new(0),
        })
    }

    /// So many more wait.
    pub(super) fn count(self: &Arc<Self>, events: usize) -> Counted {
        let before = self.events.fetch_add(events, Ordering::SeqCst);
        // Either this sees what is wanted, or who wants it sees these.
        let enough = self.enough.load(Ordering::SeqCst);
        if before < enough && before + events >= enough {
            self.reached.notify_one();
        }
        Counted {
            waits: Arc::clone(self),
            events,
        }
    }

    /// Ends when so many wait. One at a time may ask.
    pub(super) async fn reach(&self, enough: usize) {
        self.enough.store(enough, Ordering::SeqCst);
        while self.events.load(Ordering::SeqCst) < enough {
            self.reached.notified().await;
        }
        self.enough.store(NEVER, Ordering::SeqCst);
    }

    #[cfg(test)]
    pub(super) fn tell_made_ready(&self, is_ready: bool) {
        self.made_ready
            .fetch_add(usize::from(is_ready), Ordering::SeqCst);
    }

    /// How many events wait by now.
    #[cfg(test)]
    pub(super) fn events(&self) -> usize {
        self.events.load(Ordering::SeqCst)
    }

    #[cfg(test)]
    pub(super) fn made_ready(&self) -> usize {
        self.made_ready.load(Ordering::SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.waits.events.fetch_sub(self.events, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    #[tokio::test]
    async fn who_wants_to_hear_of_so_many_hears_when_they_wait() {
        let waits = Waits::new();
        let one = waits.count(3);
        let mut four = Box::pin(waits.reach(4));
        assert!(poll!(&mut four).is_pending());
        let two = waits.count(1);
        assert!(poll!(&mut four).is_ready());
        drop(one);
        let mut five = Box::pin(waits.reach(5));
        assert!(poll!(&mut five).is_pending());
        let _three = waits.count(3);
        assert!(poll!(&mut five).is_pending());
        drop(two);
        let _four = waits.count(2);
        assert!(poll!(&mut five).is_ready());
    }

    #[tokio::test]
    async fn who_asks_late_hears_at_once() {
        let waits = Waits::new();
        let _one = waits.count(7);
        waits.reach(7).await;
        waits.reach(1).await;
    }
}
