//! The cache against every order of events that a random scheduler comes upon.
//!
//! Everything asynchronous yields wherever a real one waits; a seeded generator says
//! who goes on next and when time passes. So delays, pauses and overtaking of any
//! length happen without a clock, and a seed plays the same again. What polls, answers,
//! keeps and makes a change wait is the code that serves; the database, the shared tier
//! and the time are ours.

mod database;
mod schedule;
mod world;

use schedule::{Schedule, alone};
use tokio::runtime::Runtime;
use world::{Ablation, Findings, Instances, World};

/// How many orders of events are tried.
const SCHEDULES: u64 = 1_500;

/// Plays one order of events.
fn play(seed: u64, instances: Instances, ablation: Option<Ablation>) -> Findings {
    let world = World::new(instances, ablation);
    let mut schedule = Schedule::new(seed, world.clone());
    for instance in 0..instances.count() {
        schedule.add(world.clone().polls(instance));
        for _ in 0..2 {
            schedule.add(world.clone().checks(instance));
        }
        schedule.add(world.clone().checks_together(instance));
    }
    schedule.add(world.clone().revokes());
    schedule.add(world.clone().writes_something_else());
    schedule.run(700);
    world.findings()
}

/// For those who wait for another's reading: nobody here waits for its time.
fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

/// Plays many.
fn play_all(instances: Instances, ablation: Option<Ablation>) -> Findings {
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut all = Findings::default();
    for seed in 0..SCHEDULES {
        let found = play(seed, instances, ablation);
        if ablation.is_none() {
            assert_eq!(found.stale, 0, "in the order of events {seed}");
            assert_eq!(found.stale_together, 0, "in the order of events {seed}");
            assert_eq!(found.mixed, 0, "in the order of events {seed}");
        }
        all += found;
    }
    all
}

#[test]
fn no_order_of_events_makes_an_answer_stale() {
    let found = play_all(Instances::Two, None);
    // It would hold trivially if nothing were ever answered from memory.
    assert!(found.from_memory > 1_000, "{found:?}");
    assert!(found.together_from_memory > 200, "{found:?}");
}

#[test]
fn an_instance_that_is_alone_is_not_stale_either_and_waits_for_nothing_but_its_poll() {
    let found = play_all(Instances::One, None);
    assert!(found.from_memory > 1_000, "{found:?}");
    assert!(found.together_from_memory > 200, "{found:?}");
}

#[test]
fn without_the_wait_before_a_change_returns_there_are_stale_answers() {
    for instances in [Instances::One, Instances::Two] {
        let found = play_all(instances, Some(Ablation::NoWait));
        assert!(found.stale > 0, "{found:?}");
        assert!(found.stale_together > 0, "{found:?}");
    }
}

#[test]
fn without_the_lease_there_are_stale_answers() {
    let found = play_all(Instances::Two, Some(Ablation::NoLease));
    assert!(found.stale > 0, "{found:?}");
}

#[test]
fn with_positions_that_are_not_in_the_order_of_commits_there_are_stale_answers() {
    let found = play_all(Instances::Two, Some(Ablation::PositionsBeforeCommit));
    assert!(found.stale > 0, "{found:?}");
    assert!(found.mixed > 0, "{found:?}");
}

#[test]
fn what_changed_is_read_from_the_database_without_asking_the_shared_tier() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let world = World::new(Instances::One, None);
    alone(world.poll(0));
    assert!(alone(world.check(0)));
    // Nothing was known of it: the tier was asked, and had nothing.
    assert_eq!(world.asked(), (1, 1));
    alone(world.clone().revokes());
    alone(world.poll(0));
    assert!(!alone(world.check(0)));
    assert_eq!(world.asked(), (2, 1));
    assert!(!alone(world.check(0)));
    assert_eq!(world.asked(), (2, 1));
}
