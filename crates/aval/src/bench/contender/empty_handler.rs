//! A `DecisionService` that decodes its request, does nothing with it, and answers an
//! empty decision: what is left of a call when nothing is decided.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::decision_service_server::DecisionService;
use tonic::{Request, Response, Status};

/// The handler.
#[derive(Debug, Clone, Copy)]
pub(super) struct EmptyHandler;

/// An empty answer to any request of the method.
type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl DecisionService for EmptyHandler {
    async fn check(&self, _: Request<proto::CheckRequest>) -> Answer<proto::CheckResponse> {
        Ok(Response::new(proto::CheckResponse {
            decision: Some(proto::Decision::default()),
        }))
    }

    async fn batch_check(
        &self,
        _: Request<proto::BatchCheckRequest>,
    ) -> Answer<proto::BatchCheckResponse> {
        Ok(Response::new(proto::BatchCheckResponse::default()))
    }

    async fn authorize(
        &self,
        _: Request<proto::AuthorizeRequest>,
    ) -> Answer<proto::AuthorizeResponse> {
        Ok(Response::new(proto::AuthorizeResponse {
            decision: Some(proto::Decision::default()),
            event_id: String::new(),
        }))
    }

    async fn explain(&self, _: Request<proto::ExplainRequest>) -> Answer<proto::ExplainResponse> {
        Ok(Response::new(proto::ExplainResponse::default()))
    }

    async fn preview_access(
        &self,
        _: Request<proto::PreviewAccessRequest>,
    ) -> Answer<proto::PreviewAccessResponse> {
        Ok(Response::new(proto::PreviewAccessResponse::default()))
    }

    async fn list_authorized(
        &self,
        _: Request<proto::ListAuthorizedRequest>,
    ) -> Answer<proto::ListAuthorizedResponse> {
        Ok(Response::new(proto::ListAuthorizedResponse::default()))
    }
}
