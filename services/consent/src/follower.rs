//! Follows who turned out to be whom: professionals in the directory, patients in identity.
//!
//! Every instance follows, and the first one to hear of a change takes it in; the others
//! find that it was. No decision waits for whoever tells: while they do not answer,
//! decisions rest on what is known, and how old that is is shown.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::Random;
use aval_runtime::environment::Environment;
use aval_runtime::following::{Attempt, Silence, follow};
use aval_runtime::telemetry::metrics::meter;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::identity_changes::{
    ChangeCursor, Changes, Identifier, Identities, IdentityChanges, Learnt, News, Told,
};

mod age;

pub use age::KnowledgeAge;

/// Whoever tells shows a sign of life more often than that: a stream without is broken.
const LONGEST_SILENCE: Duration = Duration::from_mins(2);

/// Takes in what is told of who is whom.
#[derive(Debug)]
pub struct Follower<Id> {
    told: Arc<dyn IdentityChanges<Id>>,
    identities: Arc<dyn Identities<Id>>,
    age: KnowledgeAge,
    random: Arc<dyn Random>,
}

/// Why a stream of changes is given up. Where it goes on is read anew.
#[derive(Debug)]
enum Ended {
    /// Whoever tells stopped.
    Closed,
    /// Another instance followed further than this one.
    Overtaken,
    /// They do not answer, or the database does not.
    Failed(Error),
    /// Nothing was heard for too long.
    Silent,
}

impl<Id: Identifier> Follower<Id> {
    /// One whom nobody has told anything.
    #[must_use]
    pub fn new(
        told: Arc<dyn IdentityChanges<Id>>,
        identities: Arc<dyn Identities<Id>>,
        environment: &Environment,
    ) -> Self {
        Self {
            told,
            identities,
            age: KnowledgeAge::new(Id::age_gauge(&meter()), Arc::clone(&environment.clock)),
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
        follow(self.random.as_ref(), shutdown, attempt, say::<Id>).await;
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

    async fn begin(&self) -> Result<(ChangeCursor, Changes<Id>), Error> {
        let cursor = self.identities.followed_to().await?;
        if let Some(changes) = self.told.changes_after(&cursor).await? {
            return Ok((cursor, changes));
        }
        // Whoever tells was restored to before what they had told. What is known stays until
        // they tell otherwise.
        let teller = Id::TELLER;
        tracing::error!(
            teller,
            "this cursor was never given: the changes are followed anew"
        );
        let from_the_start = Learnt {
            after: cursor,
            cursor: ChangeCursor::start(),
            change: None,
        };
        let cursor = self.identities.learn(&from_the_start).await?;
        let changes = self.told.changes_after(&cursor).await?;
        let refused = || Error::NotFollowed("every cursor is refused".into());
        Ok((cursor, changes.ok_or_else(refused)?))
    }

    /// Takes in one thing, and gives how far the changes are followed then; `None` if
    /// another instance followed them further.
    async fn take(
        &self,
        after: &ChangeCursor,
        told: Told<Id>,
    ) -> Result<Option<ChangeCursor>, Error> {
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

fn say<Id: Identifier>(ended: &Ended, silence: Silence) {
    let teller = Id::TELLER;
    match (ended, silence) {
        (Ended::Closed | Ended::Overtaken, _) => {
            tracing::debug!(teller, ?ended, "changes are followed from where they were");
        }
        (Ended::Failed(error), Silence::Short) => {
            tracing::debug!(teller, %error, "changes are not followed yet");
        }
        (Ended::Failed(error), Silence::Lasting) => {
            tracing::warn!(teller, %error, "changes are not followed");
        }
        (Ended::Silent, _) => tracing::warn!(teller, "no sign of life is given"),
    }
}

#[cfg(test)]
mod tests;
