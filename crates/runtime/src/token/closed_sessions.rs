//! Sessions that ended before their tokens did.
//!
//! The issuer publishes them beside its keys. A verifier asks while it verifies, not
//! for each token: it believes an answer for [`CLOSINGS_HOLD_WITHIN`], asks again in
//! the background when the answer is a second old, and when it has none that is young
//! enough a token waits for one, or is refused as not checkable.

mod document;
mod here;
mod published;
mod watched;

pub use document::{ClosedSessionList, ListMalformed};
pub(super) use published::PublishedSessions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::SessionId;
use aval_domain::time::{Clock, Timestamp};
use futures::future::BoxFuture;

use here::ClosedHere;
use watched::Watched;

/// A session that was closed is refused everywhere after so long: no verifier believes
/// a list that was read longer ago.
pub const CLOSINGS_HOLD_WITHIN: Duration = Duration::from_secs(5);
/// A closed session stays on the list for so long: more than its last token lives, with
/// a call's longest deadline and all clocks' differences.
pub const CLOSED_SESSIONS_LISTED_FOR: Duration = Duration::from_mins(10);

/// The list cannot be had, so nothing can be said about any session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the list of closed sessions is out of reach")]
pub struct ClosedSessionsUnavailable;

/// Where the list of closed sessions comes from.
///
/// Whoever implements it promises: every session that was closed before the list's age
/// ago, and after [`CLOSED_SESSIONS_LISTED_FOR`] ago, is on it.
pub trait ClosedSessionSource: fmt::Debug + Send + Sync {
    /// The list as it is now.
    fn fetch(&self) -> BoxFuture<'_, Result<ClosedSessionList, ClosedSessionsUnavailable>>;
}

/// What a verifier knows of closed sessions.
#[derive(Debug)]
pub(super) struct ClosedSessions {
    here: ClosedHere,
    published: Option<Watched>,
}

impl ClosedSessions {
    /// Those alone that are closed in this process.
    pub(super) fn of_this_process() -> Self {
        Self {
            here: ClosedHere::default(),
            published: None,
        }
    }

    /// Those on the list of this source as well.
    pub(super) fn watching(source: Arc<dyn ClosedSessionSource>, clock: Arc<dyn Clock>) -> Self {
        Self {
            here: ClosedHere::default(),
            published: Some(Watched::new(source, clock)),
        }
    }

    /// Refuses the session's tokens until then.
    pub(super) fn close(&self, session: SessionId, until: Timestamp, now: Timestamp) {
        self.here.close(session, until, now);
    }

    /// Whether the session is known to have ended.
    pub(super) async fn contains(
        &self,
        session: SessionId,
    ) -> Result<bool, ClosedSessionsUnavailable> {
        if self.here.contains(session) {
            return Ok(true);
        }
        match &self.published {
            Some(published) => published.contains(session).await,
            None => Ok(false),
        }
    }
}
