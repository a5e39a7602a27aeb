//! Events that are so long that a batch of them is more than the receiver takes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::time::ManualClock;
use tokio_util::sync::CancellationToken;

use super::*;

crate::conformance_suite! {
    migrator: Migrator,
    store: |db| db,
    tests: [
        what_was_numbered_at_once_is_delivered_in_parts_that_the_receiver_takes,
        an_event_that_is_longer_than_a_batch_goes_alone,
        a_relay_that_was_refused_a_batch_as_too_long_comes_through_with_parts_of_it,
    ],
}

/// How long an access to two hundred documents is.
const LONG: usize = 57_000;

/// How many of them are less than the receiver takes.
const FIT: u64 = LARGEST_DELIVERY / (LONG as u64 + 1_000);

fn long_event(place: u64, bytes: usize) -> Event {
    let mut event = event(place);
    event
        .after
        .insert("documents".to_owned(), "x".repeat(bytes));
    event
}

async fn append_long(db: &Database, events: impl IntoIterator<Item = (u64, usize)>) {
    let events = events.into_iter();
    let events: Vec<_> = events
        .map(|(place, bytes)| long_event(place, bytes))
        .collect();
    db.transaction("test.append", async |tx| append_all(&tx, &events).await)
        .await
        .unwrap();
}

/// As a program does that looks at their count alone.
async fn number_all(db: &Database) {
    advance(db, None, 1).await;
    for statement in [
        "UPDATE outbox SET sequence = id - (SELECT min(id) FROM outbox) + 1 WHERE sequence IS NULL",
        "UPDATE outbox_head SET last_sequence = (SELECT max(sequence) FROM outbox)",
    ] {
        db.transaction("test.number", async |tx| {
            tx.execute_unprepared(statement).await?;
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
    }
}

fn bytes_of(batch: &Batch) -> u64 {
    let events = batch.events.iter();
    let bytes = events.map(|numbered| serde_json::to_vec(&numbered.event).unwrap().len() as u64);
    bytes.sum()
}

async fn what_was_numbered_at_once_is_delivered_in_parts_that_the_receiver_takes(db: &Database) {
    const ALL: u64 = 100;
    append_long(db, (1..=ALL).map(|place| (place, LONG))).await;
    number_all(db).await;
    append_committed(db, [ALL + 1]).await;
    let (mut acknowledged, mut delivered, mut deliveries) = (None, Vec::new(), 0);
    loop {
        let next = next(db, acknowledged, 500).await;
        let Some(last) = next.batch.events.last() else {
            break;
        };
        assert!(bytes_of(&next.batch) <= LARGEST_DELIVERY);
        assert_eq!(
            next.is_full,
            last.sequence < ALL,
            "more waits with its number"
        );
        acknowledged = Some(numbering::Acknowledged {
            epoch: next.batch.epoch,
            last: last.sequence,
        });
        let events = next.batch.events.iter();
        delivered.extend(events.map(|numbered| (numbered.sequence, place_of(&numbered.event))));
        deliveries += 1;
    }
    let expected: Vec<_> = (1..=ALL + 1).map(|place| (place, place)).collect();
    assert_eq!(delivered, expected);
    assert_eq!(deliveries, ALL.div_ceil(FIT) + 1, "as few as may be");
}

async fn an_event_that_is_longer_than_a_batch_goes_alone(db: &Database) {
    let too_long = usize::try_from(LARGEST_DELIVERY).unwrap() + 1;
    append_long(db, [(1, 10), (2, too_long), (3, too_long), (4, 10)]).await;
    let (epoch, first) = advance(db, None, 500).await;
    assert_eq!(first, [(1, 1)]);
    for place in 2..=4 {
        let acknowledged = Some(numbering::Acknowledged {
            epoch,
            last: place - 1,
        });
        assert_eq!(advance(db, acknowledged, 500).await.1, [(place, place)]);
    }
}

async fn a_relay_that_was_refused_a_batch_as_too_long_comes_through_with_parts_of_it(
    db: &Database,
) {
    const ALL: u64 = 100;
    append_long(db, (1..=ALL).map(|place| (place, LONG))).await;
    number_all(db).await;
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let (shutdown, taken) = (CancellationToken::new(), Arc::clone(&recorded));
    let stopped = shutdown.clone();
    let relay = Relay::new(db.clone(), "test", Arc::new(ManualClock::new(NOW)));
    let task = tokio::spawn(async move {
        let deliver = async |batch: Batch| {
            if bytes_of(&batch) > 4 * 1024 * 1024 {
                return Err("the message is too long");
            }
            let events = batch.events.iter();
            taken
                .lock()
                .unwrap()
                .extend(events.map(|numbered| numbered.sequence));
            Ok(())
        };
        let unheard = async |_: Report| Ok::<_, &str>(());
        relay.run(stopped, deliver, unheard).await;
    });
    let acknowledged = async {
        while backlog(db).await.unwrap().count > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), acknowledged)
        .await
        .expect("nothing is too long for ever");
    shutdown.cancel();
    task.await.unwrap();
    assert_eq!(*recorded.lock().unwrap(), (1..=ALL).collect::<Vec<_>>());
}
