//! `aval.consent.v1.DecisionService`.

use std::sync::Arc;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::decision_service_server::DecisionService;
use tonic::{Request, Response, Status};

use super::convert::{self, Pages};
use super::of_person;
use crate::app::App;
use crate::authorized::Authorized;

/// Decisions over gRPC.
#[derive(Debug, Clone)]
pub struct DecisionGrpc {
    app: Arc<App>,
    pages: Arc<Pages>,
}

impl DecisionGrpc {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>, pages: Arc<Pages>) -> Self {
        Self { app, pages }
    }
}

#[tonic::async_trait]
impl DecisionService for DecisionGrpc {
    async fn check(
        &self,
        request: Request<proto::CheckRequest>,
    ) -> Result<Response<proto::CheckResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let question = convert::check(request)?;
        let decision = self.app.check(&cx, question).await?;
        let decision = Some(convert::decision_to_proto(decision));
        Ok(Response::new(proto::CheckResponse { decision }))
    }

    async fn batch_check(
        &self,
        request: Request<proto::BatchCheckRequest>,
    ) -> Result<Response<proto::BatchCheckResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let questions = convert::batch_check(request)?;
        let decisions = self.app.batch_check(&cx, questions).await?;
        let decisions = decisions.into_iter().map(convert::decision_to_proto);
        Ok(Response::new(proto::BatchCheckResponse {
            decisions: decisions.collect(),
        }))
    }

    async fn authorize(
        &self,
        request: Request<proto::AuthorizeRequest>,
    ) -> Result<Response<proto::AuthorizeResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::authorize(request)?;
        let authorized = self.app.authorize(&cx, command).await?;
        Ok(Response::new(proto::AuthorizeResponse {
            decision: Some(convert::decision_to_proto(authorized.decision)),
            event_id: authorized.event_id.to_string(),
        }))
    }

    async fn explain(
        &self,
        request: Request<proto::ExplainRequest>,
    ) -> Result<Response<proto::ExplainResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::explain(request)?;
        let explanation = self.app.explain(&cx, command).await?;
        Ok(Response::new(proto::ExplainResponse {
            rules: explanation
                .steps
                .iter()
                .map(convert::rule_trace_to_proto)
                .collect(),
            missing: explanation
                .missing
                .iter()
                .map(convert::missing_to_proto)
                .collect(),
            authorization_status: explanation
                .authorization
                .map(|status| convert::authorization_to_proto(status).into())
                .unwrap_or_default(),
            decision: Some(convert::decision_to_proto(explanation.decision.as_check())),
        }))
    }

    async fn preview_access(
        &self,
        request: Request<proto::PreviewAccessRequest>,
    ) -> Result<Response<proto::PreviewAccessResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let query = convert::preview_access(request)?;
        let preview = self.app.preview_access(&cx, query).await?;
        Ok(Response::new(proto::PreviewAccessResponse {
            authorization_status: convert::authorization_to_proto(preview.authorization).into(),
            decision: Some(convert::decision_to_proto(preview.decision)),
        }))
    }

    async fn list_authorized(
        &self,
        request: Request<proto::ListAuthorizedRequest>,
    ) -> Result<Response<proto::ListAuthorizedResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, command) = convert::list_authorized(request, &self.pages, cx.now)?;
        let page = self.app.list_authorized(&cx, command).await?;
        Ok(Response::new(proto::ListAuthorizedResponse {
            next_page_token: self.pages.next(&query, &page, cx.now, Authorized::place),
            authorized: page
                .items
                .iter()
                .map(convert::authorized_to_proto)
                .collect(),
        }))
    }
}
