//! Who cares for me; for whom I care.

use aval_domain::id::CareEpisodeId;
use aval_runtime::context::{Denied, RequestContext};

use super::{App, Page, PageRequest};
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::store::{CareEpisodeQuery, CareEpisodesOf};

/// Which episodes are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ListCareEpisodes {
    /// Whose.
    pub of: CareEpisodesOf,
    /// Whether closed ones and those that are over are shown too.
    pub include_ended: bool,
    /// Which page.
    pub page: PageRequest<CareEpisodeId>,
}

impl App {
    /// The patient's own episodes, or those of which the professional who asks is a
    /// member.
    #[tracing::instrument(name = "consent.list_care_episodes", skip_all)]
    pub async fn list_care_episodes(
        &self,
        cx: &RequestContext,
        query: ListCareEpisodes,
    ) -> Result<Page<CareEpisode>, Error> {
        match query.of {
            CareEpisodesOf::Patient(id) => {
                cx.patient_owning(id)?;
            }
            CareEpisodesOf::Member(id) if cx.practitioner()?.practitioner_id == id => {}
            CareEpisodesOf::Member(_) => return Err(Denied::ActorNotAllowed.into()),
        }
        let rows = CareEpisodeQuery {
            of: query.of,
            include_ended: query.include_ended,
            now: cx.now,
            after: query.page.after,
            limit: query.page.size.with_one_more(),
        };
        let episodes = self.store.care_episodes(&rows).await?;
        Ok(Page::of(episodes, query.page.size))
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::page::PageSize;

    use super::*;
    use crate::app::testing::Fixture;

    fn of(of: CareEpisodesOf) -> ListCareEpisodes {
        let page = PageRequest {
            after: None,
            size: PageSize::DEFAULT,
        };
        ListCareEpisodes {
            of,
            include_ended: false,
            page,
        }
    }

    #[tokio::test]
    async fn the_patient_and_each_member_see_it_and_nobody_reads_another_list() {
        let fixture = Fixture::new().await;
        let episode = fixture.care_episode().await.unwrap();
        let patients = of(CareEpisodesOf::Patient(fixture.patient));
        let doctors = of(CareEpisodesOf::Member(fixture.doctor()));
        let nurses = of(CareEpisodesOf::Member(fixture.nurse()));
        for (cx, query) in [
            (fixture.as_patient(), patients),
            (fixture.as_doctor(), doctors),
            (fixture.as_nurse(), nurses),
        ] {
            let list = fixture.app.list_care_episodes(&cx, query).await.unwrap();
            assert_eq!((list.items, list.more), (vec![episode.clone()], false));
        }
        for (cx, query) in [
            (fixture.as_other_patient(), patients),
            (fixture.as_doctor(), patients),
            (fixture.as_doctor(), nurses),
            (fixture.as_patient(), doctors),
            (fixture.as_nobody(), patients),
        ] {
            let denied = fixture.app.list_care_episodes(&cx, query).await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
    }
}
