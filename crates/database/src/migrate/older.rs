//! Which programs may serve on a schema with steps that they do not know.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use super::SchemaError;
use crate::{Database, DatabaseError};

/// A service's schema, step by step; see [`super`].
pub trait Steps: MigratorTrait {
    /// The steps on which programs may serve that do not know them, by name. One that is
    /// not here is for no program of before.
    #[must_use]
    fn for_older() -> Vec<(&'static str, Older)> {
        Vec::new()
    }
}

/// Which programs may serve on a step that they do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// Every one: it adds a table, an index, a column that may be left out, and whoever does
    /// not know of it does nothing wrong.
    Adds,
    /// Those that know the step of this name: the version that brought it was the first that
    /// does not use what is taken away.
    TakesAwayUnusedSince(&'static str),
}

/// Where the database says it: a row for each step that is for some older program. Outside
/// of the steps, since every service has it and none of them could bring it in time.
const TABLE: &str = "steps_for_older_programs";

/// How the database stands to a program.
pub(super) struct Standing {
    /// How many steps of the program it has not seen.
    pub(super) pending: usize,
    /// The steps that the program does not know.
    pub(super) unknown: Vec<String>,
}

pub(super) async fn standing<M: Steps>(db: &Database) -> Result<Standing, SchemaError> {
    let table = M::migration_table_name().to_string();
    let applied: BTreeSet<String> = rows(db, &table, ["version"])
        .await?
        .into_iter()
        .map(|[version]| version)
        .collect();
    let known = names::<M>();
    Ok(Standing {
        pending: known.difference(&applied).count(),
        unknown: applied.difference(&known).cloned().collect(),
    })
}

/// Refuses the first of these steps that is not for `M`.
pub(super) async fn require_served<M: Steps>(
    db: &Database,
    unknown: &[String],
) -> Result<(), SchemaError> {
    if unknown.is_empty() {
        return Ok(());
    }
    let said = rows(db, TABLE, ["step", "for_those_that_know"]).await?;
    let said: BTreeMap<_, _> = said
        .into_iter()
        .map(|[step, known]| (step, known))
        .collect();
    let known = names::<M>();
    let is_served = |step: &&String| {
        let must_know = said.get(*step);
        must_know.is_some_and(|step| step.is_empty() || known.contains(step))
    };
    match unknown.iter().find(|step| !is_served(step)) {
        Some(step) => Err(SchemaError::Ahead { step: step.clone() }),
        None => Ok(()),
    }
}

/// Writes what `M` says of its steps, before they are applied: what is said of a step that
/// never comes does no harm.
pub(super) async fn write<M: Steps>(db: &Database) -> Result<(), DatabaseError> {
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {TABLE} \
         (step text PRIMARY KEY, for_those_that_know text NOT NULL)"
    );
    db.writer().execute_unprepared(&create).await?;
    let said = M::for_older();
    let said = said.as_slice();
    let write = move |tx: crate::Transaction| async move {
        let mut all = Query::delete();
        tx.execute(all.from_table(TABLE)).await?;
        if said.is_empty() {
            return Ok(());
        }
        let mut insert = Query::insert();
        insert
            .into_table(TABLE)
            .columns(["step", "for_those_that_know"]);
        for (step, older) in said {
            let must_know = match older {
                Older::Adds => "",
                Older::TakesAwayUnusedSince(step) => step,
            };
            insert.values_panic([(*step).into(), must_know.into()]);
        }
        tx.execute(&insert).await?;
        Ok::<_, DatabaseError>(())
    };
    db.quiet_transaction("database.write_steps", write).await
}

/// As if nothing had ever been written.
pub(super) async fn forget(db: &Database) -> Result<(), DatabaseError> {
    let drop = format!("DROP TABLE IF EXISTS {TABLE}");
    db.writer().execute_unprepared(&drop).await?;
    Ok(())
}

fn names<M: MigratorTrait>() -> BTreeSet<String> {
    let steps = M::migrations();
    steps.iter().map(|step| step.name().to_owned()).collect()
}

/// These columns of every row; none where there is no such table.
async fn rows<const COLUMNS: usize>(
    db: &Database,
    table: &str,
    columns: [&'static str; COLUMNS],
) -> Result<Vec<[String; COLUMNS]>, DatabaseError> {
    let reader = db.reader();
    if !SchemaManager::new(reader).has_table(table).await? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} FROM \"{table}\"", columns.join(", "));
    let select = Statement::from_string(reader.get_database_backend(), sql);
    let mut rows = Vec::new();
    for row in reader.query_all_raw(select).await? {
        let mut values = [const { String::new() }; COLUMNS];
        for (value, column) in values.iter_mut().zip(columns) {
            *value = row.try_get("", column)?;
        }
        rows.push(values);
    }
    Ok(rows)
}
