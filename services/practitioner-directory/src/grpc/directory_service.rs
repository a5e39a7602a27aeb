//! Who exists.

use std::pin::Pin;
use std::sync::Arc;

use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::directory_service_server::DirectoryService;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved as ProtoResolved;
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageTokens;
use aval_runtime::status::Refusal;
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::convert::{
    as_of, freshness_to_proto, id_from_proto, ids_from_proto, organization_search,
    organization_to_proto, practitioner_search, practitioner_to_proto, readings_from_proto,
    watch_from, watch_until, watch_what, watched_to_proto,
};
use super::list_token::ListTokens;
use super::status::refused;
use crate::app::{App, read_directory};
use crate::store::Resolved;

/// Answers `aval.practitioner_directory.v1.DirectoryService`.
#[derive(Debug, Clone)]
pub struct Directory {
    app: Arc<App>,
    page_tokens: Arc<PageTokens>,
    /// Ends the streams that never end by themselves.
    stop: CancellationToken,
}

impl Directory {
    /// Answers from these use cases; whoever watches is told so until `stop`.
    #[must_use]
    pub const fn new(app: Arc<App>, page_tokens: Arc<PageTokens>, stop: CancellationToken) -> Self {
        Self {
            app,
            page_tokens,
            stop,
        }
    }
}

/// The context of a call that may read the directory, and its message.
fn open<T>(request: Request<T>) -> Result<(Arc<RequestContext>, T), Status> {
    let (cx, message) = RequestContext::open(request)?;
    read_directory(&cx).map_err(Refusal::from)?;
    Ok((cx, message))
}

#[tonic::async_trait]
impl DirectoryService for Directory {
    type WatchChangesStream =
        Pin<Box<dyn Stream<Item = Result<proto::WatchChangesResponse, Status>> + Send>>;

    async fn get_practitioner(
        &self,
        request: Request<proto::GetPractitionerRequest>,
    ) -> Result<Response<proto::GetPractitionerResponse>, Status> {
        let (cx, message) = open(request)?;
        let id = id_from_proto("practitioner_id", &message.practitioner_id)?;
        let found = self.app.get_practitioner(&cx, id).await.map_err(refused)?;
        Ok(Response::new(proto::GetPractitionerResponse {
            practitioner: Some(practitioner_to_proto(found.value)),
            as_of: as_of(found.as_of),
        }))
    }

    async fn batch_get_practitioners(
        &self,
        request: Request<proto::BatchGetPractitionersRequest>,
    ) -> Result<Response<proto::BatchGetPractitionersResponse>, Status> {
        let (cx, message) = open(request)?;
        let ids = ids_from_proto(&message.practitioner_ids)?;
        let found = self.app.batch_get_practitioners(&cx, &ids).await;
        let found = found.map_err(refused)?;
        let asked = ids.iter().zip(&found.value);
        let missing = asked.filter(|(_, known)| known.is_none());
        let missing = missing.map(|(id, _)| id.to_string());
        Ok(Response::new(proto::BatchGetPractitionersResponse {
            missing_practitioner_ids: missing.collect(),
            practitioners: found
                .value
                .into_iter()
                .flatten()
                .map(practitioner_to_proto)
                .collect(),
            as_of: as_of(found.as_of),
        }))
    }

    async fn search_practitioners(
        &self,
        request: Request<proto::SearchPractitionersRequest>,
    ) -> Result<Response<proto::SearchPractitionersResponse>, Status> {
        let (cx, message) = open(request)?;
        let filters = [
            message.name.as_str(),
            &message.profession_code,
            &message.speciality_code,
            &message.town,
            &message.postal_code,
            &message.organization_id,
            if message.include_inactive { "all" } else { "" },
        ];
        let tokens = ListTokens::new(&self.page_tokens, cx.now, "SearchPractitioners", &filters);
        let search = practitioner_search(&message, tokens.open(&message.page_token)?)?;
        let found = self.app.search_practitioners(&cx, &search).await;
        let found = found.map_err(refused)?;
        let matches = found
            .value
            .items
            .into_iter()
            .map(|found| proto::PractitionerMatch {
                practitioner: Some(practitioner_to_proto(found.practitioner)),
                homonym: found.homonym,
                near: found.is_near,
            });
        Ok(Response::new(proto::SearchPractitionersResponse {
            matches: matches.collect(),
            next_page_token: tokens.seal(found.value.next.as_ref()),
            as_of: as_of(found.as_of),
        }))
    }

    async fn get_organization(
        &self,
        request: Request<proto::GetOrganizationRequest>,
    ) -> Result<Response<proto::GetOrganizationResponse>, Status> {
        let (cx, message) = open(request)?;
        let id = id_from_proto("organization_id", &message.organization_id)?;
        let found = self.app.get_organization(&cx, id).await.map_err(refused)?;
        Ok(Response::new(proto::GetOrganizationResponse {
            organization: Some(organization_to_proto(found.value)),
            as_of: as_of(found.as_of),
        }))
    }

    async fn search_organizations(
        &self,
        request: Request<proto::SearchOrganizationsRequest>,
    ) -> Result<Response<proto::SearchOrganizationsResponse>, Status> {
        let (cx, message) = open(request)?;
        let filters = [message.name.as_str(), &message.town, &message.postal_code];
        let tokens = ListTokens::new(&self.page_tokens, cx.now, "SearchOrganizations", &filters);
        let search = organization_search(&message, tokens.open(&message.page_token)?)?;
        let found = self.app.search_organizations(&cx, &search).await;
        let found = found.map_err(refused)?;
        let organizations = found.value.items.into_iter().map(organization_to_proto);
        Ok(Response::new(proto::SearchOrganizationsResponse {
            organizations: organizations.collect(),
            next_page_token: tokens.seal(found.value.next.as_ref()),
            as_of: as_of(found.as_of),
        }))
    }

    async fn resolve_identifier(
        &self,
        request: Request<proto::ResolveIdentifierRequest>,
    ) -> Result<Response<proto::ResolveIdentifierResponse>, Status> {
        let (cx, message) = open(request)?;
        let readings = readings_from_proto(message.identifier)?;
        let found = self.app.resolve_identifier(&cx, &readings).await;
        let found = found.map_err(refused)?;
        let resolved = match found.value {
            Resolved::Practitioner(one) => ProtoResolved::Practitioner(practitioner_to_proto(one)),
            Resolved::Organization(one) => ProtoResolved::Organization(organization_to_proto(one)),
        };
        Ok(Response::new(proto::ResolveIdentifierResponse {
            resolved: Some(resolved),
            as_of: as_of(found.as_of),
        }))
    }

    async fn watch_changes(
        &self,
        request: Request<proto::WatchChangesRequest>,
    ) -> Result<Response<Self::WatchChangesStream>, Status> {
        let (cx, message) = open(request)?;
        let from = watch_from(&message.cursor)?;
        let what = watch_what(message.merges_only);
        let until = watch_until(message.until_caught_up);
        let stop = self.stop.clone();
        let watched = self.app.watch_changes(&cx, from, what, until, stop).await;
        let watched = watched.map_err(refused)?;
        Ok(Response::new(Box::pin(
            watched.map(|item| item.map(watched_to_proto).map_err(refused)),
        )))
    }

    async fn get_freshness(
        &self,
        request: Request<proto::GetFreshnessRequest>,
    ) -> Result<Response<proto::GetFreshnessResponse>, Status> {
        let (cx, _) = open(request)?;
        let report = self.app.get_freshness(&cx).await.map_err(refused)?;
        Ok(Response::new(freshness_to_proto(report)))
    }
}
