//! Whoever turns out to be whom, in worlds in which something was written about each.

use std::collections::BTreeMap;

use aval_domain::aliases::Aliases;
use aval_domain::id::PractitionerId;
use aval_domain::random::{Random, SeededRandom};

use super::aliases::{id, merged, unmerged};
use super::care_episodes;
use super::fixture::{Fixture, patient, person};
use crate::decision::{AccessBasis, VisibilityBasis};
use crate::visibility::{Visibility, VisibilityKind};

/// How many people the random worlds have.
const PEOPLE: u128 = 5;

/// Writes something under each identifier, or nothing.
async fn write_at_random(fixture: &Fixture, random: &SeededRandom) {
    let mut bits = [0_u8; PEOPLE as usize];
    random.fill(&mut bits);
    for (number, bits) in (1..=PEOPLE).zip(bits) {
        let does = |bit: u8| bits & (1 << bit) != 0;
        if does(0) {
            fixture
                .create(fixture.new_grant(person(number)))
                .await
                .unwrap();
        }
        if does(1) {
            let team = care_episodes::new_episode(fixture, &[number, number % PEOPLE + 1], 9);
            care_episodes::open(fixture, team).await.unwrap();
        }
        if does(2) {
            fixture.block(person(number), None).await;
        }
        if does(3) {
            fixture
                .add_treating_doctor(patient(1), person(number))
                .await;
        }
        let kinds = [VisibilityKind::HiddenFromOne, VisibilityKind::RevealedToOne];
        for (bit, kind) in (4..).zip(kinds) {
            if does(bit) {
                let setting = Visibility {
                    practitioner_id: Some(id(number)),
                    ..fixture.new_setting("d", kind)
                };
                fixture.set(setting).await;
            }
        }
    }
}

/// What all of these identifiers have, as the first of them is told of it.
fn united(asked: PractitionerId, bases: &[(PractitionerId, &AccessBasis)]) -> AccessBasis {
    // Settings on a document are told whomever they concern: each basis has them all.
    let theirs = |one: Option<PractitionerId>| bases.iter().any(|(id, _)| one == Some(*id));
    let settings = bases
        .iter()
        .take(1)
        .flat_map(|(_, basis)| &basis.visibilities);
    let settings = settings.map(|setting| VisibilityBasis {
        practitioner_id: match setting.practitioner_id {
            one if theirs(one) => Some(asked),
            other => other,
        },
        ..setting.clone()
    });
    let mut all = AccessBasis {
        visibilities: settings.collect(),
        ..AccessBasis::default()
    };
    for (id, basis) in bases {
        all.record = basis.record;
        all.treating_doctor |= basis.treating_doctor;
        all.other_ids.extend((*id != asked).then_some(*id));
        all.grants.extend(&basis.grants);
        all.blocks.extend(&basis.blocks);
        all.care_episodes
            .extend(basis.care_episodes.iter().cloned());
    }
    all.other_ids.sort_unstable();
    all.grants.sort_by_key(|grant| grant.grant_id);
    all.blocks.sort();
    all.care_episodes
        .sort_by_key(|episode| episode.care_episode_id);
    all.care_episodes
        .dedup_by_key(|episode| episode.care_episode_id);
    all.visibilities.sort();
    all
}

/// Never more than what the identifiers have together with every restriction of any of
/// them, and never less.
pub(super) async fn whoever_turns_out_to_be_whom_a_human_has_what_all_identifiers_have(
    fixture: &Fixture,
) {
    let random = SeededRandom::new(7);
    fixture.open_record(patient(1)).await;
    write_at_random(fixture, &random).await;
    let mut alone = BTreeMap::new();
    for number in 1..=PEOPLE {
        alone.insert(id(number), fixture.known(number).await);
    }
    let mut aliases = Aliases::default();
    let mut changed = 0;
    while changed < 24 {
        let mut bytes = [0_u8; 3];
        random.fill(&mut bytes);
        let [source, target, undo] = bytes.map(u128::from);
        let (source, target) = (1 + source % PEOPLE, 1 + target % PEOPLE);
        let free = |number| aliases.leads_to(id(number)).is_none();
        let change = if undo % 2 == 0 && !free(source) {
            unmerged(source)
        } else if source != target && free(source) && free(target) {
            merged(source, target)
        } else {
            continue;
        };
        aliases.take(change);
        fixture.learn(change).await;
        changed += 1;
        let humans = aliases.humans();
        let human = |id: &PractitionerId| humans.get(id).copied().unwrap_or(*id);
        for number in 1..=PEOPLE {
            let asked = id(number);
            let theirs: Vec<_> = alone
                .iter()
                .filter(|(id, _)| human(id) == human(&asked))
                .map(|(id, basis)| (*id, basis))
                .collect();
            let expected = united(asked, &theirs);
            assert_eq!(fixture.known(number).await, expected, "{change:?} {number}");
        }
    }
}
