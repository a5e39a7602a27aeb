//! `aval.identity.v1.SessionService`.

use std::sync::Arc;

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::session_service_server::SessionService;
use aval_runtime::context::RequestContext;
use tonic::{Request, Response, Status};

use super::convert::{exchange, session};
use super::status::{denied, refused};
use crate::app::App;

/// The service on the use cases.
#[derive(Debug, Clone)]
pub struct SessionGrpc(Arc<App>);

impl SessionGrpc {
    /// The service on these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

#[tonic::async_trait]
impl SessionService for SessionGrpc {
    async fn exchange_token(
        &self,
        request: Request<proto::ExchangeTokenRequest>,
    ) -> Result<Response<proto::ExchangeTokenResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let command = exchange::command(message)?;
        let exchanged = self
            .0
            .exchange_token(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(exchange::response(exchanged)))
    }

    async fn introspect_token(
        &self,
        request: Request<proto::IntrospectTokenRequest>,
    ) -> Result<Response<proto::IntrospectTokenResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let token = session::token_to_introspect(&message)?;
        let introspected = self.0.introspect_token(&cx, token).await.map_err(refused)?;
        Ok(Response::new(session::introspected(introspected)))
    }

    async fn list_sessions(
        &self,
        request: Request<proto::ListSessionsRequest>,
    ) -> Result<Response<proto::ListSessionsResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let command = session::list_command(message)?;
        let page = self.0.list_sessions(&cx, &command).await.map_err(refused)?;
        Ok(Response::new(session::page(page)))
    }

    async fn refresh_token(
        &self,
        request: Request<proto::RefreshTokenRequest>,
    ) -> Result<Response<proto::RefreshTokenResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let token = session::refresh_token(&message)?;
        let next = self.0.refresh_token(&cx, token).await.map_err(refused)?;
        Ok(Response::new(session::refreshed(next)))
    }

    async fn close_session(
        &self,
        request: Request<proto::CloseSessionRequest>,
    ) -> Result<Response<proto::CloseSessionResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        cx.person().map_err(denied)?;
        let session_id = session::session_to_close(&message)?;
        let closed = self
            .0
            .close_session(&cx, session_id)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::CloseSessionResponse {
            session: Some(session::session(closed)),
        }))
    }

    async fn close_all_sessions(
        &self,
        request: Request<proto::CloseAllSessionsRequest>,
    ) -> Result<Response<proto::CloseAllSessionsResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        cx.person().map_err(denied)?;
        let request_id = session::close_all_request(&message)?;
        let closed = self
            .0
            .close_all_sessions(&cx, request_id)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::CloseAllSessionsResponse {
            closed_count: i32::try_from(closed).unwrap_or(i32::MAX),
        }))
    }
}
