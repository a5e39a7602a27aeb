//! That a service's role may do what serving takes, and nothing to the schema.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::Database;
use crate::migrate::{self, Steps};
use crate::testing::{Roles, TestDatabase};

/// What a role may do to a table that serves.
const RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE";

/// What nobody does to a table while serving.
const CHANGES: [&str; 6] = [
    "ALTER TABLE {} ADD COLUMN more int",
    "CREATE INDEX ON {} ((1))",
    "CREATE TABLE more (LIKE {})",
    "CREATE TRIGGER more BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "TRUNCATE {} CASCADE",
    "DROP TABLE {} CASCADE",
];

/// Migrates as one role and looks at what the other one may, on an empty PostgreSQL schema, if
/// there is a server: the two roles are made as `docs/postgresql.md` says.
///
/// # Panics
/// When the role that serves lacks a right, or has one too many; in CI when there is no server.
pub fn who_serves_changes_no_schema<M: Steps>(name: &str) {
    super::run(async {
        let Some(fresh) = TestDatabase::postgres(name).await else {
            return super::say_not_run(name);
        };
        let roles = fresh.roles().await;
        migrate::migrate::<M>(&roles.migrator)
            .await
            .expect("the role that owns the schema migrates it");
        let ahead = migrate::require_fit::<M>(&roles.serving).await;
        assert_eq!(ahead.expect("who serves sees the schema"), 0);
        let tables = tables_of(&roles.serving).await;
        assert!(!tables.is_empty(), "the migrations create tables");
        for table in &tables {
            require_rights(&roles, table).await;
            require_no_change(&roles, table).await;
        }
    });
}

async fn tables_of(db: &Database) -> Vec<String> {
    let tables = "SELECT relname::text AS name FROM pg_class \
        WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace";
    let tables = Statement::from_string(DbBackend::Postgres, tables);
    let rows = db.reader().query_all_raw(tables).await;
    let rows = rows.expect("the catalogue can be read");
    let names = rows.iter().map(|row| row.try_get("", "name"));
    names.map(|name| name.expect("a name is text")).collect()
}

async fn require_rights(roles: &Roles, table: &str) {
    for right in RIGHTS.split(", ") {
        let asked = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT has_table_privilege($1, $2)",
            [table.into(), right.into()],
        );
        let row = roles.serving.reader().query_one_raw(asked).await;
        let row = row.expect("the catalogue can be read").expect("one row");
        let has: bool = row.try_get_by_index(0).expect("a truth");
        assert!(has, "who serves may not {right} in {table}");
    }
}

async fn require_no_change(roles: &Roles, table: &str) {
    for change in CHANGES {
        let change = change.replace("{}", table);
        let refused = roles.serving.writer().execute_unprepared(&change).await;
        let refused = refused.expect_err(&change).to_string();
        let says = |words| refused.contains(words);
        assert!(
            says("permission denied") || says("must be owner"),
            "{change}: {refused}"
        );
    }
}
