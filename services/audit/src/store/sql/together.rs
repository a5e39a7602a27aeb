//! One look at the database for all who wait for one.
//!
//! Whoever asks while a look is under way waits for the next one, together with all who ask
//! meanwhile: a look has begun after everybody it serves had asked, so it saw whatever was
//! committed before that. No timer: who asks alone is looked for at once, and under load one
//! statement serves many.
//!
//! A look is nobody's own, and no caller's deadline ends it: one that is told nothing is given up
//! after a bound, so that a connection which falls silent holds up those who wait then, and
//! nobody after them.

use std::time::Duration;

use aval_database::{DatabaseError, LONGEST_SILENCE, answered_within};
use futures::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

/// How many may wait; more wait before they are let in.
const LONGEST_LINE: usize = 4_096;

/// What somebody asks, and where they are told.
type Waiting<Asked, Told> = (Asked, oneshot::Sender<Result<Told, DatabaseError>>);

/// Where to ask. Cloning gives another handle on the same.
#[derive(Debug, Clone)]
pub(super) struct Together<Asked, Told>(mpsc::Sender<Waiting<Asked, Told>>);

impl<Asked, Told> Together<Asked, Told>
where
    Asked: Send + 'static,
    Told: Clone + Send + 'static,
{
    /// Starts the task that looks for whoever asks, and tells all of them what it found. It
    /// ends with the last handle.
    pub(super) fn start<Look>(look: Look) -> Self
    where
        Look: Fn(Vec<Asked>) -> BoxFuture<'static, Result<Told, DatabaseError>> + Send + 'static,
    {
        Self::start_within(LONGEST_SILENCE, look)
    }

    fn start_within<Look>(longest: Duration, look: Look) -> Self
    where
        Look: Fn(Vec<Asked>) -> BoxFuture<'static, Result<Told, DatabaseError>> + Send + 'static,
    {
        let (line, waiting) = mpsc::channel(LONGEST_LINE);
        tokio::spawn(look_for_all(longest, look, waiting));
        Self(line)
    }

    /// Waits for a look that begins from now on and is told of this among others.
    pub(super) async fn ask(&self, asked: Asked) -> Result<Told, DatabaseError> {
        let (answer, answered) = oneshot::channel();
        let stood_in_line = self.0.send((asked, answer)).await;
        stood_in_line.map_err(|_| abandoned())?;
        answered.await.unwrap_or_else(|_| Err(abandoned()))
    }
}

async fn look_for_all<Asked, Told, Look>(
    longest: Duration,
    look: Look,
    mut line: mpsc::Receiver<Waiting<Asked, Told>>,
) where
    Told: Clone + Send + 'static,
    Look: Fn(Vec<Asked>) -> BoxFuture<'static, Result<Told, DatabaseError>>,
{
    let mut waiting = Vec::new();
    while line.recv_many(&mut waiting, LONGEST_LINE).await > 0 {
        let (asked, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        // A task of its own: if it panics, those it was for are told and the next are not lost.
        let looking = AbortOnDropHandle::new(tokio::spawn(look(asked)));
        let found = async { looking.await.unwrap_or_else(|_| Err(abandoned())) };
        let found = answered_within(longest, found).await;
        for answer in answers {
            // Who gave up does not hear it.
            _ = answer.send(found.clone());
        }
    }
}

fn abandoned() -> DatabaseError {
    DbErr::Custom("a look at the database was abandoned".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
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
        /// It says the how-manieth look it was, and for whom.
        fn closed() -> Self {
            Self::closed_for(LONGEST_SILENCE)
        }

        /// The same, where a look may take so long.
        fn closed_for(longest: Duration) -> Self {
            let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU32::new(0)));
            let (its_gate, its_begun) = (Arc::clone(&gate), Arc::clone(&begun));
            let look = move |asked: Vec<u8>| {
                let (gate, begun) = (Arc::clone(&its_gate), Arc::clone(&its_begun));
                async move {
                    let count = begun.fetch_add(1, Ordering::SeqCst);
                    let open = gate.acquire().await.map_err(|_| abandoned())?;
                    open.forget();
                    assert!(!asked.contains(&0), "nobody asks for nothing");
                    Ok((count, asked))
                }
                .boxed()
            };
            Self {
                together: Together::start_within(longest, look),
                gate,
                begun,
            }
        }

        async fn ask(&self, asked: u8) -> Result<(u32, Vec<u8>), DatabaseError> {
            self.together.ask(asked).await
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
    async fn a_look_that_is_told_nothing_is_given_up_and_the_next_one_looks_again() {
        let library = Library::closed_for(Duration::from_millis(50));
        let given_up = library.ask(1).await.unwrap_err();
        assert!(
            matches!(given_up, DatabaseError::Unavailable { .. }),
            "{given_up:?}"
        );
        // What was given up waits for nothing any more.
        library.gate.add_permits(1);
        assert_eq!(library.ask(2).await.unwrap(), (1, vec![2]));
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
