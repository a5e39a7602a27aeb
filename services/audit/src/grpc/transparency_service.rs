//! `aval.audit.v1.TransparencyService`.

use std::sync::Arc;

use aval_proto::audit::v1::transparency_service_server::TransparencyService;
use aval_proto::audit::v1::{
    GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest,
    GetConsistencyProofResponse, GetInclusionProofRequest, GetInclusionProofResponse,
    GetPatientProofRequest, GetPatientProofResponse, GetTileRequest, GetTileResponse,
};
use aval_runtime::context::RequestContext;
use aval_runtime::status::Refusal;
use tonic::{Request, Response, Status};

use super::{convert, status::refusal};
use crate::app::{App, may_read};

/// The log's proofs over gRPC.
#[derive(Debug, Clone)]
pub struct Transparency {
    app: Arc<App>,
}

impl Transparency {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[tonic::async_trait]
impl TransparencyService for Transparency {
    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        RequestContext::of(&request)?;
        let found = self.app.get_checkpoint().await.map_err(refusal)?;
        let witnessed = found.witnessed.map(|witnessed| witnessed.note);
        Ok(Response::new(GetCheckpointResponse {
            checkpoint: found.newest.note,
            verifier_key: found.newest.verifier_key,
            witnessed_checkpoint: witnessed.unwrap_or_default(),
        }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<GetInclusionProofRequest>,
    ) -> Result<Response<GetInclusionProofResponse>, Status> {
        let (_, request) = RequestContext::open(request)?;
        let size = convert::size(request.tree_size);
        let inclusion = self
            .app
            .get_inclusion_proof(request.log_index, size)
            .await
            .map_err(refusal)?;
        Ok(Response::new(convert::inclusion(inclusion)))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<GetConsistencyProofResponse>, Status> {
        let (_, request) = RequestContext::open(request)?;
        let size = convert::size(request.new_size);
        let consistency = self
            .app
            .get_consistency_proof(request.old_size, size)
            .await
            .map_err(refusal)?;
        Ok(Response::new(convert::consistency(consistency)))
    }

    async fn get_patient_proof(
        &self,
        request: Request<GetPatientProofRequest>,
    ) -> Result<Response<GetPatientProofResponse>, Status> {
        let (cx, request) = RequestContext::open(request)?;
        may_read(&cx, None).map_err(Refusal::from)?;
        let patient_id = convert::optional_patient_id(&request.patient_id)?;
        let proof = self
            .app
            .get_patient_proof(&cx, patient_id, request.from_sequence)
            .await
            .map_err(refusal)?;
        Ok(Response::new(convert::patient_proof(&proof)))
    }

    async fn get_tile(
        &self,
        request: Request<GetTileRequest>,
    ) -> Result<Response<GetTileResponse>, Status> {
        let (_, request) = RequestContext::open(request)?;
        let tile = self.app.get_tile(&request.path).await.map_err(refusal)?;
        Ok(Response::new(GetTileResponse {
            data: tile.bytes,
            immutable: tile.is_full,
        }))
    }
}
