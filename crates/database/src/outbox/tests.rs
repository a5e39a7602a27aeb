//! What an outbox promises, on both engines. `relaying` has the relay's part, `long_events` what
//! is bounded by bytes.

mod long_events;
mod relaying;

use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::EventId;
use aval_domain::random::SeededRandom;
use aval_domain::time::Timestamp;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

use super::*;
use crate::Database;
use crate::migrate::Steps;

pub(super) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateOutbox)]
    }
}

impl Steps for Migrator {}

crate::conformance_suite! {
    migrator: Migrator,
    store: |db| db,
    tests: [
        migrations_go_up_down_up,
        an_event_of_an_undone_change_does_not_exist,
        an_event_is_kept_once,
        the_backlog_counts_what_waits_and_names_the_oldest,
        a_long_backlog_is_told_by_its_ends,
        the_backlog_is_told_by_an_index_however_much_waits,
        many_events_are_appended_in_their_order,
        a_number_is_kept_until_it_is_acknowledged,
        an_outbox_that_was_small_is_not_read_from_end_to_end_when_it_is_full,
        an_event_committed_late_gets_the_next_number,
        a_new_epoch_numbers_what_waits_from_one,
        an_acknowledgement_of_another_epoch_removes_nothing,
        a_row_that_does_not_parse_stops_the_relay_instead_of_being_skipped,
    ],
}

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// The `place`-th event of a test, which says so.
pub(super) fn event(place: u64) -> Event {
    let occurred_at = NOW.saturating_add(std::time::Duration::from_secs(place));
    let mut event = Event::new(
        EventId::new(occurred_at, &SeededRandom::new(place)),
        occurred_at,
        EventKind::GrantCreated,
        Outcome::Success,
        Actor::Service {
            name: "spiffe://aval.test/consent".to_owned(),
        },
        "spiffe://aval.test/portal",
    );
    event.after.insert("place".to_owned(), place.to_string());
    event
}

pub(super) fn place_of(event: &Event) -> u64 {
    event.after["place"].parse().unwrap()
}

pub(super) async fn append_committed(db: &Database, places: impl IntoIterator<Item = u64>) {
    let events: Vec<_> = places.into_iter().map(event).collect();
    db.transaction("test.append", async |tx| append_all(&tx, &events).await)
        .await
        .unwrap();
}

async fn next(
    db: &Database,
    acknowledged: Option<numbering::Acknowledged>,
    limit: u64,
) -> numbering::Next {
    db.transaction("test.advance", async |tx| {
        numbering::advance(&tx, "test", acknowledged, limit, NOW).await
    })
    .await
    .unwrap()
}

/// The next batch, as (number, place).
async fn advance(
    db: &Database,
    acknowledged: Option<numbering::Acknowledged>,
    limit: u64,
) -> (u64, Vec<(u64, u64)>) {
    let batch = next(db, acknowledged, limit).await.batch;
    let events = batch.events.iter();
    let pairs = events.map(|numbered| (numbered.sequence, place_of(&numbered.event)));
    (batch.epoch, pairs.collect())
}

async fn migrations_go_up_down_up(db: &Database) {
    crate::conformance::migrations_go_up_down_up::<Migrator>(db).await;
}

async fn an_event_of_an_undone_change_does_not_exist(db: &Database) {
    let undone: Result<(), DatabaseError> = db
        .transaction("test.undone", async |tx| {
            append(&tx, &event(1)).await?;
            Err(DatabaseError::corrupt("grants", "id", &"1"))
        })
        .await;
    assert!(undone.is_err());
    assert_eq!(backlog(db).await.unwrap(), Backlog::default());
}

async fn an_event_is_kept_once(db: &Database) {
    append_committed(db, [1]).await;
    let again = db.transaction("test.again", async |tx| append(&tx, &event(1)).await);
    let refused = again.await.unwrap_err();
    assert!(refused.violates_unique("outbox_event_id_key", "outbox", &["event_id"]));
}

async fn the_backlog_counts_what_waits_and_names_the_oldest(db: &Database) {
    append_committed(db, [3, 1, 2]).await;
    let expected = Backlog {
        count: 3,
        oldest_at: Some(event(1).occurred_at),
    };
    assert_eq!(backlog(db).await.unwrap(), expected);
}

async fn a_long_backlog_is_told_by_its_ends(db: &Database) {
    const MANY: u64 = 2_500;
    append_committed(db, 1..=MANY).await;
    let whole = Backlog {
        count: MANY,
        oldest_at: Some(event(1).occurred_at),
    };
    assert_eq!(backlog(db).await.unwrap(), whole);
    let (epoch, _) = advance(db, None, 1_000).await;
    let acknowledged = numbering::Acknowledged { epoch, last: 1_000 };
    let (_, next) = advance(db, Some(acknowledged), 1_000).await;
    let rest = Backlog {
        count: MANY - 1_000,
        oldest_at: Some(event(1_001).occurred_at),
    };
    assert_eq!((next.len(), backlog(db).await.unwrap()), (1_000, rest));
}

/// Whoever shows it asks every other second, most urgently of a full outbox.
async fn the_backlog_is_told_by_an_index_however_much_waits(db: &Database) {
    append_committed(db, 1..=10).await;
    let statement = waiting::statement(db.reader().get_database_backend());
    let without = ["enable_seqscan", "enable_bitmapscan"];
    let plan = crate::conformance::plan_of(db, &statement, &without).await;
    let plan = plan.join("\n");
    match db.backend() {
        // By the table's own order, of which a thousand rows are taken.
        crate::Backend::Sqlite => assert!(!plan.contains("TEMP B-TREE"), "{plan}"),
        crate::Backend::Postgres => {
            assert!(plan.contains("outbox_pkey"), "{plan}");
            for slow in ["Seq Scan", "Sort"] {
                assert!(!plan.contains(slow), "{slow} in {plan}");
            }
        }
    }
}

async fn many_events_are_appended_in_their_order(db: &Database) {
    const MANY: u64 = 2_500; // more than one statement holds
    append_committed(db, 1..=MANY).await;
    let (_, events) = advance(db, None, MANY).await;
    assert_eq!(
        events,
        (1..=MANY).map(|place| (place, place)).collect::<Vec<_>>()
    );
}

async fn a_number_is_kept_until_it_is_acknowledged(db: &Database) {
    append_committed(db, [1, 2, 3]).await;
    let (epoch, first) = advance(db, None, 2).await;
    assert_eq!(first, [(1, 1), (2, 2)]);
    append_committed(db, [4]).await;
    assert_eq!(
        advance(db, None, 2).await,
        (epoch, first),
        "not acknowledged: the same"
    );
    let acknowledged = Some(numbering::Acknowledged { epoch, last: 2 });
    assert_eq!(
        advance(db, acknowledged, 2).await,
        (epoch, vec![(3, 3), (4, 4)])
    );
    let acknowledged = Some(numbering::Acknowledged { epoch, last: 4 });
    assert_eq!(advance(db, acknowledged, 2).await, (epoch, vec![]));
    assert!(numbering::is_empty(db).await.unwrap());
    append_committed(db, [5]).await;
    assert_eq!(
        advance(db, None, 2).await,
        (epoch, vec![(5, 5)]),
        "no number twice"
    );
}

/// PostgreSQL keeps plans from the time when the outbox was small.
async fn an_outbox_that_was_small_is_not_read_from_end_to_end_when_it_is_full(db: &Database) {
    const MANY: u64 = 5_000;
    if db.backend() == crate::Backend::Sqlite {
        return; // plans follow the schema alone, and nobody counts what they read
    }
    let mut acknowledged = None;
    for place in 1..=10 {
        append_committed(db, [place]).await;
        db.transaction("test.analyze", async |tx| {
            tx.execute_unprepared("ANALYZE outbox").await?;
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
        let (epoch, _) = advance(db, acknowledged, 500).await;
        acknowledged = Some(numbering::Acknowledged { epoch, last: place });
    }
    append_committed(db, 11..=MANY).await;
    let (numbered, read) = db
        .transaction("test.advance", async |tx| {
            let next = numbering::advance(&tx, "test", acknowledged, 500, NOW).await?;
            let read = "SELECT seq_tup_read AS rows_read FROM pg_stat_xact_user_tables \
                 WHERE relname = 'outbox' AND schemaname = current_schema()";
            let read = Statement::from_string(tx.get_database_backend(), read);
            let read = tx.query_one_raw(read).await?.unwrap();
            Ok::<_, DatabaseError>((
                next.batch.events.len(),
                read.try_get::<i64>("", "rows_read")?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(numbered, 500);
    let all = i64::try_from(MANY).unwrap();
    assert!(read < all, "{read} rows read for 500 of {MANY}");
}

async fn an_event_committed_late_gets_the_next_number(db: &Database) {
    if db.backend() == crate::Backend::Sqlite {
        return; // one writer: nothing is ever appended before and committed after
    }
    let seen_meanwhile = db
        .transaction("test.late", async |tx| {
            append(&tx, &event(1)).await?;
            append_committed(db, [2]).await;
            Ok::<_, DatabaseError>(advance(db, None, 10).await)
        })
        .await;
    let (epoch, meanwhile) = seen_meanwhile.unwrap();
    assert_eq!(meanwhile, [(1, 2)]);
    let acknowledged = Some(numbering::Acknowledged { epoch, last: 1 });
    assert_eq!(advance(db, acknowledged, 10).await, (epoch, vec![(2, 1)]));
}

async fn a_new_epoch_numbers_what_waits_from_one(db: &Database) {
    append_committed(db, [1, 2, 3]).await;
    let (old, _) = advance(db, None, 3).await;
    let acknowledged = Some(numbering::Acknowledged {
        epoch: old,
        last: 1,
    });
    advance(db, acknowledged, 3).await;
    // The clock has not moved, and yet the epoch must.
    let new = start_new_epoch(db, NOW).await.unwrap();
    assert!(new > old);
    assert_eq!(advance(db, None, 3).await, (new, vec![(1, 2), (2, 3)]));
}

async fn an_acknowledgement_of_another_epoch_removes_nothing(db: &Database) {
    append_committed(db, [1, 2]).await;
    let (old, _) = advance(db, None, 2).await;
    let new = start_new_epoch(db, NOW).await.unwrap();
    advance(db, None, 2).await;
    let late = Some(numbering::Acknowledged {
        epoch: old,
        last: 2,
    });
    assert_eq!(advance(db, late, 2).await, (new, vec![(1, 1), (2, 2)]));
}

async fn a_row_that_does_not_parse_stops_the_relay_instead_of_being_skipped(db: &Database) {
    append_committed(db, [1, 2]).await;
    db.transaction("test.damage", async |tx| {
        tx.execute_unprepared(
            "UPDATE outbox SET payload = '{}' WHERE id = (SELECT min(id) FROM outbox)",
        )
        .await?;
        Ok::<_, DatabaseError>(())
    })
    .await
    .unwrap();
    let failure = db
        .transaction("test.advance", async |tx| {
            numbering::advance(&tx, "test", None, 10, NOW).await
        })
        .await;
    assert!(matches!(
        failure,
        Err(DatabaseError::Corrupt {
            table: "outbox",
            column: "payload",
            ..
        })
    ));
    assert_eq!(backlog(db).await.unwrap().count, 2);
}
