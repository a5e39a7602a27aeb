//! Where notifications are kept for those whom they concern.

use std::fmt;
use std::time::Duration;

use aval_domain::id::{NotificationId, PatientId};
use aval_domain::time::Timestamp;

use crate::error::Error;
use crate::identity_changes::ChangeCursor;
use crate::notification::{InboxPosition, News, Notification, NotificationPreferences, Recipient};
use crate::store::{Answer, Write};

/// Whose notifications are read, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Whose.
    pub recipient: Recipient,
    /// Whether it is somebody who represents them. What is told to the holder alone is not
    /// there for them: neither listed, nor watched, nor theirs to mark as read.
    pub represents: bool,
}

/// Which notifications are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxQuery {
    /// Whose, and for whom.
    pub reader: Reader,
    /// Whether only those not yet read are.
    pub unread_only: bool,
    /// Only those after this one in the list.
    pub after: Option<NotificationId>,
    /// How many at most.
    pub limit: u64,
}

/// What time alone brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Given grants of professionals that end soon, unless they were given for no longer
    /// than that.
    Expiring {
        /// How soon.
        within: Duration,
    },
    /// Given grants that have ended.
    Expired {
        /// Not those that ended until then.
        since: Timestamp,
    },
    /// Documents that are hidden from the patient for two weeks (art. R.1111-53 CSP).
    Withheld,
}

/// A new choice from the present one: the choice, nothing to change, or why not.
pub type PreferencesRule<'a> = dyn Fn(&NotificationPreferences) -> Result<Option<NotificationPreferences>, Error>
    + Send
    + Sync
    + 'a;

impl Reader {
    /// Somebody who reads their own.
    #[must_use]
    pub const fn themselves(recipient: Recipient) -> Self {
        Self {
            recipient,
            represents: false,
        }
    }

    /// Somebody who reads a patient's in their place.
    #[must_use]
    pub const fn representative_of(patient_id: PatientId) -> Self {
        Self {
            recipient: Recipient::Patient(patient_id),
            represents: true,
        }
    }
}

/// The notifications of everybody. Whoever implements it promises:
///
/// - who has to be told of a change or of a permitted access is told in the transaction
///   that makes or records it, once, unless they muted the kind by then;
/// - of an access that was recorded before nobody is told again, and of two first
///   accesses of one professional at once one is the first;
/// - notifications of one recipient become visible in the order of their positions.
pub trait Inboxes: fmt::Debug + Send + Sync {
    /// The notifications of a query, the newest first.
    fn notifications<'a>(&'a self, query: &'a InboxQuery) -> Answer<'a, Vec<Notification>>;

    /// The reader's notifications above a position, the oldest first, at most `limit`.
    fn notifications_above(
        &self,
        reader: Reader,
        position: InboxPosition,
        limit: u64,
    ) -> Answer<'_, Vec<Notification>>;

    /// How far the inboxes of these recipients are, in their order; at the beginning
    /// where nothing ever came.
    fn inbox_heads<'a>(&'a self, recipients: &'a [Recipient]) -> Answer<'a, Vec<InboxPosition>>;

    /// Marks a notification of this reader as read at `now`, unless it was before;
    /// [`Error::NotFound`] if it is not theirs.
    fn acknowledge(
        &self,
        reader: Reader,
        notification_id: NotificationId,
        now: Timestamp,
    ) -> Answer<'_, Notification>;

    /// What this recipient chose.
    fn notification_preferences(&self, recipient: Recipient)
    -> Answer<'_, NotificationPreferences>;

    /// Changes what this recipient chose, repeatably.
    fn change_notification_preferences<'a>(
        &'a self,
        write: &'a Write,
        recipient: Recipient,
        rule: &'a PreferencesRule<'a>,
    ) -> Answer<'a, NotificationPreferences>;

    /// Tells of at most `limit` things that are due at `now`, and says of how many: each
    /// is told once, whoever looks at once or again. A grant whose end moved is due anew.
    fn tell_due(&self, due: Due, now: Timestamp, limit: u64) -> Answer<'_, u64>;

    /// Tells of what was found in the trail those who asked to be told, and of how many;
    /// remembers how far findings were followed, whoever followed further. What was told is
    /// not told again while it is kept.
    fn tell_findings<'a>(
        &'a self,
        news: &'a [News],
        followed_to: &'a ChangeCursor,
    ) -> Answer<'a, u64>;

    /// How far the findings of the trail were followed.
    fn findings_followed_to(&self) -> Answer<'_, ChangeCursor>;

    /// Forgets the notifications made before `horizon`, read or not, and says how many.
    fn forget_notifications(&self, horizon: Timestamp) -> Answer<'_, u64>;
}
