//! What the caches rest on: clocks that every change moves, entries, and the news.

use std::sync::Arc;

use super::fixture::{Fixture, hours, organization, patient, person};
use super::{care_episodes, requests};
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::cache::{
    AccessKey, Authority, Dependency, EntryVisibilities, MOST_VISIBILITIES, Position, Shard,
};
use crate::grantee::{Grantee, NamedGrantee};
use crate::store::{CareEpisodesOf, Store};
use crate::visibility::{Visibility, VisibilityKind};

fn key(number: u128) -> AccessKey {
    AccessKey {
        patient_id: patient(number),
        practitioner_id: person(1).practitioner_id(),
        organization_id: organization(1).organization_id(),
    }
}

async fn heads(fixture: &Fixture) -> [Position; Shard::COUNT] {
    let beginning = [Position(0); Shard::COUNT];
    fixture.store.changes_since(&beginning).await.unwrap().heads
}

/// Runs an act, and says how often it moved the clock of this patient.
async fn moves<T>(fixture: &Fixture, number: u128, act: impl Future<Output = T>) -> (T, usize) {
    let before = heads(fixture).await;
    let done = act.await;
    let news = fixture.store.changes_since(&before).await.unwrap();
    let expected = Some(Dependency::Patient(patient(number)));
    for change in &news.changes {
        assert_eq!(change.dependency, expected);
        assert_eq!(change.shard, Shard::of_patient(patient(number)));
    }
    let moved: u64 = (0..Shard::COUNT)
        .map(|shard| news.heads[shard].0 - before[shard].0)
        .sum();
    assert_eq!(moved, news.changes.len() as u64);
    (done, news.changes.len())
}

pub(super) async fn every_change_moves_the_clock_of_its_patient_once(fixture: &Fixture) {
    assert_eq!(
        moves(fixture, 1, fixture.open_record(patient(1))).await.1,
        1
    );
    let doctor = fixture.add_treating_doctor(patient(1), person(3));
    assert_eq!(moves(fixture, 1, doctor).await.1, 1);
    let new = fixture.new_grant(person(1));
    let (grant, moved) = moves(fixture, 1, fixture.create(new)).await;
    assert_eq!(moved, 1);
    let grant = grant.unwrap();
    let (revoked, moved) = moves(fixture, 1, fixture.revoke(&grant)).await;
    assert_eq!((revoked.is_ok(), moved), (true, 1));
    let (block, moved) = moves(fixture, 1, fixture.block(person(1), Some(hours(1)))).await;
    assert_eq!(moved, 1);
    let (lifted, moved) = moves(fixture, 1, fixture.lift(patient(1), &block)).await;
    assert_eq!((lifted.is_ok(), moved), (true, 1));
    let masked = fixture.set(fixture.new_setting("d", VisibilityKind::Masked));
    assert_eq!(moves(fixture, 1, masked).await.1, 1);
    let request = requests::new_request(fixture, person(2));
    let (request, moved) = moves(fixture, 1, requests::store(fixture, request)).await;
    assert_eq!(moved, 0, "nothing is open for having been asked");
    let request = request.unwrap();
    let approved = requests::approve(fixture, patient(1), &request);
    let (approved, moved) = moves(fixture, 1, approved).await;
    assert_eq!((approved.is_ok(), moved), (true, 1));
    let episode = care_episodes::new_episode(fixture, &[5, 6], 9);
    let (episode, moved) = moves(fixture, 1, care_episodes::open(fixture, episode)).await;
    assert_eq!(moved, 1);
    let (of, episode) = (CareEpisodesOf::Patient(patient(1)), episode.unwrap());
    let closed = care_episodes::close(fixture, of, &episode);
    let (closed, moved) = moves(fixture, 1, closed).await;
    assert_eq!((closed.is_ok(), moved), (true, 1));
    let rpps = "99700024450".parse().unwrap();
    let waiting = fixture.new_grant(Grantee::Rpps(rpps));
    assert_eq!(moves(fixture, 1, fixture.create(waiting)).await.1, 1);
    let give = |grant: &crate::grant::Grant| {
        let known = NamedGrantee {
            grantee: person(2),
            name: None,
        };
        let given = grant.give_to(&known, hours(1));
        Ok(given.map(|given| fixture.change(given)))
    };
    let end = |grant: &crate::grant::Grant| Ok(Some(fixture.change(grant.lapse(hours(2)))));
    let settled = fixture.store.settle_waiting_grants(rpps, &give, &end);
    assert_eq!(moves(fixture, 1, settled).await.1, 1);
    assert_eq!(
        moves(fixture, 1, fixture.close_record(patient(1))).await.1,
        1
    );
}

pub(super) async fn an_act_that_changes_nothing_and_a_repeated_one_move_no_clock(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    fixture.close_record(patient(1)).await;
    assert_eq!(
        moves(fixture, 1, fixture.close_record(patient(1))).await.1,
        0
    );
    let write = fixture.write();
    let open = |present: &Option<crate::record::Record>| {
        let reopened = present.as_ref().and_then(crate::record::Record::reopen);
        Ok(reopened.map(|record| fixture.change(record)))
    };
    for moved in [1, 0] {
        let change = fixture.store.change_record(&write, patient(1), &open);
        assert_eq!(moves(fixture, 1, change).await.1, moved);
    }
}

pub(super) async fn many_changes_at_once_take_positions_without_holes(fixture: &Fixture) {
    let before = heads(fixture).await;
    let opened = (1..=24).map(|number| fixture.open_record(patient(number)));
    futures::future::join_all(opened).await;
    let news = fixture.store.changes_since(&before).await.unwrap();
    let mut expected = before;
    for change in &news.changes {
        let position = &mut expected[change.shard.index()];
        position.0 += 1;
        assert_eq!(change.position, *position);
    }
    assert_eq!((news.changes.len(), expected), (24, news.heads));
    assert!(!news.history.is_empty());
}

pub(super) async fn an_entry_is_of_the_position_it_names_and_says_what_bases_say(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.block(organization(1), None).await;
    for kind in [VisibilityKind::Masked, VisibilityKind::HiddenFromOne] {
        fixture.set(fixture.new_setting("d", kind)).await;
    }
    fixture
        .set(fixture.new_setting("e", VisibilityKind::Masked))
        .await;
    let entry = fixture.store.entry(&key(1)).await.unwrap();
    let heads = heads(fixture).await;
    assert_eq!(
        entry.as_of.of(key(1).shard()),
        heads[key(1).shard().index()]
    );
    assert_eq!(
        entry.as_of.of(Shard::SPANNING),
        heads[Shard::SPANNING.index()]
    );
    for documents in [&[][..], &["d"], &["d", "e"], &["f"]] {
        let documents: Vec<_> = documents.iter().map(|id| id.parse().unwrap()).collect();
        let query = AccessQuery {
            documents: documents.iter().collect(),
            ..key(1).query()
        };
        let bases = fixture.store.access_bases(std::slice::from_ref(&query));
        assert_eq!(entry.answer(&query).unwrap(), bases.await.unwrap()[0]);
    }
    let nobody = fixture.store.entry(&key(2)).await.unwrap();
    assert_eq!(*nobody.basis, crate::decision::AccessBasis::default());
}

pub(super) async fn an_entry_of_very_many_settings_says_that_it_has_not_got_them(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let others = Visibility {
        practitioner_id: person(2).practitioner_id(),
        ..fixture.new_setting("other", VisibilityKind::HiddenFromOne)
    };
    fixture.set(others).await;
    for number in 0..=MOST_VISIBILITIES {
        let entry = fixture.store.entry(&key(1)).await.unwrap();
        let EntryVisibilities::All(settings) = entry.visibilities else {
            panic!("{number} settings are not too many");
        };
        assert_eq!(settings.len(), number);
        let name = format!("d{number}");
        let setting = fixture.new_setting(&name, VisibilityKind::Masked);
        fixture.set(setting).await;
    }
    let entry = fixture.store.entry(&key(1)).await.unwrap();
    assert_eq!(entry.visibilities, EntryVisibilities::TooMany);
    let document = "d1".parse().unwrap();
    let asked = AccessQuery {
        documents: vec![&document],
        ..key(1).query()
    };
    assert_eq!(entry.answer(&asked), None);
    assert!(entry.answer(&key(1).query()).is_some());
}

pub(super) async fn old_changes_are_forgotten_and_recent_ones_are_not(fixture: &Fixture) {
    let before = heads(fixture).await;
    fixture.open_record(patient(1)).await;
    fixture.store.forget_changes().await.unwrap();
    let news = fixture.store.changes_since(&before).await.unwrap();
    assert_eq!(news.changes.len(), 1);
    fixture
        .execute("UPDATE change_clock SET position = position + 100000")
        .await;
    fixture.store.forget_changes().await.unwrap();
    let beginning = [Position(0); Shard::COUNT];
    let news = fixture.store.changes_since(&beginning).await.unwrap();
    assert!(news.changes.is_empty() && news.heads[0].0 >= 100_000);
}

pub(super) async fn a_cached_answer_is_what_the_database_says_whatever_changed(fixture: &Fixture) {
    use aval_runtime::boot_clock::SystemBootClock;

    use crate::cache::{CacheSettings, CachedBases, Freshness, Poller};

    let freshness = Arc::new(Freshness::new(
        Arc::new(SystemBootClock),
        Arc::new(aval_domain::time::SystemClock),
    ));
    let authority: Arc<dyn Authority> = Arc::new(fixture.store.clone());
    let poller = Poller::new(Arc::clone(&authority), Arc::clone(&freshness));
    let settings = CacheSettings {
        largest_bytes: 1 << 20,
        sample_one_in: 1,
    };
    let cached = CachedBases::new(authority, freshness, settings);
    fixture.open_record(patient(1)).await;
    let document = "d".parse().unwrap();
    for round in 0..10 {
        change_something(fixture, round).await;
        poller.poll().await.unwrap();
        let query = AccessQuery {
            documents: vec![&document],
            ..key(1).query()
        };
        let queries = [query, key(1).query(), key(2).query()];
        for asked in [&queries[..1], &queries[..2], &queries[..]] {
            let answers = cached.access_bases(asked).await.unwrap();
            let truth = fixture.store.access_bases(asked).await.unwrap();
            assert_eq!(answers, truth, "round {round}");
        }
    }
    assert_eq!(cached.mismatches(), 0);
}

async fn change_something(fixture: &Fixture, round: u32) {
    match round % 4 {
        0 => {
            // The second one finds the first.
            let _ = fixture.create(fixture.new_grant(person(1))).await;
        }
        1 => {
            let masked = fixture.new_setting("d", VisibilityKind::Masked);
            fixture.set(masked).await;
        }
        2 => {
            fixture.block(organization(1), Some(hours(1))).await;
        }
        _ => fixture.add_treating_doctor(patient(1), person(1)).await,
    }
}
