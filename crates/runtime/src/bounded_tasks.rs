//! Tasks of which so many run at once: for one more, the oldest is ended.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// Tasks for whoever comes, of whom nothing is known yet. Who comes late is not kept waiting by
/// those who came and do nothing: when there is no room, whoever has had their time makes way,
/// the oldest first.
#[derive(Debug)]
pub(crate) struct BoundedTasks<T> {
    most: usize,
    at_least: Duration,
    tasks: JoinSet<T>,
    /// Those that may still run, the oldest first.
    begun: VecDeque<(Instant, AbortHandle)>,
}

impl<T: Send + 'static> BoundedTasks<T> {
    /// So many at once, each of which has this time before it may be ended for another.
    pub(crate) fn new(most: usize, at_least: Duration) -> Self {
        Self {
            most,
            at_least,
            tasks: JoinSet::new(),
            begun: VecDeque::new(),
        }
    }

    /// When there is room for one more; none: now.
    pub(crate) fn full_until(&mut self) -> Option<Instant> {
        if self.begun.len() < self.most {
            return None;
        }
        self.begun.retain(|(_, task)| !task.is_finished());
        if self.begun.len() < self.most {
            return None;
        }
        let (begun, _) = self.begun.front()?;
        let has_had_its_time = *begun + self.at_least;
        (has_had_its_time > Instant::now()).then_some(has_had_its_time)
    }

    /// Begins one more; if there is no room, in the place of the oldest.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = T> + Send + 'static) {
        if self.begun.len() >= self.most
            && let Some((_, oldest)) = self.begun.pop_front()
        {
            oldest.abort();
        }
        let task = self.tasks.spawn(task);
        self.begun.push_back((Instant::now(), task));
    }

    /// What the next one that ends by itself comes to; none while there is none at all.
    pub(crate) async fn next(&mut self) -> Option<T> {
        loop {
            // An error is of one that was ended, or that panicked, which the log has.
            if let Ok(done) = self.tasks.join_next().await? {
                return Some(done);
            }
        }
    }

    /// How many run.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }
}

/// Sleeps until there is room.
pub(crate) async fn room(full_until: Option<Instant>) {
    if let Some(when) = full_until {
        tokio::time::sleep_until(when).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn for_one_more_the_oldest_makes_way_once_it_has_had_its_time() {
        let least = Duration::from_millis(200);
        let mut tasks = BoundedTasks::new(2, least);
        let begun = Instant::now();
        let running = Arc::new(());
        for _ in 0..2 {
            assert_eq!(tasks.full_until(), None);
            let held = Arc::clone(&running);
            tasks.spawn(async move {
                std::future::pending::<()>().await;
                drop(held);
            });
        }
        let when = tasks.full_until().unwrap();
        assert!((begun + least..=Instant::now() + least).contains(&when));
        room(Some(when)).await;
        assert_eq!(tasks.full_until(), None);
        tasks.spawn(async {});
        assert_eq!(tasks.next().await, Some(()));
        // The one that made way, the one that ended and the one that goes on.
        assert_eq!(Arc::strong_count(&running), 2);
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks.full_until(), None);
    }
}
