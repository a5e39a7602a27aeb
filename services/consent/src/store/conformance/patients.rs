//! One patient under several identifiers.

pub(super) mod acts;

use std::collections::BTreeMap;

use aval_domain::aliases::Aliases;
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::random::{Random, SeededRandom, SystemRandom};

use super::fixture::{Fixture, NOW, organization, patient, person};
use super::{care_episodes, notifications, visibilities};
use crate::cache::{Authority, Dependency, OtherPosition, Position, Shard};
use crate::care_episode::CareEpisode;
use crate::decision::{AccessBasis, RecordBasis};
use crate::error::Error;
use crate::grant::Grant;
use crate::notification::Recipient;
use crate::record::Record;
use crate::store::{BlockQuery, CareEpisodesOf, GrantQuery, GrantsOf, Store};
use crate::visibility::{Visibility, VisibilityKind};
use acts::{
    basis, block, block_of, change_record, grant, hide, key, learn, merged, oppose, set, unmerged,
};

/// How many patients the random worlds have.
const PATIENTS: u128 = 4;

/// Writes something under each identifier, or nothing; some have no record.
async fn write_at_random(fixture: &Fixture, random: &SeededRandom) {
    let mut bits = [0_u8; PATIENTS as usize];
    random.fill(&mut bits);
    for (number, bits) in (1..=PATIENTS).zip(bits) {
        let does = |bit: u8| bits & (1 << bit) != 0;
        if bits % 5 == 0 {
            continue;
        }
        fixture.open_record(patient(number)).await;
        if does(0) {
            grant(fixture, number).await;
        }
        if does(1) {
            let mut team = care_episodes::new_episode(fixture, &[1], 9);
            team.patient_id = patient(number);
            care_episodes::open(fixture, team).await.unwrap();
        }
        if does(2) {
            block(fixture, number).await;
        }
        if does(3) {
            fixture
                .add_treating_doctor(patient(number), person(1))
                .await;
        }
        let kinds = [VisibilityKind::Masked, VisibilityKind::RevealedToOne];
        for (bit, kind) in (4..).zip(kinds) {
            if does(bit) {
                hide(fixture, number, kind).await;
            }
        }
        if does(6) {
            oppose(fixture, number, true).await;
        }
        if does(7) {
            fixture.close_record(patient(number)).await;
        }
    }
}

/// What all of these identifiers have, the most restrictive setting of each record.
fn united(asked: PatientId, bases: &[(PatientId, &AccessBasis)]) -> AccessBasis {
    let mut all = AccessBasis::default();
    for (id, basis) in bases {
        let others = (*id != asked).then_some(*id);
        all.other_patient_ids.extend(others);
        all.record = match (all.record, basis.record) {
            (Some(one), Some(other)) => Some(RecordBasis {
                open: one.open && other.open,
                opposes_break_glass: one.opposes_break_glass || other.opposes_break_glass,
                opposes_regulation_center: one.opposes_regulation_center
                    || other.opposes_regulation_center,
            }),
            (one, other) => one.or(other),
        };
        all.treating_doctor |= basis.treating_doctor;
        all.grants.extend(&basis.grants);
        all.blocks.extend(&basis.blocks);
        all.care_episodes
            .extend(basis.care_episodes.iter().cloned());
        all.visibilities.extend(basis.visibilities.iter().cloned());
    }
    all.other_patient_ids.sort_unstable();
    all.grants.sort_by_key(|grant| grant.grant_id);
    all.blocks.sort();
    all.care_episodes
        .sort_by_key(|episode| episode.care_episode_id);
    all.visibilities.sort();
    all
}

pub(super) async fn whichever_patients_are_merged_a_human_has_what_all_identifiers_have(
    fixture: &Fixture,
) {
    let random = SeededRandom::new(11);
    write_at_random(fixture, &random).await;
    let mut alone = BTreeMap::new();
    for number in 1..=PATIENTS {
        alone.insert(patient(number), basis(fixture, number).await);
    }
    let mut aliases = Aliases::default();
    let mut changed = 0;
    while changed < 24 {
        let mut bytes = [0_u8; 3];
        random.fill(&mut bytes);
        let [source, target, undo] = bytes.map(u128::from);
        let (source, target) = (1 + source % PATIENTS, 1 + target % PATIENTS);
        let free = |number| aliases.leads_to(patient(number)).is_none();
        let change = if undo % 2 == 0 && !free(source) {
            unmerged(source)
        } else if source != target && free(source) && free(target) {
            merged(source, target)
        } else {
            continue;
        };
        aliases.take(change);
        learn(fixture, change).await;
        changed += 1;
        let humans = aliases.humans();
        let human = |id: &PatientId| humans.get(id).copied().unwrap_or(*id);
        for number in 1..=PATIENTS {
            let asked = patient(number);
            let theirs: Vec<_> = alone
                .iter()
                .filter(|(id, _)| human(id) == human(&asked))
                .map(|(id, basis)| (*id, basis))
                .collect();
            let expected = united(asked, &theirs);
            assert_eq!(
                basis(fixture, number).await,
                expected,
                "{change:?} {number}"
            );
        }
    }
}

pub(super) async fn lists_and_changes_reach_what_stands_under_another_identifier(
    fixture: &Fixture,
) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    let (granted, blocked) = (grant(fixture, 2).await, block(fixture, 2).await);
    let mut team = care_episodes::new_episode(fixture, &[2], 9);
    team.patient_id = patient(2);
    let team = care_episodes::open(fixture, team).await.unwrap();
    let masked = hide(fixture, 2, VisibilityKind::Masked).await;
    let grants = async || {
        let query = GrantQuery {
            of: GrantsOf::Patient(patient(1)),
            state: None,
            now: NOW,
            after: None,
            limit: 9,
        };
        let grants = fixture.store.grants(&query).await.unwrap();
        grants
            .iter()
            .map(|grant| grant.grant_id)
            .collect::<Vec<_>>()
    };
    let blocks = async || {
        let query = BlockQuery {
            patient_id: patient(1),
            include_ended: true,
            now: NOW,
            after: None,
            limit: 9,
        };
        let blocks = fixture.store.blocks(&query).await.unwrap();
        blocks
            .iter()
            .map(|block| block.block_id)
            .collect::<Vec<_>>()
    };
    let masks = async || visibilities::list(fixture, None, &[], 0).await;
    let as_first = CareEpisodesOf::Patient(patient(1));

    let grant_of_first = Grant {
        patient_id: patient(1),
        ..granted.clone()
    };
    let revoked = fixture.revoke(&grant_of_first).await;
    assert!(matches!(revoked, Err(Error::NotFound)));
    assert!(grants().await.is_empty() && blocks().await.is_empty() && masks().await.is_empty());

    learn(fixture, merged(2, 1)).await;
    assert_eq!(grants().await, [granted.grant_id]);
    assert_eq!(blocks().await, [blocked.block_id]);
    assert_eq!(masks().await, [masked]);
    let again = Grant {
        patient_id: patient(1),
        ..fixture.new_grant(person(1))
    };
    let refused = fixture.create(again).await;
    assert!(matches!(refused, Err(Error::GranteeBlocked)));
    fixture.lift(patient(1), &blocked).await.unwrap();
    let again = Grant {
        patient_id: patient(1),
        ..fixture.new_grant(person(1))
    };
    let refused = fixture.create(again).await;
    let Err(Error::GrantExists { grant_id }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(grant_id, Some(granted.grant_id));
    let revoked = fixture.revoke(&grant_of_first).await.unwrap();
    assert_eq!(revoked.patient_id, patient(2));
    care_episodes::close(fixture, as_first, &team)
        .await
        .unwrap();
    let left = basis(fixture, 2).await;
    assert!(left.grants.is_empty() && left.blocks.is_empty() && left.care_episodes.is_empty());
    learn(fixture, unmerged(2)).await;
    assert!(grants().await.is_empty() && blocks().await.is_empty() && masks().await.is_empty());
}

pub(super) async fn of_two_records_the_most_restrictive_holds_until_the_human_lifts_it(
    fixture: &Fixture,
) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    oppose(fixture, 2, true).await;
    fixture.add_treating_doctor(patient(2), person(1)).await;
    fixture.close_record(patient(2)).await;
    learn(fixture, merged(2, 1)).await;
    let record = fixture.store.record(patient(1)).await.unwrap().unwrap();
    assert_eq!(record.patient_id, patient(1));
    assert!(!record.is_open() && record.opposes_break_glass);
    assert_eq!(record.current_treating_doctors().count(), 1);
    let refused = fixture.create(fixture.new_grant(person(2))).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));

    change_record(fixture, 1, Record::reopen).await;
    oppose(fixture, 1, false).await;
    fixture.remove_treating_doctor(patient(1), person(1)).await;
    for number in [1, 2] {
        let known = basis(fixture, number).await;
        let open = RecordBasis {
            open: true,
            opposes_break_glass: false,
            opposes_regulation_center: false,
        };
        assert_eq!((known.record, known.treating_doctor), (Some(open), false));
    }
    // What is wanted from now on is written once, and stays with who is asked as.
    oppose(fixture, 1, true).await;
    fixture.add_treating_doctor(patient(1), person(2)).await;
    learn(fixture, unmerged(2)).await;
    let (first, second) = (basis(fixture, 1).await, basis(fixture, 2).await);
    assert!(first.record.unwrap().opposes_break_glass);
    assert!(!second.record.unwrap().opposes_break_glass);
    let second = fixture.store.record(patient(2)).await.unwrap().unwrap();
    assert_eq!(second.current_treating_doctors().count(), 0);
}

pub(super) async fn a_human_with_one_record_has_it_under_every_identifier(fixture: &Fixture) {
    let opened = fixture.open_record(patient(2)).await;
    learn(fixture, merged(2, 1)).await;
    let record = fixture.store.record(patient(1)).await.unwrap().unwrap();
    assert_eq!(record.version, opened.version);
    let given = grant(fixture, 1).await;
    assert_eq!(basis(fixture, 2).await.grants.len(), 1);
    fixture.close_record(patient(1)).await;
    assert!(!basis(fixture, 2).await.record.unwrap().open);
    learn(fixture, unmerged(2)).await;
    assert!(basis(fixture, 2).await.record.unwrap().open);
    assert!(!basis(fixture, 1).await.record.unwrap().open);
    let still = fixture.store.grant(given.grant_id).await.unwrap();
    assert_eq!(still.unwrap().patient_id, patient(1));
}

pub(super) async fn a_document_is_shown_again_under_all_identifiers_of_the_patient(
    fixture: &Fixture,
) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
        hide(fixture, number, VisibilityKind::Masked).await;
        hide(fixture, number, VisibilityKind::HiddenFromOne).await;
    }
    learn(fixture, merged(2, 1)).await;
    assert_eq!(basis(fixture, 2).await.visibilities.len(), 4);
    let all = visibilities::list(fixture, None, &[], 0).await;
    let mask = all
        .into_iter()
        .find(|one| one.kind == VisibilityKind::Masked);
    let shown = Visibility {
        removed_at: Some(NOW),
        ..mask.unwrap()
    };
    let settings = set(fixture, 1, shown).await;
    let left = settings.iter().filter(|one| one.removed_at.is_none());
    let left: Vec<_> = left.map(|one| one.kind).collect();
    assert_eq!(left, [VisibilityKind::HiddenFromOne; 2]);
    for number in [1, 2] {
        assert_eq!(basis(fixture, number).await.visibilities.len(), 2);
    }
}

pub(super) async fn a_patient_is_told_under_the_present_identifier(fixture: &Fixture) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    learn(fixture, merged(2, 1)).await;
    let by = PractitionerId::new(NOW, &SystemRandom);
    let team = care_episodes::new_episode(fixture, &[1], 9);
    let team = CareEpisode {
        patient_id: patient(2),
        opened_by: by,
        ..team
    };
    care_episodes::open(fixture, team).await.unwrap();
    let told = async |number| {
        let inbox = Recipient::Patient(patient(number));
        notifications::kinds(fixture, inbox).await.len()
    };
    assert_eq!((told(1).await, told(2).await), (1, 0));
}

async fn heads(fixture: &Fixture) -> [Position; Shard::COUNT] {
    let beginning = [Position(0); Shard::COUNT];
    let news = fixture.store.changes_since(&beginning).await.unwrap();
    news.heads
}

pub(super) async fn an_entry_rests_on_every_identifier_of_the_patient(fixture: &Fixture) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    let key = key(patient(1));
    let alone = fixture.store.entry(&key).await.unwrap();
    assert_eq!(alone.as_of.others, []);
    let before = heads(fixture).await;
    learn(fixture, merged(2, 1)).await;
    let news = fixture.store.changes_since(&before).await.unwrap();
    let told: Vec<_> = news
        .changes
        .iter()
        .filter_map(|one| one.dependency)
        .collect();
    let of = |number| Dependency::Patient(patient(number));
    assert_eq!(told, [of(1), of(2)]);

    let both = fixture.store.entry(&key).await.unwrap();
    let other = Shard::of_patient(patient(2));
    let position = |heads: [Position; Shard::COUNT]| OtherPosition {
        patient_id: patient(2),
        position: heads[other.index()].0,
    };
    assert_eq!(both.as_of.others, [position(heads(fixture).await)]);
    block(fixture, 2).await;
    let after = fixture.store.entry(&key).await.unwrap();
    assert_eq!(after.as_of.others, [position(heads(fixture).await)]);
    assert!(after.as_of.others[0].position > both.as_of.others[0].position);
    assert_eq!(after.as_of.patient, both.as_of.patient);
    assert_eq!((both.basis.blocks.len(), after.basis.blocks.len()), (0, 1));

    // What is known already moves no clock.
    let before = heads(fixture).await;
    learn(fixture, merged(2, 1)).await;
    assert_eq!(heads(fixture).await, before);
}

pub(super) async fn a_block_under_one_identifier_is_on_the_care_under_another(fixture: &Fixture) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    let episode = care_episodes::new_episode(fixture, &[1], 5);
    care_episodes::open(fixture, episode).await.unwrap();
    block_of(fixture, 2, organization(1)).await;
    let blocks = async |number| {
        let basis = basis(fixture, number).await;
        let episodes = basis.care_episodes.iter();
        episodes.map(|episode| episode.blocks.len()).sum::<usize>()
    };
    assert_eq!((blocks(1).await, blocks(2).await), (0, 0));
    learn(fixture, merged(2, 1)).await;
    assert_eq!((blocks(1).await, blocks(2).await), (1, 1));
    learn(fixture, unmerged(2)).await;
    assert_eq!((blocks(1).await, blocks(2).await), (0, 0));
}
