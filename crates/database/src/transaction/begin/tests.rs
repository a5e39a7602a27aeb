//! Transactions that whoever waited for them has left.

use futures::FutureExt;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::testing::TestDatabase;
use crate::{Database, DatabaseConfig, DatabaseError};

const COUNT: &str = "UPDATE counters SET value = value + 1 RETURNING value";

async fn value(db: &Database) -> i64 {
    let sql = "SELECT value FROM counters";
    let statement = sea_orm::Statement::from_string(db.writer().get_database_backend(), sql);
    let row = db.writer().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "value").unwrap()
}

/// On the only connection that is left to be had, whenever it was given back.
#[tokio::test]
async fn what_is_changed_after_somebody_left_at_the_beginning_is_committed() {
    let name = "what_is_changed_after_somebody_left";
    let Some(test) = TestDatabase::postgres(name).await else {
        return crate::conformance::say_not_run(name);
    };
    let two = DatabaseConfig {
        max_connections: 2,
        ..test.config().clone()
    };
    let db = Database::connect(&two).await.unwrap();
    let create = "CREATE TABLE counters (value BIGINT NOT NULL); INSERT INTO counters VALUES (0)";
    db.writer().execute_unprepared(create).await.unwrap();
    let _the_other = db.writer().begin().await.unwrap();
    for round in 1..=20 {
        let mut left = Box::pin(
            db.transaction::<_, DatabaseError, _>("test.left", async |tx| {
                tx.execute_unprepared("SELECT 1").await?;
                std::future::pending::<()>().await;
                Ok(())
            }),
        );
        for _ in 0..round {
            assert!((&mut left).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        drop(left);
        let nothing = crate::parameters::encode(Vec::new()).unwrap();
        let changed = db.change("test.change", COUNT, nothing).await;
        assert_eq!(changed.unwrap(), 1);
        assert_eq!(value(&test.db).await, round, "left after {round} looks");
    }
}
