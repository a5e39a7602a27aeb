use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::random::{Random, SeededRandom, bytes};
use aval_domain::time::ManualClock;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::*;

crate::conformance_suite! {
    migrator: Migrator,
    store: |db| db,
    tests: [
        everything_arrives_once_in_effect_and_in_order_though_deliveries_fail,
        a_relay_dropped_in_the_middle_loses_nothing_and_its_successor_goes_on,
        a_commit_wakes_a_relay_that_would_sleep_for_an_hour,
        of_two_relays_one_delivers_and_the_other_takes_over,
        a_relay_says_how_its_outbox_stands_whether_it_delivers_or_not,
    ],
}

/// Long enough for any machine; a test that works never waits for it.
const FAR_TOO_LONG: Duration = Duration::from_mins(1);

/// A receiver as the trail is one: it records a number once, refuses holes, and
/// sometimes fails before or after recording.
struct Receiver {
    random: SeededRandom,
    recorded: Mutex<Vec<(u64, u64)>>,
    deliveries: AtomicUsize,
    grown: Notify,
    /// Of 256 deliveries, how many fail before, and as many after recording.
    failures: u8,
}

impl Receiver {
    fn new(failures: u8) -> Arc<Self> {
        Arc::new(Self {
            random: SeededRandom::new(7),
            recorded: Mutex::default(),
            deliveries: AtomicUsize::new(0),
            grown: Notify::new(),
            failures,
        })
    }

    fn record(&self, batch: &Batch) -> Result<(), &'static str> {
        self.deliveries.fetch_add(1, Ordering::SeqCst);
        let [before, after] = bytes::<2>(&self.random);
        if before < self.failures {
            return Err("the request was lost");
        }
        let mut recorded = self.recorded.lock().unwrap();
        for numbered in &batch.events {
            let pair = (numbered.sequence, place_of(&numbered.event));
            let next = recorded.len() as u64 + 1;
            if numbered.sequence < next {
                let known = recorded[usize::try_from(numbered.sequence - 1).unwrap()];
                assert_eq!(known, pair, "a number names one event for ever");
            } else {
                assert_eq!(numbered.sequence, next, "no hole");
                recorded.push(pair);
            }
        }
        drop(recorded);
        self.grown.notify_waiters();
        if after < self.failures {
            return Err("the answer was lost");
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.recorded.lock().unwrap().len()
    }

    async fn has(&self, count: usize) {
        let arrives = async {
            loop {
                let grown = self.grown.notified();
                tokio::pin!(grown);
                grown.as_mut().enable();
                if self.count() >= count {
                    return;
                }
                grown.await;
            }
        };
        tokio::time::timeout(FAR_TOO_LONG, arrives)
            .await
            .expect("what was appended arrives");
    }
}

fn relay(db: &Database) -> Relay {
    Relay::new(db.clone(), "test", Arc::new(ManualClock::new(NOW))).with_settings(RelaySettings {
        batch: 7,
        poll_every: Duration::from_millis(5),
        gather: Duration::ZERO,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(4),
        report_every: Duration::from_millis(2),
    })
}

/// A receiver that hears of nothing but events.
async fn unheard(_: Report) -> Result<(), Infallible> {
    Ok(())
}

/// Runs a relay in a task of its own: its future is `Send`.
fn start(
    relay: Relay,
    receiver: &Arc<Receiver>,
) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let (shutdown, receiver) = (CancellationToken::new(), receiver.clone());
    let stopped = shutdown.clone();
    let task = tokio::spawn(async move {
        let deliver = async |batch: Batch| {
            tokio::task::yield_now().await;
            receiver.record(&batch)
        };
        relay.run(stopped, deliver, unheard).await;
    });
    (shutdown, task)
}

async fn is_acknowledged(db: &Database) {
    let acknowledged = async {
        while backlog(db).await.unwrap().count > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(FAR_TOO_LONG, acknowledged)
        .await
        .expect("what arrived is acknowledged");
}

async fn everything_arrives_once_in_effect_and_in_order_though_deliveries_fail(db: &Database) {
    const PRODUCERS: u64 = 4;
    const EACH: u64 = 50;
    let receiver = Receiver::new(60);
    let (shutdown, task) = start(relay(db), &receiver);
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let db = db.clone();
            tokio::spawn(async move {
                for place in 0..EACH {
                    append_committed(&db, [producer * EACH + place]).await;
                }
            })
        })
        .collect();
    for producer in producers {
        producer.await.unwrap();
    }
    let all = usize::try_from(PRODUCERS * EACH).unwrap();
    receiver.has(all).await;
    is_acknowledged(db).await;
    shutdown.cancel();
    task.await.unwrap();

    let recorded = receiver.recorded.lock().unwrap().clone();
    let mut places: Vec<_> = recorded.iter().map(|(_, place)| *place).collect();
    for producer in 0..PRODUCERS {
        let own = places.iter().filter(|place| *place / EACH == producer);
        assert!(own.is_sorted(), "each producer's commits keep their order");
    }
    places.sort_unstable();
    assert_eq!(places, (0..PRODUCERS * EACH).collect::<Vec<_>>());
}

async fn a_relay_dropped_in_the_middle_loses_nothing_and_its_successor_goes_on(db: &Database) {
    const ALL: u64 = 120;
    append_committed(db, 0..ALL).await;
    let receiver = Receiver::new(20);
    let random = SeededRandom::new(11);
    while backlog(db).await.unwrap().count > 0 {
        // Killed some awaits after one of its first deliveries began: within it,
        // or before, within or after the transaction that follows.
        let [deliveries, awaits] = bytes::<2>(&random as &dyn Random);
        let (remaining, last_began) = (AtomicUsize::new(deliveries as usize % 3), Notify::new());
        let doomed = relay(db);
        let deliver = async |batch: Batch| {
            if remaining.fetch_sub(1, Ordering::SeqCst) == 0 {
                last_began.notify_one();
            }
            tokio::task::yield_now().await;
            receiver.record(&batch)
        };
        let work = doomed.run(CancellationToken::new(), deliver, unheard);
        let death = async {
            last_began.notified().await;
            for _ in 0..awaits {
                tokio::task::yield_now().await;
            }
        };
        // The last life may end with everything delivered and nobody to kill it.
        tokio::select! {
            () = work => unreachable!("nobody shuts it down"),
            () = death => {}
            () = is_acknowledged(db) => {}
        }
    }
    assert_eq!(receiver.count(), usize::try_from(ALL).unwrap());
    let recorded = receiver.recorded.lock().unwrap().clone();
    assert!(
        recorded
            .iter()
            .all(|(sequence, place)| *sequence == place + 1)
    );
}

async fn a_commit_wakes_a_relay_that_would_sleep_for_an_hour(db: &Database) {
    let receiver = Receiver::new(0);
    let sleepy = relay(db).with_settings(RelaySettings {
        poll_every: Duration::from_hours(1),
        report_every: Duration::from_hours(1),
        ..RelaySettings::default()
    });
    let (shutdown, task) = start(sleepy, &receiver);
    for place in 0..3 {
        append_committed(db, [place]).await;
        receiver.has(usize::try_from(place).unwrap() + 1).await;
        // Asleep again: it has nothing left to remove or to deliver.
        is_acknowledged(db).await;
    }
    shutdown.cancel();
    task.await.unwrap();
}

async fn of_two_relays_one_delivers_and_the_other_takes_over(db: &Database) {
    if db.backend() == crate::Backend::Sqlite {
        return; // one process by construction: there is no second replica
    }
    let (first, second) = (Receiver::new(0), Receiver::new(0));
    let (stop_first, first_task) = start(relay(db), &first);
    append_committed(db, [0]).await;
    first.has(1).await;
    let (stop_second, second_task) = start(relay(db), &second);
    append_committed(db, 1..20).await;
    first.has(20).await;
    is_acknowledged(db).await;
    assert_eq!(second.deliveries.load(Ordering::SeqCst), 0);

    // The successor's receiver goes on where the first's stands.
    *second.recorded.lock().unwrap() = first.recorded.lock().unwrap().clone();
    stop_first.cancel();
    first_task.await.unwrap();
    append_committed(db, 20..30).await;
    second.has(30).await;
    assert_eq!(first.count(), 20);
    stop_second.cancel();
    second_task.await.unwrap();
}

async fn a_relay_says_how_its_outbox_stands_whether_it_delivers_or_not(db: &Database) {
    let (said, mut heard) = mpsc::unbounded_channel();
    let (takes, shutdown) = (Arc::new(AtomicBool::new(true)), CancellationToken::new());
    let (relay, taking, stopped) = (relay(db), Arc::clone(&takes), shutdown.clone());
    let task = tokio::spawn(async move {
        let deliver = async |_: Batch| {
            let takes = taking.load(Ordering::SeqCst);
            takes.then_some(()).ok_or("not now")
        };
        let report = async |report: Report| said.send(report).map_err(|_| "nobody listens");
        relay.run(stopped, deliver, report).await;
    });
    let standing = |newest_sequence, oldest_waiting_at| Report {
        source: "test".to_owned(),
        epoch: NOW.as_micros().unsigned_abs(),
        newest_sequence,
        oldest_waiting_at,
    };
    let mut until = async |expected: Report| {
        let comes = async {
            while let Some(report) = heard.recv().await {
                if report == expected {
                    return;
                }
            }
        };
        let came = tokio::time::timeout(FAR_TOO_LONG, comes).await;
        came.expect("the relay says it");
    };
    until(standing(0, None)).await;
    append_committed(db, 0..3).await;
    until(standing(3, None)).await;
    takes.store(false, Ordering::SeqCst);
    append_committed(db, 3..5).await;
    until(standing(5, Some(event(3).occurred_at))).await;
    takes.store(true, Ordering::SeqCst);
    until(standing(5, None)).await;
    shutdown.cancel();
    task.await.unwrap();
}
