//! Time that passes only when nobody has anything left to do.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::Timepiece;

/// Time for tests: it stands still while there is work, and then jumps to the next
/// moment that somebody waits for.
#[derive(Debug, Clone, Default)]
pub(in crate::bench::load) struct VirtualTime(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    now: Duration,
    waiting: Vec<(Duration, Waker)>,
}

impl VirtualTime {
    /// Runs `work`, and all that it spawns, in this time.
    pub(in crate::bench::load) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let time = self.clone();
        tokio::runtime::Builder::new_current_thread()
            .on_thread_park(move || time.jump())
            .build()
            .unwrap()
            .block_on(work)
    }

    fn jump(&self) {
        let mut state = self.0.lock().unwrap();
        let next = state.waiting.iter().map(|(moment, _)| *moment).min();
        let next = next.expect("everybody waits for somebody else, and nobody for the time");
        state.now = next;
        let (due, later) = std::mem::take(&mut state.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(moment, _)| *moment <= next);
        state.waiting = later;
        drop(state);
        for (_, waker) in due {
            waker.wake();
        }
    }
}

impl Timepiece for VirtualTime {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    async fn until(&self, moment: Duration) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if state.now >= moment {
                return Poll::Ready(());
            }
            state.waiting.push((moment, cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
