//! People and structures by name and place, page by page.
//!
//! A question is answered in passes. The first finds the names that have every
//! word of the question; for a single word it reads them in the order of the answer
//! and stops when the page is full. Only when those are exhausted does the second
//! look for names whose words begin like those of the question. Only where nobody
//! answers so is a slip forgiven: in one word, and if that finds nobody, in all.

mod name;
mod near;
mod place;

use std::collections::HashMap;

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::{OrganizationId, PractitionerId};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};

use super::entity::practitioner;
use super::{organizations as structures, practitioners as people};
use crate::error::Error;
use crate::organization::Organization;
use crate::page::{Page, PageOf};
use crate::practitioner::{Practitioner, PractitionerMatch};
use crate::search::{
    Likeness, OrganizationPosition, OrganizationSearch, Position, PractitionerPosition,
    PractitionerSearch,
};
use crate::words::NameQuestion;
use name::{After, Names};

/// A page of the people who are meant.
pub(super) async fn practitioners(
    tx: &Transaction,
    search: &PractitionerSearch,
) -> Result<Page<PractitionerMatch, PractitionerPosition>, Error> {
    let after = search.page.after.as_ref().map(After::practitioner);
    let found = match &search.name {
        Some(question) => {
            let filter = place::practises(search, Names::PRACTITIONERS.id());
            let query = Asked {
                names: Names::PRACTITIONERS,
                question,
                include_inactive: search.include_inactive,
                filter,
            };
            query
                .passes(tx, after, search.page.size.with_one_more())
                .await?
        }
        None => members(tx, search, after).await?,
    };
    let page = cut(found, &search.page, PractitionerId::from_uuid);
    let ids: Vec<PractitionerId> = page
        .items
        .iter()
        .map(|f| PractitionerId::from_uuid(f.id))
        .collect();
    let bearers = bearers(tx, &page.items).await?;
    let mut known: HashMap<Uuid, Practitioner> = people::by_ids(tx, &ids)
        .await?
        .into_iter()
        .flatten()
        .map(|practitioner| (practitioner.practitioner_id.as_uuid(), practitioner))
        .collect();
    Ok(page.map(|found| {
        found
            .into_iter()
            .filter_map(|found| {
                let practitioner = known.remove(&found.id)?;
                let bearers = bearers.get(&found.sort_name).copied().unwrap_or(0);
                let homonym = bearers > i64::from(practitioner.active);
                Some(PractitionerMatch {
                    practitioner,
                    homonym,
                })
            })
            .collect()
    }))
}

/// A page of the structures that are meant.
pub(super) async fn organizations(
    tx: &Transaction,
    search: &OrganizationSearch,
) -> Result<Page<Organization, OrganizationPosition>, Error> {
    let query = Asked {
        names: Names::ORGANIZATIONS,
        question: &search.name,
        include_inactive: false,
        filter: place::stands(&search.place, Names::ORGANIZATIONS.id()),
    };
    let after = search.page.after.as_ref().map(After::organization);
    let found = query
        .passes(tx, after, search.page.size.with_one_more())
        .await?;
    let page = cut(found, &search.page, OrganizationId::from_uuid);
    let mut known = structures::by_ids(tx, page.items.iter().map(|found| found.id)).await?;
    Ok(page.map(|found| {
        found
            .into_iter()
            .filter_map(|found| known.remove(&found.id))
            .collect()
    }))
}

/// Somebody or something that answers.
#[derive(Debug, Clone)]
struct Found {
    likeness: Likeness,
    sort_name: String,
    id: Uuid,
}

fn cut<Id>(
    found: Vec<Found>,
    page: &PageOf<Position<Id>>,
    id: impl Fn(Uuid) -> Id,
) -> Page<Found, Position<Id>> {
    Page::cut(found, page.size, |found| Position {
        likeness: found.likeness,
        sort_name: found.sort_name.clone(),
        id: id(found.id),
    })
}

/// A question about names, and what else must hold.
struct Asked<'a> {
    names: Names,
    question: &'a NameQuestion,
    include_inactive: bool,
    filter: Option<Expr>,
}

impl Asked<'_> {
    /// The passes, from where the last page ended, until there are `wanted` answers.
    async fn passes(
        &self,
        tx: &Transaction,
        after: Option<After<'_>>,
        wanted: u64,
    ) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for likeness in [Likeness::Words, Likeness::Beginnings] {
            let missing = wanted - found.len() as u64;
            if missing == 0 || after.is_some_and(|after| after.likeness > likeness) {
                continue;
            }
            let after = after.filter(|after| after.likeness == likeness);
            let query = self.query(self.question, likeness, after, missing);
            found.extend(read(tx, &query, likeness).await?);
        }
        let answered = match after {
            Some(after) => !after.likeness.forgives(),
            None => !found.is_empty(),
        };
        if answered || !self.names.forgives {
            return Ok(found);
        }
        self.forgiving(tx, after, wanted).await
    }

    /// The first pass that finds somebody, or the one in which the last page ended. What
    /// one finds the next would find too: they are never read one after the other.
    async fn forgiving(
        &self,
        tx: &Transaction,
        after: Option<After<'_>>,
        wanted: u64,
    ) -> Result<Vec<Found>, Error> {
        let question = near::widened(tx, self.question).await?;
        for likeness in [Likeness::Mistyped, Likeness::Doubtful] {
            if after.is_some_and(|after| after.likeness != likeness) {
                continue;
            }
            let query = self.query(&question, likeness, after, wanted);
            let found = read(tx, &query, likeness).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn query(
        &self,
        question: &NameQuestion,
        likeness: Likeness,
        after: Option<After<'_>>,
        limit: u64,
    ) -> SelectStatement {
        let mut query = self
            .names
            .answering(question, likeness, self.include_inactive);
        if let Some(filter) = &self.filter {
            query.and_where(filter.clone());
        }
        self.names.page(&mut query, after, limit);
        query
    }
}

/// The people who practise in an organization, when no name is asked for.
async fn members(
    tx: &Transaction,
    search: &PractitionerSearch,
    after: Option<After<'_>>,
) -> Result<Vec<Found>, Error> {
    let names = Names::PEOPLE;
    let mut query = Query::select();
    query
        .column(Names::SORT_NAME)
        .column(names.id())
        .from_as(names.table, Names::ALIAS)
        .and_where(Names::is_active(search.include_inactive));
    if let Some(organization_id) = search.organization_id {
        query.and_where(Expr::col(names.id()).in_subquery(place::members(organization_id)));
    }
    if let Some(filter) = place::practises(search, names.id()) {
        query.and_where(filter);
    }
    names.page(&mut query, after, search.page.size.with_one_more());
    read(tx, &query, Likeness::Words).await
}

async fn read(
    tx: &Transaction,
    query: &SelectStatement,
    likeness: Likeness,
) -> Result<Vec<Found>, Error> {
    let rows = tx.query_all(query).await.map_err(DatabaseError::from)?;
    rows.into_iter()
        .map(|row| {
            let sort_name = row.try_get_by_index(0).map_err(DatabaseError::from)?;
            let id = row.try_get_by_index(1).map_err(DatabaseError::from)?;
            Ok(Found {
                likeness,
                sort_name,
                id,
            })
        })
        .collect()
}

/// How many active practitioners bear each of these names.
async fn bearers(tx: &Transaction, found: &[Found]) -> Result<HashMap<String, i64>, Error> {
    let mut names: Vec<&str> = found.iter().map(|found| found.sort_name.as_str()).collect();
    names.dedup();
    let counts: Vec<(String, i64)> = practitioner::Entity::find()
        .select_only()
        .column(practitioner::Column::SortName)
        .column_as(practitioner::Column::PractitionerId.count(), "bearers")
        .filter(practitioner::Column::Active.eq(true))
        .filter(practitioner::Column::SortName.is_in(names))
        .group_by(practitioner::Column::SortName)
        .into_tuple()
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    Ok(counts.into_iter().collect())
}
