//! Keeping the directory.

use std::sync::Arc;

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::directory_admin_service_server::DirectoryAdminService;
use aval_runtime::context::RequestContext;
use aval_runtime::page::{PageTokens, parse_size};
use aval_runtime::status::Refusal;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;

use super::convert::{
    activity_to_proto, duplicate_to_proto, id_from_proto, import_decision, import_to_proto,
    merge_practitioners, override_attachment, practitioner_to_proto, quarantined_row_to_proto,
};
use super::extraction_stream::{self, Announced};
use super::list_token::ListTokens;
use super::status::refused;
use crate::app::{App, keep_directory};
use crate::error::Error;
use crate::page::PageOf;

/// Answers `aval.practitioner_directory.v1.DirectoryAdminService`.
#[derive(Debug, Clone)]
pub struct DirectoryAdmin {
    app: Arc<App>,
    page_tokens: Arc<PageTokens>,
}

impl DirectoryAdmin {
    /// Answers from these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>, page_tokens: Arc<PageTokens>) -> Self {
        Self { app, page_tokens }
    }
}

/// The context of a call that may keep the directory, and its message.
fn open<T>(request: Request<T>) -> Result<(Arc<RequestContext>, T), Status> {
    let (cx, message) = RequestContext::open(request)?;
    keep_directory(&cx).map_err(Refusal::from)?;
    Ok((cx, message))
}

#[tonic::async_trait]
impl DirectoryAdminService for DirectoryAdmin {
    async fn import_extraction(
        &self,
        request: Request<Streaming<proto::ImportExtractionRequest>>,
    ) -> Result<Response<proto::ImportExtractionResponse>, Status> {
        let (cx, messages) = open(request)?;
        let Announced {
            command,
            pieces,
            broken,
        } = extraction_stream::open(messages).await?;
        let app = Arc::clone(&self.app);
        // In a task of its own: when the caller goes away this call is dropped, and the
        // failure still has to be recorded.
        let import = async move { app.import_extraction(&cx, command, pieces).await };
        let import = tokio::spawn(import.in_current_span()).await;
        let import = import.map_err(|panic| Refusal::internal(&panic))?;
        let import = import.map_err(|error| match (&error, broken.get()) {
            (Error::StreamBroken, Some(cause)) => cause.clone(),
            _ => refused(error),
        })?;
        Ok(Response::new(proto::ImportExtractionResponse {
            import: Some(import_to_proto(import)),
        }))
    }

    async fn get_import(
        &self,
        request: Request<proto::GetImportRequest>,
    ) -> Result<Response<proto::GetImportResponse>, Status> {
        let (cx, message) = open(request)?;
        let id = id_from_proto("import_id", &message.import_id)?;
        let import = self.app.get_import(&cx, id).await.map_err(refused)?;
        Ok(Response::new(proto::GetImportResponse {
            import: Some(import_to_proto(import)),
        }))
    }

    async fn list_imports(
        &self,
        request: Request<proto::ListImportsRequest>,
    ) -> Result<Response<proto::ListImportsResponse>, Status> {
        let (cx, message) = open(request)?;
        let tokens = ListTokens::new(&self.page_tokens, cx.now, "ListImports", &[]);
        let page = PageOf {
            size: parse_size(message.page_size)?,
            after: tokens.open(&message.page_token)?,
        };
        let imports = self.app.list_imports(&cx, &page).await.map_err(refused)?;
        Ok(Response::new(proto::ListImportsResponse {
            next_page_token: tokens.seal(imports.next.as_ref()),
            imports: imports.items.into_iter().map(import_to_proto).collect(),
        }))
    }

    async fn list_quarantined_rows(
        &self,
        request: Request<proto::ListQuarantinedRowsRequest>,
    ) -> Result<Response<proto::ListQuarantinedRowsResponse>, Status> {
        let (cx, message) = open(request)?;
        let id = id_from_proto("import_id", &message.import_id)?;
        let filters = [message.import_id.as_str()];
        let tokens = ListTokens::new(&self.page_tokens, cx.now, "ListQuarantinedRows", &filters);
        let page = PageOf {
            size: parse_size(message.page_size)?,
            after: tokens.open(&message.page_token)?,
        };
        let rows = self.app.list_quarantined_rows(&cx, id, &page).await;
        let rows = rows.map_err(refused)?;
        Ok(Response::new(proto::ListQuarantinedRowsResponse {
            next_page_token: tokens.seal(rows.next.as_ref()),
            rows: rows
                .items
                .into_iter()
                .map(quarantined_row_to_proto)
                .collect(),
        }))
    }

    async fn approve_import(
        &self,
        request: Request<proto::ApproveImportRequest>,
    ) -> Result<Response<proto::ApproveImportResponse>, Status> {
        let (cx, message) = open(request)?;
        let decision = import_decision(&message.import_id, &message.reason, &message.request_id)?;
        let app = Arc::clone(&self.app);
        // In a task of its own: a large import takes longer than callers wait.
        let approve = async move { app.approve_import(&cx, decision).await };
        let import = tokio::spawn(approve.in_current_span()).await;
        let import = import.map_err(|panic| Refusal::internal(&panic))?;
        Ok(Response::new(proto::ApproveImportResponse {
            import: Some(import_to_proto(import.map_err(refused)?)),
        }))
    }

    async fn reject_import(
        &self,
        request: Request<proto::RejectImportRequest>,
    ) -> Result<Response<proto::RejectImportResponse>, Status> {
        let (cx, message) = open(request)?;
        let decision = import_decision(&message.import_id, &message.reason, &message.request_id)?;
        let import = self.app.reject_import(&cx, decision).await;
        Ok(Response::new(proto::RejectImportResponse {
            import: Some(import_to_proto(import.map_err(refused)?)),
        }))
    }

    async fn list_duplicates(
        &self,
        request: Request<proto::ListDuplicatesRequest>,
    ) -> Result<Response<proto::ListDuplicatesResponse>, Status> {
        let (cx, message) = open(request)?;
        let tokens = ListTokens::new(&self.page_tokens, cx.now, "ListDuplicates", &[]);
        let page = PageOf {
            size: parse_size(message.page_size)?,
            after: tokens.open(&message.page_token)?,
        };
        let found = self.app.list_duplicates(&cx, &page).await;
        let found = found.map_err(refused)?;
        Ok(Response::new(proto::ListDuplicatesResponse {
            next_page_token: tokens.seal(found.next.as_ref()),
            candidates: found.items.into_iter().map(duplicate_to_proto).collect(),
        }))
    }

    async fn merge_practitioners(
        &self,
        request: Request<proto::MergePractitionersRequest>,
    ) -> Result<Response<proto::MergePractitionersResponse>, Status> {
        let (cx, message) = open(request)?;
        let command = merge_practitioners(&message)?;
        let merged = self.app.merge_practitioners(&cx, command).await;
        Ok(Response::new(proto::MergePractitionersResponse {
            practitioner: Some(practitioner_to_proto(merged.map_err(refused)?)),
        }))
    }

    async fn override_attachment(
        &self,
        request: Request<proto::OverrideAttachmentRequest>,
    ) -> Result<Response<proto::OverrideAttachmentResponse>, Status> {
        let (cx, message) = open(request)?;
        let command = override_attachment(&message)?;
        let activity = self.app.override_attachment(&cx, command).await;
        Ok(Response::new(proto::OverrideAttachmentResponse {
            activity: Some(activity_to_proto(activity.map_err(refused)?)),
        }))
    }
}
