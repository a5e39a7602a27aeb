//! What the directory knows, for a file to be compared with.

use aval_database::{Backend, Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use futures::try_join;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, Order, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::entity::{activity_row, establishment, organization, practitioner_identifier};
use super::freshness;
use crate::error::Error;
use crate::import::facts::{FactKey, Wording, person_key, structure_key};
use crate::import::known::{Known, Rows, Worded};
use crate::source::Source;

/// How many keys one statement reads: it stays far below the statement timeout.
const KEYS_AT_ONCE: u64 = 50_000;

/// Everything that the directory holds of what the source is about.
///
/// People, structures and rows are read at once where connections read beside each other.
/// They may then be of different states, of which none is older than the import in use that
/// was read first: if another one is in use by then, this one is not applied.
pub(super) async fn load(db: &Database, source: Source) -> Result<Known, Error> {
    const NAME: &str = "practitioner_directory.known";
    let base = db
        .snapshot(NAME, move |tx| async move {
            freshness::of_source(&tx, source).await
        })
        .await?;
    let base = base.and_then(|row| row.import_id).map(ImportId::from_uuid);
    let people = db.snapshot(NAME, async |tx| people(&tx).await);
    let structures = db.snapshot(NAME, async |tx| structures(&tx).await);
    let rows = db.snapshot(NAME, async |tx| rows(&tx).await);
    let (people, structures, rows) = match (source, db.backend()) {
        (Source::PracticeSituations, Backend::Postgres) => try_join!(people, structures, rows)?,
        (Source::PracticeSituations, Backend::Sqlite) => {
            (people.await?, structures.await?, rows.await?)
        }
        (Source::Skills, _) => return facts_alone(db, base, "person_skills").await,
        (Source::Mailboxes, _) => return facts_alone(db, base, "mailboxes").await,
        (Source::Qualifications, _) => return facts_alone(db, base, "qualifications").await,
        (Source::Establishments, _) => return establishments(db, base).await,
    };
    Ok(Known {
        base,
        people: Worded::new(people),
        structures: Worded::new(structures),
        rows: Rows::new(rows),
    })
}

async fn people(tx: &Transaction) -> Result<Vec<(FactKey, Wording)>, Error> {
    use practitioner_identifier::{Column, Entity};

    let mut facts = Vec::new();
    let mut after = None;
    loop {
        let page: Vec<(String, i64)> = Entity::find()
            .select_only()
            .columns([Column::NationalId, Column::Wording])
            .apply_if(after.as_deref(), |query, after| {
                query.filter(Column::NationalId.gt(after))
            })
            .order_by_asc(Column::NationalId)
            .limit(KEYS_AT_ONCE)
            .into_tuple()
            .all(tx)
            .await
            .map_err(DatabaseError::from)?;
        let Some((last, _)) = page.last() else {
            return Ok(facts);
        };
        after = Some(last.clone());
        facts.extend(
            page.iter()
                .map(|(id, wording)| (person_key(id), wording.cast_unsigned())),
        );
    }
}

async fn structures(tx: &Transaction) -> Result<Vec<(FactKey, Wording)>, Error> {
    use organization::{Column, Entity};

    let mut facts = Vec::new();
    let mut after = None;
    loop {
        let page: Vec<(String, i64)> = Entity::find()
            .select_only()
            .columns([Column::TechnicalId, Column::Wording])
            .apply_if(after.as_deref(), |query, after| {
                query.filter(Column::TechnicalId.gt(after))
            })
            .order_by_asc(Column::TechnicalId)
            .limit(KEYS_AT_ONCE)
            .into_tuple()
            .all(tx)
            .await
            .map_err(DatabaseError::from)?;
        let Some((last, _)) = page.last() else {
            return Ok(facts);
        };
        after = Some(last.clone());
        facts.extend(
            page.iter()
                .map(|(id, wording)| (structure_key(id), wording.cast_unsigned())),
        );
    }
}

async fn rows(tx: &Transaction) -> Result<Vec<FactKey>, Error> {
    use activity_row::{Column, Entity};

    let mut facts = Vec::new();
    let mut after: Option<Uuid> = None;
    loop {
        let page: Vec<(Uuid, bool)> = Entity::find()
            .select_only()
            .columns([Column::RowKey, Column::Active])
            .apply_if(after, |query, after| query.filter(Column::RowKey.gt(after)))
            .order_by_asc(Column::RowKey)
            .limit(KEYS_AT_ONCE)
            .into_tuple()
            .all(tx)
            .await
            .map_err(DatabaseError::from)?;
        let Some((last, _)) = page.last() else {
            return Ok(facts);
        };
        after = Some(*last);
        let active = page.iter().filter(|(_, active)| *active);
        facts.extend(active.map(|(key, _)| FactKey(key.into_bytes())));
    }
}

/// Those that the register still names: few enough to be read at once.
async fn establishments(db: &Database, base: Option<ImportId>) -> Result<Known, Error> {
    use establishment::{Column, Entity};

    let listed: Vec<(Uuid, i64)> = db
        .snapshot("practitioner_directory.known", async |tx| {
            Entity::find()
                .select_only()
                .columns([Column::RowKey, Column::Wording])
                .filter(Column::Active.eq(true))
                .into_tuple()
                .all(&tx)
                .await
                .map_err(|error| Error::from(DatabaseError::from(error)))
        })
        .await?;
    let worded = listed
        .iter()
        .map(|(key, wording)| (FactKey(key.into_bytes()), wording.cast_unsigned()));
    let worded: Vec<(FactKey, Wording)> = worded.collect();
    Ok(Known {
        base,
        rows: Rows::new(worded.iter().map(|(key, _)| *key).collect()),
        structures: Worded::new(worded),
        ..Known::default()
    })
}

/// Of what names nobody and nothing itself.
async fn facts_alone(
    db: &Database,
    base: Option<ImportId>,
    table: &'static str,
) -> Result<Known, Error> {
    let rows = db
        .snapshot("practitioner_directory.known", move |tx| async move {
            row_keys(&tx, table).await
        })
        .await?;
    Ok(Known {
        base,
        rows: Rows::new(rows),
        ..Known::default()
    })
}

/// The keys of a table of facts.
async fn row_keys(tx: &Transaction, table: &'static str) -> Result<Vec<FactKey>, Error> {
    let mut facts = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let mut query = Query::select();
        query
            .column("row_key")
            .from(table)
            .and_where(Expr::col("row_key").gt(after))
            .order_by("row_key", Order::Asc)
            .limit(KEYS_AT_ONCE);
        let page = tx.query_all(&query).await.map_err(DatabaseError::from)?;
        if page.is_empty() {
            return Ok(facts);
        }
        for row in page {
            after = row.try_get_by_index(0).map_err(DatabaseError::from)?;
            facts.push(FactKey(after.into_bytes()));
        }
    }
}
