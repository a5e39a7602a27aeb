//! `aval.consent.v1.NotificationService`.

use std::sync::Arc;
use std::time::Duration;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::notification_service_server::NotificationService;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::convert::{self, Pages};
use super::notification_stream::{NotificationStream, Notifications};
use super::of_person;
use crate::app::App;

/// Notifications over gRPC.
#[derive(Debug, Clone)]
pub struct NotificationGrpc {
    app: Arc<App>,
    pages: Arc<Pages>,
    heartbeat_every: Duration,
    shutdown: CancellationToken,
}

impl NotificationGrpc {
    /// Serves these use cases. Who watches hears from it so often, and until `shutdown`.
    #[must_use]
    pub const fn new(
        app: Arc<App>,
        pages: Arc<Pages>,
        heartbeat_every: Duration,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            app,
            pages,
            heartbeat_every,
            shutdown,
        }
    }
}

#[tonic::async_trait]
impl NotificationService for NotificationGrpc {
    async fn list_notifications(
        &self,
        request: Request<proto::ListNotificationsRequest>,
    ) -> Result<Response<proto::ListNotificationsResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, command) = convert::list_notifications(&request, &self.pages, &cx)?;
        let page = self.app.list_notifications(&cx, command).await?;
        let notifications = page.items.iter().map(convert::notification_to_proto);
        Ok(Response::new(proto::ListNotificationsResponse {
            notifications: notifications.collect(),
            next_page_token: self.pages.next(&query, &page, cx.now, |told| {
                told.news.notification_id.as_uuid()
            }),
        }))
    }

    type WatchNotificationsStream = Notifications;

    async fn watch_notifications(
        &self,
        request: Request<proto::WatchNotificationsRequest>,
    ) -> Result<Response<Self::WatchNotificationsStream>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, from) = convert::watch_from(&request, &self.pages, &cx)?;
        let watch = self
            .app
            .watch_notifications(&cx, from, self.heartbeat_every)
            .await?;
        let (pages, shutdown) = (Arc::clone(&self.pages), self.shutdown.clone());
        let stream = NotificationStream::new(watch, pages, query, &cx, shutdown);
        Ok(Response::new(stream.into_items()))
    }

    async fn acknowledge_notification(
        &self,
        request: Request<proto::AcknowledgeNotificationRequest>,
    ) -> Result<Response<proto::AcknowledgeNotificationResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let notification_id = convert::notification_id(&request)?;
        let told = self
            .app
            .acknowledge_notification(&cx, notification_id)
            .await?;
        let notification = Some(convert::notification_to_proto(&told));
        Ok(Response::new(proto::AcknowledgeNotificationResponse {
            notification,
        }))
    }

    async fn get_notification_preferences(
        &self,
        request: Request<proto::GetNotificationPreferencesRequest>,
    ) -> Result<Response<proto::GetNotificationPreferencesResponse>, Status> {
        let (cx, _) = of_person(request)?;
        let preferences = self.app.get_notification_preferences(&cx).await?;
        let preferences = Some(convert::preferences_to_proto(&preferences));
        Ok(Response::new(proto::GetNotificationPreferencesResponse {
            preferences,
        }))
    }

    async fn set_notification_preferences(
        &self,
        request: Request<proto::SetNotificationPreferencesRequest>,
    ) -> Result<Response<proto::SetNotificationPreferencesResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::set_notification_preferences(&request)?;
        let preferences = self.app.set_notification_preferences(&cx, command).await?;
        let preferences = Some(convert::preferences_to_proto(&preferences));
        Ok(Response::new(proto::SetNotificationPreferencesResponse {
            preferences,
        }))
    }
}
