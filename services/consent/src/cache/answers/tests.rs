//! The cache against every order of events that a random scheduler comes upon.
//!
//! Everything asynchronous yields wherever a real one waits; a seeded generator says
//! who goes on next and when time passes. So delays, pauses and overtaking of any
//! length happen without a clock, and a seed plays the same again.

mod schedule;
mod world;

use schedule::Schedule;
use world::{Ablation, Findings, World};

/// How many orders of events are tried.
const SCHEDULES: u64 = 1_500;

/// Plays one order of events.
fn play(seed: u64, ablation: Option<Ablation>) -> Findings {
    let world = World::new(ablation);
    let mut schedule = Schedule::new(seed, world.clone());
    for instance in 0..2 {
        schedule.add(world.clone().polls(instance));
        for _ in 0..2 {
            schedule.add(world.clone().checks(instance));
        }
    }
    schedule.add(world.clone().revokes());
    schedule.add(world.clone().writes_something_else());
    schedule.run(600);
    world.findings()
}

fn stale_answers(ablation: Ablation) -> usize {
    let schedules = 0..SCHEDULES;
    schedules.map(|seed| play(seed, Some(ablation)).stale).sum()
}

#[test]
fn no_order_of_events_makes_an_answer_stale() {
    let mut from_memory = 0;
    for seed in 0..SCHEDULES {
        let found = play(seed, None);
        assert_eq!(found.stale, 0, "in the order of events {seed}");
        from_memory += found.from_memory;
    }
    // It would hold trivially if nothing were ever answered from memory.
    assert!(from_memory > 1_000, "{from_memory}");
}

#[test]
fn without_the_wait_before_a_change_returns_there_are_stale_answers() {
    assert!(stale_answers(Ablation::NoWait) > 0);
}

#[test]
fn without_the_lease_there_are_stale_answers() {
    assert!(stale_answers(Ablation::NoLease) > 0);
}

#[test]
fn with_positions_that_are_not_in_the_order_of_commits_there_are_stale_answers() {
    assert!(stale_answers(Ablation::PositionsBeforeCommit) > 0);
}
