//! Sessions that this very process knows to have ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use aval_domain::id::SessionId;
use aval_domain::time::Timestamp;

/// Remembers closed sessions until the last of their tokens has expired.
#[derive(Debug, Default)]
pub(super) struct ClosedHere {
    /// How many there are, so that the usual case, none, takes no lock.
    count: AtomicUsize,
    until: RwLock<HashMap<SessionId, Timestamp>>,
}

impl ClosedHere {
    /// Refuses the session's tokens until then; forgets sessions whose time is over.
    pub(super) fn close(&self, session: SessionId, until: Timestamp, now: Timestamp) {
        let mut sessions = self.until.write().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, end| now < *end);
        let end = sessions.entry(session).or_insert(until);
        *end = until.max(*end);
        self.count.store(sessions.len(), Ordering::Release);
    }

    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self
                .until
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .contains_key(&session)
    }
}
