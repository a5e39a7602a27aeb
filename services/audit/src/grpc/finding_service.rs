//! `aval.audit.v1.FindingService`.

use std::sync::Arc;

use aval_proto::audit::v1::finding_service_server::FindingService;
use aval_proto::audit::v1::{WatchFindingsRequest, WatchFindingsResponse};
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use futures::StreamExt;
use futures::stream::BoxStream;
use tonic::{Request, Response, Status};

use super::{convert, status::refusal};
use crate::app::{App, may_follow_findings};

/// What is found in patients' histories, over gRPC.
#[derive(Debug, Clone)]
pub struct Findings {
    app: Arc<App>,
}

impl Findings {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl FindingService for Findings {
    type WatchFindingsStream = BoxStream<'static, Result<WatchFindingsResponse, Status>>;

    async fn watch_findings(
        &self,
        request: Request<WatchFindingsRequest>,
    ) -> Result<Response<Self::WatchFindingsStream>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_follow_findings(&cx).map_err(Refusal::from)?;
        let cursor = convert::finding_cursor(&request)?;
        let watched = self.app.watch_findings(&cx, cursor).await;
        let watched = watched.map_err(refusal)?;
        let items = watched.map(|item| match item {
            Ok(item) => Ok(convert::watched_finding(&item)),
            Err(error) => Err(refusal(error).into()),
        });
        Ok(Response::new(items.boxed()))
    }
}
