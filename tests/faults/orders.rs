//! Services that are ended and started again in orders that chance chooses.

use std::fmt;
use std::time::Duration;

use aval_testing::held::Held;
use aval_testing::mutation::Mutator;

use super::play::{lasts, scenario, seed};
use super::site::Site;

/// Whoever ends in the worst moment does so less than this after another.
const SOON_MS: usize = 300;

/// A program of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Program {
    Audit,
    Consent,
    OtherConsent,
    Identity,
    Directory,
}

impl Program {
    const ALL: [Self; 5] = [
        Self::Audit,
        Self::Consent,
        Self::OtherConsent,
        Self::Identity,
        Self::Directory,
    ];

    fn of(self, site: &mut Site) -> &mut Held {
        match self {
            Self::Audit => &mut site.audit,
            Self::Consent => &mut site.consent,
            Self::OtherConsent => &mut site.other_consent,
            Self::Identity => &mut site.identity,
            Self::Directory => &mut site.directory,
        }
    }
}

/// What is done to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Killed,
    Stopped,
    Started,
}

/// One thing that is done, so much after the one before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Step {
    after: Duration,
    program: Program,
    done: Done,
}

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            after,
            program,
            done,
        } = self;
        write!(formatter, "{after:?}: {program:?} {done:?}")
    }
}

/// So many programs, in an order that chance chooses, are ended and, in another order, started
/// again.
fn round(chance: &mut Mutator, programs: usize) -> Vec<Step> {
    let mut left = Program::ALL.to_vec();
    let mut ended = Vec::new();
    let mut steps = Vec::new();
    for _ in 0..programs {
        let program = left.swap_remove(chance.below(left.len()));
        steps.push(Step {
            after: pause(chance),
            program,
            done: *chance.one_of(&[Done::Killed, Done::Killed, Done::Stopped]),
        });
        ended.push(program);
    }
    while !ended.is_empty() {
        steps.push(Step {
            after: pause(chance),
            program: ended.swap_remove(chance.below(ended.len())),
            done: Done::Started,
        });
    }
    steps
}

/// Any two, killed at once and started again one after the other.
fn pair(chance: &mut Mutator) -> Vec<Step> {
    let mut steps = round(chance, 2);
    for step in &mut steps[..2] {
        (step.after, step.done) = (Duration::ZERO, Done::Killed);
    }
    steps
}

fn pause(chance: &mut Mutator) -> Duration {
    Duration::from_millis(u64::try_from(chance.below(SOON_MS)).unwrap())
}

impl Site {
    #[expect(clippy::print_stdout, reason = "what fails is to be found again")]
    async fn goes_through(&mut self, steps: &[Step]) {
        println!("{steps:?}");
        for step in steps {
            lasts(step.after).await;
            let program = step.program.of(self);
            match step.done {
                Done::Killed => program.kill(),
                Done::Stopped => program.stop(),
                Done::Started => program.start_again(),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_services_end_in_any_order() {
    let scenario = scenario(
        "all_services_end_in_any_order",
        "all five programs killed or stopped in an order that chance chooses, and started again in another, three times, before the last ones serve again",
    );
    let mut chance = Mutator::new(seed());
    scenario
        .play(async |site| {
            for _ in 0..3 {
                let steps = round(&mut chance, Program::ALL.len());
                site.goes_through(&steps).await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn some_services_end_in_any_order() {
    let scenario = scenario(
        "some_services_end_in_any_order",
        "one to four programs, which chance chooses, killed or stopped and started again in any order, six times",
    );
    let mut chance = Mutator::new(seed());
    scenario
        .play(async |site| {
            for _ in 0..6 {
                let programs = 1 + chance.below(4);
                let steps = round(&mut chance, programs);
                site.goes_through(&steps).await;
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_two_programs_are_killed_at_once() {
    let scenario = scenario(
        "any_two_programs_are_killed_at_once",
        "two programs, which chance chooses, killed at once and started again, six times",
    );
    let mut chance = Mutator::new(seed());
    scenario
        .play(async |site| {
            for _ in 0..6 {
                let steps = pair(&mut chance);
                site.goes_through(&steps).await;
            }
        })
        .await;
}

#[test]
fn a_seed_chooses_an_order_in_which_whatever_ends_is_started_again() {
    let mut orders = Vec::new();
    for seed in 0..100 {
        let steps = round(&mut Mutator::new(seed), 5);
        assert_eq!(steps, round(&mut Mutator::new(seed), 5));
        let (ended, started) = steps.split_at(5);
        let programs = |steps: &[Step]| {
            let mut programs: Vec<_> = steps.iter().map(|step| step.program).collect();
            programs.sort();
            programs
        };
        assert_eq!(programs(ended), Program::ALL);
        assert_eq!(programs(started), Program::ALL);
        assert!(ended.iter().all(|step| step.done != Done::Started));
        assert!(started.iter().all(|step| step.done == Done::Started));
        let order = steps.iter().map(|step| step.program);
        orders.push(order.collect::<Vec<_>>());
    }
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 90, "{}", orders.len());
    let two = pair(&mut Mutator::new(1));
    assert_eq!((two[0].done, two[1].done), (Done::Killed, Done::Killed));
    assert_ne!(two[0].program, two[1].program);
}
