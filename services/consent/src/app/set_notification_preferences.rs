//! Which kinds I want to be told of.

use aval_domain::id::RequestId;
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::list_notifications::recipient;
use crate::error::Error;
use crate::notification::{NotificationPreferences, PreferencesPatch};
use crate::store::Write;

/// What the person asks for.
#[derive(Debug, Clone, Serialize)]
pub struct SetNotificationPreferences {
    /// The new choice.
    pub patch: PreferencesPatch,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Chooses which kinds the person is told of from now on. It opens and closes
    /// nothing, so the trail is not told.
    #[tracing::instrument(name = "consent.set_notification_preferences", skip_all)]
    pub async fn set_notification_preferences(
        &self,
        cx: &RequestContext,
        command: SetNotificationPreferences,
    ) -> Result<NotificationPreferences, Error> {
        let recipient = recipient(cx)?;
        let operation = "consent.set_notification_preferences";
        let write = Write::new(cx, operation, command.request_id, &command);
        let choose = |present: &NotificationPreferences| present.choose(&command.patch);
        self.inboxes
            .change_notification_preferences(&write, recipient, &choose)
            .await
    }
}
