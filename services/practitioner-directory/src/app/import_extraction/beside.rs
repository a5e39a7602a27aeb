//! What is done with a file while the next of it is read.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::error::Error;

/// How many things wait for the work before whoever gives them does.
const WAITING: usize = 2;

/// One kind of work, done in order on a task of its own. When this is dropped the work
/// ends with what was given.
#[derive(Debug)]
pub(super) struct Beside<T> {
    given: mpsc::Sender<T>,
    task: JoinHandle<Result<(), Error>>,
}

impl<T: Send + 'static> Beside<T> {
    /// Nothing was given yet.
    pub(super) fn new<Work>(work: impl Fn(T) -> Work + Send + 'static) -> Self
    where
        Work: Future<Output = Result<(), Error>> + Send,
    {
        let (given, mut things) = mpsc::channel(WAITING);
        let task = async move {
            while let Some(thing) = things.recv().await {
                work(thing).await?;
            }
            Ok(())
        };
        Self {
            given,
            task: tokio::spawn(task.in_current_span()),
        }
    }

    /// Gives it something to do, or fails as it failed before.
    pub(super) async fn give(&mut self, thing: T) -> Result<(), Error> {
        if self.given.send(thing).await.is_ok() {
            return Ok(());
        }
        let failed = (&mut self.task).await;
        failed.unwrap_or(Ok(())).and(Err(Error::ImportAbandoned))
    }

    /// Waits until everything is done.
    pub(super) async fn finish(self) -> Result<(), Error> {
        drop(self.given);
        self.task.await.unwrap_or(Err(Error::ImportAbandoned))
    }
}
