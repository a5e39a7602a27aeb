//! Follows the directory: who turned out to be whom.
//!
//! Every instance follows, and the first one to hear of a change takes it in; the others
//! find that it was. No decision waits for the directory: while it does not answer,
//! decisions rest on what is known, and how old that is is shown.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::Random;
use aval_runtime::environment::Environment;
use aval_runtime::following::{Attempt, Silence, follow};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::directory_changes::{
    Changes, DirectoryChanges, DirectoryCursor, Identities, Learnt, News, Told,
};
use crate::error::Error;

mod age;

pub use age::KnowledgeAge;

/// The directory shows a sign of life more often than that: a stream without is broken.
const LONGEST_SILENCE: Duration = Duration::from_mins(2);

/// Takes in what the directory tells of who is whom.
#[derive(Debug)]
pub struct Follower {
    directory: Arc<dyn DirectoryChanges>,
    identities: Arc<dyn Identities>,
    age: KnowledgeAge,
    random: Arc<dyn Random>,
}

/// Why a stream of changes is given up. Where it goes on is read anew.
#[derive(Debug)]
enum Ended {
    /// The directory stopped.
    Closed,
    /// Another instance followed further than this one.
    Overtaken,
    /// The directory does not answer, or the database.
    Failed(Error),
    /// Nothing was heard for too long.
    Silent,
}

impl Follower {
    /// One whom nobody has told anything.
    #[must_use]
    pub fn new(
        directory: Arc<dyn DirectoryChanges>,
        identities: Arc<dyn Identities>,
        environment: &Environment,
    ) -> Self {
        Self {
            directory,
            identities,
            age: KnowledgeAge::new(Arc::clone(&environment.clock)),
            random: Arc::clone(&environment.random),
        }
    }

    /// Follows until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let attempt = || async {
            let mut heard = false;
            let ended = self.follow(&mut heard).await;
            Attempt { heard, ended }
        };
        follow(self.random.as_ref(), shutdown, attempt, say).await;
    }

    /// Follows from where the changes were followed to, for as long as the stream lasts.
    async fn follow(&self, heard: &mut bool) -> Ended {
        let (mut after, mut changes) = match self.begin().await {
            Ok(begun) => begun,
            Err(error) => return Ended::Failed(error),
        };
        loop {
            let told = match tokio::time::timeout(LONGEST_SILENCE, changes.next()).await {
                Ok(Some(Ok(told))) => told,
                Ok(Some(Err(error))) => return Ended::Failed(error),
                Ok(None) => return Ended::Closed,
                Err(_) => return Ended::Silent,
            };
            *heard = true;
            match self.take(&after, told).await {
                Ok(Some(followed)) => after = followed,
                Ok(None) => return Ended::Overtaken,
                Err(error) => return Ended::Failed(error),
            }
        }
    }

    async fn begin(&self) -> Result<(DirectoryCursor, Changes), Error> {
        let cursor = self.identities.directory_cursor().await?;
        if let Some(changes) = self.directory.changes_after(&cursor).await? {
            return Ok((cursor, changes));
        }
        // A directory that was restored to before what it had told. What is known stays
        // until it tells otherwise.
        tracing::error!("the directory never gave this cursor: its changes are followed anew");
        let from_the_start = Learnt {
            after: cursor,
            cursor: DirectoryCursor::start(),
            change: None,
        };
        let cursor = self.identities.learn(&from_the_start).await?;
        let changes = self.directory.changes_after(&cursor).await?;
        let refused = || Error::DirectoryUnavailable("every cursor is refused".into());
        Ok((cursor, changes.ok_or_else(refused)?))
    }

    /// Takes in one thing, and gives how far the changes are followed then; `None` if
    /// another instance followed them further.
    async fn take(
        &self,
        after: &DirectoryCursor,
        told: Told,
    ) -> Result<Option<DirectoryCursor>, Error> {
        let change = match told.news {
            News::Identity(change) => Some(change),
            // Where to go on is stored with the next thing that matters.
            News::Other => return Ok(Some(after.clone())),
            News::CaughtUp => None,
        };
        if change.is_some() || told.cursor != *after {
            let learnt = Learnt {
                after: after.clone(),
                cursor: told.cursor.clone(),
                change,
            };
            let followed = self.identities.learn(&learnt).await?;
            if followed != told.cursor {
                return Ok(None);
            }
        }
        if told.news == News::CaughtUp {
            self.age.caught_up();
        }
        Ok(Some(told.cursor))
    }
}

fn say(ended: &Ended, silence: Silence) {
    match (ended, silence) {
        (Ended::Closed | Ended::Overtaken, _) => {
            tracing::debug!(
                ?ended,
                "the directory's changes are followed from where they were"
            );
        }
        (Ended::Failed(error), Silence::Short) => {
            tracing::debug!(%error, "the directory's changes are not followed yet");
        }
        (Ended::Failed(error), Silence::Lasting) => {
            tracing::warn!(%error, "the directory's changes are not followed");
        }
        (Ended::Silent, _) => tracing::warn!("the directory gives no sign of life"),
    }
}

#[cfg(test)]
mod tests;
