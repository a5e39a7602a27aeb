//! How a scenario is played.

use std::time::{Duration, Instant};

use aval_domain::random::{self, SystemRandom};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use super::crew::{Called, Crew};
use super::journal::Seen;
use super::report::Played;
use super::site::{Links, Others, Plan, Setting, Site};
use crate::patience::eventually;

/// The environment variable that chooses what chance would choose.
const SEED_VARIABLE: &str = "AVAL_FAULTS_SEED";
/// How often each of them goes through everything before something goes wrong, and once it
/// is whole again.
const TURNS: usize = 2;

/// A scenario.
pub(super) struct Scenario {
    pub(super) test: &'static str,
    title: &'static str,
    pub(super) settings: &'static [Setting],
    plan: Plan,
    called: Called,
    /// The services none of whose calls may fail.
    unnoticed_by: &'static [&'static str],
}

/// The scenario of the test of this name, and what it is called in the table.
pub(super) const fn scenario(test: &'static str, title: &'static str) -> Scenario {
    Scenario {
        test,
        title,
        settings: &[],
        plan: Plan::USUAL,
        called: Called::AllFour,
        unnoticed_by: &[],
    }
}

impl Scenario {
    /// The same with services that are configured like this.
    pub(super) const fn with(self, settings: &'static [Setting]) -> Self {
        Self { settings, ..self }
    }

    /// The same with services that reach each other and their servers directly: what this
    /// process does is not between them.
    pub(super) const fn without_links(self) -> Self {
        let plan = Plan {
            links: Links::Beside,
            ..self.plan
        };
        Self { plan, ..self }
    }

    /// The same with two instances of each service.
    pub(super) const fn with_two_of_each(self) -> Self {
        let plan = Plan {
            others: Others::Two,
            ..self.plan
        };
        Self { plan, ..self }
    }

    /// The same, in which no call to these services may fail.
    pub(super) const fn unnoticed_by(self, services: &'static [&'static str]) -> Self {
        Self {
            unnoticed_by: services,
            ..self
        }
    }

    /// The same with nobody who calls anything but consent: where it is measured.
    pub(super) const fn consent_alone(self) -> Self {
        Self {
            called: Called::ConsentAlone,
            ..self
        }
    }

    /// Plays it: everybody is busy, something goes wrong and is whole again when `fault`
    /// returns, and then everything must be in order. What `fault` returns is kept until then.
    ///
    /// Answers what those saw who called consent.
    pub(super) async fn play<K>(&self, fault: impl AsyncFnOnce(&mut Site) -> K) -> Vec<Seen> {
        match Site::open_as(self.plan, self.test, self.settings).await {
            Some(site) => self.play_at(site, fault).await,
            None => Vec::new(),
        }
    }

    /// The same at this site.
    pub(super) async fn play_at<K>(
        &self,
        mut site: Site,
        fault: impl AsyncFnOnce(&mut Site) -> K,
    ) -> Vec<Seen> {
        let crew = Crew::open(&site, self.called).await;
        let over = CancellationToken::new();
        let mut busy = crew.begin(&over);
        let turns = async |busy: &mut JoinSet<()>| {
            let wanted: Vec<_> = crew.turns().iter().map(|turns| turns + TURNS).collect();
            eventually("everybody gets through", async || {
                while let Some(ended) = busy.try_join_next() {
                    ended.unwrap();
                }
                let turns = crew.turns();
                let mut both = turns.iter().zip(&wanted);
                both.all(|(turns, wanted)| turns >= wanted).then_some(())
            })
            .await;
        };
        turns(&mut busy).await;
        let _kept = fault(&mut site).await;
        let mended = Instant::now();
        turns(&mut busy).await;
        over.cancel();
        while let Some(ended) = busy.join_next().await {
            ended.unwrap();
        }

        let played = Played {
            title: self.title,
            seen: crew.seen(),
            verdict: crew.judge(&site).await,
            mended,
        };
        // What was counted is in the table before it is a failure.
        played.leave(self.test);
        assert!(played.verdict.is_of_something(), "{:?}", played.verdict);
        assert!(played.verdict.is_clean(), "{:?}", played.verdict);
        site.examine_the_trail();
        let are_called = |name: &&str| played.seen.iter().any(|(service, _)| service == name);
        assert!(self.unnoticed_by.iter().all(are_called));
        for (service, seen) in &played.seen {
            let calls = seen.iter().flat_map(|seen| &seen.calls);
            let failed = calls.filter(|(_, code)| *code != Code::Ok).count();
            let may_fail = !self.unnoticed_by.contains(service);
            assert!(
                may_fail || failed == 0,
                "{failed} calls to {service} failed"
            );
        }
        played.of_consent()
    }
}

/// Chosen for this run, and said, so that what fails is found again.
#[expect(clippy::print_stdout, reason = "who plays it again needs the seed")]
pub(super) fn seed() -> u64 {
    let seed = std::env::var(SEED_VARIABLE).map_or_else(
        |_| u64::from_be_bytes(random::bytes(&SystemRandom)),
        |seed| seed.parse().expect("a seed is a whole number"),
    );
    println!("{SEED_VARIABLE}={seed} deals the same again");
    seed
}

/// How long a fault lasts.
pub(super) async fn lasts(time: Duration) {
    tokio::time::sleep(time).await;
}
