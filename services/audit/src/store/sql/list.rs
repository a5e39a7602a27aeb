//! The lists that there are: a patient's history, and what a professional did.
//!
//! A page is a walk along an index, for each identifier of the human a walk of its own:
//! what one statement with `patient_id IN (…)` finds, both engines would sort from the
//! first event on. Most have one identifier, nothing that was erased and nothing that was ever
//! hidden, and pay for each with a look into an index, in the statement of the page itself.
//!
//! What the rows of a page tell is read after them, on PostgreSQL, and may be erased between the
//! two. Such a row is not told of, and one of those beyond the page takes its place:
//!
//! ```text
//! t0  the rows of a page are read: a, b, c     t1  b is erased
//! t2  what they tell is read: a, c             t3  fewer than there were: all is read anew, of
//!                                                  one state: a, c, d
//! ```
//!
//! So whoever reads fewer than were asked for has come to the end.
//!
//! That nothing was ever hidden is said by the statement that finds the rows, wherever it is read:
//! it is of their very state, which is no older than the question. Every setting that stands among
//! the rows is seen by it, and one that is recorded at t1 is one that an answer a moment sooner
//! would not have known either. Rows that were read anew, at t3, may tell of a setting that the
//! statement of t0 did not see: of those it is not said.

use std::collections::BTreeSet;

use aval_database::{Database, DatabaseError};
use aval_domain::id::{PatientId, PractitionerId};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
};
#[cfg(test)]
use sea_orm::{DbBackend, Statement};
use uuid::Uuid;

use super::alias::IS_LED_TO;
use super::entity::event::{Column, Entity, Model};
use super::hidings::HAS_HIDINGS;
use super::{SqlStore, alias, erase, filter, hidings, row};
use crate::entry::StoredEntry;
use crate::patient_keys::PatientKeys;
use crate::professionals::Professionals;
use crate::query::{Filter, Onward, Query, Scope};
use crate::store::{Humans, Page, Sequence, Store as _};

/// Tells in each row of a page whether something of the patient's was erased.
const HAS_ERASED: &str = "has_erased";

/// Whom a list asks for, under all identifiers.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The professional whose acts they are; nobody where they are a patient's history.
    pub(super) own: Vec<PractitionerId>,
    /// The professional whom the filter names.
    pub(super) named: Vec<PractitionerId>,
    /// Those whose first access is looked for and who have another identifier: so that each
    /// human has one first access.
    pub(super) merged: Humans,
}

impl SqlStore {
    /// The human whom a filter names, under all identifiers.
    pub(super) async fn named(
        &self,
        filter: &Filter,
    ) -> Result<Vec<PractitionerId>, DatabaseError> {
        let Some(id) = filter.practitioner_id else {
            return Ok(Vec::new());
        };
        let of_human = |known: &Professionals| known.of_human(id);
        self.professionals.ask(&self.db, &self.keys, of_human).await
    }

    /// The professionals of a list: whose acts they are, whom the filter names, and who of
    /// those whose first access it looks for has several identifiers.
    pub(super) async fn asked(
        &self,
        scope: Scope,
        filter: &Filter,
    ) -> Result<Asked, DatabaseError> {
        let own = match scope {
            Scope::Patient(_) => Vec::new(),
            Scope::Practitioner(id) => self.professional(id).await?.own,
        };
        let named = self.named(filter).await?;
        let merged = match scope {
            Scope::Patient(id) if filter.first_access_only => self.merged_in(id).await?,
            _ => Humans::new(),
        };
        Ok(Asked { own, named, merged })
    }

    /// Who of those who opened this patient's record is known under another identifier.
    async fn merged_in(&self, patient_id: PatientId) -> Result<Humans, DatabaseError> {
        let nobody = |known: &Professionals| known.are_all_alone();
        if self.professionals.ask(&self.db, &self.keys, nobody).await? {
            return Ok(Humans::new());
        }
        let opened = who_opened(&self.db, patient_id).await?;
        self.humans(&opened).await
    }
}

pub(super) async fn events(
    db: &Database,
    keys: &PatientKeys,
    query: &Query,
    asked: &Asked,
) -> Result<Vec<StoredEntry>, DatabaseError> {
    read(db, keys, query.scope, &Part::of(query, asked)).await
}

/// The same with what is left of those that were erased.
pub(super) async fn page(
    db: &Database,
    keys: &PatientKeys,
    query: &Query,
    asked: &Asked,
) -> Result<Page, DatabaseError> {
    let Scope::Patient(id) = query.scope else {
        // Of acts nothing is left by which they could be found.
        let entries = events(db, keys, query, asked).await?;
        return Ok(Page {
            entries,
            ..Page::default()
        });
    };
    let found = of_patient(db, id, &Part::of(query, asked)).await?;
    let entries = row::entries_of(db.reader(), keys, &found.rows).await?;
    let erased_meanwhile = entries.len() < found.rows.len();
    if erased_meanwhile && !query.filter.leaves_erased() {
        return Ok(Page {
            entries: of_one_state(db, keys, query.scope, &Part::of(query, asked)).await?,
            ..Page::default()
        });
    }
    // With one that was erased after it was found.
    let has_erased = found.has_erased || erased_meanwhile;
    let erased = if has_erased && query.filter.leaves_erased() {
        let before = 0..query.before.unwrap_or(u64::MAX);
        erase::erased_in(db, id, &before, Sequence::NewestFirst, query.limit).await?
    } else {
        Vec::new()
    };
    Ok(Page {
        entries,
        erased,
        nothing_hidden: found.nothing_hidden,
    })
}

pub(super) async fn events_from(
    db: &Database,
    keys: &PatientKeys,
    onward: &Onward,
    asked: &Asked,
) -> Result<Vec<StoredEntry>, DatabaseError> {
    read(db, keys, onward.scope, &Part::onward(onward, asked)).await
}

/// Under which identifiers somebody opened the record of this patient.
pub(super) async fn who_opened(
    db: &Database,
    patient_id: PatientId,
) -> Result<BTreeSet<PractitionerId>, DatabaseError> {
    let ids = alias::ids_of(db.reader(), patient_id.as_uuid()).await?;
    let opened: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::PractitionerId)
        .distinct()
        .filter(filter::permitted_accesses(Column::PatientId.is_in(ids)))
        .into_tuple()
        .all(db.reader())
        .await?;
    Ok(opened.into_iter().map(PractitionerId::from_uuid).collect())
}

/// A part of a list, whosever it is.
struct Part<'a> {
    filter: &'a Filter,
    asked: &'a Asked,
    range: Condition,
    order: Order,
    limit: u64,
}

impl<'a> Part<'a> {
    fn of(query: &'a Query, asked: &'a Asked) -> Self {
        let before = query.before.map(row::signed);
        let below = before.map(|end| Column::LogIndex.lt(end));
        Self {
            filter: &query.filter,
            asked,
            range: Condition::all().add_option(below),
            order: Order::Desc,
            limit: query.limit,
        }
    }

    fn onward(onward: &'a Onward, asked: &'a Asked) -> Self {
        let from = Column::LogIndex.gte(row::signed(onward.from));
        Self {
            filter: &onward.filter,
            asked,
            range: Condition::all().add(from),
            order: Order::Asc,
            limit: onward.limit,
        }
    }

    fn select(&self, whose: Condition) -> Select<Entity> {
        Entity::find()
            .filter(whose)
            .filter(self.range.clone())
            .order_by(Column::LogIndex, self.order.clone())
            .limit(self.limit)
    }

    /// Under one of the human's identifiers.
    fn under(&self, id: Uuid, all: &[Uuid]) -> Select<Entity> {
        self.select(filter::of_patient(id, all, self.filter, self.asked))
    }

    /// Under one of a professional's identifiers.
    fn by(&self, id: PractitionerId) -> Select<Entity> {
        let Asked { own, named, .. } = self.asked;
        self.select(filter::of_practitioner(id, own, self.filter, named))
    }

    /// Under a patient's own identifier, each row with whether there are others, whether something
    /// was erased, and whether something was ever hidden.
    fn alone(&self, id: Uuid) -> SelectStatement {
        let mut own = self.under(id, &[id]).into_query();
        own.expr_as(alias::is_led_to(id), IS_LED_TO);
        own.expr_as(erase::has_erased(id), HAS_ERASED);
        own.expr_as(hidings::has_hidings(id), HAS_HIDINGS);
        own
    }

    /// The first of what was found under several identifiers, in the order of the list.
    fn join(&self, mut rows: Vec<Model>) -> Vec<Model> {
        rows.sort_unstable_by_key(|row| row.log_index);
        if self.order == Order::Desc {
            rows.reverse();
        }
        rows.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        rows
    }
}

/// What there is of a part.
struct Found {
    rows: Vec<Model>,
    /// Whether something of the same list may have been erased.
    has_erased: bool,
    /// Whether in the state of these rows nothing of the patient's was ever hidden.
    nothing_hidden: bool,
}

/// The statements of a page: of a patient to whom nobody leads, then under each of these
/// identifiers. For the tests that look at their plans.
#[cfg(test)]
pub(crate) fn page_statements(
    engine: DbBackend,
    query: &Query,
    id: PatientId,
    all: &[PatientId],
) -> Vec<Statement> {
    let asked = Asked::default();
    let page = Part::of(query, &asked);
    let all: Vec<Uuid> = all.iter().map(|id| id.as_uuid()).collect();
    let mut statements = vec![engine.build(&page.alone(id.as_uuid()))];
    let each = all.iter().map(|own| page.under(*own, &all).build(engine));
    statements.extend(each);
    statements
}

async fn read(
    db: &Database,
    keys: &PatientKeys,
    scope: Scope,
    page: &Part<'_>,
) -> Result<Vec<StoredEntry>, DatabaseError> {
    let rows = match scope {
        Scope::Patient(id) => of_patient(db, id, page).await?.rows,
        Scope::Practitioner(_) => of_professional(db, page).await?,
    };
    let entries = row::entries_of(db.reader(), keys, &rows).await?;
    if entries.len() < rows.len() {
        return of_one_state(db, keys, scope, page).await;
    }
    Ok(entries)
}

/// Reads rows and what they tell of one state of the database, in which a row that tells
/// nothing is none of the list's.
async fn of_one_state(
    db: &Database,
    keys: &PatientKeys,
    scope: Scope,
    page: &Part<'_>,
) -> Result<Vec<StoredEntry>, DatabaseError> {
    db.snapshot("audit.list_of_one_state", async |tx| {
        let walks: Vec<Select<Entity>> = match scope {
            Scope::Patient(id) => {
                let ids = alias::ids_of(&tx, id.as_uuid()).await?;
                ids.iter().map(|own| page.under(*own, &ids)).collect()
            }
            Scope::Practitioner(_) => page.asked.own.iter().map(|id| page.by(*id)).collect(),
        };
        let mut rows = Vec::new();
        for walk in walks {
            rows.extend(walk.all(&tx).await?);
        }
        row::entries_of(&tx, keys, &page.join(rows)).await
    })
    .await
}

/// The acts under all identifiers, which are known already: what is recorded meanwhile is
/// beyond every row that is found.
async fn of_professional(db: &Database, page: &Part<'_>) -> Result<Vec<Model>, DatabaseError> {
    if let [one] = page.asked.own.as_slice() {
        return Ok(page.by(*one).all(db.reader()).await?);
    }
    db.snapshot("audit.joined_acts", async |tx| {
        let mut rows = Vec::new();
        for id in &page.asked.own {
            rows.extend(page.by(*id).all(&tx).await?);
        }
        Ok(page.join(rows))
    })
    .await
}

/// Rows, and whether there are more identifiers, are of one state: a reader forwards goes
/// on after the last row, and must not pass what was recorded under another identifier
/// since a merge that the rows reach beyond.
async fn of_patient(db: &Database, id: PatientId, page: &Part<'_>) -> Result<Found, DatabaseError> {
    let id = id.as_uuid();
    let found = db.reader().query_all(&page.alone(id)).await?;
    let (is_led_to, has_erased, has_hidings): (bool, bool, bool) = match found.first() {
        Some(row) => (
            row.try_get("", IS_LED_TO)?,
            row.try_get("", HAS_ERASED)?,
            row.try_get("", HAS_HIDINGS)?,
        ),
        None => (alias::ids_of(db.reader(), id).await?.len() > 1, true, true),
    };
    if !is_led_to {
        let rows = found.iter().map(|row| Model::from_query_result(row, ""));
        return Ok(Found {
            rows: rows.collect::<Result<_, _>>()?,
            has_erased,
            nothing_hidden: !has_hidings,
        });
    }
    let rows = db.snapshot("audit.joined_events", async |tx| {
        let ids = alias::ids_of(&tx, id).await?;
        let mut rows = Vec::new();
        for own in &ids {
            rows.extend(page.under(*own, &ids).all(&tx).await?);
        }
        Ok::<_, DatabaseError>(page.join(rows))
    });
    Ok(Found {
        rows: rows.await?,
        has_erased: true,
        nothing_hidden: false,
    })
}
