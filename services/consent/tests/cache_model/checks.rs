//! The protocol holds, and needs each of its parts.

use stateright::{Checker, HasDiscoveries, Model};
use std::collections::BTreeSet;

use crate::model::{CACHE_DENIES, CACHE_PERMITS, NO_STALE_PERMIT};
use crate::protocol::{Part, Protocol};

#[test]
fn no_stale_permit_exists_in_any_state() {
    let checker = Protocol::whole().checker().spawn_bfs().join();
    println!(
        "{} states, the longest way {} steps: no stale permit",
        checker.unique_state_count(),
        checker.max_depth() - 1
    );
    assert!(checker.is_done());
    checker.assert_no_discovery(NO_STALE_PERMIT);
    checker.assert_any_discovery(CACHE_PERMITS);
    checker.assert_any_discovery(CACHE_DENIES);
}

/// The checker must find the stale permit, by a shortest way.
#[expect(clippy::print_stdout, reason = "a check says how much it looked at")]
fn finds_a_stale_permit_without(part: Part) {
    let what_breaks_it = HasDiscoveries::AllOf(BTreeSet::from([NO_STALE_PERMIT]));
    let checker = Protocol::without(part)
        .checker()
        .finish_when(what_breaks_it)
        .spawn_bfs()
        .join();
    let steps = checker.assert_any_discovery(NO_STALE_PERMIT).into_actions();
    println!(
        "{} states until a stale permit after {} steps: {steps:?}",
        checker.unique_state_count(),
        steps.len()
    );
}

#[test]
fn without_the_commit_wait_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::CommitWait);
}

#[test]
fn without_a_margin_for_drift_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::DriftMargin);
}

#[test]
fn without_the_lease_test_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::LeaseTest);
}

#[test]
fn with_positions_from_a_sequence_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::CommitOrderedPositions);
}

#[test]
fn without_the_floor_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::FloorTest);
}

#[test]
fn with_rows_and_position_of_two_snapshots_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::OneSnapshot);
}

#[test]
fn with_a_promise_from_the_polls_answer_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::PromiseFromAsking);
}

#[test]
fn with_the_promise_renewed_before_changes_are_known_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::ChangesBeforePromise);
}

#[test]
fn with_the_entry_tested_before_the_promise_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::PromiseTestedFirst);
}

#[test]
fn with_clocks_that_keep_to_no_bound_a_stale_permit_is_found() {
    finds_a_stale_permit_without(Part::BoundedClocks);
}
