//! What the trail finds unusual in one patient's history, and telling those who asked.
//!
//! Every instance follows the findings, which audit computes from the log alone, and tells
//! them: each is told once, by its name, whichever instance comes first and however often it
//! is heard of. No decision waits for it: while audit does not answer, what it found is told
//! later.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::random::Random;
use aval_domain::time::Clock;
use aval_runtime::environment::Environment;
use aval_runtime::following::{Attempt, Silence, follow};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::error::Error;
use crate::identity_changes::ChangeCursor;
use crate::inbox::Inboxes;
use crate::notification::News;
use crate::store::Answer;

/// Audit shows a sign of life more often than that: a stream without is broken.
const LONGEST_SILENCE: Duration = Duration::from_mins(2);

/// Accesses of one professional to one record that are unusual together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The same whenever the same is found.
    pub finding_id: Uuid,
    /// Whose record.
    pub patient_id: PatientId,
    /// Who.
    pub practitioner_id: PractitionerId,
    /// The first of the accesses, in the patient's history.
    pub event_id: EventId,
    /// Whether the trail withholds that access from who represents the patient.
    pub withheld_from_representatives: bool,
}

/// Something that was told of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldFinding {
    /// What was found; `None`: a sign of life.
    pub finding: Option<Finding>,
    /// Where to go on after it.
    pub cursor: ChangeCursor,
}

/// Findings, in the order in which they are made.
pub type Findings = BoxStream<'static, Result<ToldFinding, Error>>;

/// Where findings come from.
pub trait FindingSource: fmt::Debug + Send + Sync {
    /// Every finding after this place, and those to come. `None`: that place was never given.
    fn findings_after<'a>(&'a self, cursor: &'a ChangeCursor) -> Answer<'a, Option<Findings>>;
}

/// Follows what is found, and has the patients told who asked for it.
#[derive(Debug)]
pub struct FindingFollower {
    source: Arc<dyn FindingSource>,
    inboxes: Arc<dyn Inboxes>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Why a stream of findings is given up. Where it goes on is read anew.
#[derive(Debug)]
enum Ended {
    /// Audit stopped.
    Closed,
    /// It does not answer, or the database does not.
    Failed(Error),
    /// Nothing was heard for too long.
    Silent,
}

impl FindingFollower {
    /// One who has heard of nothing.
    #[must_use]
    pub fn new(
        source: Arc<dyn FindingSource>,
        inboxes: Arc<dyn Inboxes>,
        environment: &Environment,
    ) -> Self {
        Self {
            source,
            inboxes,
            clock: Arc::clone(&environment.clock),
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

    /// Follows from where the findings were followed to, for as long as the stream lasts.
    async fn follow(&self, heard: &mut bool) -> Ended {
        let (mut followed, mut findings) = match self.begin().await {
            Ok(begun) => begun,
            Err(error) => return Ended::Failed(error),
        };
        loop {
            let told = match tokio::time::timeout(LONGEST_SILENCE, findings.next()).await {
                Ok(Some(Ok(told))) => told,
                Ok(Some(Err(error))) => return Ended::Failed(error),
                Ok(None) => return Ended::Closed,
                Err(_) => return Ended::Silent,
            };
            *heard = true;
            if told.finding.is_none() && told.cursor == followed {
                continue;
            }
            let now = self.clock.now();
            let news = told
                .finding
                .map(|finding| News::unusual_access(&finding, now));
            let news: Vec<News> = news.into_iter().collect();
            if let Err(error) = self.inboxes.tell_findings(&news, &told.cursor).await {
                return Ended::Failed(error);
            }
            followed = told.cursor;
        }
    }

    async fn begin(&self) -> Result<(ChangeCursor, Findings), Error> {
        let cursor = self.inboxes.findings_followed_to().await?;
        if let Some(findings) = self.source.findings_after(&cursor).await? {
            return Ok((cursor, findings));
        }
        // The log was restored to before it. Whatever was told stays told, and is not told
        // again.
        tracing::error!("the trail never gave this cursor: findings are followed anew");
        let cursor = ChangeCursor::start();
        self.inboxes.tell_findings(&[], &cursor).await?;
        let findings = self.source.findings_after(&cursor).await?;
        let refused = || Error::NotFollowed("every cursor is refused".into());
        Ok((cursor, findings.ok_or_else(refused)?))
    }
}

fn say(ended: &Ended, silence: Silence) {
    match (ended, silence) {
        (Ended::Closed, _) => tracing::debug!("findings are followed from where they were"),
        (Ended::Failed(error), Silence::Short) => {
            tracing::debug!(%error, "findings are not followed yet");
        }
        (Ended::Failed(error), Silence::Lasting) => {
            tracing::warn!(%error, "findings are not followed");
        }
        (Ended::Silent, _) => tracing::warn!("the trail gives no sign of life of findings"),
    }
}
