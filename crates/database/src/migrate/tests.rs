use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
};

use super::*;
use crate::outbox::CreateOutbox;
use crate::requests::CreateRequests;
use crate::testing::{NextButOne, NextVersion, TestDatabase, test_databases};

/// A service's program before it had an outbox, and after.
struct Before;
struct After;

impl MigratorTrait for Before {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests)]
    }
}

impl MigratorTrait for After {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests), Box::new(CreateOutbox)]
    }
}

impl Steps for Before {}
impl Steps for After {}

crate::migration_suite!(NextVersion<After>);

#[tokio::test]
async fn a_program_ahead_of_the_schema_does_not_serve() {
    for test in test_databases("a_program_ahead_of_the_schema").await {
        let refused = require_fit::<After>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Behind { pending: 2 })));
        migrate::<Before>(&test.db).await.unwrap();
        let refused = require_fit::<After>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Behind { pending: 1 })));
        migrate::<After>(&test.db).await.unwrap();
        require_fit::<After>(&test.db).await.unwrap();
    }
}

#[tokio::test]
async fn a_program_neither_serves_on_a_step_that_is_not_for_it_nor_migrates() {
    for test in test_databases("a_step_that_is_not_for_it").await {
        migrate::<After>(&test.db).await.unwrap();
        for refused in [
            require_fit::<Before>(&test.db).await.map(|_| ()),
            migrate::<Before>(&test.db).await,
        ] {
            let Err(SchemaError::Ahead { step }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(step, CreateOutbox.name());
        }
        assert_eq!(require_fit::<After>(&test.db).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_program_serves_on_a_step_that_only_adds_and_leaves_it_there() {
    for test in test_databases("a_step_that_only_adds").await {
        migrate::<After>(&test.db).await.unwrap();
        migrate::<NextVersion<After>>(&test.db).await.unwrap();
        assert_eq!(require_fit::<After>(&test.db).await.unwrap(), 1);
        // Its job runs once more when it is rolled back.
        migrate::<After>(&test.db).await.unwrap();
        assert_eq!(require_fit::<After>(&test.db).await.unwrap(), 1);
        let fit = require_fit::<NextVersion<After>>(&test.db).await;
        assert_eq!(fit.unwrap(), 0);
        // The step before that one is still not for programs without an outbox.
        let refused = require_fit::<Before>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Ahead { .. })));
    }
}

#[tokio::test]
async fn what_is_taken_away_is_so_for_programs_that_no_longer_use_it() {
    for test in test_databases("what_is_taken_away").await {
        migrate::<NextButOne<After>>(&test.db).await.unwrap();
        let fit = require_fit::<NextVersion<After>>(&test.db).await;
        assert_eq!(fit.unwrap(), 1);
        let Err(SchemaError::Ahead { step }) = require_fit::<After>(&test.db).await else {
            panic!("what it may use is gone");
        };
        assert_eq!(step, "next_but_one_takes_away");
    }
}

#[tokio::test]
async fn a_database_that_says_nothing_of_its_steps_is_for_nobody_of_before() {
    for test in test_databases("a_database_that_says_nothing").await {
        migrate::<NextVersion<After>>(&test.db).await.unwrap();
        older::forget(&test.db).await.unwrap();
        let refused = require_fit::<After>(&test.db).await;
        assert!(matches!(refused, Err(SchemaError::Ahead { .. })));
        // The next one that migrates says it again, though there is no step to take.
        migrate::<NextVersion<After>>(&test.db).await.unwrap();
        assert_eq!(require_fit::<After>(&test.db).await.unwrap(), 1);
    }
}

/// Says of the step that takes away that it adds.
struct Liar;

impl MigratorTrait for Liar {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        NextButOne::<After>::migrations()
    }
}

impl Steps for Liar {
    fn for_older() -> Vec<(&'static str, Older)> {
        vec![("next_but_one_takes_away", Older::Adds)]
    }
}

#[tokio::test]
#[should_panic(expected = "next_but_one_takes_away takes next_version away")]
async fn a_step_that_says_that_it_adds_and_does_not_is_found() {
    let test = TestDatabase::sqlite().await;
    migrate::<Liar>(&test.db).await.unwrap();
    crate::conformance::steps_that_say_so_only_add::<Liar>(&test.db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_migrate_at_once_all_find_it_done() {
    for test in test_databases("replicas_that_migrate_at_once").await {
        let replicas: Vec<_> = (0..4)
            .map(|_| {
                let config = test.config().clone();
                tokio::spawn(async move {
                    let db = Database::connect(&config).await.unwrap();
                    migrate::<After>(&db).await?;
                    require_fit::<After>(&db).await
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
    let refused = require_fit::<After>(&test.db).await;
    assert!(matches!(refused, Err(SchemaError::Behind { pending: 2 })));
    let (one, other) = (test.another_process().await, test.another_process().await);
    let (one, other) = tokio::join!(migrate::<After>(&one), migrate::<After>(&other));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    require_fit::<After>(&test.db).await.unwrap();
}

#[tokio::test]
async fn checking_an_empty_database_creates_nothing() {
    let test = TestDatabase::sqlite().await;
    let _ = require_fit::<After>(&test.db).await;
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

impl Steps for Slow {}

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
    require_fit::<Slow>(&hasty).await.unwrap();
}
