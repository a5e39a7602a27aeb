//! What the file of skills says of people, apart from their practice situations.

use std::collections::BTreeSet;

use aval_testing::synthesize::{Coded, Skill, skills_file_name};

use super::searching::asked;
use super::*;
use crate::change::{Change, ChangePosition};
use crate::search::PractitionerSearch;
use crate::source::Source;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        skills_are_shown_in_the_situations_of_their_profession_and_category,
        what_a_situation_says_itself_is_said_once,
        skills_of_unknown_people_are_counted_and_wait_for_them,
        what_the_file_no_longer_holds_is_no_longer_shown_and_nobody_is_inactive_for_it,
        the_same_file_again_changes_nobody,
        only_who_is_shown_otherwise_is_told_as_changed,
        a_merged_human_has_the_skills_under_both_numbers,
        a_speciality_of_the_file_of_skills_finds_people,
        each_file_has_its_own_freshness_and_a_missing_one_deletes_nothing,
    ],
}

/// A know-how that no practice situation of the synthetic people names.
const DIVING: Skill = Skill {
    kind: Coded {
        code: "CAPA",
        label: "Capacité",
    },
    code: "ZZC999",
    label: "Médecine de la plongée",
};

impl Fixture {
    /// Imports the file of these people's skills, as generated a day after the last file.
    pub(super) async fn import_skills(&self, directory: &Directory) -> Result<Import, Error> {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        let mut text = Vec::new();
        directory.write_skills(&mut text).unwrap();
        let name = skills_file_name(self.clock.now());
        self.send(request, name, text).await
    }

    async fn applied_skills(&self, directory: &Directory) -> Import {
        let import = self.import_skills(directory).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
        import
    }

    /// The codes of the skills in each practice situation of somebody.
    async fn skills(&self, person: &Person) -> Vec<Vec<String>> {
        let found = self.find(person).await.unwrap();
        let codes = |skills: &[crate::practitioner::Skill]| {
            skills.iter().map(|skill| skill.code.clone()).collect()
        };
        found.activities.iter().map(|a| codes(&a.skills)).collect()
    }

    /// Who is told as changed after a revision.
    pub(super) async fn changed_after(&self, revision: u64) -> BTreeSet<PractitionerId> {
        let position = ChangePosition::end_of(revision);
        let changes = self.store.changes_after(position, 10_000).await.unwrap();
        let people = changes.into_iter().filter_map(|(_, change)| match change {
            Change::Practitioner(person) => Some(person.practitioner_id),
            Change::Organization(_) | Change::Merge(_) => None,
        });
        people.collect()
    }
}

/// Everybody with one more skill than their practice situations name.
fn divers(directory: &Directory) -> Directory {
    let mut divers = directory.clone();
    for person in &mut divers.people {
        person.skills.push(DIVING);
    }
    divers
}

/// A doctor with a speciality.
fn doctor(directory: &Directory) -> &Person {
    let mut people = directory.people.iter();
    people
        .find(|p| p.is_doctor() && !p.skills.is_empty())
        .unwrap()
}

async fn skills_are_shown_in_the_situations_of_their_profession_and_category(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let import = fixture.applied_skills(&divers(&directory)).await;
    assert_eq!(import.source, Source::Skills);
    let changes = import.report.changes;
    assert_eq!(
        (changes.practitioners_added, changes.practitioner_count),
        (60, 60)
    );
    assert_eq!(changes.practitioners_unknown, 0);
    for person in &directory.people {
        for skills in fixture.skills(person).await {
            assert_eq!(skills.len(), person.skills.len() + 1);
            assert!(skills.contains(&DIVING.code.to_owned()));
        }
    }
    // What somebody learnt in another profession is none of this one's.
    let mut elsewhere = divers(&directory);
    let other = elsewhere.people.iter().find(|p| !p.is_doctor()).unwrap();
    let profession = other.profession;
    let doctor = doctor(&directory).clone();
    let mut people = elsewhere.people.iter_mut();
    let moved = people.find(|p| p.number == doctor.number).unwrap();
    moved.profession = profession;
    fixture.applied_skills(&elsewhere).await;
    let codes: Vec<String> = doctor.skills.iter().map(|s| s.code.to_owned()).collect();
    for skills in fixture.skills(&doctor).await {
        assert_eq!(skills, codes);
    }
}

async fn what_a_situation_says_itself_is_said_once(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let before = fixture.find_all(&directory.people).await;
    let revision = fixture.store.newest_revision().await.unwrap();
    fixture.applied_skills(&directory).await;
    assert_eq!(fixture.find_all(&directory.people).await, before);
    assert_eq!(fixture.changed_after(revision).await, BTreeSet::new());
}

async fn skills_of_unknown_people_are_counted_and_wait_for_them(fixture: &Fixture) {
    let directory = synthesized(60);
    let import = fixture.applied_skills(&divers(&directory)).await;
    assert_eq!(import.report.changes.practitioners_unknown, 60);
    assert!(fixture.find(&directory.people[0]).await.is_none());
    assert_eq!(
        fixture.store.freshness().await.unwrap().practitioner_count,
        0
    );

    fixture.applied(&directory).await;
    for person in &directory.people {
        for skills in fixture.skills(person).await {
            assert!(skills.contains(&DIVING.code.to_owned()));
        }
    }
    let again = fixture.applied_skills(&divers(&directory)).await;
    assert_eq!(again.report.changes.practitioners_unknown, 0);
}

async fn what_the_file_no_longer_holds_is_no_longer_shown_and_nobody_is_inactive_for_it(
    fixture: &Fixture,
) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let before = fixture.find_all(&directory.people).await;
    let mut divers = divers(&directory);
    fixture.applied_skills(&divers).await;
    divers.people[3].skills.pop();
    let gone = divers.people.remove(10);
    let import = fixture.applied_skills(&divers).await;
    let changes = import.report.changes;
    let kept_some = u64::from(!divers.people[3].skills.is_empty());
    assert_eq!(changes.practitioners_deactivated, 2 - kept_some);
    assert_eq!(changes.practitioners_changed, kept_some);
    for person in [&directory.people[3], &gone] {
        let mut found = fixture.find(person).await.unwrap();
        let known = before
            .iter()
            .find(|p| p.practitioner_id == found.practitioner_id);
        assert_ne!(found.updated_at, known.unwrap().updated_at);
        found.updated_at = known.unwrap().updated_at;
        assert_eq!(Some(&found), known);
    }
}

async fn the_same_file_again_changes_nobody(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    fixture.applied_skills(&divers(&directory)).await;
    let before = fixture.find_all(&directory.people).await;
    let revision = fixture.store.newest_revision().await.unwrap();
    let again = fixture.applied_skills(&divers(&directory)).await;
    assert_eq!(again.report.changes.touched_count(), 0);
    assert_eq!(again.report.changes.practitioner_count, 60);
    assert_eq!(fixture.changed_after(revision).await, BTreeSet::new());
    // The people's own file neither adds nor takes away.
    fixture.applied(&directory).await;
    assert_eq!(fixture.find_all(&directory.people).await, before);
}

async fn only_who_is_shown_otherwise_is_told_as_changed(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    fixture.applied_skills(&directory).await;
    let revision = fixture.store.newest_revision().await.unwrap();
    let mut learnt = directory.clone();
    learnt.people[7].skills.push(DIVING);
    let import = fixture.applied_skills(&learnt).await;
    assert_eq!(import.report.changes.touched_count(), 1);
    let told = fixture.changed_after(revision).await;
    assert_eq!(
        told,
        BTreeSet::from([fixture.id_of(&directory.people[7]).await])
    );

    let revision = fixture.store.newest_revision().await.unwrap();
    fixture.applied_skills(&directory).await;
    assert_eq!(fixture.changed_after(revision).await, told);
}

async fn a_merged_human_has_the_skills_under_both_numbers(fixture: &Fixture) {
    let mut directory = synthesized(60);
    let doctor = doctor(&directory).clone();
    let mut others = directory.people.iter();
    let other = others.position(|p| p.number != doctor.number).unwrap();
    let number = directory.people[other].number.clone();
    directory.people[other] = Person {
        number,
        ..doctor.clone()
    };
    let twin = directory.people[other].clone();
    fixture.applied(&directory).await;
    let mut learnt = directory.clone();
    learnt.people[other].skills.push(DIVING);
    fixture.applied_skills(&learnt).await;
    let has_learnt = async |person: &Person| {
        let skills = fixture.skills(person).await;
        let diving = DIVING.code.to_owned();
        skills
            .iter()
            .filter(|codes| codes.contains(&diving))
            .count()
    };
    let situations = doctor.activities.len();
    assert_eq!(
        (has_learnt(&doctor).await, has_learnt(&twin).await),
        (0, situations)
    );
    let [absorbed, staying] = [fixture.id_of(&twin).await, fixture.id_of(&doctor).await];
    fixture.merge(absorbed, staying).await.unwrap();
    assert_eq!(has_learnt(&doctor).await, 2 * situations);
    fixture.unmerge(absorbed, staying).await.unwrap();
    assert_eq!(
        (has_learnt(&doctor).await, has_learnt(&twin).await),
        (0, situations)
    );
}

async fn a_speciality_of_the_file_of_skills_finds_people(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let mut learnt = directory.clone();
    learnt.people[7].skills.push(DIVING);
    let family = &directory.people[7].family_name;
    let search = PractitionerSearch {
        speciality: Some(DIVING.code.to_owned()),
        ..asked(family)
    };
    let found = async || {
        let found = fixture.store.search_practitioners(&search).await.unwrap();
        let people = found.value.items.into_iter();
        people
            .map(|found| found.practitioner.practitioner_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(found().await, []);
    fixture.applied_skills(&learnt).await;
    assert_eq!(found().await, [fixture.id_of(&directory.people[7]).await]);
    fixture.applied_skills(&directory).await;
    assert_eq!(found().await, []);
}

async fn each_file_has_its_own_freshness_and_a_missing_one_deletes_nothing(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let sources = async || {
        let freshness = fixture.store.freshness().await.unwrap();
        assert_eq!(freshness.practitioner_count, 60);
        freshness.sources
    };
    assert_eq!(
        sources().await.len(),
        1,
        "nobody waits for a file that never came"
    );
    let learnt = fixture.applied_skills(&divers(&directory)).await;
    fixture.applied(&directory).await;
    let latest = fixture.applied(&directory).await;
    let [situations, skills] = &sources().await[..] else {
        panic!("two files were imported");
    };
    assert_eq!(situations.import_id, Some(latest.import_id));
    assert_eq!(skills.import_id, Some(learnt.import_id));
    assert!(skills.generated_at < situations.generated_at);
    for skills in fixture.skills(doctor(&directory)).await {
        assert!(skills.contains(&DIVING.code.to_owned()));
    }
}
