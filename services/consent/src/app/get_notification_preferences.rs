//! Which kinds do I want to be told of?

use aval_runtime::context::RequestContext;

use super::App;
use super::list_notifications::recipient;
use crate::error::Error;
use crate::notification::NotificationPreferences;

impl App {
    /// What the person chose: everything, if they never did.
    #[tracing::instrument(name = "consent.get_notification_preferences", skip_all)]
    pub async fn get_notification_preferences(
        &self,
        cx: &RequestContext,
    ) -> Result<NotificationPreferences, Error> {
        let recipient = recipient(cx)?;
        self.inboxes.notification_preferences(recipient).await
    }
}
