//! Promises that hold on every engine, stamped as one test for each.
//!
//! A store's promises are functions that take the store; the macro
//! [`conformance_suite!`](crate::conformance_suite) makes of each a test in a
//! module `sqlite` and one in a module `postgres`, on a fresh and migrated
//! database:
//!
//! ```text
//! // services/consent/tests/store_conformance.rs
//! aval_database::conformance_suite! {
//!     migrator: Migrator,
//!     store: |db| SqlStore::new(db),
//!     tests: [
//!         revoking_twice_returns_the_same_grant,
//!         a_stale_etag_changes_nothing,
//!     ],
//! }
//!
//! async fn revoking_twice_returns_the_same_grant(store: &dyn Store) { /* … */ }
//! ```
//!
//! Without a PostgreSQL server ([`POSTGRES_URL_VARIABLE`]) the second half says
//! that it did not run; where `CI` is set it fails.

mod only_adds;
mod placed;
mod who_serves;

use std::io::Write;

use sea_orm::{ConnectionTrait, Statement};

use crate::migrate::{self, SchemaError, Steps};
use crate::testing::{POSTGRES_URL_VARIABLE, TestDatabase};
use crate::{Backend, Database, DatabaseError};

pub use only_adds::steps_that_say_so_only_add;
pub use placed::every_table_has_its_place;
pub use who_serves::who_serves_changes_no_schema;

/// Stamps each of `tests` for each engine; see [`crate::conformance`].
///
/// `store` is called with the migrated [`Database`] and makes what the tests take
/// a reference to: a store, or a fixture around one.
#[macro_export]
macro_rules! conformance_suite {
    (migrator: $migrator:ty, store: $store:expr, tests: [$($test:ident),+ $(,)?] $(,)?) => {
        mod sqlite {
            use super::*;
            $crate::conformance_suite!(@stamp on_sqlite, $migrator, $store, $($test),+);
        }
        mod postgres {
            use super::*;
            $crate::conformance_suite!(@stamp on_postgres, $migrator, $store, $($test),+);
        }
    };
    (@stamp $engine:ident, $migrator:ty, $store:expr, $($test:ident),+) => {
        $(
            #[test]
            fn $test() {
                let name = concat!(module_path!(), "::", stringify!($test));
                $crate::conformance::$engine::<$migrator>(name, async |db: $crate::Database| {
                    let store = ($store)(db);
                    super::$test(&store).await;
                });
            }
        )+
    };
}

/// Stamps `migrations_go_up_down_up` and `steps_that_say_so_only_add` for a migrator on each
/// engine, and `who_serves_changes_no_schema` and `every_table_has_its_place` for PostgreSQL.
#[macro_export]
macro_rules! migration_suite {
    ($migrator:ty) => {
        $crate::conformance_suite! {
            migrator: $migrator,
            store: |db: $crate::Database| db,
            tests: [migrations_go_up_down_up, steps_that_say_so_only_add],
        }

        #[test]
        fn who_serves_changes_no_schema() {
            let name = concat!(module_path!(), "::who_serves_changes_no_schema");
            $crate::conformance::who_serves_changes_no_schema::<$migrator>(name);
        }

        #[test]
        fn every_table_has_its_place() {
            let name = concat!(module_path!(), "::every_table_has_its_place");
            $crate::conformance::every_table_has_its_place::<$migrator>(name);
        }

        async fn migrations_go_up_down_up(db: &$crate::Database) {
            $crate::conformance::migrations_go_up_down_up::<$migrator>(db).await;
        }

        async fn steps_that_say_so_only_add(db: &$crate::Database) {
            $crate::conformance::steps_that_say_so_only_add::<$migrator>(db).await;
        }
    };
}

/// Runs `test` on a fresh SQLite file with `M`'s tables.
///
/// # Panics
/// When the test does, or the migrations fail.
pub fn on_sqlite<M: Steps>(_name: &str, test: impl AsyncFnOnce(Database)) {
    run(async {
        let fresh = TestDatabase::sqlite().await;
        run_on::<M>(&fresh, test).await;
    });
}

/// Runs `test` on an empty PostgreSQL schema with `M`'s tables, if there is a server.
///
/// # Panics
/// When the test does, or the migrations fail; and in CI when there is no server.
pub fn on_postgres<M: Steps>(name: &str, test: impl AsyncFnOnce(Database)) {
    run(async {
        if let Some(fresh) = TestDatabase::postgres(name).await {
            run_on::<M>(&fresh, test).await;
        } else {
            say_not_run(name);
        }
    });
}

/// Says on standard error that the PostgreSQL half of `name` did not run.
///
/// # Panics
/// In CI, where a promise that nobody checked is a failure.
pub fn say_not_run(name: &str) {
    let message = format!("{name}: not run: {POSTGRES_URL_VARIABLE} is not set");
    assert!(std::env::var_os("CI").is_none(), "{message}");
    // Past the test harness, which hides what passing tests print. Nobody reads
    // a standard error that cannot be written to.
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// How the engine means to find what this statement asks for, a line each. `without` are
/// settings of PostgreSQL that are off meanwhile: tables as small as a test's it would
/// rather read whole than walk along an index.
///
/// # Panics
/// When the engine does not explain it.
pub async fn plan_of(db: &Database, statement: &Statement, without: &[&str]) -> Vec<String> {
    let (explain, column) = match db.backend() {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
        Backend::Postgres => ("EXPLAIN", "QUERY PLAN"),
    };
    let explained = db
        .transaction::<_, DatabaseError, _>("test.explain", async |tx| {
            if db.backend() == Backend::Postgres {
                for setting in without {
                    let off = format!("SET LOCAL {setting} = off");
                    tx.execute_unprepared(&off).await?;
                }
            }
            let mut statement = statement.clone();
            statement.sql = format!("{explain} {}", statement.sql);
            let rows = tx.query_all_raw(statement).await?;
            let lines = rows.iter().map(|row| row.try_get::<String>("", column));
            Ok(lines.collect::<Result<Vec<_>, _>>()?)
        })
        .await;
    explained.expect("the engine explains its plan")
}

/// Applies `M`, undoes it and applies it again, on a database where it may have
/// been applied already: each way up leads to the same schema, the way down to
/// none, and the start-up check agrees at each step.
///
/// # Panics
/// When one of these does not hold.
pub async fn migrations_go_up_down_up<M: Steps>(db: &Database) {
    let steps = M::migrations().len();
    migrate::migrate::<M>(db).await.expect("the way up works");
    migrate::require_fit::<M>(db)
        .await
        .expect("what was migrated is current");
    let first = schema_of(db, M::migration_table_name().to_string()).await;
    assert!(!first.is_empty(), "the migrations create something");

    migrate::revert::<M>(db).await.expect("the way down works");
    let reverted = schema_of(db, M::migration_table_name().to_string()).await;
    assert_eq!(
        reverted,
        Vec::<String>::new(),
        "the way down leaves nothing"
    );
    match migrate::require_fit::<M>(db).await {
        Err(SchemaError::Behind { pending }) => assert_eq!(pending, steps),
        other => panic!("an empty schema is behind by {steps}, not {other:?}"),
    }

    migrate::migrate::<M>(db)
        .await
        .expect("the way up works a second time");
    let second = schema_of(db, M::migration_table_name().to_string()).await;
    assert_eq!(first, second, "both ways up lead to the same schema");
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test may start threads")
        .block_on(test);
}

async fn run_on<M: Steps>(fresh: &TestDatabase, test: impl AsyncFnOnce(Database)) {
    migrate::migrate::<M>(&fresh.db)
        .await
        .expect("the migrations apply to an empty database");
    test(fresh.db.clone()).await;
}

/// Everything in the schema but the migrations' own table, as comparable lines.
async fn schema_of(db: &Database, migrations: String) -> Vec<String> {
    const SQLITE: &str = "\
        SELECT type || ' ' || name || ': ' || coalesce(sql, '') AS line FROM sqlite_schema \
        WHERE tbl_name <> $1 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY line";
    const POSTGRES: &str = "\
        SELECT line FROM ( \
            SELECT table_name, table_name || '.' || column_name || ': ' || data_type \
                || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line \
            FROM information_schema.columns WHERE table_schema = current_schema() \
            UNION ALL \
            SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
            UNION ALL \
            SELECT rel.relname, rel.relname || ' ' || con.conname || ': ' \
                || pg_get_constraintdef(con.oid) \
            FROM pg_constraint con JOIN pg_class rel ON rel.oid = con.conrelid \
            WHERE rel.relnamespace = current_schema()::regnamespace \
        ) AS everything (table_name, line) WHERE table_name <> $1 ORDER BY line";

    let sql = match db.backend() {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    let reader = db.reader();
    let statement =
        Statement::from_sql_and_values(reader.get_database_backend(), sql, [migrations.into()]);
    reader
        .query_all_raw(statement)
        .await
        .expect("the catalogue can be read")
        .iter()
        .map(|row| row.try_get("", "line").expect("a line is text"))
        .collect()
}
