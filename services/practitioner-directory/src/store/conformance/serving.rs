//! Imports under the role that serves: it owns no table, makes none and empties none at once.

use aval_database::conformance::say_not_run;
use aval_database::migrate;
use aval_database::testing::TestDatabase;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::*;

/// Of what imports bring on their way, how many rows are left.
const LEFT: &str = "\
    SELECT (SELECT COUNT(*) FROM staged_practitioners) \
        + (SELECT COUNT(*) FROM staged_organizations) + (SELECT COUNT(*) FROM staged_rows) \
        + (SELECT COUNT(*) FROM staged_ends) + (SELECT COUNT(*) FROM staging_marks) \
        + (SELECT COUNT(*) FROM kept_parts) AS number";

#[tokio::test(flavor = "multi_thread")]
async fn who_serves_imports_and_leaves_nothing_on_the_way() {
    let name = "practitioner_directory::who_serves_imports";
    let Some(fresh) = TestDatabase::postgres(name).await else {
        return say_not_run(name);
    };
    let roles = fresh.roles().await;
    migrate::migrate::<Migrator>(&roles.migrator).await.unwrap();
    let fixture = Fixture::trusting(roles.serving.clone());
    // The first file, many changes, and few.
    for people in [100, 150, 151] {
        fixture.applied(&synthesized(people)).await;
        assert_eq!(left(&roles.serving).await, 0, "{people}");
    }
}

async fn left(db: &Database) -> i64 {
    let left = Statement::from_string(DbBackend::Postgres, LEFT);
    let row = db.reader().query_one_raw(left).await.unwrap().unwrap();
    row.try_get("", "number").unwrap()
}
