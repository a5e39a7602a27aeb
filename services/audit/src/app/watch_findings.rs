//! Tells the service that tells patients what is unusual in their histories.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::context::RequestContext;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::withheld::hidden_from;
use super::{App, may_follow_findings};
use crate::entry::StoredEntry;
use crate::error::Error;
use crate::finding::walk::Walk;
use crate::finding::{Finding, FindingCursor};
use crate::store::Store;
use crate::unusual::UnusualKind;
use crate::withholding::{Audience, Share, may_withhold};

/// How often it is looked whether the log has grown: that costs one row.
const POLL: Duration = Duration::from_secs(1);
/// After how much silence a sign of life is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a watcher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchedFinding {
    /// What was found; `None`: nothing for a while, or nothing more at the moment.
    pub finding: Option<Finding>,
    /// Whether the history withholds its event from who represents the patient, as the log says
    /// when it is told.
    pub withheld_from_representatives: bool,
    /// Where to go on after it.
    pub cursor: FindingCursor,
    /// When it is told.
    pub now: Timestamp,
}

impl App {
    /// Tells everything that is found from there on, or from as far back as it is known what
    /// is usual, until the service stops; and at once when it told all that there is.
    pub async fn watch_findings(
        &self,
        cx: &RequestContext,
        cursor: Option<FindingCursor>,
    ) -> Result<impl Stream<Item = Result<WatchedFinding, Error>> + Send + use<>, Error> {
        may_follow_findings(cx)?;
        let place = self.watching.follower(cx)?;
        let walk = Walk {
            store: Arc::clone(&self.store),
            rules: self.rules,
        };
        let watcher = Watcher {
            cursor: walk.beginning(cursor).await?,
            walk,
            clock: Arc::clone(&cx.clock),
            stopping: self.watching.stopping().clone(),
            waiting: VecDeque::new(),
            silence_ends: Instant::now(),
            ended: false,
            _place: place,
        };
        Ok(unfold(watcher, Watcher::next))
    }
}

/// Somebody who watches.
struct Watcher {
    walk: Walk,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
    /// After what they were told last, and what was looked at since.
    cursor: FindingCursor,
    /// What was found by the last step, each with where to go on after it.
    waiting: VecDeque<(Finding, FindingCursor)>,
    /// When a sign of life is due.
    silence_ends: Instant,
    ended: bool,
    /// Given back when the watcher goes.
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<WatchedFinding, Error>, Self)> {
        loop {
            if self.ended || self.stopping.is_cancelled() {
                return None;
            }
            if let Some((finding, cursor)) = self.waiting.pop_front() {
                // That this was all is told at once.
                self.silence_ends = Instant::now();
                let now = self.clock.now();
                let withheld = is_withheld(self.walk.store.as_ref(), &finding, now).await;
                return Some(match withheld {
                    Ok(withheld) => self.tell(Some(finding), withheld, cursor),
                    Err(error) => self.fail(error),
                });
            }
            let step = match self.walk.step(self.cursor).await {
                Ok(step) => step,
                Err(error) => return Some(self.fail(error)),
            };
            self.cursor = step.cursor;
            self.waiting = step.found.into();
            if !self.waiting.is_empty() {
                continue;
            }
            if self.silence_ends <= Instant::now() {
                self.silence_ends = Instant::now() + HEARTBEAT;
                let cursor = self.cursor;
                return Some(self.tell(None, false, cursor));
            }
            if step.is_last {
                let pause = tokio::time::sleep(POLL);
                self.stopping.run_until_cancelled(pause).await;
            }
        }
    }

    fn tell(
        self,
        finding: Option<Finding>,
        withheld_from_representatives: bool,
        cursor: FindingCursor,
    ) -> (Result<WatchedFinding, Error>, Self) {
        let watched = WatchedFinding {
            finding,
            withheld_from_representatives,
            cursor,
            now: self.clock.now(),
        };
        (Ok(watched), self)
    }

    fn fail(mut self, error: Error) -> (Result<WatchedFinding, Error>, Self) {
        self.ended = true;
        (Err(error), self)
    }
}

/// Whether the patient's history tells nothing of this finding's event to who represents them:
/// of an emergency it always tells.
async fn is_withheld(store: &dyn Store, finding: &Finding, now: Timestamp) -> Result<bool, Error> {
    let stored = store.event(finding.event_id).await?;
    let Some(entry) = stored.map(StoredEntry::open).transpose()? else {
        // It was erased since it was found: nobody knows any more which documents it was of.
        return Ok(finding.kind != UnusualKind::EmergencyWithoutFollowUp);
    };
    if !may_withhold(&entry.event) {
        return Ok(false);
    }
    // Whoever represents them reads under the identifier that they have by now.
    let patient_id = store.present_patient(finding.patient_id).await?;
    let hidden = hidden_from(store, patient_id, Audience::Representative, now).await?;
    Ok(hidden.share_of(&entry.event) == Share::Nothing)
}
