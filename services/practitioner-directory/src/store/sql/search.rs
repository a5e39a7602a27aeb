//! People and structures by name and place, page by page.
//!
//! People are found in memory ([`indexed`]): those who have every word of the question, then
//! those whose words begin like those of it, then those of whom one word is a slip away; only
//! where nobody answers so a slip is forgiven in all words. What the index does not tell, a
//! speciality, an organization, where the inactive practised, is asked of the database about
//! whom it finds ([`named`]).
//!
//! Structures are found in the database, in passes over the words of their names ([`name`]):
//! by words, and when those are exhausted by their beginnings.

mod homonyms;
mod indexed;
mod name;
mod named;
mod place;
mod reading;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::{OrganizationId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ConnectionTrait, ExprTrait};
use tokio::time::Instant;

use super::gathered::Gathered;
use super::{organizations as structures, practitioners as people};
use crate::error::Error;
use crate::organization::Organization;
use crate::page::{Page, PageOf};
use crate::practitioner::{Practitioner, PractitionerMatch};
use crate::search::{
    Likeness, OrganizationPosition, OrganizationSearch, Position, PractitionerPosition,
    PractitionerSearch,
};
use crate::store::Sourced;
use crate::words::NameQuestion;
pub(super) use indexed::Indexed;
use indexed::{Made, PATIENCE};
use name::{After, Names};

/// A page of the people who are meant.
type People = Page<PractitionerMatch, PractitionerPosition>;

/// A page of the people who are meant.
pub(super) async fn practitioners(
    db: &Database,
    indexed: &Arc<Indexed>,
    search: &PractitionerSearch,
) -> Result<Sourced<People>, Error> {
    if search.name.is_none() {
        let name = "practitioner_directory.search_practitioners";
        return db
            .snapshot(name, move |tx| async move { members(&tx, search).await })
            .await;
    }
    let until = Instant::now() + PATIENCE;
    let made = indexed.of(db, 0, until).await?;
    let mut made = made.ok_or(Error::NotIndexed)?;
    loop {
        let answer = Answer::of(db, &made, search).await?;
        if answer.revision == made.revision {
            return Ok(answer.shown(&made));
        }
        // However often the directory changes meanwhile.
        let next = if Instant::now() < until {
            indexed.of(db, answer.revision, until).await?
        } else {
            None
        };
        match next {
            Some(newer) if newer.revision > made.revision => made = newer,
            // The directory as it was a moment ago, if that is what was read.
            _ if answer.is_of(&made, search) => return Ok(answer.shown(&made)),
            _ => return Err(Error::NotIndexed),
        }
    }
}

/// Whom the index finds, and what was read of them.
struct Answer {
    page: Page<PractitionerPosition, PractitionerPosition>,
    known: HashMap<Uuid, Practitioner>,
    /// At which they were read.
    revision: u64,
    /// The latest that changed one of them, or where they practise.
    newest: u64,
}

impl Answer {
    async fn of(db: &Database, made: &Made, search: &PractitionerSearch) -> Result<Self, Error> {
        let wanted = usize::try_from(search.page.size.with_one_more()).unwrap_or(usize::MAX);
        let hits = named::find(db, &made.people, search, wanted).await?;
        let page = Page::cut(hits, search.page.size, Clone::clone);
        let ids = page.items.iter().map(|hit| hit.id.as_uuid());
        let ids: Vec<Uuid> = ids.collect();
        let gathered = Gathered::of(db.reader(), &ids).await?;
        Ok(Self {
            page,
            revision: gathered.revision.unwrap_or_default(),
            newest: gathered.newest_revision()?,
            known: people::known(gathered)?,
        })
    }

    /// Whether it is the answer of the index's own revision, although it was read later, not
    /// of a database that was put back: it shows somebody, nothing that it shows changed, and
    /// nothing else was asked of the database.
    fn is_of(&self, made: &Made, search: &PractitionerSearch) -> bool {
        let is_told = search.speciality.is_none()
            && search.organization_id.is_none()
            && !search.include_inactive;
        let is_unchanged = self.revision >= made.revision && self.newest <= made.revision;
        is_told && is_unchanged && !self.page.items.is_empty()
    }

    fn shown(mut self, made: &Made) -> Sourced<People> {
        let value = self.page.map(|hits| {
            let shown = hits.into_iter().filter_map(|hit| {
                let practitioner = self.known.remove(&hit.id.as_uuid())?;
                Some(PractitionerMatch {
                    practitioner,
                    homonym: made.people.has_homonym(&hit),
                    is_near: hit.likeness.forgives(),
                })
            });
            shown.collect()
        });
        let as_of = made.as_of;
        Sourced { value, as_of }
    }
}

/// A page of the structures that are meant.
pub(super) async fn organizations(
    tx: &Transaction,
    search: &OrganizationSearch,
) -> Result<Page<Organization, OrganizationPosition>, Error> {
    let names = Names::ORGANIZATIONS;
    let asked = Asked {
        names,
        question: &search.name,
        filter: place::stands(&search.place, names.id()),
    };
    let after = search.page.after.as_ref().map(After::organization);
    let found = asked
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

/// Something that answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
            let query = self.query(likeness, after, missing);
            found.extend(read(tx, &query, likeness).await?);
        }
        Ok(found)
    }

    fn query(&self, likeness: Likeness, after: Option<After<'_>>, limit: u64) -> SelectStatement {
        let mut query = self.names.answering(self.question, likeness);
        if let Some(filter) = &self.filter {
            query.and_where(filter.clone());
        }
        self.names.page(&mut query, after, limit);
        query
    }
}

/// A page of the people who practise in an organization, when no name is asked for.
async fn members(tx: &Transaction, search: &PractitionerSearch) -> Result<Sourced<People>, Error> {
    let after = search.page.after.as_ref().map(After::practitioner);
    let found = read(tx, &members_query(search, after), Likeness::Words).await?;
    let page = cut(found, &search.page, PractitionerId::from_uuid);
    let ids: Vec<Uuid> = page.items.iter().map(|found| found.id).collect();
    let homonyms: HashSet<Uuid> = homonyms::among(tx, &ids).await?;
    let gathered = Gathered::of(tx, &ids).await?;
    let as_of: Option<Timestamp> = gathered.as_of;
    let mut known = people::known(gathered)?;
    let value = page.map(|found| {
        let shown = found.into_iter().filter_map(|found| {
            Some(PractitionerMatch {
                practitioner: known.remove(&found.id)?,
                homonym: homonyms.contains(&found.id),
                is_near: false,
            })
        });
        shown.collect()
    });
    Ok(Sourced { value, as_of })
}

fn members_query(search: &PractitionerSearch, after: Option<After<'_>>) -> SelectStatement {
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
    if let Some(practises) = place::practises(search, names.id()) {
        query.and_where(Expr::exists(practises));
    }
    names.page(&mut query, after, search.page.size.with_one_more());
    query
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
