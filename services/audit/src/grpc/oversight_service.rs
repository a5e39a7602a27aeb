//! `aval.audit.v1.OversightService`.

use std::sync::Arc;

use aval_proto::audit::v1::oversight_service_server::OversightService;
use aval_proto::audit::v1::{
    ListHistoryRequest, ListHistoryResponse, ListUnusualAccessesRequest,
    ListUnusualAccessesResponse, SearchEventsRequest, SearchEventsResponse,
};
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use tonic::{Request, Response, Status};

use super::{convert, status::refusal};
use crate::app::{App, may_oversee};

/// What auditors call, over gRPC.
#[derive(Debug, Clone)]
pub struct Oversight {
    app: Arc<App>,
}

impl Oversight {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl OversightService for Oversight {
    async fn search_events(
        &self,
        request: Request<SearchEventsRequest>,
    ) -> Result<Response<SearchEventsResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_oversee(&cx).map_err(Refusal::from)?;
        let command = convert::search_events(&request)?;
        let page = self
            .app
            .search_events(&cx, command)
            .await
            .map_err(refusal)?;
        Ok(Response::new(convert::search_page(&page)))
    }

    async fn list_history(
        &self,
        request: Request<ListHistoryRequest>,
    ) -> Result<Response<ListHistoryResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_oversee(&cx).map_err(Refusal::from)?;
        let command = convert::list_history(&request)?;
        let page = self.app.list_history(&cx, command).await.map_err(refusal)?;
        Ok(Response::new(convert::opened_history(&page)))
    }

    async fn list_unusual_accesses(
        &self,
        request: Request<ListUnusualAccessesRequest>,
    ) -> Result<Response<ListUnusualAccessesResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_oversee(&cx).map_err(Refusal::from)?;
        let command = convert::list_unusual_accesses(&request)?;
        let page = self
            .app
            .list_unusual_accesses(&cx, command)
            .await
            .map_err(refusal)?;
        Ok(Response::new(convert::unusual_page(&page)))
    }
}
