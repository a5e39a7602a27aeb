//! `aval.identity.v1.PatientService`.

use std::sync::Arc;

use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::patient_service_server::PatientService;
use aval_runtime::context::RequestContext;
use tonic::{Request, Response, Status};

use super::convert::{identity_change, identity_issue, patient, representation};
use super::status::{denied, refused};
use crate::app::{App, keep_patients};

/// The service on the use cases.
#[derive(Debug, Clone)]
pub struct PatientGrpc(Arc<App>);

impl PatientGrpc {
    /// The service on these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

#[tonic::async_trait]
impl PatientService for PatientGrpc {
    async fn register_patient(
        &self,
        request: Request<proto::RegisterPatientRequest>,
    ) -> Result<Response<proto::RegisterPatientResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        keep_patients(&cx).map_err(denied)?;
        let command = patient::register_command(&message)?;
        let registered = self
            .0
            .register_patient(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::RegisterPatientResponse {
            patient: Some(patient::to_proto(&registered)),
        }))
    }

    async fn get_patient(
        &self,
        request: Request<proto::GetPatientRequest>,
    ) -> Result<Response<proto::GetPatientResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let patient_id = patient::id_asked(&message)?;
        let known = self.0.get_patient(&cx, patient_id).await.map_err(refused)?;
        Ok(Response::new(proto::GetPatientResponse {
            patient: Some(patient::to_proto(&known)),
        }))
    }

    async fn resolve_patient(
        &self,
        request: Request<proto::ResolvePatientRequest>,
    ) -> Result<Response<proto::ResolvePatientResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        keep_patients(&cx).map_err(denied)?;
        let by = patient::by(message)?;
        let found = self.0.resolve_patient(&cx, &by).await.map_err(refused)?;
        Ok(Response::new(patient::found(&found)))
    }

    async fn update_identity(
        &self,
        request: Request<proto::UpdateIdentityRequest>,
    ) -> Result<Response<proto::UpdateIdentityResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        keep_patients(&cx).map_err(denied)?;
        let command = identity_change::update_command(&message)?;
        let updated = self
            .0
            .update_identity(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::UpdateIdentityResponse {
            patient: Some(patient::to_proto(&updated)),
        }))
    }

    async fn merge_patients(
        &self,
        request: Request<proto::MergePatientsRequest>,
    ) -> Result<Response<proto::MergePatientsResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        keep_patients(&cx).map_err(denied)?;
        let command = identity_change::merge_command(&message)?;
        let target = self
            .0
            .merge_patients(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::MergePatientsResponse {
            patient: Some(patient::to_proto(&target)),
        }))
    }

    async fn unmerge_patients(
        &self,
        request: Request<proto::UnmergePatientsRequest>,
    ) -> Result<Response<proto::UnmergePatientsResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        keep_patients(&cx).map_err(denied)?;
        let command = identity_change::unmerge_command(&message)?;
        let (source, target) = self
            .0
            .unmerge_patients(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::UnmergePatientsResponse {
            source: Some(patient::to_proto(&source)),
            target: Some(patient::to_proto(&target)),
        }))
    }

    async fn add_representative(
        &self,
        request: Request<proto::AddRepresentativeRequest>,
    ) -> Result<Response<proto::AddRepresentativeResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let command = representation::add_command(&message)?;
        let added = self
            .0
            .add_representative(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::AddRepresentativeResponse {
            representation: Some(representation::to_proto(&added)),
        }))
    }

    async fn remove_representative(
        &self,
        request: Request<proto::RemoveRepresentativeRequest>,
    ) -> Result<Response<proto::RemoveRepresentativeResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let representation_id = representation::to_remove(&message)?;
        let removed = self
            .0
            .remove_representative(&cx, representation_id)
            .await
            .map_err(refused)?;
        Ok(Response::new(proto::RemoveRepresentativeResponse {
            representation: Some(representation::to_proto(&removed)),
        }))
    }

    async fn list_representatives(
        &self,
        request: Request<proto::ListRepresentativesRequest>,
    ) -> Result<Response<proto::ListRepresentativesResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        let command = representation::list_command(message)?;
        let page = self
            .0
            .list_representatives(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(representation::page(page)))
    }

    async fn list_identity_issues(
        &self,
        request: Request<proto::ListIdentityIssuesRequest>,
    ) -> Result<Response<proto::ListIdentityIssuesResponse>, Status> {
        let (cx, message) = RequestContext::open(request)?;
        keep_patients(&cx).map_err(denied)?;
        let command = identity_issue::list_command(message)?;
        let page = self
            .0
            .list_identity_issues(&cx, &command)
            .await
            .map_err(refused)?;
        Ok(Response::new(identity_issue::page(page)))
    }
}
