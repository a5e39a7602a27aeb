//! `aval.identity.v1.MergeService`.

use std::sync::Arc;

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::merge_service_server::MergeService;
use aval_runtime::context::RequestContext;
use tonic::{Request, Response, Status};

use super::convert::merge;
use super::status::{denied, refused};
use crate::app::{App, follow_merges};

/// The service on the use cases.
#[derive(Debug, Clone)]
pub struct MergeGrpc(Arc<App>);

impl MergeGrpc {
    /// The service on these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

#[tonic::async_trait]
impl MergeService for MergeGrpc {
    async fn list_merges(
        &self,
        request: Request<proto::ListMergesRequest>,
    ) -> Result<Response<proto::ListMergesResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        follow_merges(&cx).map_err(denied)?;
        let (cursor, limit) = merge::asked(&message)?;
        let merges = self.0.list_merges(&cx, cursor, limit).await;
        Ok(Response::new(merge::to_proto(&merges.map_err(refused)?)))
    }
}
