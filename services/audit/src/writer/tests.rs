//! The writing task on both engines: order, repetition, many callers, death.

mod ahead;
mod death;
mod desk;

use std::collections::HashSet;

use aval_domain::event::Event;
use aval_domain::id::EventId;

use super::*;
use crate::sample;
use crate::store::sql::Migrator;
use ahead::*;
use death::*;
use desk::{Desk, assert_recorded_in_order};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Desk::new,
    tests: [
        a_delivery_is_recorded_and_acknowledged,
        a_repeated_delivery_is_acknowledged_and_recorded_once,
        events_renumbered_in_a_new_epoch_are_recorded_once,
        a_hole_is_refused_and_names_what_is_expected,
        a_known_number_with_another_event_is_refused,
        sixty_four_callers_lose_nothing_double_nothing_and_keep_their_order,
        a_log_that_another_key_signed_is_not_continued,
        a_tree_that_was_changed_is_not_continued,
        a_map_of_heads_that_was_changed_is_not_continued,
        a_head_that_was_changed_ends_the_writer_s_term_and_nothing_is_recorded,
        a_log_from_before_there_was_a_map_is_signed_anew,
        the_log_s_time_does_not_go_back_with_the_clock,
        a_batch_made_ready_follows_the_one_that_is_being_stored,
        what_follows_events_that_were_recorded_already_is_made_anew,
        a_batch_made_ready_by_a_writer_who_was_fenced_is_not_stored,
        what_may_be_in_the_batch_ahead_is_not_made_ready,
        the_next_batch_is_made_ready_while_one_is_being_stored,
        hundreds_are_answered_while_others_erase_without_a_pause,
        hundreds_of_callers_lose_nothing_double_nothing_and_keep_their_order,
        a_writer_killed_at_any_moment_loses_nothing,
        a_writer_killed_while_hundreds_wait_loses_nothing,
        the_next_writer_goes_on_when_the_first_is_killed,
        a_writer_that_is_told_nothing_gives_up_and_what_is_stored_late_is_in_the_log_once,
        the_log_passes_on_however_many_keep_coming,
        stopping_answers_what_was_begun,
    ],
}

async fn a_delivery_is_recorded_and_acknowledged(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(3);
    let delivery = desk.sample.submission("consent", 1, 1, events.clone());
    assert_eq!(working.writer.record(delivery).await.unwrap(), 3);
    assert_recorded_in_order(desk, &events).await;
    let note = desk.store.checkpoint().await.unwrap().unwrap();
    assert_eq!(desk.key.open(&note).unwrap().size, 3);
}

async fn a_repeated_delivery_is_acknowledged_and_recorded_once(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(5);
    let deliver = |events: &[Event]| desk.sample.submission("consent", 1, 1, events.to_vec());
    assert_eq!(
        working.writer.record(deliver(&events[..3])).await.unwrap(),
        3
    );
    assert_eq!(
        working.writer.record(deliver(&events[..2])).await.unwrap(),
        3
    );
    assert_eq!(working.writer.record(deliver(&events)).await.unwrap(), 5);
    assert_recorded_in_order(desk, &events).await;
}

async fn events_renumbered_in_a_new_epoch_are_recorded_once(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(6);
    let first = desk
        .sample
        .submission("consent", 1, 1, events[..4].to_vec());
    assert_eq!(working.writer.record(first).await.unwrap(), 4);
    // Restored from a copy that had not heard of the acknowledgement of the third.
    let again = desk
        .sample
        .submission("consent", 2, 1, events[2..].to_vec());
    assert_eq!(working.writer.record(again).await.unwrap(), 4);
    assert_recorded_in_order(desk, &events).await;
}

async fn a_hole_is_refused_and_names_what_is_expected(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(3);
    let first = desk.sample.submission("consent", 1, 1, [events[0].clone()]);
    working.writer.record(first).await.unwrap();
    let third = desk.sample.submission("consent", 1, 3, [events[2].clone()]);
    let refused = working.writer.record(third).await.unwrap_err();
    let expected = Refused::Hole { expected: 2 };
    assert!(matches!(refused, RecordError::Refused(found) if found == expected));
    assert_recorded_in_order(desk, &events[..1]).await;
}

async fn a_known_number_with_another_event_is_refused(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(2);
    for (event, expected) in [
        (&events[0], None),
        (&events[1], Some(Refused::Differs { sequence: 1 })),
    ] {
        let delivery = desk.sample.submission("consent", 1, 1, [event.clone()]);
        let refused = match working.writer.record(delivery).await {
            Ok(_) => None,
            Err(RecordError::Refused(refused)) => Some(refused),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(refused, expected);
    }
    assert_recorded_in_order(desk, &events[..1]).await;
}

async fn sixty_four_callers_lose_nothing_double_nothing_and_keep_their_order(desk: &Desk) {
    let working = desk.start().await;
    let patients: Vec<_> = (0..5).map(|_| desk.sample.patient_id()).collect();
    let mut callers = Vec::new();
    for caller in 0..64_usize {
        let (writer, sample) = (working.writer.clone(), desk.sample.clone());
        let patients = patients.clone();
        callers.push(tokio::spawn(async move {
            let source = format!("source-{caller}");
            let mut delivered: Vec<Event> = Vec::new();
            for turn in 0..10 {
                let patient = patients.get((caller + turn) % 6).copied();
                let events: Vec<Event> = (0..=(caller + turn) % 4)
                    .map(|_| sample.access(patient))
                    .collect();
                let first = delivered.len() as u64 + 1;
                delivered.extend(events.iter().cloned());
                let delivery = sample.submission(&source, 1, first, events);
                let acknowledged = writer.record(delivery).await.unwrap();
                assert_eq!(acknowledged, delivered.len() as u64);
            }
            delivered
        }));
    }
    let mut all: HashSet<EventId> = HashSet::new();
    for caller in callers {
        let delivered = caller.await.unwrap();
        desk.assert_in_order(&delivered).await;
        all.extend(delivered.iter().map(|event| event.event_id));
    }
    desk.assert_holds_exactly(&all).await;
}

async fn a_log_that_another_key_signed_is_not_continued(desk: &Desk) {
    let working = desk.start().await;
    let delivery = desk.sample.submission("consent", 1, 1, desk.accesses(1));
    working.writer.record(delivery).await.unwrap();
    working.stop().await;

    let refused = desk.begin_with(desk::key(8)).await.unwrap_err();
    assert!(matches!(refused, TermError::Damaged(_)), "{refused:?}");
}

async fn a_tree_that_was_changed_is_not_continued(desk: &Desk) {
    let working = desk.start().await;
    let delivery = desk.sample.submission("consent", 1, 1, desk.accesses(3));
    working.writer.record(delivery).await.unwrap();
    working.stop().await;

    desk.damage("UPDATE events SET nodes = commitment WHERE log_index = 2")
        .await;
    let refused = desk.begin_with(desk::key(7)).await.unwrap_err();
    assert!(matches!(refused, TermError::Damaged(_)), "{refused:?}");
}

async fn a_map_of_heads_that_was_changed_is_not_continued(desk: &Desk) {
    let working = desk.start().await;
    let delivery = desk.sample.submission("consent", 1, 1, desk.accesses(3));
    working.writer.record(delivery).await.unwrap();
    working.stop().await;

    desk.damage("DELETE FROM map_tiles").await;
    let refused = desk.begin_with(desk::key(7)).await.unwrap_err();
    assert!(matches!(refused, TermError::Damaged(_)), "{refused:?}");
}

async fn a_head_that_was_changed_ends_the_writer_s_term_and_nothing_is_recorded(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(3);
    let first = desk
        .sample
        .submission("consent", 1, 1, events[..2].to_vec());
    working.writer.record(first).await.unwrap();
    working.stop().await;

    desk.damage("UPDATE patient_heads SET sequence = 1").await;
    let mut term = desk.begin_with(desk::key(7)).await.unwrap();
    let third = desk.sample.submission("consent", 1, 3, [events[2].clone()]);
    let refused = term.record(&[&third]).await.unwrap_err();
    assert!(matches!(refused, TermError::HeadsAltered), "{refused:?}");
    drop(term);
    desk.damage("UPDATE patient_heads SET sequence = 2").await;
    assert_recorded_in_order(desk, &events[..2]).await;
}

async fn a_log_from_before_there_was_a_map_is_signed_anew(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(3);
    let delivery = desk.sample.submission("consent", 1, 1, events.clone());
    working.writer.record(delivery).await.unwrap();
    working.stop().await;

    let note = desk.store.checkpoint().await.unwrap().unwrap();
    let mut older = desk.key.open(&note).unwrap();
    older.extensions.clear();
    let signer = aval_merkle_log::note::Signer::from_seed("audit.example/trail", &[7; 32]);
    let older = older.sign(&[&signer.unwrap()]).unwrap().format();
    desk.damage(&format!("UPDATE log_head SET checkpoint = '{older}'"))
        .await;
    let working = desk.start().await;
    working.stop().await;
    assert_recorded_in_order(desk, &events).await;
}

async fn the_log_s_time_does_not_go_back_with_the_clock(desk: &Desk) {
    let working = desk.start().await;
    let events = desk.accesses(2);
    let noon = aval_domain::time::Clock::now(&desk.sample.clock);
    for (sequence, event) in (1..).zip(&events) {
        let delivery = desk
            .sample
            .submission("consent", 1, sequence, [event.clone()]);
        working.writer.record(delivery).await.unwrap();
        desk.sample
            .clock
            .set(aval_domain::time::Timestamp::UNIX_EPOCH);
    }
    let leaves = desk.store.leaves(0..2).await.unwrap();
    assert!(
        leaves
            .iter()
            .all(|leaf| leaf.recorded_at_micros == noon.as_micros())
    );
}
