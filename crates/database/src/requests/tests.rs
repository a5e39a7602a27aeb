use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aval_domain::random::SeededRandom;
use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};
use tokio::sync::Barrier;

use super::*;
use crate::Database;
use crate::migrate::Steps;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateRequests)]
    }
}

impl Steps for Migrator {}

crate::conformance_suite! {
    migrator: Migrator,
    store: |db| db,
    tests: [
        migrations_go_up_down_up,
        a_replay_returns_the_first_result_and_does_nothing,
        the_same_id_for_another_write_is_refused,
        a_rolled_back_claim_is_free_again,
        two_actors_may_use_the_same_id,
        of_many_writes_at_once_one_works_and_all_answer_the_same,
        a_forgotten_request_is_fresh_again,
    ],
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("refused by a rule")]
    ByRule,
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn key() -> RequestKey {
    RequestKey {
        actor: "patient:1".to_owned(),
        request_id: RequestId::new(&SeededRandom::new(1)),
        operation: "consent.create_grant",
        fingerprint: fingerprint(["dr-a", "1y"]),
    }
}

/// As a use case does it: claim, work, complete.
async fn write(db: &Database, key: &RequestKey, answer: &str) -> Result<String, Refusal> {
    db.transaction("test.write", async |tx| {
        if let Claim::Replay { result } = claim(&tx, key, NOW).await? {
            return Ok(result);
        }
        complete(&tx, key, answer).await?;
        Ok(answer.to_owned())
    })
    .await
}

async fn migrations_go_up_down_up(db: &Database) {
    crate::conformance::migrations_go_up_down_up::<Migrator>(db).await;
}

async fn a_replay_returns_the_first_result_and_does_nothing(db: &Database) {
    assert_eq!(write(db, &key(), "first").await.unwrap(), "first");
    assert_eq!(write(db, &key(), "second").await.unwrap(), "first");
}

async fn the_same_id_for_another_write_is_refused(db: &Database) {
    write(db, &key(), "first").await.unwrap();
    let other_body = RequestKey {
        fingerprint: fingerprint(["dr-b", "1y"]),
        ..key()
    };
    let other_operation = RequestKey {
        operation: "consent.revoke_grant",
        ..key()
    };
    for reused in [other_body, other_operation] {
        let refused = write(db, &reused, "second").await;
        assert!(matches!(refused, Err(Refusal::Claim(ClaimError::Reused))));
    }
}

async fn a_rolled_back_claim_is_free_again(db: &Database) {
    let refused: Result<(), _> = db
        .transaction("test.refused", async |tx| {
            assert_eq!(claim(&tx, &key(), NOW).await?, Claim::Fresh);
            Err(Refusal::ByRule)
        })
        .await;
    assert!(matches!(refused, Err(Refusal::ByRule)));
    assert_eq!(write(db, &key(), "later").await.unwrap(), "later");
}

async fn two_actors_may_use_the_same_id(db: &Database) {
    let other = RequestKey {
        actor: "patient:2".to_owned(),
        ..key()
    };
    assert_eq!(write(db, &key(), "one").await.unwrap(), "one");
    assert_eq!(write(db, &other, "other").await.unwrap(), "other");
}

async fn of_many_writes_at_once_one_works_and_all_answer_the_same(db: &Database) {
    const CALLERS: usize = 8;
    let worked = Arc::new(AtomicUsize::new(0));
    let together = Arc::new(Barrier::new(CALLERS));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (db, worked, together) = (db.clone(), worked.clone(), together.clone());
            tokio::spawn(async move {
                together.wait().await;
                let answer = caller.to_string();
                db.transaction("test.write", async |tx| {
                    match claim(&tx, &key(), NOW).await? {
                        Claim::Replay { result } => Ok::<_, Refusal>(result),
                        Claim::Fresh => {
                            // Time for the others to arrive at the primary key.
                            tokio::task::yield_now().await;
                            complete(&tx, &key(), &answer).await?;
                            worked.fetch_add(1, Ordering::SeqCst);
                            Ok(answer.clone())
                        }
                    }
                })
                .await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.unwrap().unwrap());
    }
    assert_eq!(worked.load(Ordering::SeqCst), 1);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

async fn a_forgotten_request_is_fresh_again(db: &Database) {
    write(db, &key(), "first").await.unwrap();
    let forget = async |horizon| {
        db.transaction("test.forget", async |tx| forget_before(&tx, horizon).await)
            .await
            .unwrap()
    };
    assert_eq!(forget(NOW).await, 0, "what is as old as the horizon stays");
    assert_eq!(
        forget(NOW.saturating_add(std::time::Duration::from_micros(1))).await,
        1
    );
    assert_eq!(write(db, &key(), "again").await.unwrap(), "again");
}
