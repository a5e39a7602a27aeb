use aval_domain::id::ImportId;
use aval_domain::page::PageSize;

use super::*;
use crate::app::ImportDecision;
use crate::page::PageOf;
use crate::reason::Reason;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        five_people_of_a_hundred_may_leave_and_a_sixth_is_held,
        many_changed_people_are_held_too,
        more_than_a_fifth_of_everybody_is_an_alarm,
        many_malformed_rows_are_held_and_listed,
        whose_row_is_put_aside_stays_until_it_can_be_read,
        an_approved_import_is_applied_as_its_report_said,
        approving_twice_answers_the_same_import,
        a_rejected_import_changes_nothing_and_keeps_what_it_put_aside,
        only_a_held_import_is_decided_about,
        an_approved_older_file_does_not_make_older_ones_acceptable,
        of_two_who_decide_at_once_one_does,
        a_file_of_skills_that_loses_people_is_held_too_and_decided_about,
        another_file_does_not_overtake_a_held_one,
    ],
}

impl Fixture {
    pub(super) fn decision(&self, import_id: ImportId) -> ImportDecision {
        ImportDecision {
            import_id,
            reason: Reason::parse("lu et vérifié").unwrap(),
            request_id: RequestId::new(self.environment.random.as_ref()),
        }
    }

    pub(super) async fn approve(&self, import_id: ImportId) -> Result<Import, Error> {
        let decision = self.decision(import_id);
        self.app.approve_import(&self.cx(), decision).await
    }

    pub(super) async fn reject(&self, import_id: ImportId) -> Result<Import, Error> {
        let decision = self.decision(import_id);
        self.app.reject_import(&self.cx(), decision).await
    }

    /// Imports a hundred people, then holds a file that has the first so many of them.
    pub(super) async fn held_after_a_hundred(&self, remaining: usize) -> (Directory, Import) {
        let mut directory = synthesized(100);
        self.applied(&directory).await;
        directory.people.truncate(remaining);
        let held = self.import(&directory).await.unwrap();
        assert_eq!(held.state, ImportState::Suspended);
        (directory, held)
    }

    async fn events(&self) -> u64 {
        let backlog = aval_database::outbox::backlog(&self.db).await.unwrap();
        backlog.count
    }

    async fn put_aside(&self, import_id: ImportId) -> usize {
        let page = PageOf {
            size: PageSize::MAX,
            after: None,
        };
        let rows = self.store.quarantined_rows(import_id, &page).await.unwrap();
        rows.unwrap().items.len()
    }
}

async fn five_people_of_a_hundred_may_leave_and_a_sixth_is_held(fixture: &Fixture) {
    let mut directory = synthesized(100);
    fixture.applied(&directory).await;
    let everybody = directory.people.clone();
    directory.people.truncate(95);
    fixture.applied(&directory).await;

    let before = fixture.find_all(&everybody).await;
    let freshness = fixture.store.freshness().await.unwrap();
    directory.people.truncate(90);
    let held = fixture.import(&directory).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert_eq!(held.report.changes.practitioners_deactivated, 5);
    assert_eq!(held.report.changes.practitioners_before, 95);
    assert_eq!(
        held.report.changes.practitioner_count, 90,
        "what it would be"
    );
    assert!(held.state_reason.contains("deactivate"));
    assert_eq!(fixture.find_all(&everybody).await, before);
    assert_eq!(fixture.store.freshness().await.unwrap(), freshness);
    let stored = fixture.store.import(held.import_id).await.unwrap().unwrap();
    assert_eq!(stored, held);
    let events = aval_database::outbox::backlog(&fixture.db).await.unwrap();
    assert_eq!(events.count, 3, "two applied, one suspended");
}

async fn many_changed_people_are_held_too(fixture: &Fixture) {
    let mut directory = synthesized(100);
    fixture.applied(&directory).await;
    for person in &mut directory.people[..6] {
        person.given_name.push_str("-Anne");
    }
    let held = fixture.import(&directory).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert_eq!(held.report.changes.practitioners_changed, 6);
}

async fn more_than_a_fifth_of_everybody_is_an_alarm(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(79).await;
    assert!(held.state_reason.contains("alarm share"), "{held:?}");
    let (_, held) = fixture.held_after_a_hundred(80).await;
    assert!(held.state_reason.contains("configured share"), "{held:?}");
}

async fn many_malformed_rows_are_held_and_listed(fixture: &Fixture) {
    fixture.applied(&synthesized(40)).await;
    let mut text = text_of(&synthesized(40));
    text.extend(b"no row at all\n".repeat(10));
    fixture.clock.advance(Duration::from_mins(1));
    let request = RequestId::new(fixture.environment.random.as_ref());
    let name = file_name(fixture.clock.now());
    let held = fixture.send(request, name, text).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert_eq!(held.state_reason, "too many rows of the file are malformed");
    assert_eq!(held.report.changes.practitioners_deactivated, 0);
    assert_eq!(fixture.put_aside(held.import_id).await, 10);
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    assert_eq!(fixture.put_aside(held.import_id).await, 10);
}

async fn whose_row_is_put_aside_stays_until_it_can_be_read(fixture: &Fixture) {
    let mut directory = synthesized(300);
    // The first has one row, and nobody else its number.
    directory.people[0].activities.truncate(1);
    directory.people[0].skills.truncate(1);
    fixture.applied(&directory).await;
    let (first, second) = (directory.people[0].clone(), directory.people[1].clone());
    let gone = directory.people.remove(1);
    assert_eq!(gone.national_id(), second.national_id());
    let number = first.national_id();
    let text = String::from_utf8(text_of(&directory)).unwrap();
    let lines = text.lines().map(|line| {
        let is_theirs = line.split('|').any(|value| value == number);
        let bell = if is_theirs { "\u{7}" } else { "" };
        line.replacen(
            &first.family_name,
            &format!("{}{bell}", first.family_name),
            1,
        ) + "\n"
    });
    let text: String = lines.collect();
    fixture.clock.advance(Duration::from_hours(24));
    let request = RequestId::new(fixture.environment.random.as_ref());
    let name = file_name(fixture.clock.now());
    let import = fixture
        .send(request, name, text.into_bytes())
        .await
        .unwrap();
    assert_eq!(import.state, ImportState::Applied, "{import:?}");
    assert_eq!(fixture.put_aside(import.import_id).await, 1);
    assert_eq!(import.report.changes.practitioners_deactivated, 1);
    assert!(fixture.find(&first).await.unwrap().active);
    assert!(!fixture.find(&second).await.unwrap().active);
    // The next file can be read, and no longer names them.
    directory.people.remove(0);
    fixture.applied(&directory).await;
    assert!(!fixture.find(&first).await.unwrap().active);
}

async fn an_approved_import_is_applied_as_its_report_said(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(50).await;
    let everybody = synthesized(100).people;
    let before = fixture.find_all(&everybody).await;
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    assert_eq!(approved.report, held.report);
    let decided = approved.decided.clone().unwrap();
    assert_eq!(
        (decided.by.as_str(), decided.reason.as_str()),
        ("operator", "lu et vérifié")
    );
    assert_eq!(approved.state_reason, held.state_reason);
    let stored = fixture.store.import(held.import_id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&approved));
    let after = fixture.find_all(&everybody).await;
    assert_eq!(after[..50], before[..50]);
    assert!(after[50..].iter().all(|person| !person.active));
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 50);
    assert_eq!(freshness.sources[0].import_id, Some(held.import_id));
    assert_eq!(fixture.events().await, 3, "applied, suspended, applied");
}

async fn approving_twice_answers_the_same_import(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(50).await;
    let decision = fixture.decision(held.import_id);
    let cx = fixture.cx();
    let first = fixture.app.approve_import(&cx, decision.clone()).await;
    let again = fixture.app.approve_import(&cx, decision.clone()).await;
    assert_eq!(first.unwrap(), again.unwrap());
    assert_eq!(fixture.events().await, 3);
    let other = ImportDecision {
        reason: Reason::parse("autre raison").unwrap(),
        ..decision.clone()
    };
    let reused = fixture.app.approve_import(&cx, other).await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
    let reused = fixture.app.reject_import(&cx, decision).await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
}

async fn a_rejected_import_changes_nothing_and_keeps_what_it_put_aside(fixture: &Fixture) {
    let directory = synthesized(100);
    fixture.applied(&directory).await;
    let before = fixture.find_all(&directory.people).await;
    let mut half = directory.clone();
    half.people.truncate(50);
    let mut text = text_of(&half);
    text.extend(b"no row at all\n");
    fixture.clock.advance(Duration::from_mins(1));
    let request = RequestId::new(fixture.environment.random.as_ref());
    let name = file_name(fixture.clock.now());
    let held = fixture.send(request, name, text).await.unwrap();
    let rejected = fixture.reject(held.import_id).await.unwrap();
    assert_eq!(rejected.state, ImportState::Rejected);
    assert_eq!(rejected.report, held.report);
    assert!(rejected.decided.is_some() && rejected.finished_at.is_some());
    assert_eq!(fixture.find_all(&directory.people).await, before);
    assert_eq!(fixture.put_aside(held.import_id).await, 1);
    assert_eq!(fixture.events().await, 3, "applied, suspended, rejected");
    let late = fixture.approve(held.import_id).await;
    assert!(matches!(late, Err(Error::ImportNotSuspended)), "{late:?}");
}

async fn only_a_held_import_is_decided_about(fixture: &Fixture) {
    let nobody = ImportId::new(fixture.clock.now(), fixture.environment.random.as_ref());
    let unknown = fixture.approve(nobody).await;
    assert!(matches!(unknown, Err(Error::NotFound { what: "import" })));
    let unknown = fixture.reject(nobody).await;
    assert!(matches!(unknown, Err(Error::NotFound { what: "import" })));

    let applied = fixture.applied(&synthesized(100)).await;
    let refused = fixture.approve(applied.import_id).await;
    assert!(matches!(refused, Err(Error::ImportNotSuspended)));
    let (_, held) = fixture.held_after_a_hundred(10).await;
    fixture.reject(held.import_id).await.unwrap();
    for refused in [
        fixture.approve(held.import_id).await,
        fixture.reject(held.import_id).await,
    ] {
        assert!(matches!(refused, Err(Error::ImportNotSuspended)));
    }
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 100);
}

async fn an_approved_older_file_does_not_make_older_ones_acceptable(fixture: &Fixture) {
    let oldest = fixture.clock.now();
    fixture.clock.advance(Duration::from_hours(1));
    let older = fixture.clock.now();
    fixture.applied(&synthesized(31)).await;
    let text = text_of(&synthesized(30));
    let request = || RequestId::new(fixture.environment.random.as_ref());
    let held = fixture
        .send(request(), file_name(older), text.clone())
        .await
        .unwrap();
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 30);
    assert_eq!(freshness.sources[0].generated_at, approved.generated_at);
    for name in [file_name(oldest), file_name(older)] {
        let again = fixture.send(request(), name, text.clone()).await.unwrap();
        assert_eq!(again.state, ImportState::Suspended);
    }
}

async fn of_two_who_decide_at_once_one_does(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(50).await;
    let (approved, rejected) = tokio::join!(
        fixture.approve(held.import_id),
        fixture.reject(held.import_id)
    );
    assert!(
        approved.is_ok() != rejected.is_ok(),
        "{approved:?} {rejected:?}"
    );
    let import = fixture.store.import(held.import_id).await.unwrap().unwrap();
    let freshness = fixture.store.freshness().await.unwrap();
    let expected = match import.state {
        ImportState::Applied => 50,
        ImportState::Rejected => 100,
        other => panic!("{other:?}"),
    };
    assert_eq!(freshness.practitioner_count, expected);
    assert_eq!(fixture.events().await, 3);
}

/// Everybody of a hundred with a skill, and a file of skills that lost thirty of them.
async fn held_skills(fixture: &Fixture) -> (Directory, Import) {
    let mut directory = synthesized(100);
    let some = directory
        .people
        .iter()
        .find_map(|p| p.skills.first().copied());
    for person in &mut directory.people {
        person.skills = some.into_iter().collect();
    }
    fixture.applied(&directory).await;
    let first = fixture.import_skills(&directory).await.unwrap();
    assert_eq!(first.state, ImportState::Applied, "the first is exempt");
    let mut fewer = directory.clone();
    fewer.people.truncate(70);
    let held = fixture.import_skills(&fewer).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert_eq!(held.report.changes.practitioners_deactivated, 30);
    (directory, held)
}

async fn a_file_of_skills_that_loses_people_is_held_too_and_decided_about(fixture: &Fixture) {
    let (directory, held) = held_skills(fixture).await;
    assert!(held.state_reason.contains("deactivate"));
    let rejected = fixture.reject(held.import_id).await.unwrap();
    assert_eq!(rejected.state, ImportState::Rejected);
    let mut fewer = directory.clone();
    fewer.people.truncate(70);
    let held = fixture.import_skills(&fewer).await.unwrap();
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    assert_eq!(approved.report.changes, held.report.changes);
    assert_eq!(approved.report.changes.practitioner_count, 70);
    let everybody = fixture.find_all(&directory.people).await;
    assert!(everybody.iter().all(|person| person.active));
}

async fn another_file_does_not_overtake_a_held_one(fixture: &Fixture) {
    let (directory, held) = held_skills(fixture).await;
    fixture.applied(&directory).await;
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
}
