//! Writers that die, and what remains.

use std::collections::HashSet;

use aval_domain::event::Event;
use tokio::sync::watch;

use super::desk::{Desk, PATIENCE, Working, assert_recorded_in_order};
use super::*;

/// Delivers event after event, each until it is acknowledged, to whoever writes now.
async fn produce(
    source: String,
    deliveries: u64,
    sample: sample::Events,
    writers: watch::Receiver<Writer>,
) -> Vec<Event> {
    let mut delivered = Vec::new();
    for sequence in 1..=deliveries {
        let event = sample.access(None);
        loop {
            let writer = writers.borrow().clone();
            let delivery = sample.submission(&source, 1, sequence, [event.clone()]);
            match writer.record(delivery).await {
                Ok(acknowledged) => {
                    assert_eq!(acknowledged, sequence);
                    break;
                }
                Err(RecordError::Refused(refused)) => panic!("{refused:?}"),
                Err(_) => tokio::task::yield_now().await,
            }
        }
        delivered.push(event);
    }
    delivered
}

async fn until_the_log_has(desk: &Desk, size: u64) {
    let reached = async {
        loop {
            let note = desk.store.checkpoint().await.unwrap().unwrap();
            if desk.key.open(&note).unwrap().size >= size {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached.expect("the log grows");
}

pub(super) async fn a_writer_killed_at_any_moment_loses_nothing(desk: &Desk) {
    kill_at(desk, 8, 30, &[1, 20, 50, 90, 140, 200]).await;
}

/// There is a batch that is being stored, and another one that is ready.
pub(super) async fn a_writer_killed_while_hundreds_wait_loses_nothing(desk: &Desk) {
    kill_at(desk, 600, 3, &[1, 300, 700, 1_100, 1_600]).await;
}

/// Kills the writer when the log has these sizes, while so many producers make so many
/// deliveries each.
async fn kill_at(desk: &Desk, count: u64, deliveries: u64, sizes: &[u64]) {
    let mut working: Working = desk.start().await;
    let (current, writers) = watch::channel(working.writer.clone());
    let mut producers = Vec::new();
    for producer in 0..count {
        let source = format!("source-{producer}");
        let producing = produce(source, deliveries, desk.sample.clone(), writers.clone());
        producers.push(tokio::spawn(producing));
    }
    for size in sizes {
        until_the_log_has(desk, *size).await;
        working.kill().await;
        working = desk.start().await;
        current.send_replace(working.writer.clone());
    }
    let mut all = HashSet::new();
    for producer in producers {
        let delivered = tokio::time::timeout(PATIENCE, producer).await;
        let delivered = delivered.expect("every event is acknowledged").unwrap();
        desk.assert_in_order(&delivered).await;
        all.extend(delivered.iter().map(|event| event.event_id));
    }
    assert_eq!(all.len() as u64, count * deliveries);
    desk.assert_holds_exactly(&all).await;
}

pub(super) async fn the_next_writer_goes_on_when_the_first_is_killed(desk: &Desk) {
    let events = desk.accesses(2);
    let first = desk.start().await;
    let delivery = desk.sample.submission("consent", 1, 1, [events[0].clone()]);
    first.writer.record(delivery).await.unwrap();
    first.kill().await;

    let second = desk.start().await;
    let delivery = desk.sample.submission("consent", 1, 1, events.clone());
    assert_eq!(second.writer.record(delivery).await.unwrap(), 2);
    assert_recorded_in_order(desk, &events).await;
}

pub(super) async fn the_log_passes_on_however_many_keep_coming(desk: &Desk) {
    let first = desk.start().await;
    // Each delivers without a pause, for as long as it is answered.
    let keep_coming = |(number, writer): (usize, Writer)| {
        let sample = desk.sample.clone();
        tokio::spawn(async move {
            let (source, mut recorded) = (format!("producer-{number}"), 0);
            loop {
                let delivery = sample.submission(&source, 1, recorded + 1, [sample.access(None)]);
                match writer.record(delivery).await {
                    Ok(sequence) => recorded = sequence,
                    Err(_) => return recorded,
                }
            }
        })
    };
    let writers = std::iter::repeat_with(|| first.writer.clone());
    let coming: Vec<_> = writers.take(300).enumerate().map(keep_coming).collect();
    until_the_log_has(desk, 1_000).await;
    let stopped = tokio::time::timeout(PATIENCE, first.stop()).await;
    stopped.expect("those who keep coming do not keep it from stopping");

    let second = desk.start().await;
    let delivery = desk.sample.submission("consent", 1, 1, desk.accesses(1));
    assert_eq!(second.writer.record(delivery).await.unwrap(), 1);
    let mut acknowledged = 1;
    for recorded in coming {
        acknowledged += recorded.await.unwrap();
    }
    let note = desk.store.checkpoint().await.unwrap().unwrap();
    assert_eq!(desk.key.open(&note).unwrap().size, acknowledged);
}

pub(super) async fn stopping_answers_what_was_begun(desk: &Desk) {
    let working = desk.start().await;
    let writer = working.writer.clone();
    let events = desk.accesses(1);
    let delivery = desk.sample.submission("consent", 1, 1, events.clone());
    let answer = tokio::spawn({
        let writer = writer.clone();
        async move { writer.record(delivery).await }
    });
    working.stop().await;
    // Begun or not: what was acknowledged is there, and nothing waits for ever.
    let recorded = answer.await.unwrap().is_ok();
    let held = desk
        .store
        .event(events[0].event_id)
        .await
        .unwrap()
        .is_some();
    assert!(held || !recorded);
    let late = desk.sample.submission("consent", 1, 2, desk.accesses(1));
    assert!(matches!(
        writer.record(late).await,
        Err(RecordError::NotWriting)
    ));
}

/// Records these events of one producer, however often that takes.
async fn until_recorded(desk: &Desk, working: &Working, first: u64, events: &[Event]) {
    let recorded = async {
        loop {
            let delivery = desk.sample.submission("consent", 1, first, events.to_vec());
            match working.writer.record(delivery).await {
                Ok(last) => return assert_eq!(last, first + events.len() as u64 - 1),
                Err(RecordError::Refused(refused)) => panic!("{refused:?}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let recorded = tokio::time::timeout(PATIENCE, recorded).await;
    recorded.expect("somebody writes again");
}

/// As where the network is cut after a batch was sent: it is stored, and nobody hears of it.
pub(super) async fn a_writer_that_is_told_nothing_gives_up_and_what_is_stored_late_is_in_the_log_once(
    desk: &Desk,
) {
    let working = desk.hire_for(Duration::from_secs(2));
    let events = desk.accesses(4);
    until_recorded(desk, &working, 1, &events[..1]).await;
    let Some(held) = desk.hold_the_log().await else {
        return; // a file is never silent
    };
    let delivery = desk
        .sample
        .submission("consent", 1, 2, events[1..3].to_vec());
    let answer = tokio::time::timeout(PATIENCE, working.writer.record(delivery)).await;
    let answer = answer.expect("nobody waits for ever");
    let Err(RecordError::Failed(error)) = answer else {
        panic!("{answer:?}");
    };
    assert!(matches!(
        *error,
        TermError::Database(DatabaseError::Unavailable { .. })
    ));
    let mut leads = working.writer.leads();
    let given_up = tokio::time::timeout(PATIENCE, leads.wait_for(|leads| !*leads)).await;
    given_up.expect("it does not say that it writes").unwrap();
    held.let_go().await;
    until_recorded(desk, &working, 2, &events[1..]).await;
    assert_recorded_in_order(desk, &events).await;
}
