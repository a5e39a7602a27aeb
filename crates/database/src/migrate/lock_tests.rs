//! A step that waits for a table that somebody reads.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use sea_orm_migration::prelude::{
    DbErr, MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
};

use super::{Steps, migrate, require_fit};
use crate::requests::CreateRequests;
use crate::testing::TestDatabase;

struct Before;
struct After;
struct Widens;

impl MigratorTrait for Before {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests)]
    }
}

impl MigratorTrait for After {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests), Box::new(Widens)]
    }
}

impl Steps for Before {}
impl Steps for After {}

impl MigrationName for Widens {
    fn name(&self) -> &'static str {
        "widens"
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime"
)]
impl MigrationTrait for Widens {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = "ALTER TABLE requests ADD COLUMN wide integer";
        let widened = manager.get_connection().execute_unprepared(widen);
        widened.await.map(|_| ())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_waits_for_a_table_lets_its_readers_pass() {
    let name = "a_step_that_waits_for_a_table";
    let Some(test) = TestDatabase::postgres(name).await else {
        return crate::conformance::say_not_run(name);
    };
    migrate::<Before>(&test.db).await.unwrap();
    let reads = || Statement::from_string(sea_orm::DbBackend::Postgres, "SELECT 1 FROM requests");
    let long_reader = test.db.writer().begin().await.unwrap();
    long_reader.query_all_raw(reads()).await.unwrap();

    let migrating = test.another_process().await;
    let migrated = tokio::spawn(async move { migrate::<After>(&migrating).await });
    // As long as the step would wait for that one, these would wait for the step: until their
    // statement takes too long.
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(7) {
        let read = test.db.reader().query_all_raw(reads());
        let read = tokio::time::timeout(Duration::from_secs(5), read).await;
        read.expect("it is not kept waiting for long").unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!migrated.is_finished());
    long_reader.commit().await.unwrap();
    migrated.await.unwrap().unwrap();
    assert_eq!(require_fit::<After>(&test.db).await.unwrap(), 0);
}
