//! People by their names: whom the index finds, and of whom the database says what the index
//! does not tell.

use std::collections::HashSet;

use aval_database::{Database, DatabaseError};
use aval_domain::id::PractitionerId;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use super::place;
use crate::error::Error;
use crate::index::{Among, Pass, Searchable};
use crate::search::{Likeness, PractitionerPosition, PractitionerSearch};
use crate::store::sql::one_of::one_of;

/// Of how many people at once the database is asked at first; of twice as many each time, so
/// that whoever is far behind in the order is not looked for again and again.
const SOME: usize = 500;
/// Of how many at most.
const MOST: usize = 8_000;

const FOUND: &str = "found";
const ID: (&str, &str) = (FOUND, "practitioner_id");

/// The first of those who are meant, from where the last page ended.
pub(super) async fn find(
    db: &Database,
    people: &Searchable,
    search: &PractitionerSearch,
    wanted: usize,
) -> Result<Vec<PractitionerPosition>, Error> {
    let members = match search.organization_id {
        Some(_) => Some(practising(db, search, None).await?),
        None => None,
    };
    let asked = Asked {
        db,
        people,
        search,
        members: members.as_ref(),
        wanted,
    };
    let after = search.page.after.as_ref();
    if after.is_none_or(|after| after.likeness != Likeness::Doubtful) {
        let found = asked.pass(Pass::Certain).await?;
        if after.is_some() || !found.is_empty() {
            return Ok(found);
        }
    }
    asked.pass(Pass::Doubtful).await
}

/// A search for people, and who practises in the organization if one is asked for.
struct Asked<'a> {
    db: &'a Database,
    people: &'a Searchable,
    search: &'a PractitionerSearch,
    members: Option<&'a HashSet<PractitionerId>>,
    wanted: usize,
}

impl Asked<'_> {
    async fn pass(&self, pass: Pass) -> Result<Vec<PractitionerPosition>, Error> {
        let search = self.search;
        let after = search.page.after.as_ref();
        if let Some(members) = self.members {
            let among = Among::These(members);
            return Ok(self.people.hits(search, pass, after, among, self.wanted));
        }
        let among = if search.include_inactive {
            Among::Everybody
        } else {
            Among::Practising
        };
        let asks_more = search.speciality.is_some()
            || (search.include_inactive && place::practises(search, ID).is_some());
        if !asks_more {
            return Ok(self.people.hits(search, pass, after, among, self.wanted));
        }
        let mut after = after.cloned();
        let mut some = SOME;
        let mut found = Vec::new();
        loop {
            let hits = self.people.hits(search, pass, after.as_ref(), among, some);
            after = hits.last().cloned();
            let are_all = hits.len() < some;
            some = (some * 2).min(MOST);
            let these: Vec<Uuid> = hits.iter().map(|hit| hit.id.as_uuid()).collect();
            let kept = practising(self.db, search, Some(these)).await?;
            found.extend(hits.into_iter().filter(|hit| kept.contains(&hit.id)));
            if are_all || found.len() >= self.wanted {
                found.truncate(self.wanted);
                return Ok(found);
            }
        }
    }
}

/// Those of these people who practise as the search says; without these, of all who are or
/// were in its organization.
async fn practising(
    db: &Database,
    search: &PractitionerSearch,
    these: Option<Vec<Uuid>>,
) -> Result<HashSet<PractitionerId>, Error> {
    let mut query = Query::select();
    query.column(ID).from_as("practitioners", FOUND);
    if !search.include_inactive {
        query.and_where(Expr::col((FOUND, "active")).eq(true));
    }
    if let Some(these) = these {
        query.and_where(one_of(db.reader(), Expr::col(ID), these));
    }
    if let Some(organization_id) = search.organization_id {
        query.and_where(Expr::col(ID).in_subquery(place::members(organization_id)));
    }
    if let Some(practises) = place::practises(search, ID) {
        query.and_where(Expr::exists(practises));
    }
    let rows = db.reader().query_all(&query).await;
    let rows = rows.map_err(DatabaseError::from)?;
    let ids = rows.iter().map(|row| row.try_get_by_index::<Uuid>(0));
    let ids = ids.map(|id| id.map(PractitionerId::from_uuid));
    let ids: Result<HashSet<PractitionerId>, _> = ids.collect();
    Ok(ids.map_err(DatabaseError::from)?)
}
