//! Acts on what was done last, if anything was. What the rules refuse is no history.

use aval_domain::document::DocumentClasses;
use aval_domain::page::PageSize;

use crate::app::testing::Fixture;
use crate::app::{
    CloseCareEpisode, DeclineGrant, ListBlocks, ListCareEpisodes, ListGrants, PageRequest,
    RequestGrant, RevokeGrant, UnblockGrantee, UpdateGrant,
};
use crate::grant::{Grant, GrantPatch, GrantState};
use crate::store::{CareEpisodesOf, GrantsOf};

impl Fixture {
    pub(super) async fn revoke_newest(&self) {
        let Some(grant) = self.newest_grant(None).await else {
            return;
        };
        let command = RevokeGrant {
            grant_id: grant.grant_id,
            etag: None,
            request_id: self.request_id(),
        };
        let _ = self.app.revoke_grant(&self.as_patient(), command).await;
    }

    pub(super) async fn widen_newest(&self, classes: DocumentClasses) {
        let Some(grant) = self.newest_grant(None).await else {
            return;
        };
        let command = UpdateGrant {
            grant_id: grant.grant_id,
            etag: grant.version.etag(),
            patch: GrantPatch {
                classes: Some(grant.classes.union(classes)),
                until: None,
            },
            request_id: self.request_id(),
        };
        let _ = self.app.update_grant(&self.as_patient(), command).await;
    }

    pub(super) async fn ask_for(&self, classes: DocumentClasses) {
        let command = RequestGrant {
            classes,
            ..self.request()
        };
        let _ = self.app.request_grant(&self.as_doctor(), command).await;
    }

    pub(super) async fn answer_newest(&self, approved: bool) {
        let Some(request) = self.newest_grant(Some(GrantState::Requested)).await else {
            return;
        };
        let cx = self.as_patient();
        if approved {
            let command = self.approval_of(&request);
            let _ = self.app.approve_grant(&cx, command).await;
        } else {
            let command = DeclineGrant {
                grant_id: request.grant_id,
                etag: request.version.etag(),
                request_id: self.request_id(),
            };
            let _ = self.app.decline_grant(&cx, command).await;
        }
    }

    pub(super) async fn lift_newest(&self) {
        let cx = self.as_patient();
        let query = ListBlocks {
            patient_id: self.patient,
            include_ended: false,
            page: newest(),
        };
        let blocks = self.app.list_blocks(&cx, query).await.unwrap().items;
        let Some(block) = blocks.first() else {
            return;
        };
        let command = UnblockGrantee {
            block_id: block.block_id,
            request_id: self.request_id(),
        };
        let _ = self.app.unblock_grantee(&cx, command).await;
    }

    pub(super) async fn close_newest(&self) {
        let cx = self.as_patient();
        let query = ListCareEpisodes {
            of: CareEpisodesOf::Patient(self.patient),
            include_ended: false,
            page: newest(),
        };
        let episodes = self.app.list_care_episodes(&cx, query).await.unwrap().items;
        let Some(episode) = episodes.first() else {
            return;
        };
        let command = CloseCareEpisode {
            care_episode_id: episode.care_episode_id,
            request_id: self.request_id(),
        };
        let _ = self.app.close_care_episode(&cx, command).await;
    }

    async fn newest_grant(&self, state: Option<GrantState>) -> Option<Grant> {
        let query = ListGrants {
            of: GrantsOf::Patient(self.patient),
            state,
            page: newest(),
        };
        let page = self.app.list_grants(&self.as_patient(), query).await;
        page.unwrap().items.into_iter().next().map(|one| one.grant)
    }
}

/// The first of a list whose newest come first.
fn newest<Id>() -> PageRequest<Id> {
    PageRequest {
        after: None,
        size: PageSize::DEFAULT,
    }
}
