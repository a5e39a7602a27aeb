//! `aval.audit.v1.RetentionService`.

use std::sync::Arc;

use aval_proto::audit::v1::retention_service_server::RetentionService;
use aval_proto::audit::v1::{EraseEventsRequest, EraseEventsResponse};
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use tonic::{Request, Response, Status};

use super::{convert, status::refusal};
use crate::app::{App, may_erase};

/// Erasures over gRPC.
#[derive(Debug, Clone)]
pub struct Retention {
    app: Arc<App>,
}

impl Retention {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl RetentionService for Retention {
    async fn erase_events(
        &self,
        request: Request<EraseEventsRequest>,
    ) -> Result<Response<EraseEventsResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_erase(&cx).map_err(Refusal::from)?;
        let command = convert::erase_events(&request)?;
        let erased_count = self.app.erase_events(&cx, command).await.map_err(refusal)?;
        Ok(Response::new(EraseEventsResponse { erased_count }))
    }
}
