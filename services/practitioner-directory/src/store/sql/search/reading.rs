//! People as they are searched, read from the database: everybody, or who changed.

use std::collections::{BTreeMap, HashMap};

use aval_database::{Backend, Database, DatabaseError, Transaction};
use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};

use crate::error::Error;
use crate::index::{Building, Practice, Searched};
use crate::store::sql::{freshness, revision, stored};

const NAME: &str = "practitioner_directory.index";

/// Of which state people were read.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) revision: u64,
    pub(super) as_of: Option<Timestamp>,
}

/// How many rows or people are read at once.
const SOME: usize = 5_000;

/// People beside each of their practice situations that are current.
const PRACTISING: &str = "\
    SELECT p.practitioner_id, p.merged_into, p.active, p.sort_name, p.family_name, \
        p.given_name, a.profession, o.town_key, o.postal_code \
    FROM {people} p \
    LEFT JOIN activities a ON a.practitioner_id = p.practitioner_id AND a.active \
    LEFT JOIN organizations o ON o.organization_id = a.organization_id \
    {only} ORDER BY p.practitioner_id";

/// Everybody, read part by part, to the last. What is sorted for it needs little memory.
const CURSOR: &str = "\
    SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '32MB'; \
    SET LOCAL cursor_tuple_fraction = 1; \
    DECLARE everybody NO SCROLL CURSOR FOR ";

/// Some of everybody, behind those who were read before.
const SOME_OF_ALL: &str = "\
    (SELECT * FROM practitioners WHERE merged_into IS NULL AND practitioner_id > $1 \
        ORDER BY practitioner_id LIMIT 5000)";

/// The names of entries that lead to others.
const MERGED: &str = "\
    SELECT practitioner_id, merged_into, family_name, given_name FROM practitioners \
    WHERE merged_into IS NOT NULL";

/// Who changed, or practises in a structure that did: whoever changes what somebody is
/// searched by changes the revision of either.
const CHANGED: &str = "\
    SELECT practitioner_id FROM practitioners WHERE revision > $1 \
    UNION SELECT a.practitioner_id FROM organizations o \
    JOIN activities a ON a.organization_id = o.organization_id WHERE o.revision > $1 \
    ORDER BY 1 LIMIT $2";

/// The names of entries, by the entry that they lead to.
type Merged = HashMap<Uuid, Vec<(Uuid, String, String)>>;

/// Everybody who leads to no other entry.
pub(super) async fn everybody(db: &Database) -> Result<(At, Building), Error> {
    let engine = db.backend();
    db.snapshot(NAME, move |tx| async move {
        let at = at(&tx).await?;
        let mut people = People::new(merged(&tx).await?, Building::default(), |into, _, now| {
            if let Some(somebody) = now {
                into.take(&somebody);
            }
        });
        match engine {
            Backend::Postgres => by_cursor(&tx, &mut people).await?,
            Backend::Sqlite => by_pages(&tx, &mut people).await?,
        }
        Ok((at, people.finish()))
    })
    .await
}

async fn by_cursor(tx: &Transaction, people: &mut People<Building>) -> Result<(), DatabaseError> {
    let only = "WHERE p.merged_into IS NULL";
    let declare = format!("{CURSOR}{}", practising("practitioners", only));
    tx.execute_unprepared(&declare).await?;
    loop {
        let some = format!("FETCH {SOME} FROM everybody");
        let some = Statement::from_string(ConnectionTrait::get_database_backend(tx), some);
        let rows = tx.query_all_raw(some).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            people.read(row)?;
        }
        tokio::task::yield_now().await;
    }
}

async fn by_pages(tx: &Transaction, people: &mut People<Building>) -> Result<(), DatabaseError> {
    let page = practising(SOME_OF_ALL, "");
    loop {
        let behind = people.last.as_ref().map_or(Uuid::nil(), |last| last.0);
        let rows = query(tx, &page, [behind.into()]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            people.read(row)?;
        }
    }
}

/// Who changed.
pub(super) type News = BTreeMap<PractitionerId, Option<Searched>>;

/// Who changed since a revision, as they are now; `None` if they are more than so many. Who
/// leads to another entry by now is nobody.
pub(super) async fn changed(
    db: &Database,
    since: u64,
    most: usize,
) -> Result<Option<(At, News)>, Error> {
    let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
    db.snapshot(NAME, move |tx| async move {
        let at = at(&tx).await?;
        let values = [stored(since).into(), limit.into()];
        let ids = query(&tx, CHANGED, values).await?;
        if ids.len() > most {
            return Ok(None);
        }
        let ids = ids.iter().map(|row| row.try_get_by_index::<Uuid>(0));
        let ids: Result<Vec<Uuid>, _> = ids.collect();
        let ids = ids.map_err(DatabaseError::from)?;
        let merged = if ids.is_empty() {
            Merged::new()
        } else {
            merged(&tx).await?
        };
        let mut people = People::new(merged, News::new(), |into, id, now| {
            into.insert(PractitionerId::from_uuid(id), now);
        });
        for some in ids.chunks(SOME) {
            for row in query_these(&tx, some).await? {
                people.read(&row)?;
            }
        }
        Ok(Some((at, people.finish())))
    })
    .await
}

async fn query_these(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<QueryResult>, DatabaseError> {
    let (only, values) = if ConnectionTrait::get_database_backend(tx) == DbBackend::Postgres {
        let only = "WHERE p.practitioner_id = ANY($1)".to_owned();
        (only, vec![Value::from(ids.to_vec())])
    } else {
        let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
        let only = format!("WHERE p.practitioner_id IN ({})", places.join(", "));
        (only, ids.iter().map(|id| Value::from(*id)).collect())
    };
    query(tx, &practising("practitioners", &only), values).await
}

fn practising(people: &str, only: &str) -> String {
    PRACTISING
        .replace("{people}", people)
        .replace("{only}", only)
}

async fn at(tx: &Transaction) -> Result<At, Error> {
    Ok(At {
        revision: revision::newest(tx).await?,
        as_of: freshness::as_of(tx).await?,
    })
}

async fn merged(tx: &Transaction) -> Result<Merged, DatabaseError> {
    let mut merged = Merged::new();
    for row in query(tx, MERGED, []).await? {
        let into: Uuid = row.try_get_by_index(1)?;
        merged.entry(into).or_default().push((
            row.try_get_by_index(0)?,
            row.try_get_by_index(2)?,
            row.try_get_by_index(3)?,
        ));
    }
    Ok(merged)
}

async fn query(
    tx: &Transaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(tx.query_all_raw(statement).await?)
}

/// Makes people of their rows, which stand together.
struct People<All> {
    merged: Merged,
    all: All,
    /// What is done with each; `None`: leads to another entry.
    give: fn(&mut All, Uuid, Option<Searched>),
    /// Whose rows are being read.
    last: Option<(Uuid, Option<Searched>)>,
}

impl<All> People<All> {
    fn new(merged: Merged, all: All, give: fn(&mut All, Uuid, Option<Searched>)) -> Self {
        Self {
            merged,
            all,
            give,
            last: None,
        }
    }

    fn read(&mut self, row: &QueryResult) -> Result<(), DatabaseError> {
        let id: Uuid = row.try_get_by_index(0)?;
        if self.last.as_ref().is_none_or(|(last, _)| *last != id) {
            let somebody = self.somebody(id, row)?;
            self.give_last();
            self.last = Some((id, somebody));
        }
        let profession: Option<String> = row.try_get_by_index(6)?;
        let last = self.last.as_mut().and_then(|(_, last)| last.as_mut());
        if let Some((profession, last)) = profession.zip(last) {
            let town: Option<String> = row.try_get_by_index(7)?;
            let postal_code: Option<String> = row.try_get_by_index(8)?;
            last.practices.push(Practice {
                profession,
                town: town.unwrap_or_default(),
                postal_code: postal_code.unwrap_or_default(),
            });
        }
        Ok(())
    }

    fn somebody(&self, id: Uuid, row: &QueryResult) -> Result<Option<Searched>, DatabaseError> {
        let merged_into: Option<Uuid> = row.try_get_by_index(1)?;
        if merged_into.is_some() {
            return Ok(None);
        }
        let mut names: Vec<String> = vec![row.try_get_by_index(4)?, row.try_get_by_index(5)?];
        self.names_of_others(id, &mut names);
        Ok(Some(Searched {
            practitioner_id: PractitionerId::from_uuid(id),
            active: row.try_get_by_index(2)?,
            sort_name: row.try_get_by_index(3)?,
            names,
            practices: Vec::new(),
        }))
    }

    /// Those of all entries that lead to this one.
    fn names_of_others(&self, id: Uuid, names: &mut Vec<String>) {
        for (other, family, given) in self.merged.get(&id).into_iter().flatten() {
            names.extend([family.clone(), given.clone()]);
            self.names_of_others(*other, names);
        }
    }

    fn give_last(&mut self) {
        if let Some((id, somebody)) = self.last.take() {
            (self.give)(&mut self.all, id, somebody);
        }
    }

    fn finish(mut self) -> All {
        self.give_last();
        self.all
    }
}
