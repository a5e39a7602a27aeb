//! Who may see me; my patients.

use aval_domain::id::GrantId;
use aval_runtime::context::{Denied, RequestContext};

use super::standing::Standing;
use super::{App, Page, PageRequest};
use crate::error::Error;
use crate::grant::GrantState;
use crate::store::{GrantQuery, GrantsOf};

/// Which grants are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ListGrants {
    /// Whose.
    pub of: GrantsOf,
    /// Only in this state.
    pub state: Option<GrantState>,
    /// Which page.
    pub page: PageRequest<GrantId>,
}

impl App {
    /// The patient's own grants, or those that name the professional who asks.
    #[tracing::instrument(name = "consent.list_grants", skip_all)]
    pub async fn list_grants(
        &self,
        cx: &RequestContext,
        query: ListGrants,
    ) -> Result<Page<Standing>, Error> {
        match query.of {
            GrantsOf::Patient(id) => {
                cx.patient_owning(id)?;
            }
            GrantsOf::Practitioner(id) if cx.practitioner()?.practitioner_id == id => {}
            GrantsOf::Practitioner(_) => return Err(Denied::ActorNotAllowed.into()),
        }
        let rows = GrantQuery {
            of: query.of,
            state: query.state,
            now: cx.now,
            after: query.page.after,
            limit: query.page.size.with_one_more(),
        };
        let page = Page::of(self.store.grants(&rows).await?, query.page.size);
        Ok(Page {
            items: self.standings(page.items, cx.now).await?,
            more: page.more,
        })
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::page::PageSize;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::decision::AuthorizationStatus;

    fn of(of: GrantsOf) -> ListGrants {
        let page = PageRequest {
            after: None,
            size: PageSize::DEFAULT,
        };
        ListGrants {
            of,
            state: None,
            page,
        }
    }

    #[tokio::test]
    async fn both_sides_see_the_same_grant_in_their_own_list() {
        let fixture = Fixture::new().await;
        let grant = fixture.grant_to_doctor().await;
        let patients = of(GrantsOf::Patient(fixture.patient));
        let list = fixture
            .app
            .list_grants(&fixture.as_patient(), patients)
            .await
            .unwrap();
        let standing = Standing {
            grant,
            authorization: AuthorizationStatus::Valid,
        };
        assert_eq!((list.items, list.more), (vec![standing.clone()], false));
        let doctors = of(GrantsOf::Practitioner(fixture.doctor()));
        let list = fixture
            .app
            .list_grants(&fixture.as_doctor(), doctors)
            .await
            .unwrap();
        assert_eq!(list.items, [standing]);
    }

    #[tokio::test]
    async fn nobody_reads_somebody_elses_list() {
        let fixture = Fixture::new().await;
        let patients = of(GrantsOf::Patient(fixture.patient));
        let doctors = of(GrantsOf::Practitioner(fixture.doctor()));
        for (cx, query) in [
            (fixture.as_other_patient(), patients),
            (fixture.as_doctor(), patients),
            (fixture.as_nurse(), doctors),
            (fixture.as_patient(), doctors),
            (fixture.as_nobody(), patients),
            (fixture.as_nobody(), doctors),
        ] {
            let denied = fixture.app.list_grants(&cx, query).await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
    }
}
