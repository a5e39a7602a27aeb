//! Batches that are made ready before the one ahead of them is stored.

use std::collections::HashSet;

use aval_domain::event::{Event, EventKind};
use futures::future::BoxFuture;
use futures::{FutureExt, poll};
use tokio::task::{JoinHandle, JoinSet};

use super::desk::{self, Desk, PATIENCE, assert_recorded_in_order};
use super::*;
use crate::erasure::Target;
use crate::store::CommitError;
use crate::store::sql::damage::HeldHead;
use crate::writer::term::Prepared;

/// One patient's events, the first of which is recorded: so their key is known.
struct Begun {
    term: Term,
    events: Vec<Event>,
}

async fn begin(desk: &Desk, count: usize) -> Begun {
    let mut term = desk.begin_with(desk::key(7)).await.unwrap();
    let events = desk.accesses(count);
    let known = delivery(desk, 1, 1, &events[..1]);
    assert_eq!(term.record(&[&known]).await.unwrap(), [Ok(1)]);
    Begun { term, events }
}

fn delivery(desk: &Desk, epoch: u64, first: u64, events: &[Event]) -> Submission {
    desk.sample
        .submission("consent", epoch, first, events.to_vec())
}

/// Two batches, the one behind the other, where the engine makes any ready.
async fn two_ready(
    desk: &Desk,
    term: &mut Term,
    [one, two]: [&Submission; 2],
) -> Option<[Prepared; 2]> {
    let first = term.prepare(&[one]).await.unwrap();
    assert_eq!(first.is_some(), desk.makes_ready());
    let first = first?;
    let second = term.prepare(&[two]).await.unwrap();
    Some([first, second.expect("the engine makes batches ready")])
}

/// Whoever takes over finds tree and heads as they were signed, and goes on.
async fn assert_another_goes_on(desk: &Desk, term: Term, events: &[Event]) {
    drop(term);
    assert_recorded_in_order(desk, events).await;
    drop(desk.begin_with(desk::key(7)).await.unwrap());
    let patient_id = events[0].patient_id.unwrap();
    let leaves = desk.store.patient_leaves(patient_id, 1, 1_000).await;
    let leaves = leaves.unwrap();
    assert_eq!(leaves.len(), events.len());
    for (sequence, pair) in (2..).zip(leaves.windows(2)) {
        let before = aval_merkle_log::leaf::leaf_hash(&pair[0]);
        assert_eq!(pair[1].patient_sequence(), sequence);
        assert_eq!(pair[1].previous_patient_leaf(), Some(before));
    }
}

pub(super) async fn a_batch_made_ready_follows_the_one_that_is_being_stored(desk: &Desk) {
    let Begun { mut term, events } = begin(desk, 6).await;
    let one = delivery(desk, 1, 2, &events[1..3]);
    let two = delivery(desk, 1, 4, &events[3..]);
    let Some([first, second]) = two_ready(desk, &mut term, [&one, &two]).await else {
        return;
    };
    for (prepared, last) in [(first, 3), (second, 6)] {
        let storing = term.store(prepared);
        storing.stored.await.unwrap();
        assert_eq!(storing.outcome.answers, [Ok(last)]);
        assert_eq!(storing.outcome.size, last);
    }
    assert_another_goes_on(desk, term, &events).await;
}

pub(super) async fn what_follows_events_that_were_recorded_already_is_made_anew(desk: &Desk) {
    let Begun { mut term, events } = begin(desk, 6).await;
    // Restored from an older copy, and renumbered.
    let one = delivery(desk, 2, 1, &events[..3]);
    let two = delivery(desk, 2, 4, &events[3..]);
    let Some([first, second]) = two_ready(desk, &mut term, [&one, &two]).await else {
        return;
    };
    let mut storing = term.store(first);
    let refused = (&mut storing.stored).await.unwrap_err();
    assert!(matches!(refused, CommitError::AlreadyRecorded));
    term.take_back(storing, Some(second));
    assert_eq!(term.size(), 1);
    assert_eq!(term.record(&[&one]).await.unwrap(), [Ok(3)]);
    let again = term.prepare(&[&two]).await.unwrap().unwrap();
    term.store(again).stored.await.unwrap();
    assert_another_goes_on(desk, term, &events).await;
}

pub(super) async fn a_batch_made_ready_by_a_writer_who_was_fenced_is_not_stored(desk: &Desk) {
    let Begun { mut term, events } = begin(desk, 6).await;
    let one = delivery(desk, 1, 2, &events[1..3]);
    let two = delivery(desk, 1, 4, &events[3..]);
    let Some([first, second]) = two_ready(desk, &mut term, [&one, &two]).await else {
        return;
    };
    term.store(first).stored.await.unwrap();
    desk.damage("UPDATE log_head SET fence = fence + 1").await;
    let refused = term.store(second).stored.await.unwrap_err();
    assert!(matches!(refused, CommitError::Fenced), "{refused:?}");
    assert_another_goes_on(desk, term, &events[..3]).await;
}

/// The store does not know yet what is in the batch ahead.
pub(super) async fn what_may_be_in_the_batch_ahead_is_not_made_ready(desk: &Desk) {
    let Begun { mut term, events } = begin(desk, 3).await;
    let one = delivery(desk, 1, 2, &events[1..2]);
    let again = delivery(desk, 1, 2, &events[1..]);
    let Some(first) = term.prepare(&[&one]).await.unwrap() else {
        assert!(!desk.makes_ready());
        return;
    };
    assert!(term.prepare(&[&again]).await.unwrap().is_none());
    term.store(first).stored.await.unwrap();
    assert_eq!(term.record(&[&again]).await.unwrap(), [Ok(3)]);
    assert_another_goes_on(desk, term, &events).await;
}

/// A batch of one event that is being stored for as long as the log is held.
struct Stuck {
    log: HeldHead,
    caller: BoxFuture<'static, Result<u64, RecordError>>,
}

/// Two events of one patient, the second of which is being stored; stored already, where the
/// engine makes nothing ready.
async fn stick(desk: &Desk, writer: &Writer, events: &[Event]) -> Option<Stuck> {
    let (one, two) = (
        delivery(desk, 1, 1, &events[..1]),
        delivery(desk, 1, 2, &events[1..2]),
    );
    assert_eq!(writer.record(one).await.unwrap(), 1);
    let Some(log) = desk.hold_the_log().await else {
        assert_eq!(writer.record(two).await.unwrap(), 2);
        return None;
    };
    let writer_of_it = writer.clone();
    let mut caller = async move { writer_of_it.record(two).await }.boxed();
    assert!(poll!(&mut caller).is_pending());
    until(|| queued(writer) == 0).await;
    Some(Stuck { log, caller })
}

impl Stuck {
    async fn let_go(self) {
        self.log.let_go().await;
        assert_eq!(self.caller.await.unwrap(), 2);
    }
}

/// How many deliveries nobody has taken yet.
fn queued(writer: &Writer) -> usize {
    LONGEST_QUEUE - writer.queue.capacity()
}

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it comes to that");
}

/// For each of these events a caller of their own.
fn call_all(desk: &Desk, writer: &Writer, events: &[Event]) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for (caller, event) in events.iter().enumerate() {
        let source = format!("source-{caller}");
        let delivery = desk.sample.submission(&source, 1, 1, [event.clone()]);
        let writer = writer.clone();
        callers.spawn(async move { assert_eq!(writer.record(delivery).await.unwrap(), 1) });
    }
    callers
}

/// All of them are answered, and the log holds what they delivered.
async fn assert_answered(desk: &Desk, callers: JoinSet<()>, events: &[Event]) {
    let answered = tokio::time::timeout(PATIENCE, callers.join_all()).await;
    answered.expect("every caller is answered");
    let ids = events.iter().map(|event| event.event_id).collect();
    desk.assert_holds_exactly(&ids).await;
}

pub(super) async fn the_next_batch_is_made_ready_while_one_is_being_stored(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(602);
    let Some(stuck) = stick(desk, &working.writer, &events).await else {
        return;
    };
    let callers = call_all(desk, &working.writer, &events[2..]);
    until(|| working.writer.waits.made_ready() > 0).await;
    stuck.let_go().await;
    assert_answered(desk, callers, &events).await;
}

/// Erases again and again what there is nothing of.
fn erase_without_a_pause(desk: &Desk, writer: &Writer, stop: &CancellationToken) -> JoinHandle<()> {
    let order = Order {
        target: Target::Patient(desk.sample.patient_id()),
        template: desk.sample.of_service(EventKind::TrailErased),
        ground: "asked".to_owned(),
        random: Arc::new(desk.sample.random.clone()),
    };
    let (writer, stop) = (writer.clone(), stop.clone());
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            let erased = writer.erase(order.clone()).await.unwrap();
            assert_eq!(erased, Erased::default());
        }
    })
}

/// Those who wait behind a batch are held by the writer: nothing is made ready of patients of
/// whom there is no key yet. Then there is always somebody who wants to erase.
pub(super) async fn hundreds_are_answered_while_others_erase_without_a_pause(desk: &Desk) {
    let working = desk.start().await;
    let writer = &working.writer;
    let mut events = desk.accesses(2);
    let stuck = stick(desk, writer, &events).await;
    let strangers = (0..600).map(|_| desk.sample.access(Some(desk.sample.patient_id())));
    events.extend(strangers);
    let callers = call_all(desk, writer, &events[2..]);
    if stuck.is_some() {
        until(|| writer.waits.events() == 601 && queued(writer) < 500).await;
    }
    let stop = CancellationToken::new();
    let erasing = [(); 2].map(|()| erase_without_a_pause(desk, writer, &stop));
    if let Some(stuck) = stuck {
        until(|| writer.erasures.capacity() == MOST_ERASURES - 2).await;
        stuck.let_go().await;
    }
    assert_answered(desk, callers, &events).await;
    stop.cancel();
    for erasing in erasing {
        erasing.await.unwrap();
    }
}

/// So many that the next batch may be made ready while one is being stored; some deliver what
/// they delivered before, some in another life of their outbox.
pub(super) async fn hundreds_of_callers_lose_nothing_double_nothing_and_keep_their_order(
    desk: &Desk,
) {
    let working = desk.start().await;
    let patients: Vec<_> = (0..40).map(|_| desk.sample.patient_id()).collect();
    let mut callers = Vec::new();
    for caller in 0..700_usize {
        let (writer, sample) = (working.writer.clone(), desk.sample.clone());
        let patients = patients.clone();
        callers.push(tokio::spawn(async move {
            let source = format!("source-{caller}");
            let deliver = |epoch, first, events: &[Event]| {
                let delivery = sample.submission(&source, epoch, first, events.to_vec());
                let writer = writer.clone();
                async move { writer.record(delivery).await.unwrap() }
            };
            let mut events: Vec<Event> = Vec::new();
            for turn in 0..4_usize {
                let patient = patients.get((caller + turn) % 41).copied();
                events.push(sample.access(patient));
                let sequence = events.len() as u64;
                let last = deliver(1, sequence, &events[turn..]).await;
                assert_eq!(last, sequence);
                if (caller + turn) % 97 == 0 {
                    assert_eq!(deliver(1, sequence, &events[turn..]).await, sequence);
                }
            }
            if caller % 100 == 0 {
                assert_eq!(deliver(2, 1, &events[1..]).await, 3);
            }
            events
        }));
    }
    let mut all: HashSet<EventId> = HashSet::new();
    for caller in callers {
        let delivered = caller.await.unwrap();
        desk.assert_in_order(&delivered).await;
        all.extend(delivered.iter().map(|event| event.event_id));
    }
    assert_eq!(all.len(), 700 * 4);
    desk.assert_holds_exactly(&all).await;
}
