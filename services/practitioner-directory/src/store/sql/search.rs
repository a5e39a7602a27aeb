//! People and structures by name and place, page by page.
//!
//! A question is answered in passes. The first finds the names that have every
//! word of the question; for a single word it reads them in the order of the answer
//! and stops when the page is full. Only when those are exhausted does the second
//! look for names whose words begin like those of the question. When these are exhausted
//! too a slip is forgiven in one word, because a slip may hit another name: whoever is
//! meant comes behind those who bear it. Only where nobody answers so it is forgiven in
//! all words.
//!
//! PostgreSQL answers all of this about people in one statement over their keys (`keyed`),
//! which also reads what is shown of them (`answered`): the passes probe the other words of
//! whoever has the first one, which takes long where that is `MARIE`. The near words of words
//! that were asked for before are remembered (`near`). Where an index of people is kept in memory
//! (`indexed`), it finds those of first pages, and a statement only reads what is shown of them.

mod answered;
mod homonyms;
mod indexed;
mod keyed;
mod name;
mod near;
mod place;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::{OrganizationId, PractitionerId};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use sea_orm::{ConnectionTrait, ExprTrait};

use super::gathered::Gathered;
use super::{organizations as structures, practitioners as people, search_keys};
use crate::error::Error;
use crate::organization::Organization;
use crate::page::{Page, PageOf};
use crate::practitioner::PractitionerMatch;
use crate::search::{
    Likeness, OrganizationPosition, OrganizationSearch, Position, PractitionerPosition,
    PractitionerSearch,
};
use crate::store::Sourced;
use crate::words::NameQuestion;
use answered::Answered;
pub(super) use indexed::Indexed;
use keyed::Keyed;
#[cfg(test)]
pub(in crate::store) use keyed::searching_by_keys;
use name::{After, Names};
use near::NearWords;
pub(super) use near::RememberedWords;

/// How well somebody answers, in a statement's answer.
const LIKENESS: &str = "likeness";

/// A page of the people who are meant.
pub(super) async fn practitioners(
    db: &Database,
    words: &RememberedWords,
    search: &PractitionerSearch,
) -> Result<Sourced<Page<PractitionerMatch, PractitionerPosition>>, Error> {
    Ok(shown(read_from(db, words, search).await?, search))
}

async fn read_from(
    db: &Database,
    words: &RememberedWords,
    search: &PractitionerSearch,
) -> Result<Answered, Error> {
    if search_keys::are_kept(db.reader()) {
        // Each statement is of one state by itself.
        return in_one_statement(db.reader(), words, search).await;
    }
    let name = "practitioner_directory.search_practitioners";
    db.snapshot(name, move |tx| async move { in_passes(&tx, search).await })
        .await
}

/// What is shown of an answer.
fn shown(
    answered: Answered,
    search: &PractitionerSearch,
) -> Sourced<Page<PractitionerMatch, PractitionerPosition>> {
    let Answered {
        found,
        homonyms,
        mut known,
        as_of,
        revision: _,
    } = answered;
    let page = cut(found, &search.page, PractitionerId::from_uuid);
    let value = page.map(|found| {
        found
            .into_iter()
            .filter_map(|found| {
                let practitioner = known.remove(&found.id)?;
                Some(PractitionerMatch {
                    practitioner,
                    homonym: homonyms.contains(&found.id),
                    is_near: found.likeness.forgives(),
                })
            })
            .collect()
    });
    Sourced { value, as_of }
}

/// On PostgreSQL: by the keys of people.
async fn in_one_statement(
    db: &impl ConnectionTrait,
    words: &RememberedWords,
    search: &PractitionerSearch,
) -> Result<Answered, Error> {
    let after = search.page.after.as_ref().map(After::practitioner);
    match &search.name {
        Some(question) => {
            let wanted = search.page.size.with_one_more();
            let asked = Asked::people(search, question);
            asked.by_keys(db, words, search, after, wanted).await
        }
        None => Answered::of(db, &members(search, after)).await,
    }
}

/// On SQLite: by the words of names, inside of a snapshot.
async fn in_passes(tx: &Transaction, search: &PractitionerSearch) -> Result<Answered, Error> {
    let after = search.page.after.as_ref().map(After::practitioner);
    let found = match &search.name {
        Some(question) => {
            let wanted = search.page.size.with_one_more();
            let asked = Asked::people(search, question);
            asked.passes(tx, after, wanted).await?
        }
        None => read(tx, &members(search, after), Likeness::Words).await?,
    };
    let ids: Vec<Uuid> = found.iter().map(|found| found.id).collect();
    let homonyms = homonyms::among(tx, &ids).await?;
    let gathered = Gathered::of(tx, &ids).await?;
    let (as_of, revision) = (gathered.as_of, gathered.revision);
    let known = people::known(gathered)?;
    Ok(Answered {
        found,
        homonyms,
        known,
        as_of,
        revision,
    })
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
    include_inactive: bool,
    filter: Option<Expr>,
}

impl<'a> Asked<'a> {
    fn people(search: &PractitionerSearch, question: &'a NameQuestion) -> Self {
        let names = Names::PRACTITIONERS;
        Self {
            names,
            question,
            include_inactive: search.include_inactive,
            filter: place::practises(search, names.id()).map(Expr::exists),
        }
    }

    /// Reads a single word of which nothing else is asked in the order of the answer:
    /// thousands may bear it, and a page of them is enough. Everything else by the keys.
    async fn by_keys(
        &self,
        db: &impl ConnectionTrait,
        words: &RememberedWords,
        search: &PractitionerSearch,
        after: Option<After<'_>>,
        wanted: u64,
    ) -> Result<Answered, Error> {
        let is_single = self.question.clauses.len() == 1 && self.filter.is_none();
        if is_single && after.is_none_or(|after| after.likeness == Likeness::Words) {
            let mut page = self.query(self.question, Likeness::Words, after, wanted);
            page.expr_as(Expr::val(ordinal(Likeness::Words)), LIKENESS);
            let answered = Answered::of(db, &page).await?;
            if answered.found.len() as u64 == wanted {
                return Ok(answered);
            }
        }
        if let Some(near) = words.of(self.question) {
            let question = near.widen(self.question);
            let keyed = Keyed::new(search, &question);
            let answered = keyed.answers(db, after, wanted).await?;
            if answered.revision == Some(near.revision) {
                return Ok(answered);
            }
            words.forget();
        }
        let near = NearWords::look_up(db, self.question).await?;
        words.note(&near);
        let question = near.widen(self.question);
        let keyed = Keyed::new(search, &question);
        keyed.answers(db, after, wanted).await
    }

    /// The passes, from where the last page ended, until there are `wanted` answers.
    async fn passes(
        &self,
        tx: &Transaction,
        after: Option<After<'_>>,
        wanted: u64,
    ) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        for likeness in [Likeness::Words, Likeness::Beginnings] {
            self.pass(tx, self.question, likeness, after, wanted, &mut found)
                .await?;
        }
        if found.len() as u64 == wanted || !self.names.forgives {
            return Ok(found);
        }
        let near = NearWords::look_up(tx, self.question).await?;
        let question = near.widen(self.question);
        self.mistyped(tx, &question, after, wanted, &mut found)
            .await?;
        // Those would be found again: they are never read one after the other.
        let somebody_answered = match after {
            Some(after) => after.likeness != Likeness::Doubtful,
            None => !found.is_empty(),
        };
        if !somebody_answered {
            self.pass(tx, &question, Likeness::Doubtful, after, wanted, &mut found)
                .await?;
        }
        Ok(found)
    }

    /// One pass, unless the last page ended behind it, for as many as are still wanted.
    async fn pass(
        &self,
        tx: &Transaction,
        question: &NameQuestion,
        likeness: Likeness,
        after: Option<After<'_>>,
        wanted: u64,
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        let missing = wanted - found.len() as u64;
        if missing == 0 || after.is_some_and(|after| after.likeness > likeness) {
            return Ok(());
        }
        let after = after.filter(|after| after.likeness == likeness);
        let query = self.query(question, likeness, after, missing);
        found.extend(read(tx, &query, likeness).await?);
        Ok(())
    }

    /// The pass that forgives a slip in one word: for each in turn, since the other words
    /// then leave few candidates.
    async fn mistyped(
        &self,
        tx: &Transaction,
        question: &NameQuestion,
        after: Option<After<'_>>,
        wanted: u64,
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        if after.is_some_and(|after| after.likeness > Likeness::Mistyped) {
            return Ok(());
        }
        let mut near = Vec::new();
        for place in 0..question.clauses.len() {
            let mut slipped = question.clone();
            slipped.clauses.swap(0, place);
            if slipped.clauses[0].near.is_empty() {
                continue;
            }
            let mut more = Vec::new();
            self.pass(tx, &slipped, Likeness::Mistyped, after, wanted, &mut more)
                .await?;
            near.append(&mut more);
        }
        // Somebody may be a slip away in this word and in that.
        near.sort_by(|one, other| (&one.sort_name, one.id).cmp(&(&other.sort_name, other.id)));
        near.dedup_by_key(|found| found.id);
        let missing = usize::try_from(wanted).map_or(0, |wanted| wanted - found.len());
        near.truncate(missing);
        found.append(&mut near);
        Ok(())
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
fn members(search: &PractitionerSearch, after: Option<After<'_>>) -> SelectStatement {
    let names = Names::PEOPLE;
    let mut query = Query::select();
    query
        .column(Names::SORT_NAME)
        .column(names.id())
        .expr_as(Expr::val(ordinal(Likeness::Words)), LIKENESS)
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

/// The place of a likeness in the order of the answer.
const fn ordinal(likeness: Likeness) -> i32 {
    match likeness {
        Likeness::Words => 0,
        Likeness::Beginnings => 1,
        Likeness::Mistyped => 2,
        Likeness::Doubtful => 3,
    }
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
