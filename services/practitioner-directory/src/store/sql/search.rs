//! People and structures by name and place, page by page.
//!
//! People are found in memory ([`indexed`]): those who have every word of the question, then
//! those whose words begin like those of it, then those of whom one word is a slip away; only
//! where nobody answers so a slip is forgiven in all words. What the index does not tell, a
//! speciality, an organization, where the inactive practised, is asked of the database about
//! whom it finds ([`named`]). What is shown of them comes from a file of this instance while
//! it may ([`shown`]), or from the database.
//!
//! Structures are found in the database, in passes over the words of their names ([`name`]):
//! by words, and when those are exhausted by their beginnings.

mod homonyms;
mod indexed;
mod name;
mod named;
mod place;
mod reading;
mod shown;

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
use crate::index::Standing;
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
pub(super) use shown::Shown;
#[cfg(test)]
pub(super) use shown::filling::Recorded;

/// A page of the people who are meant.
type People = Page<PractitionerMatch, PractitionerPosition>;

/// From where what is shown of people was read.
const FILE: &str = "file";
const DATABASE: &str = "database";

/// A page of the people who are meant.
pub(super) async fn practitioners(
    db: &Database,
    indexed: &Arc<Indexed>,
    search: &PractitionerSearch,
) -> Result<Sourced<People>, Error> {
    let (page, from) = if search.name.is_some() {
        bearers(db, indexed, search).await?
    } else {
        let name = "practitioner_directory.search_practitioners";
        let members = db.snapshot(name, move |tx| async move { members(&tx, search).await });
        (members.await?, DATABASE)
    };
    indexed.metrics.shown(from);
    Ok(page)
}

/// A page of the people who bear the name that is asked for, and from where it was read.
async fn bearers(
    db: &Database,
    indexed: &Arc<Indexed>,
    search: &PractitionerSearch,
) -> Result<(Sourced<People>, &'static str), Error> {
    let until = Instant::now() + PATIENCE;
    let made = indexed.of(db, 0, until).await?;
    let mut made = made.ok_or(Error::NotIndexed)?;
    loop {
        let found = Found::of(db, &made, search).await?;
        if let Some(known) = found.recorded(indexed, &made, search).await? {
            return Ok((found.shown(known, &made), FILE));
        }
        let answer = Answer::of(db, found).await?;
        if answer.revision == made.revision {
            return Ok((answer.shown(&made), DATABASE));
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
            _ if answer.is_of(&made, search) => return Ok((answer.shown(&made), DATABASE)),
            _ => return Err(Error::NotIndexed),
        }
    }
}

/// Whom the index finds.
struct Found {
    page: Page<(PractitionerPosition, Standing), PractitionerPosition>,
}

impl Found {
    async fn of(db: &Database, made: &Made, search: &PractitionerSearch) -> Result<Self, Error> {
        let wanted = usize::try_from(search.page.size.with_one_more()).unwrap_or(usize::MAX);
        let hits = named::find(db, &made.people, search, wanted).await?;
        let page = Page::cut(hits, search.page.size, Clone::clone);
        let standing = |hit: PractitionerPosition| {
            let standing = made.people.standing(&hit);
            (hit, standing)
        };
        Ok(Self {
            page: page.map(|hits| hits.into_iter().map(standing).collect()),
        })
    }

    /// What is shown of them, if the index alone told who they are and the file has them all.
    async fn recorded(
        &self,
        indexed: &Indexed,
        made: &Made,
        search: &PractitionerSearch,
    ) -> Result<Option<HashMap<Uuid, Practitioner>>, Error> {
        let Some(shown) = indexed.shown().filter(|_| is_told(search)) else {
            return Ok(None);
        };
        let found = self.page.items.iter().map(|(hit, of)| (hit.id, *of));
        shown.people(made, found).await
    }

    fn shown(self, mut known: HashMap<Uuid, Practitioner>, made: &Made) -> Sourced<People> {
        let value = self.page.map(|hits| {
            let shown = hits.into_iter().filter_map(|(hit, standing)| {
                let practitioner = known.remove(&hit.id.as_uuid())?;
                Some(PractitionerMatch {
                    practitioner,
                    homonym: standing.has_homonym,
                    is_near: hit.likeness.forgives(),
                })
            });
            shown.collect()
        });
        let as_of = made.as_of;
        Sourced { value, as_of }
    }
}

/// Whether the index alone tells who answers.
fn is_told(search: &PractitionerSearch) -> bool {
    search.speciality.is_none() && search.organization_id.is_none() && !search.include_inactive
}

/// Whom the index finds, and what was read of them.
struct Answer {
    found: Found,
    known: HashMap<Uuid, Practitioner>,
    /// At which they were read.
    revision: u64,
    /// The latest that changed one of them, or where they practise.
    newest: u64,
}

impl Answer {
    async fn of(db: &Database, found: Found) -> Result<Self, Error> {
        let ids = found.page.items.iter().map(|(hit, _)| hit.id.as_uuid());
        let ids: Vec<Uuid> = ids.collect();
        let gathered = Gathered::of(db.reader(), &ids).await?;
        Ok(Self {
            found,
            revision: gathered.revision.unwrap_or_default(),
            newest: gathered.newest_revision()?,
            known: people::known(gathered)?,
        })
    }

    /// Whether it is the answer of the index's own revision, although it was read later, not
    /// of a database that was put back: it shows somebody, nothing that it shows changed, and
    /// nothing else was asked of the database.
    fn is_of(&self, made: &Made, search: &PractitionerSearch) -> bool {
        let is_unchanged = self.revision >= made.revision && self.newest <= made.revision;
        is_told(search) && is_unchanged && !self.found.page.items.is_empty()
    }

    fn shown(self, made: &Made) -> Sourced<People> {
        self.found.shown(self.known, made)
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

/// What a statement finds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    likeness: Likeness,
    sort_name: String,
    id: Uuid,
}

fn cut<Id>(
    found: Vec<Row>,
    page: &PageOf<Position<Id>>,
    id: impl Fn(Uuid) -> Id,
) -> Page<Row, Position<Id>> {
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
    ) -> Result<Vec<Row>, Error> {
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
) -> Result<Vec<Row>, Error> {
    let rows = tx.query_all(query).await.map_err(DatabaseError::from)?;
    rows.into_iter()
        .map(|row| {
            let sort_name = row.try_get_by_index(0).map_err(DatabaseError::from)?;
            let id = row.try_get_by_index(1).map_err(DatabaseError::from)?;
            Ok(Row {
                likeness,
                sort_name,
                id,
            })
        })
        .collect()
}
