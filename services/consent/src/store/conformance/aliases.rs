//! One human under several identifiers.

use std::collections::BTreeMap;
use std::sync::Arc;

use aval_domain::aliases::IdentityChange;
use aval_domain::id::PractitionerId;
use aval_domain::period::Period;

use super::fixture::{Fixture, hours, organization, patient, person};
use super::{care_episodes, notifications, requests, visibilities};
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::cache::{Authority, Dependency, Position, Shard};
use crate::decision::AccessBasis;
use crate::error::Error;
use crate::grant::Grant;
use crate::grantee::{Grantee, NamedGrantee};
use crate::identity_changes::{ChangeCursor, Identities, Learnt};
use crate::notification::Recipient;
use crate::store::{CandidateQuery, CareEpisodesOf, GrantQuery, GrantsOf, Store};
use crate::visibility::{Visibility, VisibilityKind};

pub(super) fn id(number: u128) -> PractitionerId {
    person(number).practitioner_id().unwrap()
}

pub(super) fn merged(source: u128, target: u128) -> IdentityChange {
    IdentityChange::Merged {
        source: id(source),
        target: id(target),
    }
}

pub(super) fn unmerged(source: u128) -> IdentityChange {
    IdentityChange::Unmerged { source: id(source) }
}

impl Fixture {
    /// How far the directory was followed.
    async fn followed_to(&self) -> Result<ChangeCursor, Error> {
        Identities::<PractitionerId>::followed_to(&self.store).await
    }

    /// What the directory tells next.
    pub(super) async fn learn(&self, change: IdentityChange) {
        let after = self.followed_to().await.unwrap();
        let cursor = ChangeCursor::from_text(format!("{}+", after.as_text()));
        let learnt = Learnt {
            after,
            cursor: cursor.clone(),
            change: Some(change),
        };
        assert_eq!(self.store.learn(&learnt).await.unwrap(), cursor);
    }

    pub(super) async fn known(&self, number: u128) -> AccessBasis {
        self.basis(person(number), organization(9), &["d"]).await
    }
}

/// What concerns the human and does not say under which identifier they ask.
fn of_human(basis: &AccessBasis) -> AccessBasis {
    AccessBasis {
        other_ids: Vec::new(),
        visibilities: Vec::new(),
        ..basis.clone()
    }
}

pub(super) async fn what_was_written_under_either_identifier_is_the_humans_and_an_undo_restores_it(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.add_treating_doctor(patient(1), person(1)).await;
    fixture
        .set(fixture.new_setting("d", VisibilityKind::HiddenFromOne))
        .await;
    fixture.block(person(2), None).await;
    // A team that names the human twice.
    let team = care_episodes::new_episode(fixture, &[1, 2], 9);
    care_episodes::open(fixture, team).await.unwrap();
    let before = [fixture.known(1).await, fixture.known(2).await];

    fixture.learn(merged(1, 2)).await;
    let after = [fixture.known(1).await, fixture.known(2).await];
    assert_eq!(of_human(&after[0]), of_human(&after[1]));
    for (number, basis) in [(1, &after[0]), (2, &after[1])] {
        assert_eq!(basis.other_ids, [id(3 - number)]);
        let facts = (
            basis.treating_doctor,
            basis.grants.len(),
            basis.blocks.len(),
        );
        assert_eq!(facts, (true, 1, 1));
        assert_eq!(basis.care_episodes.len(), 1);
        let hidden: Vec<_> = basis
            .visibilities
            .iter()
            .map(|one| one.practitioner_id)
            .collect();
        assert_eq!(hidden, [Some(id(number))], "under the identifier that asks");
    }
    assert_eq!(fixture.known(3).await.other_ids, []);

    fixture.learn(unmerged(1)).await;
    assert_eq!([fixture.known(1).await, fixture.known(2).await], before);
}

pub(super) async fn a_block_under_either_identifier_refuses_what_is_given_to_the_human(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    fixture.block(person(1), None).await;
    fixture.learn(merged(1, 2)).await;
    for number in [1, 2] {
        let given = fixture.create(fixture.new_grant(person(number))).await;
        assert!(matches!(given, Err(Error::GranteeBlocked)), "{number}");
        let request = requests::new_request(fixture, person(number));
        let asked = requests::store(fixture, request).await;
        assert!(matches!(asked, Err(Error::GranteeBlocked)), "{number}");
        let team = care_episodes::new_episode(fixture, &[number], 9);
        let opened = care_episodes::open(fixture, team).await;
        assert!(matches!(opened, Err(Error::GranteeBlocked)), "{number}");
    }
    // Should they turn out to be two, each whom the patient blocked stays blocked.
    fixture.block(person(2), None).await;
    assert_eq!(fixture.known(2).await.blocks.len(), 2);
    fixture.learn(unmerged(1)).await;
    for number in [1, 2] {
        assert_eq!(fixture.known(number).await.blocks.len(), 1);
    }
}

pub(super) async fn a_grant_under_either_identifier_is_in_the_way_of_another(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let asked = requests::new_request(fixture, person(2));
    let asked = requests::store(fixture, asked).await.unwrap();
    let first = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.learn(merged(1, 2)).await;
    let exists = |refused: Result<_, Error>, by| {
        let named = Some(by);
        assert!(matches!(refused, Err(Error::GrantExists { grant_id }) if grant_id == named));
    };
    let second = fixture.create(fixture.new_grant(person(2))).await;
    exists(second, first.grant_id);
    exists(
        requests::approve(fixture, patient(1), &asked).await,
        first.grant_id,
    );
    fixture.revoke(&first).await.unwrap();
    let again = requests::new_request(fixture, person(1));
    exists(requests::store(fixture, again).await, asked.grant_id);
    let given = requests::approve(fixture, patient(1), &asked)
        .await
        .unwrap();
    assert_eq!(given.grantee, person(2));
    // A grant that is over makes room under every identifier.
    let ending = Grant {
        period: Period::new(fixture.now(), Some(hours(1))).unwrap(),
        ..fixture.new_grant(person(3))
    };
    fixture.create(ending).await.unwrap();
    fixture.learn(merged(3, 4)).await;
    fixture.clock.set(hours(1));
    fixture.create(fixture.new_grant(person(4))).await.unwrap();
}

pub(super) async fn a_number_that_waited_for_a_human_replaces_their_older_grants(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    for number in [1, 2] {
        fixture
            .create(fixture.new_grant(person(number)))
            .await
            .unwrap();
    }
    fixture.learn(merged(1, 2)).await;
    fixture.clock.set(hours(1));
    let rpps = "99700024450".parse().unwrap();
    let waiting = fixture.new_grant(Grantee::Rpps(rpps));
    let waiting = fixture.create(waiting).await.unwrap();
    let give = |grant: &Grant| {
        let known = NamedGrantee {
            grantee: person(2),
            name: None,
        };
        let given = grant.give_to(&known, hours(2));
        Ok(given.map(|given| fixture.change(given)))
    };
    let end = |grant: &Grant| Ok(Some(fixture.change(grant.lapse(hours(2)))));
    let settled = fixture.store.settle_waiting_grants(rpps, &give, &end);
    assert_eq!(settled.await.unwrap(), 1);
    let stands: Vec<_> = fixture.known(1).await.grants;
    let stands: Vec<_> = stands.iter().map(|grant| grant.grant_id).collect();
    assert_eq!(stands, [waiting.grant_id]);
}

pub(super) async fn lists_are_of_the_human(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let team = care_episodes::new_episode(fixture, &[2], 9);
    let team = care_episodes::open(fixture, team).await.unwrap();
    fixture.learn(merged(1, 2)).await;
    for number in [1, 2] {
        let query = GrantQuery {
            of: GrantsOf::Practitioner(id(number)),
            state: None,
            now: fixture.now(),
            after: None,
            limit: 10,
        };
        let grants = fixture.store.grants(&query).await.unwrap();
        assert_eq!(grants, std::slice::from_ref(&grant), "{number}");
        let mut all = fixture.store.identifiers(id(number)).await.unwrap();
        all.sort_unstable();
        assert_eq!(all, [id(1), id(2)]);
    }
    assert_eq!(fixture.store.identifiers(id(3)).await.unwrap(), [id(3)]);
    let candidates = CandidateQuery {
        patient_id: patient(1),
        document_id: None,
        now: fixture.now(),
    };
    let candidates = fixture.store.candidates(&candidates).await.unwrap();
    assert_eq!(
        candidates,
        [person(2)],
        "once, under the present identifier"
    );
    let of = CareEpisodesOf::Member(id(1));
    care_episodes::close(fixture, of, &team).await.unwrap();
    let of = CareEpisodesOf::Member(id(3));
    let refused = care_episodes::close(fixture, of, &team).await;
    assert!(matches!(refused, Err(Error::NotFound)));
}

pub(super) async fn what_is_hidden_from_a_human_under_one_identifier_is_taken_back_under_all(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let hidden = |number| Visibility {
        practitioner_id: Some(id(number)),
        ..fixture.new_setting("d", VisibilityKind::HiddenFromOne)
    };
    for number in [1, 2, 3] {
        fixture.set(hidden(number)).await;
    }
    fixture.learn(merged(1, 2)).await;
    let standing = visibilities::list(fixture, Some("d"), &[], 0).await;
    let of_first = standing
        .iter()
        .find(|setting| setting.practitioner_id == Some(id(1)));
    let taken_back = Visibility {
        removed_at: Some(fixture.now()),
        ..of_first.unwrap().clone()
    };
    let settings = fixture.set(taken_back).await;
    let left: Vec<_> = settings
        .iter()
        .filter(|setting| setting.removed_at.is_none())
        .map(|setting| setting.practitioner_id)
        .collect();
    assert_eq!(left, [Some(id(3))]);
    assert_eq!(
        fixture.known(2).await.visibilities.len(),
        1,
        "of another one"
    );
}

pub(super) async fn a_human_is_told_under_the_present_identifier(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.learn(merged(1, 2)).await;
    fixture.revoke(&grant).await.unwrap();
    let told = async |number| {
        let inbox = Recipient::Practitioner(id(number));
        notifications::kinds(fixture, inbox).await.len()
    };
    assert_eq!((told(1).await, told(2).await), (1, 1));
}

async fn spanning(fixture: &Fixture) -> Position {
    let beginning = [Position(0); Shard::COUNT];
    let news = fixture.store.changes_since(&beginning).await.unwrap();
    news.heads[Shard::SPANNING.index()]
}

pub(super) async fn what_was_learnt_is_taken_in_once_by_whoever_comes_first(fixture: &Fixture) {
    let (start, first) = (
        ChangeCursor::start(),
        ChangeCursor::from_text("first".to_owned()),
    );
    assert_eq!(fixture.followed_to().await.unwrap(), start);
    let learnt = Learnt {
        after: start.clone(),
        cursor: first.clone(),
        change: Some(merged(1, 2)),
    };
    let at_once = (0..8).map(|_| fixture.store.learn(&learnt));
    for followed in futures::future::join_all(at_once).await {
        assert_eq!(followed.unwrap(), first);
    }
    assert_eq!(spanning(fixture).await, Position(2));
    assert_eq!(fixture.count("practitioner_aliases").await, 2);
    // Whoever was away for long and is told the same again finds that it is known.
    let second = Learnt {
        after: first.clone(),
        cursor: ChangeCursor::from_text("second".to_owned()),
        change: Some(unmerged(1)),
    };
    fixture.store.learn(&second).await.unwrap();
    assert_eq!(fixture.store.learn(&learnt).await.unwrap(), second.cursor);
    assert_eq!(fixture.followed_to().await.unwrap(), second.cursor);
    assert_eq!(fixture.count("practitioner_aliases").await, 0);
}

pub(super) async fn a_merge_moves_the_clock_of_every_identifier_and_a_repeated_one_none(
    fixture: &Fixture,
) {
    let beginning = [Position(0); Shard::COUNT];
    fixture.learn(merged(1, 2)).await;
    fixture.learn(merged(2, 3)).await;
    let news = fixture.store.changes_since(&beginning).await.unwrap();
    let mut concerned = BTreeMap::new();
    for change in &news.changes {
        assert_eq!(change.shard, Shard::SPANNING);
        *concerned.entry(change.dependency.unwrap()).or_insert(0) += 1;
    }
    let of = |number| Dependency::Practitioner(id(number));
    assert_eq!(concerned, [(of(1), 2), (of(2), 2), (of(3), 1)].into());
    let moved = spanning(fixture).await;
    fixture.learn(merged(2, 3)).await;
    fixture.learn(unmerged(7)).await;
    assert_eq!(spanning(fixture).await, moved);
    fixture.learn(unmerged(2)).await;
    assert_eq!(spanning(fixture).await, Position(moved.0 + 3));
    assert_eq!(fixture.known(3).await.other_ids, []);
    assert_eq!(fixture.known(1).await.other_ids, [id(2)]);
}

pub(super) async fn a_cached_answer_of_before_a_merge_is_refused(fixture: &Fixture) {
    use aval_runtime::boot_clock::SystemBootClock;

    use crate::cache::{CacheSettings, CachedBases, Freshness, Poller};

    fixture.open_record(patient(1)).await;
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.block(person(2), None).await;
    let mut instances = Vec::new();
    for _ in 0..2 {
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
        instances.push((CachedBases::new(authority, freshness, settings), poller));
    }
    let queries = [1, 2, 3].map(|number| AccessQuery {
        patient_id: patient(1),
        practitioner_id: Some(id(number)),
        organization_id: None,
        documents: Vec::new(),
    });
    for change in [
        None,
        Some(merged(1, 2)),
        Some(merged(2, 3)),
        Some(unmerged(2)),
    ] {
        if let Some(change) = change {
            fixture.learn(change).await;
        }
        for (cached, poller) in &instances {
            poller.poll().await.unwrap();
            for query in &queries {
                let asked = std::slice::from_ref(query);
                let truth = fixture.store.access_bases(asked).await.unwrap();
                // Twice: from the database, then from memory.
                for _ in 0..2 {
                    assert_eq!(
                        cached.access_bases(asked).await.unwrap(),
                        truth,
                        "{change:?}"
                    );
                }
            }
            assert_eq!(cached.mismatches(), 0);
        }
    }
}
