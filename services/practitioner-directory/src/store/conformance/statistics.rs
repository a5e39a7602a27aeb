//! What the database knows of the directory's tables, by which it plans searches.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::*;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        an_applied_import_is_planned_for_at_once,
    ],
}

/// SQLite plans without statistics here, and is asked for none.
async fn an_applied_import_is_planned_for_at_once(fixture: &Fixture) {
    fixture.applied(&synthesized(100)).await;
    let reader = fixture.db.reader();
    if reader.get_database_backend() != DbBackend::Postgres {
        return;
    }
    let sql = "SELECT COUNT(*) AS number FROM pg_class \
        WHERE relnamespace = current_schema()::regnamespace AND reltuples > 0 \
        AND relname IN ('practitioners', 'organizations', 'organization_words', 'activities')";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = reader.query_one_raw(statement).await.unwrap().unwrap();
    let known: i64 = row.try_get("", "number").unwrap();
    assert_eq!(known, 4);
}
