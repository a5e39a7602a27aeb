//! The files of suspended imports, and what becomes of them.

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::{EventKind, Outcome};

use super::*;
use crate::import::Decided;
use crate::store::{DecideImport, MOST_HELD};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        a_held_import_keeps_its_file_and_is_compared_anew,
        what_the_limits_allow_by_now_is_applied_at_once,
        an_approval_that_held_it_again_is_answered_as_such,
        a_comparison_that_breaks_off_leaves_it_held,
        files_are_kept_no_longer_than_they_are_wanted,
        only_the_newest_held_imports_wait_and_not_for_ever,
    ],
}

async fn a_held_import_keeps_its_file_and_is_compared_anew(fixture: &Fixture) {
    let (half, held) = fixture.held_after_a_hundred(50).await;
    // Meanwhile somebody else leaves.
    let mut fewer = synthesized(100);
    fewer.people.remove(99);
    fixture.applied(&fewer).await;
    let waits = fixture.store.import(held.import_id).await.unwrap().unwrap();
    assert_eq!(waits, held);

    let again = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(
        again.state,
        ImportState::Suspended,
        "its report was another"
    );
    assert_eq!(again.report.changes.practitioners_before, 99);
    assert_eq!(again.report.changes.practitioners_deactivated, 49);
    assert_eq!(again.report.file_sha256, held.report.file_sha256);
    assert!(again.decided.is_none());
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 99);

    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    assert_eq!(approved.report, again.report);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 50);
    let stay = fixture.find_all(&half.people).await;
    assert!(stay.iter().all(|person| person.active));
}

async fn what_the_limits_allow_by_now_is_applied_at_once(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(92).await;
    let mut between = synthesized(100);
    between.people.truncate(96);
    // Newer than the one in use, and older than the one that waits.
    let earlier = fixture.clock.now().saturating_sub(Duration::from_hours(1));
    let mut text = Vec::new();
    between.write(&mut text).unwrap();
    let request = RequestId::new(fixture.environment.random.as_ref());
    let between = fixture.send(request, file_name(earlier), text);
    assert_eq!(between.await.unwrap().state, ImportState::Applied);
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
    assert_eq!(approved.report.changes.practitioners_deactivated, 4);
    assert_eq!(approved.decided.unwrap().reason.as_str(), "lu et vérifié");
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 92);
}

async fn an_approval_that_held_it_again_is_answered_as_such(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(50).await;
    fixture.applied(&synthesized(100)).await;
    let decision = fixture.decision(held.import_id);
    let cx = fixture.cx();
    let first = fixture
        .app
        .approve_import(&cx, decision.clone())
        .await
        .unwrap();
    let again = fixture.app.approve_import(&cx, decision).await.unwrap();
    assert_eq!(first.state, ImportState::Suspended);
    assert_eq!(again, first, "nobody has seen the new report yet");
}

async fn a_comparison_that_breaks_off_leaves_it_held(fixture: &Fixture) {
    let (_, held) = fixture.held_after_a_hundred(50).await;
    fixture.applied(&synthesized(100)).await;
    let decision = fixture.decision(held.import_id);
    let decide = DecideImport {
        import_id: held.import_id,
        decided: Decided {
            by: "operator".to_owned(),
            reason: decision.reason.clone(),
        },
        request: RequestKey {
            actor: "operator".to_owned(),
            request_id: decision.request_id,
            operation: "practitioner_directory.approve_import",
            fingerprint: fingerprint([b"once".as_slice()]),
        },
        event: fixture
            .cx()
            .event(EventKind::DirectoryImportApplied, Outcome::Success),
        now: fixture.clock.now(),
    };
    fixture.store.reopen_import(&decide).await.unwrap();
    let taken_up = fixture.approve(held.import_id).await;
    assert!(matches!(taken_up, Err(Error::ImportNotSuspended)));
    // Whoever took it up is gone; the next import finds out.
    fixture.clock.advance(Duration::from_hours(1));
    fixture.applied(&synthesized(100)).await;
    let waits = fixture.store.import(held.import_id).await.unwrap().unwrap();
    assert_eq!(waits.state, ImportState::Suspended);
    let again = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(again.state, ImportState::Suspended);
    let approved = fixture.approve(held.import_id).await.unwrap();
    assert_eq!(approved.state, ImportState::Applied);
}

async fn files_are_kept_no_longer_than_they_are_wanted(fixture: &Fixture) {
    let is_kept = async |import: &Import| {
        let first = fixture.store.kept_part(import.import_id, 0).await;
        first.unwrap().is_some()
    };
    let applied = fixture.applied(&synthesized(100)).await;
    assert!(!is_kept(&applied).await);
    let (_, held) = fixture.held_after_a_hundred(50).await;
    assert!(is_kept(&held).await);
    fixture.applied(&synthesized(100)).await;
    assert!(is_kept(&held).await);
    fixture.reject(held.import_id).await.unwrap();
    assert!(!is_kept(&held).await);
    let (_, held) = fixture.held_after_a_hundred(60).await;
    fixture.approve(held.import_id).await.unwrap();
    assert!(!is_kept(&held).await);
}

async fn only_the_newest_held_imports_wait_and_not_for_ever(fixture: &Fixture) {
    let (half, oldest) = fixture.held_after_a_hundred(50).await;
    let state = async |import: &Import| {
        let import = fixture
            .store
            .import(import.import_id)
            .await
            .unwrap()
            .unwrap();
        (import.state, import.state_reason)
    };
    let mut newest = oldest.clone();
    for _ in 0..MOST_HELD {
        newest = fixture.import(&half).await.unwrap();
    }
    let (oldest_state, reason) = state(&oldest).await;
    assert_eq!(oldest_state, ImportState::Failed);
    assert_eq!(reason, "too many later imports wait for a decision");
    assert_eq!(state(&newest).await.0, ImportState::Suspended);
    fixture.clock.advance(HELD_FOR);
    fixture.applied(&synthesized(100)).await;
    let (newest_state, reason) = state(&newest).await;
    assert_eq!(newest_state, ImportState::Failed);
    assert_eq!(reason, "nobody decided on it for too long");
    let kept = fixture.store.kept_part(newest.import_id, 0).await;
    assert_eq!(kept.unwrap(), None);
}
