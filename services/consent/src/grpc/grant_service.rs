//! `aval.consent.v1.GrantService`.

use std::sync::Arc;

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::grant_service_server::GrantService;
use tonic::{Request, Response, Status};

use super::convert::{self, Pages};
use super::of_person;
use crate::app::App;

/// Grants and blocks over gRPC.
#[derive(Debug, Clone)]
pub struct GrantGrpc {
    app: Arc<App>,
    pages: Arc<Pages>,
}

impl GrantGrpc {
    /// Serves these use cases.
    #[must_use]
    pub const fn new(app: Arc<App>, pages: Arc<Pages>) -> Self {
        Self { app, pages }
    }
}

#[tonic::async_trait]
impl GrantService for GrantGrpc {
    async fn create_grant(
        &self,
        request: Request<proto::CreateGrantRequest>,
    ) -> Result<Response<proto::CreateGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::create_grant(&request)?;
        let grant = self.app.create_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::CreateGrantResponse { grant }))
    }

    async fn request_grant(
        &self,
        request: Request<proto::RequestGrantRequest>,
    ) -> Result<Response<proto::RequestGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::request_grant(&request)?;
        let grant = self.app.request_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::RequestGrantResponse { grant }))
    }

    async fn approve_grant(
        &self,
        request: Request<proto::ApproveGrantRequest>,
    ) -> Result<Response<proto::ApproveGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::approve_grant(&request)?;
        let grant = self.app.approve_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::ApproveGrantResponse { grant }))
    }

    async fn decline_grant(
        &self,
        request: Request<proto::DeclineGrantRequest>,
    ) -> Result<Response<proto::DeclineGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::decline_grant(&request)?;
        let grant = self.app.decline_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::DeclineGrantResponse { grant }))
    }

    async fn declare_grant(
        &self,
        request: Request<proto::DeclareGrantRequest>,
    ) -> Result<Response<proto::DeclareGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::declare_grant(&request)?;
        let grant = self.app.declare_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::DeclareGrantResponse { grant }))
    }

    async fn update_grant(
        &self,
        request: Request<proto::UpdateGrantRequest>,
    ) -> Result<Response<proto::UpdateGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::update_grant(&request)?;
        let grant = self.app.update_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::UpdateGrantResponse { grant }))
    }

    async fn revoke_grant(
        &self,
        request: Request<proto::RevokeGrantRequest>,
    ) -> Result<Response<proto::RevokeGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::revoke_grant(&request)?;
        let grant = self.app.revoke_grant(&cx, command).await?;
        let grant = Some(convert::grant_to_proto(&grant, cx.now));
        Ok(Response::new(proto::RevokeGrantResponse { grant }))
    }

    async fn revoke_all_grants(
        &self,
        request: Request<proto::RevokeAllGrantsRequest>,
    ) -> Result<Response<proto::RevokeAllGrantsResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::revoke_all_grants(&request)?;
        let count = self.app.revoke_all_grants(&cx, command).await?;
        let revoked_count = i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Response::new(proto::RevokeAllGrantsResponse {
            revoked_count,
        }))
    }

    async fn get_grant(
        &self,
        request: Request<proto::GetGrantRequest>,
    ) -> Result<Response<proto::GetGrantResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let grant_id = convert::grant_id(&request)?;
        let standing = self.app.get_grant(&cx, grant_id).await?;
        let grant = Some(convert::standing_to_proto(&standing, cx.now));
        Ok(Response::new(proto::GetGrantResponse { grant }))
    }

    async fn list_grants(
        &self,
        request: Request<proto::ListGrantsRequest>,
    ) -> Result<Response<proto::ListGrantsResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, command) = convert::list_grants(&request, &self.pages, cx.now)?;
        let page = self.app.list_grants(&cx, command).await?;
        Ok(Response::new(proto::ListGrantsResponse {
            next_page_token: self
                .pages
                .next(&query, &page, cx.now, |one| one.grant.grant_id.as_uuid()),
            grants: page
                .items
                .iter()
                .map(|standing| convert::standing_to_proto(standing, cx.now))
                .collect(),
        }))
    }

    async fn block_grantee(
        &self,
        request: Request<proto::BlockGranteeRequest>,
    ) -> Result<Response<proto::BlockGranteeResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::block_grantee(&request)?;
        let block = self.app.block_grantee(&cx, command).await?;
        let block = Some(convert::block_to_proto(&block));
        Ok(Response::new(proto::BlockGranteeResponse { block }))
    }

    async fn unblock_grantee(
        &self,
        request: Request<proto::UnblockGranteeRequest>,
    ) -> Result<Response<proto::UnblockGranteeResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::unblock_grantee(&request)?;
        let block = self.app.unblock_grantee(&cx, command).await?;
        let block = Some(convert::block_to_proto(&block));
        Ok(Response::new(proto::UnblockGranteeResponse { block }))
    }

    async fn list_blocks(
        &self,
        request: Request<proto::ListBlocksRequest>,
    ) -> Result<Response<proto::ListBlocksResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, command) = convert::list_blocks(&request, &self.pages, cx.now)?;
        let page = self.app.list_blocks(&cx, command).await?;
        Ok(Response::new(proto::ListBlocksResponse {
            next_page_token: self
                .pages
                .next(&query, &page, cx.now, |block| block.block_id.as_uuid()),
            blocks: page.items.iter().map(convert::block_to_proto).collect(),
        }))
    }

    async fn open_care_episode(
        &self,
        request: Request<proto::OpenCareEpisodeRequest>,
    ) -> Result<Response<proto::OpenCareEpisodeResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::open_care_episode(&request)?;
        let episode = self.app.open_care_episode(&cx, command).await?;
        let care_episode = Some(convert::care_episode_to_proto(&episode));
        Ok(Response::new(proto::OpenCareEpisodeResponse {
            care_episode,
        }))
    }

    async fn close_care_episode(
        &self,
        request: Request<proto::CloseCareEpisodeRequest>,
    ) -> Result<Response<proto::CloseCareEpisodeResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let command = convert::close_care_episode(&request)?;
        let episode = self.app.close_care_episode(&cx, command).await?;
        let care_episode = Some(convert::care_episode_to_proto(&episode));
        Ok(Response::new(proto::CloseCareEpisodeResponse {
            care_episode,
        }))
    }

    async fn list_care_episodes(
        &self,
        request: Request<proto::ListCareEpisodesRequest>,
    ) -> Result<Response<proto::ListCareEpisodesResponse>, Status> {
        let (cx, request) = of_person(request)?;
        let (query, command) = convert::list_care_episodes(&request, &self.pages, cx.now)?;
        let page = self.app.list_care_episodes(&cx, command).await?;
        let episodes = page.items.iter().map(convert::care_episode_to_proto);
        Ok(Response::new(proto::ListCareEpisodesResponse {
            care_episodes: episodes.collect(),
            next_page_token: self.pages.next(&query, &page, cx.now, |episode| {
                episode.care_episode_id.as_uuid()
            }),
        }))
    }
}
