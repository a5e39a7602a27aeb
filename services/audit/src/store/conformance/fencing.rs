//! One writer at a time, whatever the others believe.

use aval_database::Backend;
use aval_domain::time::Clock as _;

use super::fixture::Fixture;
use crate::batch::{Origin, PatientHeads};
use crate::head_map::HeadMap;
use crate::store::{CommitError, Store};

pub(super) async fn a_writer_that_was_overtaken_is_fenced_and_nothing_is_lost(fixture: &Fixture) {
    let mut old = fixture.take_over().await;
    let before = [fixture.sample.access(None), fixture.sample.access(None)];
    fixture.append(&mut old, &before).await;

    // The old writer's connection breaks; it does not know.
    let mut old_tip = old.tip;
    drop(old.lease);
    let mut new = fixture.take_over().await;
    assert!(new.tip.fence > old_tip.fence);
    assert_eq!(new.tip.frontier, old_tip.frontier);

    for _ in 0..2 {
        let mut stale = super::fixture::Hand {
            tip: old_tip,
            map: HeadMap::default(),
            lease: crate::store::Lease::new(()),
            erasures: 0,
        };
        let late = [fixture.sample.access(None)];
        let refused = fixture.try_append(&mut stale, &late).await.unwrap_err();
        assert!(matches!(refused, CommitError::Fenced), "{refused:?}");
        let lost = fixture.store.event(late[0].event_id).await.unwrap();
        assert!(lost.is_none());
        // The new writer goes on, before and after.
        fixture
            .append(&mut new, &[fixture.sample.access(None)])
            .await;
        old_tip = stale.tip;
    }
    for event in &before {
        let kept = fixture.store.event(event.event_id).await.unwrap();
        assert!(kept.is_some());
    }
    assert_eq!(fixture.checkpoint().await.size, 4);
}

pub(super) async fn a_batch_for_another_size_is_refused(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let stale_tip = hand.tip.clone();
    fixture
        .append(&mut hand, &[fixture.sample.access(None)])
        .await;
    let mut stale = super::fixture::Hand {
        tip: stale_tip,
        map: HeadMap::default(),
        lease: hand.lease,
        erasures: 0,
    };
    let late = [fixture.sample.access(None)];
    let refused = fixture.try_append(&mut stale, &late).await.unwrap_err();
    assert!(matches!(refused, CommitError::Fenced), "{refused:?}");
    assert_eq!(fixture.checkpoint().await.size, 1);
}

pub(super) async fn a_batch_that_was_made_ready_is_fenced_as_well(fixture: &Fixture) {
    let mut old = fixture.take_over().await;
    // From the first one on there is a key of what concerns nobody.
    fixture
        .append(&mut old, &[fixture.sample.access(None)])
        .await;
    let late = fixture.sample.sealed(fixture.sample.access(None));
    let origin = Origin {
        source: "consent",
        epoch: 1,
        sequence: 2,
    };
    let (nobody, now) = (PatientHeads::new(), fixture.sample.clock.now());
    let events = [(origin, &late)];
    let grown = old.tip.extend(&events, nobody, &old.map, now, &fixture.key);
    let (_, batch) = grown.unwrap();
    let Some(ready) = fixture.store.ready(&batch, &[]) else {
        assert_eq!(fixture.db.backend(), Backend::Sqlite);
        return;
    };
    drop(old.lease);
    let mut new = fixture.take_over().await;
    let refused = fixture.store.commit_ready(ready.unwrap()).await;
    assert!(matches!(refused, Err(CommitError::Fenced)), "{refused:?}");
    let lost = fixture.store.event(late.event.event_id).await.unwrap();
    assert!(lost.is_none());
    fixture
        .append(&mut new, &[fixture.sample.access(None)])
        .await;
    assert_eq!(fixture.checkpoint().await.size, 2);
}

pub(super) async fn the_next_writer_finds_the_tree_as_it_was_signed(fixture: &Fixture) {
    for size in 1..20 {
        let mut hand = fixture.take_over().await;
        fixture
            .append(&mut hand, &[fixture.sample.access(None)])
            .await;
        drop(hand.lease);
        let next = fixture.take_over().await;
        assert_eq!(next.tip.frontier, hand.tip.frontier);
        assert_eq!(next.tip.recorded_at, hand.tip.recorded_at);
        let signed = fixture.checkpoint().await;
        assert_eq!(signed.size, size);
        assert_eq!(signed.root, next.tip.frontier.root());
    }
}
