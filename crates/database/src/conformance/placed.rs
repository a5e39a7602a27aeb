//! That every table has its place in `docs/citus.md`.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::Database;
use crate::migrate::{self, Steps};
use crate::testing::TestDatabase;

/// Read when it is needed: a word in it compiles nothing anew.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/citus.md");

/// By what a table is distributed, and which of its unique indexes lack that column.
type Place = (String, String);

/// Requires that the page places each table of `M`, a migrator of the crate in whose module
/// `name` is, and says which of its unique indexes a distributed table could not have.
///
/// # Panics
/// When it does not; in CI when there is no PostgreSQL.
pub fn every_table_has_its_place<M: Steps>(name: &str) {
    let service = name.split("::").next().unwrap_or_default();
    let service = service.trim_start_matches("aval_").replace('_', "-");
    let placed = placed(&service);
    if service == "database" {
        return; // it has the steps that services have in common
    }
    super::run(async {
        let Some(fresh) = TestDatabase::postgres(name).await else {
            return super::say_not_run(name);
        };
        migrate::migrate::<M>(&fresh.db)
            .await
            .expect("the migrations apply to an empty database");
        let columns: BTreeMap<_, _> = placed.iter().map(|(table, (by, _))| (table, by)).collect();
        let mut found = BTreeMap::new();
        for table in tables(&fresh.db).await {
            let by = columns.get(&table).copied().cloned().unwrap_or_default();
            let lacking = match by.as_str() {
                "" | "local" | "reference" => String::new(),
                column => unique_without(&fresh.db, &table, column).await,
            };
            found.insert(table, (by, lacking));
        }
        assert_eq!(found, placed, "what is there, and what the page says");
    });
}

fn placed(service: &str) -> BTreeMap<String, Place> {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let rows = page.lines().filter_map(|line| {
        let cell = |cell: &str| cell.replace('`', "").trim().to_owned();
        let cells: Vec<_> = line.split('|').map(cell).collect();
        let [_, of, table, by, lacking, _] = &cells[..] else {
            return None;
        };
        (of == service).then(|| (table.clone(), (by.clone(), lacking.clone())))
    });
    rows.collect()
}

async fn tables(db: &Database) -> Vec<String> {
    let tables = "SELECT relname::text AS name FROM pg_class \
        WHERE relkind IN ('r', 'p') AND NOT relispartition \
        AND relnamespace = current_schema()::regnamespace \
        AND relname NOT IN ('seaql_migrations', 'steps_for_older_programs')";
    names(db, Statement::from_string(DbBackend::Postgres, tables)).await
}

async fn unique_without(db: &Database, table: &str, column: &str) -> String {
    let has = "SELECT attname::text AS name FROM pg_attribute \
        WHERE attrelid = $1::regclass AND attname = $2";
    let values = [table.into(), column.into()];
    let has = Statement::from_sql_and_values(DbBackend::Postgres, has, values.clone());
    assert_eq!(names(db, has).await, [column], "{table} has its column");
    let lacking = "SELECT index.indexrelid::regclass::text AS name FROM pg_index AS index \
        WHERE indrelid = $1::regclass AND indisunique AND NOT EXISTS (\
            SELECT FROM pg_attribute WHERE attrelid = indrelid AND attname = $2 \
            AND attnum = ANY (indkey)) ORDER BY name";
    let lacking = Statement::from_sql_and_values(DbBackend::Postgres, lacking, values);
    names(db, lacking).await.join(", ")
}

async fn names(db: &Database, asked: Statement) -> Vec<String> {
    let rows = db.reader().query_all_raw(asked).await;
    let rows = rows.expect("the catalogue can be read");
    let names = rows.iter().map(|row| row.try_get("", "name"));
    names.map(|name| name.expect("a name is text")).collect()
}
