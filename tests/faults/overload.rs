//! Ten times as many callers as usual.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use aval::client::{Bearer, Channel};
use aval_proto::consent::v1 as consent;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use consent::Effect;
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use super::play::{lasts, scenario};
use super::report::FOLDER_VARIABLE;
use super::site::Site;
use crate::procedure::usual;
use crate::scene::{CLINIC, OTHER_CLINIC, Patient, fresh_id, numbered};
use crate::world::grant;

/// How many ask in normal times. Each asks again as soon as there is an answer.
const CALLERS: usize = 6;
const A_WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_as_many_ask() {
    let scenario = scenario(
        "ten_times_as_many_ask",
        "ten times as many callers of `Authorize` as usual, where an instance of consent works on 8 calls at once",
    )
    .with(&[("CONSENT__GRPC__CONCURRENCY_LIMIT", "8")]);
    scenario
        .play(async |site| {
            let crowd = Crowd::of(site).await;
            let normal = crowd.asks(site, CALLERS, None).await;
            let busiest = crowd.asks(site, CALLERS * 2, None).await;
            let tenfold = busiest.pace_of_ten_times(CALLERS * 10);
            let offered = crowd.asks(site, CALLERS * 10, Some(tenfold)).await;
            let crowded = crowd.asks(site, CALLERS * 10, None).await;
            assert!(crowded.refused > 0, "nobody is refused");
            let after = crowd.asks(site, CALLERS, None).await;
            leave(&[
                ("6 callers", &normal),
                ("12 callers", &busiest),
                (
                    "60 callers, ten times as many calls as 12 were answered",
                    &offered,
                ),
                ("60 callers, without a pause", &crowded),
                ("6 callers again", &after),
            ]);
        })
        .await;
}

/// A professional who may, and one who may not.
struct Crowd {
    patient: Patient,
    askers: [(Channel, Bearer, Effect); 2],
}

/// What came of asking for a while.
#[derive(Default)]
struct Asked {
    times: Vec<Duration>,
    refused: usize,
    lasted: Duration,
}

impl Crowd {
    async fn of(site: &Site) -> Self {
        let scene = &site.scene;
        let patient = scene.patient(numbered(60)).await;
        let may = scene
            .professional(&scene.cast.generalist, &scene.clinic)
            .await;
        let may_not = scene
            .professional(&scene.cast.colleague, &scene.other_clinic)
            .await;
        grant(scene, &patient, &may.practitioner_id).await;
        Self {
            patient,
            askers: [
                (site.consent_for(CLINIC), may.bearer, Effect::Permit),
                (site.consent_for(OTHER_CLINIC), may_not.bearer, Effect::Deny),
            ],
        }
    }

    /// So many ask, for a while: each as soon as they are answered or refused, or once in so
    /// long if they are faster than that. Whatever is answered is right, and whoever is refused
    /// is told when to come back.
    async fn asks(&self, site: &Site, callers: usize, each: Option<Duration>) -> Asked {
        let begun = Instant::now();
        let mut asking = JoinSet::new();
        for (channel, bearer, expected) in self.askers.iter().cycle().take(callers) {
            let decisions = DecisionServiceClient::new(channel.clone());
            let (bearer, question) = (bearer.clone(), usual(&self.patient));
            let expected = *expected;
            asking.spawn(async move {
                let mut asked = Asked::default();
                let mut pace = each.map(tokio::time::interval);
                while begun.elapsed() < A_WHILE {
                    if let Some(pace) = &mut pace {
                        pace.tick().await;
                    }
                    ask_once(&decisions, &bearer, &question, expected, &mut asked).await;
                }
                asked
            });
        }
        lasts(A_WHILE / 2).await;
        site.says_that_it_serves().await;
        let mut all = Asked::default();
        while let Some(asked) = asking.join_next().await {
            let asked = asked.unwrap();
            all.times.extend(asked.times);
            all.refused += asked.refused;
        }
        all.times.sort();
        all.lasted = begun.elapsed();
        assert!(!all.times.is_empty(), "nobody is answered");
        all
    }
}

impl Asked {
    /// How long each of so many callers waits from one call to the next, so that together they
    /// make ten times the calls that were answered here.
    fn pace_of_ten_times(&self, callers: usize) -> Duration {
        let calls = u32::try_from(self.times.len() * 10).unwrap();
        self.lasted * u32::try_from(callers).unwrap() / calls
    }
}

async fn ask_once(
    decisions: &DecisionServiceClient<Channel>,
    bearer: &Bearer,
    question: &consent::AccessQuestion,
    expected: Effect,
    asked: &mut Asked,
) {
    let request = bearer.asks(consent::AuthorizeRequest {
        question: Some(question.clone()),
        request_id: fresh_id(),
    });
    let begun = Instant::now();
    match decisions.clone().authorize(request).await {
        Ok(answer) => {
            let decision = answer.into_inner().decision.unwrap();
            assert_eq!(decision.effect(), expected, "{decision:?}");
            asked.times.push(begun.elapsed());
        }
        Err(status) => {
            assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
            let retry = status.get_details_retry_info();
            assert!(retry.is_some_and(|retry| retry.retry_delay.is_some()));
            asked.refused += 1;
        }
    }
}

/// Leaves the figures where they were asked for.
fn leave(rows: &[(&str, &Asked)]) {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let rows = rows.iter().map(|(callers, asked)| {
        let at = |share: usize| {
            let last = asked.times.len() - 1;
            asked.times[last * share / 100].as_micros()
        };
        let answered = asked.times.len() as u128 * 1000 / asked.lasted.as_millis().max(1);
        let figures = [
            ("answered_a_second", answered),
            ("refused", asked.refused as u128),
            ("median_us", at(50)),
            ("p99_us", at(99)),
        ];
        let figures = figures.map(|(name, figure)| (name, u64::try_from(figure).unwrap()));
        serde_json::json!({ "callers": callers, "figures": BTreeMap::from(figures) })
    });
    let rows: serde_json::Value = rows.collect();
    std::fs::write(
        Path::new(&folder).join("overload.figures"),
        rows.to_string(),
    )
    .unwrap();
}
