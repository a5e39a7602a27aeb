//! One look at the database for all who wait for one.
//!
//! Whoever asks while a look is under way waits for the next one, together with all who ask
//! meanwhile: a look has begun after everybody it serves had asked, so it saw whatever was
//! committed before that. No timer: who asks alone is looked for at once, and under load one
//! statement serves many.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aval_database::DatabaseError;
use futures::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::oneshot;

/// Those who wait for a look, with what each asks. Cloning gives another handle on the same.
pub(super) struct Together<Asked, Told>(Arc<Mutex<Waiting<Asked, Told>>>);

type Answer<Told> = oneshot::Sender<Result<Told, DatabaseError>>;

struct Waiting<Asked, Told> {
    asked: Vec<Asked>,
    answers: Vec<Answer<Told>>,
    /// Whether a task looks, and will serve whoever is here.
    is_looking: bool,
}

impl<Asked, Told> Together<Asked, Told>
where
    Asked: Send + 'static,
    Told: Clone + Send + 'static,
{
    /// Waits for a look that begins from now on and is told what is asked here among
    /// others; what it finds is told to all of them. `look` is used by whoever finds nobody
    /// looking, and has to be the same for all.
    pub(super) async fn ask<Look>(&self, asked: Asked, look: Look) -> Result<Told, DatabaseError>
    where
        Look: Fn(Vec<Asked>) -> BoxFuture<'static, Result<Told, DatabaseError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        if self.wait(asked, answer) {
            let looking = Looking {
                together: self.clone(),
                has_ended: false,
            };
            tokio::spawn(async move { looking.run(look).await });
        }
        answered.await.unwrap_or_else(|_| Err(abandoned()))
    }

    /// Stands in line. Answers whether nobody looks, so that whoever came has to.
    fn wait(&self, asked: Asked, answer: Answer<Told>) -> bool {
        let mut waiting = self.waiting();
        waiting.asked.push(asked);
        waiting.answers.push(answer);
        !std::mem::replace(&mut waiting.is_looking, true)
    }

    /// Those who wait; none: nobody looks any more.
    fn next(&self) -> Option<Waiting<Asked, Told>> {
        let mut waiting = self.waiting();
        waiting.is_looking = !waiting.asked.is_empty();
        waiting.is_looking.then(|| Waiting {
            asked: std::mem::take(&mut waiting.asked),
            answers: std::mem::take(&mut waiting.answers),
            is_looking: true,
        })
    }
}

impl<Asked, Told> Together<Asked, Told> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<Asked, Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that looks. If it ends before its time those who wait are told, and the next who
/// asks begins another.
struct Looking<Asked, Told> {
    together: Together<Asked, Told>,
    has_ended: bool,
}

impl<Asked, Told> Looking<Asked, Told>
where
    Asked: Send + 'static,
    Told: Clone + Send + 'static,
{
    async fn run<Look>(mut self, look: Look)
    where
        Look: Fn(Vec<Asked>) -> BoxFuture<'static, Result<Told, DatabaseError>> + Send + 'static,
    {
        while let Some(waiting) = self.together.next() {
            let found = look(waiting.asked).await;
            for answer in waiting.answers {
                // Who gave up does not hear it.
                _ = answer.send(found.clone());
            }
        }
        // From here on another task may look.
        self.has_ended = true;
    }
}

impl<Asked, Told> Drop for Looking<Asked, Told> {
    fn drop(&mut self) {
        if !self.has_ended {
            *self.together.waiting() = Waiting::default();
        }
    }
}

fn abandoned() -> DatabaseError {
    DbErr::Custom("a look at the database was abandoned".to_owned()).into()
}

impl<Asked, Told> Default for Waiting<Asked, Told> {
    fn default() -> Self {
        Self {
            asked: Vec::new(),
            answers: Vec::new(),
            is_looking: false,
        }
    }
}

impl<Asked, Told> Default for Together<Asked, Told> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<Asked, Told> Clone for Together<Asked, Told> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Asked, Told> fmt::Debug for Together<Asked, Told> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Together")
            .field(&self.waiting().asked.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::FutureExt;
    use futures::poll;
    use tokio::sync::Semaphore;

    use super::*;

    /// What is looked at, when it may be, and how often it was.
    struct Library {
        together: Together<u8, (u32, Vec<u8>)>,
        gate: Arc<Semaphore>,
        begun: Arc<AtomicU32>,
    }

    impl Library {
        fn closed() -> Self {
            Self {
                together: Together::default(),
                gate: Arc::new(Semaphore::new(0)),
                begun: Arc::default(),
            }
        }

        /// Learns the how-manieth look it was, and for whom.
        async fn ask(&self, asked: u8) -> Result<(u32, Vec<u8>), DatabaseError> {
            let (gate, begun) = (Arc::clone(&self.gate), Arc::clone(&self.begun));
            let look = move |asked: Vec<u8>| {
                let (gate, begun) = (Arc::clone(&gate), Arc::clone(&begun));
                async move {
                    let count = begun.fetch_add(1, Ordering::SeqCst);
                    let open = gate.acquire().await.map_err(|_| abandoned())?;
                    open.forget();
                    assert!(!asked.contains(&0), "nobody asks for nothing");
                    Ok((count, asked))
                }
                .boxed()
            };
            self.together.ask(asked, look).await
        }

        /// Waits until the looks that are under way stand before the gate.
        async fn settle(&self, looks: u32) {
            while self.begun.load(Ordering::SeqCst) < looks {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn who_asks_while_one_looks_is_looked_for_together_with_the_others() {
        let library = Library::closed();
        let mut first = Box::pin(library.ask(1));
        assert!(poll!(&mut first).is_pending());
        library.settle(1).await;
        let mut second = Box::pin(library.ask(2));
        let mut third = Box::pin(library.ask(3));
        assert!(poll!(&mut second).is_pending());
        assert!(poll!(&mut third).is_pending());
        library.gate.add_permits(2);
        assert_eq!(first.await.unwrap(), (0, vec![1]));
        assert_eq!(second.await.unwrap(), (1, vec![2, 3]));
        assert_eq!(third.await.unwrap(), (1, vec![2, 3]));
        library.gate.add_permits(1);
        assert_eq!(library.ask(4).await.unwrap(), (2, vec![4]));
    }

    #[tokio::test]
    async fn who_gives_up_takes_nobody_along() {
        let library = Library::closed();
        let mut first = Box::pin(library.ask(1));
        assert!(poll!(&mut first).is_pending());
        library.settle(1).await;
        let mut second = Box::pin(library.ask(2));
        assert!(poll!(&mut second).is_pending());
        drop(first);
        library.gate.add_permits(2);
        assert_eq!(second.await.unwrap(), (1, vec![2]));
    }

    #[tokio::test]
    async fn a_look_that_fails_fails_for_those_it_was_for_alone() {
        let library = Library::closed();
        let mut first = Box::pin(library.ask(1));
        assert!(poll!(&mut first).is_pending());
        library.settle(1).await;
        library.gate.close();
        assert!(first.await.is_err());
        assert!(library.ask(2).await.is_err());
        assert_eq!(library.begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_look_that_panics_leaves_nobody_waiting_and_the_next_one_looks_again() {
        let library = Library::closed();
        library.gate.add_permits(2);
        assert!(matches!(
            library.ask(0).await,
            Err(DatabaseError::Other { .. })
        ));
        assert_eq!(library.ask(1).await.unwrap(), (1, vec![1]));
    }

    #[tokio::test]
    async fn who_asks_alone_is_looked_for_at_once() {
        let library = Library::closed();
        library.gate.add_permits(1);
        let mut alone = Box::pin(library.ask(7));
        assert!(poll!(&mut alone).is_pending());
        library.settle(1).await;
        assert_eq!(alone.await.unwrap(), (0, vec![7]));
    }
}
