//! The names under which merged people are found: those of all their entries.

use std::collections::BTreeSet;

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use super::super::entity::practitioner;
use super::super::search_keys;
use super::{TREE, execute};
use crate::error::Error;
use crate::words::index_words;

/// People of several entries of whom an import says other names. The statements of an
/// import know one entry at a time.
const RENAMED: &str = "\
    SELECT DISTINCT i.practitioner_id AS id FROM staged_practitioners s \
    JOIN practitioner_identifiers i ON i.national_id = s.national_id \
    WHERE s.import_id = $1 AND EXISTS ( \
        SELECT 1 FROM practitioners m WHERE m.merged_into = i.practitioner_id)";

/// Puts right the words of the merged people whom an import renamed.
pub(in crate::store::sql) async fn reindex_imported(
    tx: &Transaction,
    import_id: Uuid,
) -> Result<(), Error> {
    let renamed = ids(tx, RENAMED, import_id).await?;
    reindex(tx, &renamed).await
}

/// Finds these people under the names of all their entries, and entries that lead
/// elsewhere under none.
pub(in crate::store::sql) async fn reindex(tx: &Transaction, people: &[Uuid]) -> Result<(), Error> {
    for id in people {
        execute(
            tx,
            "DELETE FROM practitioner_words WHERE practitioner_id = $1",
            vec![(*id).into()],
        )
        .await?;
        put_names(tx, *id).await?;
        search_keys::follow_entry(tx, *id).await?;
    }
    Ok(())
}

async fn put_names(tx: &Transaction, id: Uuid) -> Result<(), Error> {
    let tree = ids(tx, &format!("{TREE} SELECT id FROM tree"), id).await?;
    let entries = practitioner::Entity::find()
        .filter(practitioner::Column::PractitionerId.is_in(tree))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    let human = entries.iter().find(|entry| entry.practitioner_id == id);
    let Some(human) = human.filter(|human| human.merged_into.is_none()) else {
        return Ok(());
    };
    let words: BTreeSet<String> = entries
        .iter()
        .flat_map(|entry| index_words(&[&entry.family_name, &entry.given_name]))
        .filter(|word| !word.is_empty())
        .collect();
    Ok(put(tx, human, words).await?)
}

async fn put(
    tx: &Transaction,
    human: &practitioner::Model,
    words: BTreeSet<String>,
) -> Result<(), DatabaseError> {
    if words.is_empty() {
        return Ok(());
    }
    let mut insert = Query::insert();
    insert.into_table("practitioner_words").columns([
        "active",
        "word",
        "sort_name",
        "practitioner_id",
    ]);
    for word in words {
        insert.values_panic([
            human.active.into(),
            word.into(),
            human.sort_name.clone().into(),
            human.practitioner_id.into(),
        ]);
    }
    tx.execute(&insert).await?;
    Ok(())
}

async fn ids(tx: &Transaction, sql: &str, of: Uuid) -> Result<Vec<Uuid>, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let statement = Statement::from_sql_and_values(backend, sql, [of.into()]);
    let rows = tx.query_all_raw(statement).await?;
    let ids: Result<Vec<Uuid>, _> = rows.iter().map(|row| row.try_get("", "id")).collect();
    Ok(ids?)
}
