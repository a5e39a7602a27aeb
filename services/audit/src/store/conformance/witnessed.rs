//! What witnesses cosigned is kept, and never given up for something smaller.

use aval_domain::event::Event;
use aval_merkle_log::hash::hash_leaf;

use super::fixture::Fixture;
use crate::examination::Fault;
use crate::store::Store;
use crate::store::sql::damage;

pub(super) async fn the_largest_checkpoint_that_was_witnessed_is_kept(fixture: &Fixture) {
    let store = &fixture.store;
    assert_eq!(store.witnessed().await.unwrap(), None);
    for (size, note, kept) in [
        (5, "five", "five"),
        (7, "seven", "seven"),
        // With one more cosignature.
        (7, "seven by two", "seven by two"),
        // Of a writer of before, who was slow.
        (6, "six", "seven by two"),
    ] {
        store.keep_witnessed(size, note).await.unwrap();
        let found = fixture.again().store.witnessed().await.unwrap();
        assert_eq!(found.as_deref(), Some(kept));
    }
}

pub(super) async fn what_witnesses_saw_is_held_against_the_log_of_today(fixture: &Fixture) {
    let accesses = |count: usize| -> Vec<Event> {
        let patient = fixture.sample.patient_id();
        let access = std::iter::repeat_with(|| fixture.sample.access(Some(patient)));
        access.take(count).collect()
    };
    let mut hand = fixture.take_over().await;
    fixture.append(&mut hand, &accesses(5)).await;
    let seen = fixture.store.checkpoint().await.unwrap().unwrap();
    fixture.store.keep_witnessed(5, &seen).await.unwrap();
    fixture.append(&mut hand, &accesses(4)).await;
    // As if one delivery had come after the other.
    let numbers = "INSERT INTO producers (source, epoch, last_sequence) VALUES ('consent', 1, 9); \
        UPDATE events SET sequence = log_index + 1";
    damage::execute(&fixture.db, numbers).await;
    let faults = async || fixture.store.examine(&fixture.key).await.unwrap().faults;
    assert!(faults().await.is_empty());

    let other = fixture.key.sign(5, hash_leaf(b"other"), None).unwrap();
    let longer = fixture.key.sign(77, hash_leaf(b"longer"), None).unwrap();
    for (size, note) in [(5, other), (77, longer)] {
        fixture.store.keep_witnessed(size, &note).await.unwrap();
        let found = faults().await;
        assert!(
            matches!(found.as_slice(), [Fault::Witnessed { size: seen }] if *seen == size),
            "{found:?}"
        );
    }
    fixture.store.keep_witnessed(77, "no note").await.unwrap();
    let found = faults().await;
    assert!(
        matches!(found.as_slice(), [Fault::Checkpoint(_)]),
        "{found:?}"
    );
}
