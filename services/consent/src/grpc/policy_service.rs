//! `aval.consent.v1.PolicyService`.

use std::sync::Arc;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::policy_service_server::PolicyService;
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use tonic::{Request, Response, Status};

use super::convert;
use crate::app::{App, keep_policy};

/// The matrix of access rights over gRPC.
#[derive(Debug, Clone)]
pub struct PolicyGrpc {
    app: Arc<App>,
}

impl PolicyGrpc {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

/// The context and the message of a call that may keep the policy.
fn open<Asked>(request: Request<Asked>) -> Result<(Arc<RequestContext>, Asked), Status> {
    let (cx, message) = RequestContext::open(request)?;
    keep_policy(&cx).map_err(Refusal::from)?;
    Ok((cx, message))
}

#[tonic::async_trait]
impl PolicyService for PolicyGrpc {
    async fn get_matrix(
        &self,
        request: Request<proto::GetMatrixRequest>,
    ) -> Result<Response<proto::GetMatrixResponse>, Status> {
        let (cx, _) = open(request)?;
        let policies = self.app.get_matrix(&cx).await?;
        Ok(Response::new(convert::policies_to_proto(&policies, cx.now)))
    }

    async fn check_matrix(
        &self,
        request: Request<proto::CheckMatrixRequest>,
    ) -> Result<Response<proto::CheckMatrixResponse>, Status> {
        let (cx, request) = open(request)?;
        let content = convert::check_matrix(&request)?;
        let checked = self.app.check_matrix(&cx, content).await?;
        Ok(Response::new(convert::checked_matrix_to_proto(
            &checked, cx.now,
        )))
    }

    async fn load_matrix(
        &self,
        request: Request<proto::LoadMatrixRequest>,
    ) -> Result<Response<proto::LoadMatrixResponse>, Status> {
        let (cx, request) = open(request)?;
        let command = convert::load_matrix(request, cx.now)?;
        let (loaded, policy) = self.app.load_matrix(&cx, command).await?;
        Ok(Response::new(proto::LoadMatrixResponse {
            matrix: Some(convert::matrix_to_proto(policy.matrix(), Some(&loaded))),
            policy_revision: policy.revision().to_owned(),
        }))
    }
}
