use sea_orm_migration::prelude::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
};

use super::*;
use crate::outbox::CreateOutbox;
use crate::requests::CreateRequests;
use crate::testing::{TestDatabase, test_databases};

/// A service's program before it had an outbox, and after.
struct Older;
struct Newer;

impl MigratorTrait for Older {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests)]
    }
}

impl MigratorTrait for Newer {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests), Box::new(CreateOutbox)]
    }
}

crate::migration_suite!(Newer);

#[tokio::test]
async fn a_program_ahead_of_the_schema_does_not_serve() {
    for test in test_databases("a_program_ahead_of_the_schema").await {
        let refused = require_current::<Newer>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Behind { pending: 2 })));
        migrate::<Older>(&test.db).await.unwrap();
        let refused = require_current::<Newer>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Behind { pending: 1 })));
        migrate::<Newer>(&test.db).await.unwrap();
        require_current::<Newer>(&test.db).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_behind_the_schema_neither_serves_nor_migrates() {
    for test in test_databases("a_program_behind_the_schema").await {
        migrate::<Newer>(&test.db).await.unwrap();
        let refused = require_current::<Older>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Ahead)));
        let refused = migrate::<Older>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Ahead)));
        require_current::<Newer>(&test.db).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_migrate_at_once_all_find_it_done() {
    for test in test_databases("replicas_that_migrate_at_once").await {
        let replicas: Vec<_> = (0..4)
            .map(|_| {
                let config = test.config().clone();
                tokio::spawn(async move {
                    let db = Database::connect(&config).await.unwrap();
                    migrate::<Newer>(&db).await?;
                    require_current::<Newer>(&db).await
                })
            })
            .collect();
        for replica in replicas {
            replica.await.unwrap().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_find_no_schema_make_one() {
    let Some(test) = TestDatabase::postgres("replicas_that_find_no_schema").await else {
        return crate::conformance::say_not_run("replicas_that_find_no_schema_make_one");
    };
    let schema = test.db.schema().unwrap();
    let drop = format!("DROP SCHEMA {schema}");
    test.db.writer().execute_unprepared(&drop).await.unwrap();
    let refused = require_current::<Newer>(&test.db).await;
    assert!(matches!(refused, Err(SchemaError::Behind { pending: 2 })));
    let (one, other) = (test.another_process().await, test.another_process().await);
    let (one, other) = tokio::join!(migrate::<Newer>(&one), migrate::<Newer>(&other));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    require_current::<Newer>(&test.db).await.unwrap();
}

#[tokio::test]
async fn checking_an_empty_database_creates_nothing() {
    let test = TestDatabase::sqlite().await;
    let _ = require_current::<Newer>(&test.db).await;
    let count = Statement::from_string(
        test.db.reader().get_database_backend(),
        "SELECT count(*) AS tables FROM sqlite_schema",
    );
    let row = test
        .db
        .reader()
        .query_one_raw(count)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.try_get::<i64>("", "tables").unwrap(), 0);
}

struct Slow;

struct TakesLong;

impl MigrationName for TakesLong {
    fn name(&self) -> &'static str {
        "takes_long"
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime"
)]
impl MigrationTrait for TakesLong {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sleep = manager
            .get_connection()
            .execute_unprepared("SELECT pg_sleep(1.2)");
        sleep.await.map(|_| ())
    }
}

impl MigratorTrait for Slow {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(TakesLong)]
    }
}

#[tokio::test]
async fn a_step_may_take_longer_than_a_statement_of_the_service() {
    let Some(test) = TestDatabase::postgres("a_step_may_take_longer").await else {
        return crate::conformance::say_not_run("a_step_may_take_longer");
    };
    let config = crate::DatabaseConfig {
        statement_timeout_ms: 1_000,
        ..test.config().clone()
    };
    let hasty = Database::connect(&config).await.unwrap();
    migrate::<Slow>(&hasty).await.unwrap();
    require_current::<Slow>(&hasty).await.unwrap();
}
