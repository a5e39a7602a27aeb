//! Ten days of a directory, as they come in life: one file is cut, one does not come, one
//! leaves out a third of everybody.

use super::changes::Replica;
use super::*;
use crate::change::ChangePosition;
use crate::extraction::Malformed;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        ten_days_lose_nobody_whom_a_whole_file_names,
    ],
}

/// The day whose file is cut, the one without a file, and the one of which much is missing.
const CUT: u32 = 3;
const MISSING: u32 = 5;
const SUSPICIOUS: u32 = 7;

async fn ten_days_lose_nobody_whom_a_whole_file_names(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let plan = SynthesisPlan::new(7, 600);
    let mut following = Replica::default();
    let mut position = ChangePosition::START;
    let mut applied = 0;
    for day in 0..=10 {
        let mut directory = SynthesisPlan { day, ..plan }.directory();
        let before = store.newest_revision().await.unwrap();
        match day {
            CUT => {
                let mut text = text_of(&directory);
                text.truncate(text.len() / 2);
                fixture.clock.advance(Duration::from_hours(24));
                let request = RequestId::new(fixture.environment.random.as_ref());
                let name = file_name(fixture.clock.now());
                let refused = fixture.send(request, name, text).await;
                let is_cut = |error: &Error| matches!(error, Error::FileMalformed { reason, .. } if *reason == Malformed::Truncated);
                assert!(refused.as_ref().is_err_and(is_cut), "{refused:?}");
            }
            MISSING => fixture.clock.advance(Duration::from_hours(24)),
            SUSPICIOUS => {
                directory.people.truncate(400);
                let held = fixture.import(&directory).await.unwrap();
                assert_eq!(held.state, ImportState::Suspended);
                assert!(held.report.changes.practitioners_deactivated >= 150);
                fixture.reject(held.import_id).await.unwrap();
            }
            _ => {
                let changes = fixture.applied(&directory).await.report.changes;
                assert_eq!(changes.practitioner_count, directory.people.len() as u64);
                applied += 1;
            }
        }
        let revisions = store.newest_revision().await.unwrap() - before;
        let is_applied = ![CUT, MISSING, SUSPICIOUS].contains(&day);
        assert_eq!(revisions, u64::from(is_applied), "day {day}");
        position = *following.follow(store, position).await.last().unwrap();
        following.assert_is_the_directory(store).await;
    }
    assert_eq!(applied, 8);
    let last = SynthesisPlan { day: 10, ..plan }.directory();
    for person in fixture.find_all(&last.people).await {
        assert!(person.active);
    }
    let mut late = Replica::default();
    late.follow(store, ChangePosition::START).await;
    late.assert_is_the_directory(store).await;
}
