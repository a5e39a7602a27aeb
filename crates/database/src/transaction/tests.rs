use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::async_trait::async_trait;
use tokio::sync::Barrier;

use super::*;
use crate::testing::{TestDatabase, test_databases};

/// As a service has one: the database's failure is one case among others.
#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error("no such counter")]
    Missing,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

/// A store behind a trait object, whose methods must give futures that are `Send`.
#[async_trait]
trait Counters: Send + Sync {
    async fn add(&self, name: &str, step: &i64) -> Result<i64, StoreError>;
    async fn sum(&self) -> Result<i64, StoreError>;
}

struct SqlCounters {
    db: Database,
    isolation: Isolation,
}

#[async_trait]
impl Counters for SqlCounters {
    async fn add(&self, name: &str, step: &i64) -> Result<i64, StoreError> {
        self.db
            .transaction_with("test.add", self.isolation, async |tx| {
                let value = self.value_of(&tx, name).await?;
                let value = value.ok_or(StoreError::Missing)? + step;
                tx.execute_unprepared(&format!(
                    "UPDATE counters SET value = {value} WHERE name = '{name}'"
                ))
                .await?;
                Ok(value)
            })
            .await
    }

    async fn sum(&self) -> Result<i64, StoreError> {
        self.db
            .snapshot("test.sum", async |tx| {
                let mut sum = 0;
                for name in ["a", "b"] {
                    sum += self.value_of(&tx, name).await?.unwrap_or_default();
                }
                Ok(sum)
            })
            .await
    }
}

impl SqlCounters {
    async fn create(db: &Database, isolation: Isolation) -> Arc<dyn Counters> {
        for statement in [
            "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
            "INSERT INTO counters VALUES ('a', 0), ('b', 0)",
        ] {
            db.writer().execute_unprepared(statement).await.unwrap();
        }
        Arc::new(Self {
            db: db.clone(),
            isolation,
        })
    }

    async fn value_of(&self, tx: &Transaction, name: &str) -> Result<Option<i64>, DbErr> {
        let sql = format!("SELECT value FROM counters WHERE name = '{name}'");
        let statement = sea_orm::Statement::from_string(tx.get_database_backend(), sql);
        match tx.query_one_raw(statement).await? {
            Some(row) => row.try_get("", "value").map(Some),
            None => Ok(None),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_run_in_spawned_tasks_behind_a_trait_object() {
    for test in test_databases("transactions_run_in_spawned_tasks").await {
        let store = SqlCounters::create(&test.db, Isolation::ReadCommitted).await;
        let spawned = store.clone();
        let name = String::from("a");
        let added = tokio::spawn(async move { spawned.add(&name, &3).await });
        assert_eq!(added.await.unwrap().unwrap(), 3);
        assert_eq!(
            tokio::spawn(async move { store.sum().await })
                .await
                .unwrap()
                .unwrap(),
            3
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_send_without_a_trait_object_too() {
    let test = TestDatabase::sqlite().await;
    let db = test.db.clone();
    let (name, wanted) = (String::from("SELECT 1"), vec![1, 2]);
    let done = tokio::spawn(async move {
        let wanted = &wanted;
        db.transaction("test.direct", async |tx| {
            tx.execute_unprepared(&name).await?;
            Ok::<_, StoreError>(wanted.len())
        })
        .await
    });
    assert_eq!(done.await.unwrap().unwrap(), 2);
}

async fn execute(tx: &Transaction, sql: &str) -> Result<(), StoreError> {
    tx.execute_unprepared(sql).await?;
    Ok(())
}

const ADD_TO_A: &str = "UPDATE counters SET value = value + 1 WHERE name = 'a'";
const ADD_TO_B: &str = "UPDATE counters SET value = value + 1 WHERE name = 'b'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_read_and_write_loses_no_update_when_serializable() {
    const TASKS: i64 = 4;
    const STEPS: i64 = 10;
    for test in test_databases("concurrent_read_and_write").await {
        let store = SqlCounters::create(&test.db, Isolation::Serializable).await;
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..STEPS {
                        // A caller of a contended row may have to come back.
                        while let Err(error) = store.add("a", &1).await {
                            assert!(DatabaseError::calls_for_retry(&error), "{error:?}");
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(store.sum().await.unwrap(), TASKS * STEPS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serialization_failure_runs_the_closure_again() {
    let Some(test) = TestDatabase::postgres("a_serialization_failure").await else {
        return crate::conformance::say_not_run("a_serialization_failure_runs_the_closure_again");
    };
    let store = SqlCounters::create(&test.db, Isolation::Serializable).await;
    let runs = AtomicUsize::new(0);
    let value = test
        .db
        .transaction_with("test.conflict", Isolation::RepeatableRead, async |tx| {
            let counter = "SELECT value FROM counters WHERE name = 'a'";
            let counter = sea_orm::Statement::from_string(tx.get_database_backend(), counter);
            let row = tx
                .query_one_raw(counter)
                .await?
                .ok_or(StoreError::Missing)?;
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                // Somebody else changes the row after our snapshot was taken.
                store.add("a", &10).await?;
            }
            execute(&tx, ADD_TO_A).await?;
            Ok::<i64, StoreError>(row.try_get("", "value")?)
        })
        .await;
    assert_eq!(value.unwrap(), 10, "the second run saw the other's change");
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(store.sum().await.unwrap(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_of_a_deadlock_end_well() {
    let Some(test) = TestDatabase::postgres("both_sides_of_a_deadlock").await else {
        return crate::conformance::say_not_run("both_sides_of_a_deadlock_end_well");
    };
    let store = SqlCounters::create(&test.db, Isolation::ReadCommitted).await;
    let both_hold_one = Arc::new(Barrier::new(2));
    let runs = Arc::new(AtomicUsize::new(0));
    let sides = [(ADD_TO_A, ADD_TO_B), (ADD_TO_B, ADD_TO_A)].map(|(first, second)| {
        let (db, both_hold_one, runs) = (test.db.clone(), both_hold_one.clone(), runs.clone());
        tokio::spawn(async move {
            db.transaction("test.deadlock", async |tx| {
                execute(&tx, first).await?;
                if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                    both_hold_one.wait().await;
                }
                execute(&tx, second).await
            })
            .await
        })
    });
    for side in sides {
        side.await.unwrap().unwrap();
    }
    assert!(runs.load(Ordering::SeqCst) > 2, "one of them was run again");
    assert_eq!(store.sum().await.unwrap(), 4);
}

#[tokio::test]
async fn a_busy_sqlite_is_tried_again_and_then_said_to_be_contended() {
    let test = TestDatabase::sqlite().await;
    SqlCounters::create(&test.db, Isolation::default()).await;
    let other = test.another_process().await;
    let impatient = "PRAGMA busy_timeout = 0";
    other.writer().execute_unprepared(impatient).await.unwrap();
    let outcome = test
        .db
        .transaction("test.hold", async |_tx| {
            let refused: Result<(), StoreError> = other
                .transaction("test.wait", async |tx| execute(&tx, ADD_TO_A).await)
                .await;
            Ok::<_, StoreError>(refused)
        })
        .await;
    let refused = outcome.unwrap().unwrap_err();
    assert!(DatabaseError::calls_for_retry(&refused), "{refused:?}");
    let later = other.transaction("test.later", async |tx| execute(&tx, ADD_TO_A).await);
    later.await.unwrap();
}

#[tokio::test]
async fn an_error_undoes_everything_and_is_returned_as_it_was() {
    for test in test_databases("an_error_undoes_everything").await {
        let store = SqlCounters::create(&test.db, Isolation::default()).await;
        let runs = AtomicUsize::new(0);
        let outcome: Result<(), StoreError> = test
            .db
            .transaction("test.refused", async |tx| {
                runs.fetch_add(1, Ordering::SeqCst);
                execute(&tx, ADD_TO_A).await?;
                Err(StoreError::Missing)
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Missing)));
        assert_eq!(
            runs.load(Ordering::SeqCst),
            1,
            "a rule's refusal is not retried"
        );
        assert_eq!(store.sum().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_dropped_transaction_is_undone_and_blocks_nobody() {
    for test in test_databases("a_dropped_transaction").await {
        let store = SqlCounters::create(&test.db, Isolation::default()).await;
        let written = tokio::sync::Notify::new();
        let never_ends = test.db.transaction("test.dropped", async |tx| {
            execute(&tx, ADD_TO_A).await?;
            written.notify_one();
            std::future::pending::<Result<(), StoreError>>().await
        });
        tokio::select! {
            _ = never_ends => unreachable!("it waits for ever"),
            () = written.notified() => {}
        }
        assert_eq!(store.add("a", &5).await.unwrap(), 5);
    }
}

#[tokio::test]
async fn a_transaction_kept_beyond_its_closure_is_not_committed() {
    let test = TestDatabase::sqlite().await;
    let store = SqlCounters::create(&test.db, Isolation::default()).await;
    let kept = test
        .db
        .transaction("test.kept", async |tx| {
            execute(&tx, ADD_TO_A).await?;
            Ok::<_, StoreError>(tx)
        })
        .await;
    assert!(matches!(
        kept,
        Err(StoreError::Database(DatabaseError::Other { .. }))
    ));
    assert_eq!(store.sum().await.unwrap(), 0);
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_is_committed_meanwhile() {
    for test in test_databases("a_snapshot_does_not_see").await {
        let store = SqlCounters::create(&test.db, Isolation::default()).await;
        let reader = SqlCounters {
            db: test.db.clone(),
            isolation: Isolation::default(),
        };
        let seen = test
            .db
            .snapshot("test.snapshot", async |tx| {
                let before = reader.value_of(&tx, "a").await?;
                store.add("a", &1).await?;
                Ok::<_, StoreError>((before, reader.value_of(&tx, "a").await?))
            })
            .await;
        assert_eq!(seen.unwrap(), (Some(0), Some(0)));
        assert_eq!(store.sum().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_snapshot_cannot_change_anything() {
    for test in test_databases("a_snapshot_cannot_change").await {
        let store = SqlCounters::create(&test.db, Isolation::default()).await;
        let refused = test
            .db
            .snapshot("test.snapshot", async |tx| execute(&tx, ADD_TO_A).await);
        assert!(refused.await.is_err());
        assert_eq!(store.sum().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_commit_ticks_and_a_refusal_does_not() {
    let test = TestDatabase::sqlite().await;
    SqlCounters::create(&test.db, Isolation::default()).await;
    let commits = test.db.commits();
    let refused: Result<(), _> = test
        .db
        .transaction("test.refused", async |_tx| Err(StoreError::Missing))
        .await;
    assert!(refused.is_err());
    assert!(!commits.has_changed().unwrap());
    let done = test
        .db
        .transaction("test.done", async |tx| execute(&tx, ADD_TO_A).await);
    done.await.unwrap();
    assert!(commits.has_changed().unwrap());
}

#[tokio::test]
async fn a_change_of_one_statement_is_there_for_others_and_ticks() {
    let Some(test) = TestDatabase::postgres("a_change_of_one_statement").await else {
        let name = "a_change_of_one_statement_is_there_for_others_and_ticks";
        return crate::conformance::say_not_run(name);
    };
    let store = SqlCounters::create(&test.db, Isolation::default()).await;
    let commits = test.db.commits();
    let returning = format!("{ADD_TO_A} RETURNING value").leak();
    assert_eq!(change(&test.db, returning).await.unwrap(), 1);
    assert!(commits.has_changed().unwrap());
    assert_eq!(store.sum().await.unwrap(), 1);
}

/// The row is returned before the commit finds out: nothing may be said to be done by then.
#[tokio::test]
async fn a_change_that_fails_when_it_is_committed_has_failed() {
    let Some(test) = TestDatabase::postgres("a_change_that_fails").await else {
        let name = "a_change_that_fails_when_it_is_committed_has_failed";
        return crate::conformance::say_not_run(name);
    };
    let store = SqlCounters::create(&test.db, Isolation::default()).await;
    let unique = "ALTER TABLE counters ADD CONSTRAINT one_of_each \
        UNIQUE (value) DEFERRABLE INITIALLY DEFERRED";
    for sql in ["UPDATE counters SET value = 7 WHERE name = 'b'", unique] {
        test.db.writer().execute_unprepared(sql).await.unwrap();
    }
    let commits = test.db.commits();
    let same = "UPDATE counters SET value = 7 WHERE name = 'a' RETURNING value";
    let refused = change(&test.db, same).await;
    assert!(
        matches!(refused, Err(DatabaseError::UniqueViolation { .. })),
        "{refused:?}"
    );
    assert!(!commits.has_changed().unwrap());
    assert_eq!(store.sum().await.unwrap(), 7);
}

async fn change(db: &Database, sql: &'static str) -> Result<usize, DatabaseError> {
    let nothing = crate::parameters::encode(Vec::new())?;
    db.change("test.change", sql, nothing).await
}

#[test]
fn pauses_grow_and_stay_bounded() {
    for attempt in 1..MAX_ATTEMPTS {
        let base = Duration::from_millis(4 << (attempt - 1).min(6));
        let pause = pause_after(attempt);
        assert!(base <= pause && pause <= 2 * base, "{attempt}: {pause:?}");
    }
}
