//! A watch of notifications as a stream.

use std::pin::Pin;
use std::sync::Arc;

use aval_proto::common::v1::ErrorReason;
use aval_proto::consent::v1 as proto;
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use futures::{Stream, stream};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::convert::{self, Pages, Query};
use crate::app::NotificationWatch;

/// A stream of notifications.
pub(super) type Notifications =
    Pin<Box<dyn Stream<Item = Result<proto::WatchNotificationsResponse, Status>> + Send>>;

/// What goes on until the person's token ends, this instance stops, or the reader goes.
pub(super) struct NotificationStream {
    watch: NotificationWatch,
    pages: Arc<Pages>,
    query: Query,
    token_ends: Option<Pin<Box<Sleep>>>,
    shutdown: CancellationToken,
}

impl NotificationStream {
    pub(super) fn new(
        watch: NotificationWatch,
        pages: Arc<Pages>,
        query: Query,
        cx: &RequestContext,
        shutdown: CancellationToken,
    ) -> Self {
        let left = cx.token_expires_at.map(|ends_at| ends_at.since(cx.now));
        Self {
            watch,
            pages,
            query,
            token_ends: left.map(|left| Box::pin(tokio::time::sleep(left))),
            shutdown,
        }
    }

    /// The items; the last one is an error.
    pub(super) fn into_items(self) -> Notifications {
        Box::pin(stream::unfold(
            Some(self),
            |going: Option<Self>| async move {
                let mut going = going?;
                Some(match going.next().await {
                    Ok(item) => (Ok(item), Some(going)),
                    Err(status) => (Err(status), None),
                })
            },
        ))
    }

    async fn next(&mut self) -> Result<proto::WatchNotificationsResponse, Status> {
        let Self {
            watch,
            pages,
            query,
            token_ends,
            shutdown,
        } = self;
        let token_ended = async {
            match token_ends {
                Some(ends) => ends.as_mut().await,
                None => std::future::pending().await,
            }
        };
        let item = tokio::select! {
            biased;
            () = shutdown.cancelled() => return Err(stopping().into()),
            () = token_ended => return Err(without_token().into()),
            item = watch.next() => item?,
        };
        Ok(proto::WatchNotificationsResponse {
            item: Some(convert::watch_item_to_proto(&item)),
            cursor: pages.cursor(query, watch.position()),
        })
    }
}

fn stopping() -> Refusal {
    Refusal::new(
        ErrorReason::DependencyUnavailable,
        "this instance stops: go on from the last cursor",
    )
}

fn without_token() -> Refusal {
    Refusal::new(
        ErrorReason::TokenExpired,
        "the token has ended: go on from the last cursor with another",
    )
}
