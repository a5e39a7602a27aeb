//! `aval.audit.v1.TrailService`.

use std::pin::Pin;
use std::sync::Arc;

use aval_proto::audit::v1::trail_service_server::TrailService;
use aval_proto::audit::v1::{
    AppendEventsRequest, AppendEventsResponse, ExportEventsRequest, ExportEventsResponse,
    GetEventRequest, GetEventResponse, ListEventsRequest, ListEventsResponse, ReportOutboxRequest,
    ReportOutboxResponse, WatchEventsRequest, WatchEventsResponse,
};
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::{convert, status::refusal};
use crate::app::{App, may_append, may_read};

/// The trail over gRPC.
#[derive(Debug, Clone)]
pub struct Trail {
    app: Arc<App>,
}

impl Trail {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TrailService for Trail {
    async fn append_events(
        &self,
        request: Request<AppendEventsRequest>,
    ) -> Result<Response<AppendEventsResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_append(&cx, &request.source).map_err(Refusal::from)?;
        let command = convert::append_events(&request)?;
        let appended = self.app.append_events(&cx, command).await;
        Ok(Response::new(convert::appended(appended.map_err(refusal)?)))
    }

    async fn report_outbox(
        &self,
        request: Request<ReportOutboxRequest>,
    ) -> Result<Response<ReportOutboxResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_append(&cx, &request.source).map_err(Refusal::from)?;
        let report = convert::report_outbox(&request)?;
        let recorded_sequence = self.app.report_outbox(&cx, report).await;
        Ok(Response::new(ReportOutboxResponse {
            recorded_sequence: recorded_sequence.map_err(refusal)?,
        }))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_read(&cx, None).map_err(Refusal::from)?;
        let command = convert::list_events(&request)?;
        let page = self.app.list_events(&cx, command).await.map_err(refusal)?;
        Ok(Response::new(convert::history_page(&page)))
    }

    async fn get_event(
        &self,
        request: Request<GetEventRequest>,
    ) -> Result<Response<GetEventResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_read(&cx, None).map_err(Refusal::from)?;
        let event_id = convert::event_id(&request.event_id)?;
        let patient_id = convert::optional_patient_id(&request.patient_id)?;
        let found = self
            .app
            .get_event(&cx, patient_id, event_id, convert::receipt_asked(&request))
            .await
            .map_err(refusal)?;
        Ok(Response::new(convert::found_event(found)))
    }

    type WatchEventsStream = Answers<WatchEventsResponse>;

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_read(&cx, None).map_err(Refusal::from)?;
        let command = convert::watch_events(&request)?;
        let watch = self.app.watch_events(&cx, command).await.map_err(refusal)?;
        let reader = watch.reader;
        let answers = watch.map(move |item| {
            item.map(|item| convert::watched(item, reader))
                .map_err(|error| refusal(error).into())
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type ExportEventsStream = Answers<ExportEventsResponse>;

    async fn export_events(
        &self,
        request: Request<ExportEventsRequest>,
    ) -> Result<Response<Self::ExportEventsStream>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_read(&cx, None).map_err(Refusal::from)?;
        let command = convert::export_events(&request)?;
        let pieces = self
            .app
            .export_events(&cx, command)
            .await
            .map_err(refusal)?;
        let answers = pieces.map(|piece| match piece {
            Ok(data) => Ok(ExportEventsResponse { data }),
            Err(error) => Err(refusal(error).into()),
        });
        Ok(Response::new(Box::pin(answers)))
    }
}
