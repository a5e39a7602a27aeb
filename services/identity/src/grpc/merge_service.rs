//! `aval.identity.v1.MergeService`.

use std::sync::Arc;

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::merge_service_server::MergeService;
use aval_runtime::context::RequestContext;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::convert::merge;
use super::status::{denied, refused};
use crate::app::{App, follow_merges};

/// The service on the use cases.
#[derive(Debug, Clone)]
pub struct MergeGrpc {
    app: Arc<App>,
    stop: CancellationToken,
}

impl MergeGrpc {
    /// The service on these use cases, whose streams end at `stop`.
    #[must_use]
    pub const fn new(app: Arc<App>, stop: CancellationToken) -> Self {
        Self { app, stop }
    }
}

#[tonic::async_trait]
impl MergeService for MergeGrpc {
    type WatchMergesStream = BoxStream<'static, Result<proto::WatchMergesResponse, Status>>;

    async fn watch_merges(
        &self,
        request: Request<proto::WatchMergesRequest>,
    ) -> Result<Response<Self::WatchMergesStream>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        follow_merges(&cx).map_err(denied)?;
        let cursor = merge::from(&message)?;
        let stop = self.stop.clone();
        let watched = self.app.watch_merges(&cx, cursor, stop).await;
        let watched = watched.map_err(refused)?;
        let items = watched.map(|item| item.map(merge::watched).map_err(refused));
        Ok(Response::new(items.boxed()))
    }
}
