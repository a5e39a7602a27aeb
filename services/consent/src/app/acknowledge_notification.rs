//! I have read it.

use aval_domain::id::NotificationId;
use aval_runtime::context::RequestContext;

use super::App;
use super::list_notifications::reader;
use crate::error::Error;
use crate::notification::Notification;

impl App {
    /// Marks one of the person's own as read. A repetition answers the same.
    #[tracing::instrument(name = "consent.acknowledge_notification", skip_all)]
    pub async fn acknowledge_notification(
        &self,
        cx: &RequestContext,
        notification_id: NotificationId,
    ) -> Result<Notification, Error> {
        let reader = reader(cx)?;
        self.inboxes
            .acknowledge(reader, notification_id, cx.now)
            .await
    }
}
