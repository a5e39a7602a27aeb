use aval_database::outbox;
use aval_testing::synthesize::Skill;
use futures::future::join;

use super::*;
use crate::practitioner::Activity;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        the_first_import_adds_everybody_with_their_situations,
        importing_the_same_content_again_changes_nothing_and_keeps_every_id,
        somebody_who_left_the_file_is_inactive_and_comes_back_as_the_same_human,
        a_new_name_is_the_same_human,
        several_skills_are_one_situation_and_follow_the_file,
        a_situation_at_another_place_is_another_situation,
        a_structure_that_moves_stays_itself_and_changes_nobody,
        a_structure_in_which_nobody_practises_any_more_is_known_and_not_found,
        what_was_imported_in_two_steps_is_what_is_imported_in_one,
        readers_see_the_old_directory_or_the_new_one,
        the_figures_follow_the_last_import,
        an_import_is_told_to_the_trail,
    ],
}

/// A practice situation without its identifiers.
fn shown(activity: &Activity) -> String {
    let place = activity
        .organization
        .as_ref()
        .map(|o| (&o.numbers, &o.name, &o.town));
    let skills: Vec<&str> = activity
        .skills
        .iter()
        .map(|skill| skill.code.as_str())
        .collect();
    format!(
        "{} {} {} {} {} {skills:?} {place:?}",
        activity.profession, activity.category, activity.mode, activity.function, activity.active
    )
}

/// Somebody without their identifiers, and what they practise now.
fn portrait(practitioner: &Practitioner) -> String {
    let practitioner = practitioner.clone();
    let active = practitioner.activities.iter().filter(|a| a.active);
    let mut activities: Vec<String> = active.map(shown).collect();
    activities.sort();
    format!(
        "{} {} {} {:?} {} {activities:#?}",
        practitioner.civility,
        practitioner.family_name,
        practitioner.given_name,
        practitioner.identifiers,
        practitioner.active
    )
}

async fn the_first_import_adds_everybody_with_their_situations(fixture: &Fixture) {
    let directory = synthesized(300);
    let import = fixture.applied(&directory).await;
    let changes = import.report.changes;
    assert_eq!(changes.practitioners_added, 300);
    assert_eq!(changes.practitioner_count, 300);
    assert_eq!(import.report.quarantined_count, 0);
    let rows: usize = directory.people.iter().map(Person::rows).sum();
    assert_eq!(import.report.row_count, rows as u64);
    for person in &directory.people {
        let found = fixture.find(person).await.unwrap();
        assert!(found.active);
        assert_eq!(found.family_name, person.family_name);
        assert_eq!(found.activities.len(), person.activities.len());
        let skills = person.skills.len();
        assert!(
            found
                .activities
                .iter()
                .all(|a| a.active && a.skills.len() == skills)
        );
        let published = person
            .activities
            .iter()
            .filter_map(|a| a.organization.as_ref());
        for place in published {
            let known = found
                .activities
                .iter()
                .filter_map(|a| a.organization.as_ref());
            let mut known = known.filter(|o| o.numbers.technical == place.technical_id);
            assert_eq!(known.next().unwrap().name, place.name);
        }
    }
}

async fn importing_the_same_content_again_changes_nothing_and_keeps_every_id(fixture: &Fixture) {
    let directory = synthesized(200);
    fixture.applied(&directory).await;
    let before = fixture.find_all(&directory.people).await;
    let again = fixture.applied(&directory).await;
    assert_eq!(again.report.changes.touched_count(), 0);
    assert_eq!(again.report.changes.practitioner_count, 200);
    assert_eq!(fixture.find_all(&directory.people).await, before);
}

async fn somebody_who_left_the_file_is_inactive_and_comes_back_as_the_same_human(
    fixture: &Fixture,
) {
    let whole = synthesized(100);
    fixture.applied(&whole).await;
    let before = fixture.find(&whole.people[40]).await.unwrap();
    let mut without = whole.clone();
    let gone = without.people.remove(40);
    let import = fixture.applied(&without).await;
    assert_eq!(import.report.changes.practitioners_deactivated, 1);
    assert_eq!(import.report.changes.practitioners_changed, 0);
    let left = fixture.find(&gone).await.unwrap();
    assert!(!left.active && left.activities.iter().all(|activity| !activity.active));
    assert_eq!(left.practitioner_id, before.practitioner_id);
    assert_eq!(left.activities.len(), before.activities.len());
    let skills = |p: &Practitioner| p.activities.iter().map(|a| a.skills.len()).sum::<usize>();
    assert_eq!(
        skills(&left),
        skills(&before),
        "what they practised is remembered"
    );
    let import = fixture.applied(&whole).await;
    assert_eq!(import.report.changes.practitioners_changed, 1);
    let mut back = fixture.find(&gone).await.unwrap();
    back.updated_at = before.updated_at;
    assert_eq!(back, before);
}

async fn a_new_name_is_the_same_human(fixture: &Fixture) {
    let mut directory = synthesized(50);
    fixture.applied(&directory).await;
    let before = fixture.find(&directory.people[20]).await.unwrap();
    "QUERSANT-NEUF".clone_into(&mut directory.people[20].family_name);
    let import = fixture.applied(&directory).await;
    assert_eq!(import.report.changes.practitioners_changed, 1);
    assert_eq!(import.report.changes.practitioners_added, 0);
    let after = fixture.find(&directory.people[20]).await.unwrap();
    assert_eq!(after.practitioner_id, before.practitioner_id);
    assert_eq!(after.activities, before.activities);
    assert_eq!(after.family_name, "QUERSANT-NEUF");
    assert_ne!(after.updated_at, before.updated_at);
}

async fn several_skills_are_one_situation_and_follow_the_file(fixture: &Fixture) {
    let mut directory = synthesized(60);
    let doctor = directory
        .people
        .iter()
        .position(|p| p.is_doctor() && p.activities.len() == 1 && !p.skills.is_empty())
        .unwrap();
    let first = directory.people[doctor].skills[0];
    let second = Skill {
        code: "DSM999",
        label: "Autre savoir-faire",
        ..first
    };
    directory.people[doctor].skills = vec![first, second];
    fixture.applied(&directory).await;
    let both = fixture.find(&directory.people[doctor]).await.unwrap();
    assert_eq!(
        (both.activities.len(), both.activities[0].skills.len()),
        (1, 2)
    );
    directory.people[doctor].skills = vec![second];
    fixture.applied(&directory).await;
    let one = fixture.find(&directory.people[doctor]).await.unwrap();
    assert_eq!(
        one.activities[0].activity_id,
        both.activities[0].activity_id
    );
    let codes: Vec<&str> = one.activities[0]
        .skills
        .iter()
        .map(|s| s.code.as_str())
        .collect();
    assert_eq!(codes, ["DSM999"]);
}

async fn a_situation_at_another_place_is_another_situation(fixture: &Fixture) {
    let mut directory = synthesized(60);
    let [one, other] = two_with_one_place(&directory);
    fixture.applied(&directory).await;
    let before = fixture.find(&directory.people[one]).await.unwrap();
    let place = directory.people[other].activities[0].organization.clone();
    directory.people[one].activities[0].organization = place;
    fixture.applied(&directory).await;
    let after = fixture.find(&directory.people[one]).await.unwrap();
    assert!(after.active);
    assert_eq!(after.activities.len(), 2);
    assert!(after.activities[0].active && !after.activities[1].active);
    assert_eq!(
        after.activities[1].activity_id,
        before.activities[0].activity_id
    );
    assert_ne!(
        after.activities[0].activity_id,
        before.activities[0].activity_id
    );
}

async fn a_structure_that_moves_stays_itself_and_changes_nobody(fixture: &Fixture) {
    let mut directory = synthesized(60);
    let [one, other] = two_with_one_place(&directory);
    fixture.applied(&directory).await;
    let place = |p: Practitioner| p.activities[0].organization.clone().unwrap();
    let before = place(fixture.find(&directory.people[one]).await.unwrap());
    let elsewhere = place_of(&directory, other).address.clone();
    directory.people[one].activities[0]
        .organization
        .as_mut()
        .unwrap()
        .address = elsewhere.clone();
    let import = fixture.applied(&directory).await;
    assert_eq!(import.report.changes.touched_count(), 0);
    let after = place(fixture.find(&directory.people[one]).await.unwrap());
    assert_eq!(after.organization_id, before.organization_id);
    assert_eq!(after.town, elsewhere.town.name);
}

async fn a_structure_in_which_nobody_practises_any_more_is_known_and_not_found(fixture: &Fixture) {
    let whole = synthesized(60);
    let [one, _] = two_with_one_place(&whole);
    fixture.applied(&whole).await;
    let known = fixture.find(&whole.people[one]).await.unwrap();
    let place = known.activities[0].organization.clone().unwrap();
    let mut without = whole.clone();
    without.people.remove(one);
    let import = fixture.applied(&without).await;
    let kept = fixture
        .store
        .organization(place.organization_id)
        .await
        .unwrap();
    assert_eq!(kept.value, Some(place.clone()));
    let back = fixture.applied(&whole).await;
    let difference =
        back.report.changes.organization_count - import.report.changes.organization_count;
    assert_eq!(difference, 1);
}

async fn what_was_imported_in_two_steps_is_what_is_imported_in_one(fixture: &Fixture) {
    let mut first = SynthesisPlan::new(7, 150).directory();
    let second = SynthesisPlan::new(8, 150).directory();
    fixture.applied(&first).await;
    // The second file: other people, half of the first ones, some of them changed.
    first.people.truncate(75);
    for (rank, person) in first.people.iter_mut().enumerate() {
        match rank % 5 {
            0 => person.given_name.push_str("-Anne"),
            1 => person.activities.truncate(1),
            2 => person.skills.clear(),
            3 => person
                .activities
                .iter_mut()
                .for_each(|a| a.organization = None),
            _ => {}
        }
    }
    first.people.extend(second.people);
    fixture.applied(&first).await;
    let in_two_steps = fixture.find_all(&first.people).await;

    let alone = Fixture::trusting(fresh_database().await);
    alone.applied(&first).await;
    let in_one = alone.find_all(&first.people).await;
    for (two, one) in in_two_steps.iter().zip(&in_one) {
        assert_eq!(portrait(two), portrait(one));
    }
}

async fn readers_see_the_old_directory_or_the_new_one(fixture: &Fixture) {
    let old = synthesized(400);
    fixture.applied(&old).await;
    let ids: Vec<PractitionerId> = {
        let found = fixture.find_all(&old.people[..100]).await;
        found.iter().map(|p| p.practitioner_id).collect()
    };
    let mut new = old.clone();
    for person in &mut new.people {
        "APRES".clone_into(&mut person.given_name);
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    let importing = async {
        fixture.applied(&new).await;
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let reading = async {
        let mut seen_old = 0;
        loop {
            let is_last = done.load(std::sync::atomic::Ordering::SeqCst);
            let found = fixture.store.practitioners(&ids).await.unwrap().value;
            let found: Vec<Practitioner> = found.into_iter().flatten().collect();
            let renamed = found.iter().filter(|p| p.given_name == "APRES").count();
            assert!(
                renamed == 0 || renamed == ids.len(),
                "{renamed} of {}",
                ids.len()
            );
            seen_old += usize::from(renamed == 0);
            if is_last {
                assert_eq!(renamed, ids.len());
                break seen_old;
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), seen_old) = join(importing, reading).await;
    assert!(seen_old > 0, "somebody read while the import went on");
}

async fn the_figures_follow_the_last_import(fixture: &Fixture) {
    let never = fixture.store.freshness().await.unwrap();
    assert_eq!((never.sources.len(), never.practitioner_count), (1, 0));
    assert_eq!(never.sources[0].imported_at, None);
    let import = fixture.applied(&synthesized(80)).await;
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 80);
    assert_eq!(
        freshness.activity_count,
        import.report.changes.activity_count
    );
    assert_eq!(freshness.sources[0].import_id, Some(import.import_id));
    assert_eq!(freshness.sources[0].generated_at, import.generated_at);
    let found = fixture.store.practitioners(&[]).await.unwrap();
    assert_eq!(found.as_of, import.generated_at);
}

async fn an_import_is_told_to_the_trail(fixture: &Fixture) {
    fixture.applied(&synthesized(20)).await;
    assert_eq!(outbox::backlog(&fixture.db).await.unwrap().count, 1);
    fixture.applied(&synthesized(20)).await;
    assert_eq!(outbox::backlog(&fixture.db).await.unwrap().count, 2);
}

/// Two people with one practice situation each, at places that nobody else has.
fn two_with_one_place(directory: &Directory) -> [usize; 2] {
    let alone = |rank: &usize| {
        let person = &directory.people[*rank];
        let [activity] = person.activities.as_slice() else {
            return false;
        };
        let Some(place) = &activity.organization else {
            return false;
        };
        let everybody = directory.people.iter().flat_map(|p| &p.activities);
        let places = everybody.filter_map(|a| a.organization.as_ref());
        places
            .filter(|o| o.technical_id == place.technical_id)
            .count()
            == 1
    };
    let mut ranks = (0..directory.people.len()).filter(alone);
    let one = ranks.next().unwrap();
    let town = place_of(directory, one).address.town.name;
    let other = ranks.find(|rank| place_of(directory, *rank).address.town.name != town);
    [one, other.unwrap()]
}

fn place_of(directory: &Directory, rank: usize) -> &aval_testing::synthesize::Organization {
    directory.people[rank].activities[0]
        .organization
        .as_ref()
        .unwrap()
}

/// An empty directory beside the one of the test.
async fn fresh_database() -> Database {
    let config = aval_database::DatabaseConfig::for_url("sqlite::memory:");
    let db = Database::connect(&config).await.unwrap();
    aval_database::migrate::migrate::<Migrator>(&db)
        .await
        .unwrap();
    db
}
