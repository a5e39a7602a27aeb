//! Who goes on next.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::BoxFuture;

use super::world::World;

/// Futures that wait for nothing but their turn.
pub(super) struct Schedule {
    tasks: Vec<BoxFuture<'static, ()>>,
    world: World,
    state: u64,
}

impl Schedule {
    pub(super) fn new(seed: u64, world: World) -> Self {
        Self {
            tasks: Vec::new(),
            world,
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    pub(super) fn add(&mut self, task: BoxFuture<'static, ()>) {
        self.tasks.push(task);
    }

    /// Takes so many turns: a task goes on to its next wait, or time passes.
    pub(super) fn run(&mut self, turns: usize) {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..turns {
            let turn = self.draw(self.tasks.len() as u64 + 2);
            let task = usize::try_from(turn).unwrap();
            if task >= self.tasks.len() {
                let time = Duration::from_millis(self.draw(60));
                self.world.pass(time);
            } else if self.tasks[task].as_mut().poll(&mut context).is_ready() {
                drop(self.tasks.swap_remove(task));
            }
        }
    }

    /// A number below `bound` (Marsaglia's xorshift).
    fn draw(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % bound
    }
}

/// Takes all the turns that something needs.
pub(super) fn alone<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return done;
        }
    }
}

/// Lets others go on.
pub(super) async fn a_turn() {
    let mut waited = false;
    std::future::poll_fn(|_| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        Poll::Pending
    })
    .await;
}
