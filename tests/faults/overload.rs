//! Ten times as many callers as usual.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aval::bench::{Asking, Outcome, Pace, Way, crowd};
use aval_proto::consent::v1::Effect;

use super::cores::{Apart, Used};
use super::play::{lasts, scenario};
use super::report::FOLDER_VARIABLE;
use super::site::Site;
use crate::procedure::usual;
use crate::scene::{CLINIC, OTHER_CLINIC, numbered};
use crate::world::grant;

/// How many ask in normal times. Each asks again as soon as there is an answer.
const CALLERS: usize = 6;
/// How many keep the servers busy. More are not answered more often.
const BUSIEST: usize = 2 * CALLERS;
const A_WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_as_many_ask() {
    let scenario = scenario(
        "ten_times_as_many_ask",
        "ten times as many callers of `Authorize` as usual, where an instance of consent works on 8 calls at once",
    )
    .with(&[("CONSENT__GRPC__CONCURRENCY_LIMIT", "8")])
    .without_links()
    .consent_alone();
    scenario
        .play(async |site| {
            let apart = Apart::now();
            let (bare, own) = people(site).await;
            let ask = async |asking: &[Asking], pace| {
                Asked::during_a_while(site, apart.as_ref(), asking, pace).await
            };
            let normal = ask(&bare, Pace::AtOnce(CALLERS)).await;
            let busiest = ask(&bare, Pace::AtOnce(BUSIEST)).await;
            let tenfold = Pace::EachSecond(10 * busiest.answered_a_second());
            let offered = ask(&bare, tenfold).await;
            let held_back = ask(&own, tenfold).await;
            let crowded = ask(&bare, Pace::AtOnce(10 * CALLERS)).await;
            // There is room for sixteen.
            assert!(crowded.outcome.refused > 0, "nobody is refused");
            let after = ask(&bare, Pace::AtOnce(CALLERS)).await;
            if apart.is_some() {
                leave(
                    &busiest,
                    &[
                        ("6 callers", &normal),
                        ("12 callers: the most that is answered", &busiest),
                        (
                            "ten times that, by callers who are told nothing twice",
                            &offered,
                        ),
                        ("ten times that, through our own channel", &held_back),
                        ("60 callers, without a pause", &crowded),
                        ("6 callers again", &after),
                    ],
                );
            }
        })
        .await;
}

/// A professional who may, and one who may not: each over bare connections to both
/// instances, and each through our own channel.
async fn people(site: &Site) -> (Vec<Asking>, Vec<Asking>) {
    let scene = &site.scene;
    let patient = scene.patient(numbered(60)).await;
    let may = scene
        .professional(&scene.cast.generalist, &scene.clinic)
        .await;
    let may_not = scene
        .professional(&scene.cast.colleague, &scene.other_clinic)
        .await;
    grant(scene, &patient, &may.practitioner_id).await;
    let (mut bare, mut own) = (Vec::new(), Vec::new());
    for (software, person, expected) in [
        (CLINIC, may, Effect::Permit),
        (OTHER_CLINIC, may_not, Effect::Deny),
    ] {
        let files = site.certificate_of(software);
        let asking = |way| Asking {
            bearer: person.bearer.clone(),
            question: usual(&patient),
            expected,
            way,
        };
        bare.push(asking(Way::bare(&site.consents, &files).await.unwrap()));
        own.push(asking(Way::Own(site.consent_for(software))));
    }
    (bare, own)
}

/// What came of asking for a while, and what it took.
struct Asked {
    outcome: Outcome,
    lasted: Duration,
    used: Used,
}

impl Asked {
    /// Whatever is answered is right, whoever is refused is told when to come back, and
    /// health is answered.
    async fn during_a_while(
        site: &Site,
        apart: Option<&Apart>,
        asking: &[Asking],
        pace: Pace,
    ) -> Self {
        let used = || apart.map(Apart::used).unwrap_or_default();
        let (begun, before) = (Instant::now(), used());
        let asked = tokio::spawn(crowd(asking.to_vec(), pace, A_WHILE));
        lasts(A_WHILE / 2).await;
        site.says_that_it_serves().await;
        let outcome = asked.await.unwrap().unwrap();
        assert_eq!(outcome.wrong, Vec::<String>::new());
        assert!(!outcome.times.is_empty(), "nobody is answered");
        Self {
            outcome,
            lasted: begun.elapsed(),
            used: used().since(before),
        }
    }

    fn each_second(&self, calls: usize) -> u64 {
        let calls = u128::try_from(calls).unwrap() * 1_000_000;
        u64::try_from(calls / self.lasted.as_micros()).unwrap()
    }

    fn answered_a_second(&self) -> u32 {
        let answered = self.each_second(self.outcome.times.len());
        u32::try_from(answered).unwrap()
    }

    /// What a decision took of this.
    fn of_a_decision(&self, used: Duration) -> Duration {
        used / u32::try_from(self.outcome.times.len()).unwrap()
    }

    /// What a refusal took of consent, if its decisions took as much as those of `busiest`.
    fn of_a_refusal(&self, busiest: &Self) -> Duration {
        let refused = u32::try_from(self.outcome.refused).unwrap();
        let decided = u32::try_from(self.outcome.times.len()).unwrap();
        let of_decisions = busiest.of_a_decision(busiest.used.consent) * decided;
        let of_refusals = self.used.consent.saturating_sub(of_decisions);
        of_refusals.checked_div(refused).unwrap_or_default()
    }

    fn figures(&self, busiest: &Self) -> BTreeMap<&'static str, u64> {
        let at = |share: usize| {
            let last = self.outcome.times.len() - 1;
            micros(self.outcome.times[last * share / 100])
        };
        let percent = |used: Duration| micros(used) * 100 / micros(self.lasted);
        BTreeMap::from([
            ("answered_a_second", u64::from(self.answered_a_second())),
            ("refused_a_second", self.each_second(self.outcome.refused)),
            (
                "held_back_a_second",
                self.each_second(self.outcome.held_back),
            ),
            ("not_made", u64::try_from(self.outcome.not_made).unwrap()),
            ("median_us", at(50)),
            ("p99_us", at(99)),
            ("servers_percent", percent(self.used.servers)),
            ("consent_percent", percent(self.used.consent)),
            ("callers_percent", percent(self.used.callers)),
            ("decision_us", micros(self.of_a_decision(self.used.servers))),
            ("refusal_us", micros(self.of_a_refusal(busiest))),
        ])
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

/// Leaves the figures where they were asked for.
fn leave(busiest: &Asked, rows: &[(&str, &Asked)]) {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let rows = rows.iter().map(
        |(callers, asked)| serde_json::json!({ "callers": callers, "figures": asked.figures(busiest) }),
    );
    let rows: serde_json::Value = rows.collect();
    std::fs::write(
        Path::new(&folder).join("overload.figures"),
        rows.to_string(),
    )
    .unwrap();
}
