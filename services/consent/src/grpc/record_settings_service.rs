//! `aval.consent.v1.RecordSettingsService`.

use std::sync::Arc;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::record_settings_service_server::RecordSettingsService;
use aval_runtime::context::RequestContext;
use tonic::{Request, Response, Status};

use super::convert::{self, Pages};
use super::of_person;
use crate::app::App;

/// Records and the visibility of documents over gRPC.
#[derive(Debug, Clone)]
pub struct RecordSettingsGrpc {
    app: Arc<App>,
    pages: Arc<Pages>,
}

impl RecordSettingsGrpc {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>, pages: Arc<Pages>) -> Self {
        Self { app, pages }
    }
}

#[tonic::async_trait]
impl RecordSettingsService for RecordSettingsGrpc {
    async fn open_record(
        &self,
        request: Request<proto::OpenRecordRequest>,
    ) -> Result<Response<proto::OpenRecordResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        let command = convert::open_record(&request)?;
        let record = self.app.open_record(&cx, command).await?;
        let settings = Some(convert::record_to_proto(&record));
        Ok(Response::new(proto::OpenRecordResponse { settings }))
    }

    async fn close_record(
        &self,
        request: Request<proto::CloseRecordRequest>,
    ) -> Result<Response<proto::CloseRecordResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::close_record(&request)?;
        let record = self.app.close_record(&cx, command).await?;
        let settings = Some(convert::record_to_proto(&record));
        Ok(Response::new(proto::CloseRecordResponse { settings }))
    }

    async fn get_record_settings(
        &self,
        request: Request<proto::GetRecordSettingsRequest>,
    ) -> Result<Response<proto::GetRecordSettingsResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let patient_id = convert::patient_id(&request)?;
        let record = self.app.get_record_settings(&cx, patient_id).await?;
        let settings = Some(convert::record_to_proto(&record));
        Ok(Response::new(proto::GetRecordSettingsResponse { settings }))
    }

    async fn set_emergency_oppositions(
        &self,
        request: Request<proto::SetEmergencyOppositionsRequest>,
    ) -> Result<Response<proto::SetEmergencyOppositionsResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::set_emergency_oppositions(&request)?;
        let record = self.app.set_emergency_oppositions(&cx, command).await?;
        let settings = Some(convert::record_to_proto(&record));
        Ok(Response::new(proto::SetEmergencyOppositionsResponse {
            settings,
        }))
    }

    async fn add_treating_doctor(
        &self,
        request: Request<proto::AddTreatingDoctorRequest>,
    ) -> Result<Response<proto::AddTreatingDoctorResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::add_treating_doctor(&request)?;
        let record = self.app.add_treating_doctor(&cx, command).await?;
        let settings = Some(convert::record_to_proto(&record));
        Ok(Response::new(proto::AddTreatingDoctorResponse { settings }))
    }

    async fn remove_treating_doctor(
        &self,
        request: Request<proto::RemoveTreatingDoctorRequest>,
    ) -> Result<Response<proto::RemoveTreatingDoctorResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::remove_treating_doctor(&request)?;
        let record = self.app.remove_treating_doctor(&cx, command).await?;
        let settings = Some(convert::record_to_proto(&record));
        Ok(Response::new(proto::RemoveTreatingDoctorResponse {
            settings,
        }))
    }

    async fn set_document_visibility(
        &self,
        request: Request<proto::SetDocumentVisibilityRequest>,
    ) -> Result<Response<proto::SetDocumentVisibilityResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::set_document_visibility(&request)?;
        let settings = self.app.set_document_visibility(&cx, command).await?;
        let visibilities = settings.iter().map(convert::visibility_to_proto).collect();
        Ok(Response::new(proto::SetDocumentVisibilityResponse {
            visibilities,
        }))
    }

    async fn list_document_visibilities(
        &self,
        request: Request<proto::ListDocumentVisibilitiesRequest>,
    ) -> Result<Response<proto::ListDocumentVisibilitiesResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, command) = convert::list_document_visibilities(&request, &self.pages, cx.now)?;
        let page = self.app.list_document_visibilities(&cx, command).await?;
        Ok(Response::new(proto::ListDocumentVisibilitiesResponse {
            next_page_token: self
                .pages
                .next(&query, &page, cx.now, |setting| setting.mask_id.as_uuid()),
            visibilities: page
                .items
                .iter()
                .map(convert::visibility_to_proto)
                .collect(),
        }))
    }
}
