//! What operators see of the four programs, with tools that are not ours: a Prometheus that
//! scrapes every instance and judges the alerts of `deploy/monitoring`, and a collector to
//! which everything is exported. And whom nobody sees there.

mod calls;
mod named;
mod programs;
mod prometheus;
mod received;
mod rotel;
mod traces;

use std::time::{Duration, Instant};

use aval_proto::practitioner_directory::v1::SearchPractitionersRequest;
use aval_testing::held::Held;

use crate::faults::site::Site;
use crate::health::secrets::{Secret, contains, found_in, secrets_of_everything};
use crate::telemetry::CREATE_GRANT;
use crate::world::World;
use calls::{Counted, give_use_and_take_back};
use prometheus::Prometheus;
use received::Received;
use rotel::Rotel;
use traces::Traces;

/// Services by their job and under the name of their variables, in the order of their ports.
const SERVICES: [(&str, &str); 4] = [
    ("practitioner-directory", "PRACTITIONER_DIRECTORY"),
    ("identity", "IDENTITY"),
    ("consent", "CONSENT"),
    ("audit", "AUDIT"),
];

/// In the order of names: no witness is asked about this log, and an alarm that was never
/// raised is counted from the first one on.
const NOT_THERE: [&str; 4] = [
    "aval_audit_witness_conflict",
    "aval_audit_witness_failures_total",
    "aval_audit_witnesses_lag_seconds",
    "aval_directory_import_alarms_total",
];

/// Longer than anything waits for that is measured or exported once in a while: the canary
/// sings every 30 seconds.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_and_a_collector_are_told_what_happens_and_nothing_of_whom() {
    const TEST: &str = "prometheus_and_a_collector_are_told";
    let programs = (Prometheus::find_or_say(TEST), Rotel::find_or_say(TEST));
    let (Some(prometheus), Some(rotel)) = programs else {
        return;
    };
    let received = Received::start().await;
    let rotel = Rotel::start(rotel, &received);
    let Some(mut site) = open_site(TEST, &rotel.url()).await else {
        return;
    };
    let prometheus = Prometheus::start(prometheus, &instances(&site));

    let world = World::begin_in(site.scene).await;
    let counted = give_use_and_take_back(&world).await;
    somebody_is_searched_for(&world).await;
    every_instance_is_scraped(&prometheus).await;
    every_call_is_counted(&prometheus, &counted).await;
    every_metric_that_is_asked_for_is_there(&prometheus).await;
    every_alert_is_judged_and_none_fires(&prometheus).await;
    the_traces_arrive(&received).await;

    // Now whatever can be asked, by whoever may and may not.
    let secrets = secrets_of_everything(&world).await;
    for service in [
        &mut site.consent,
        &mut site.other_consent,
        &mut site.identity,
        &mut site.directory,
        &mut site.audit,
    ] {
        // They send what is not sent yet.
        Held::stop(service);
    }
    the_metrics_arrive(&received).await;
    alerts_see_that_nobody_is_there(&prometheus).await;

    let passed_on = received.everything();
    nobody_is_found("what the collector passed on", &passed_on, &secrets);
    let held = prometheus.everything().await;
    nobody_is_found("what Prometheus holds", &held, &secrets);
    let found = found_in("the collector's log", rotel.log().as_bytes(), &secrets);
    assert!(found.is_empty(), "{found:?}");
}

/// The programs, which export to this collector, every trace. Every answer from memory is
/// compared.
async fn open_site(test: &str, collector: &str) -> Option<Site> {
    let mut settings = vec![("CONSENT__CACHE__SAMPLE_ONE_IN".to_owned(), "1".to_owned())];
    for (service, variable) in SERVICES {
        let key = |key: &str| format!("{variable}__TELEMETRY__{key}");
        settings.push((key("OTLP_ENDPOINT"), collector.to_owned()));
        settings.push((key("TRACE_ONE_IN"), "1".to_owned()));
        settings.push((key("SERVICE_NAME"), format!("aval-{service}")));
    }
    let settings: Vec<_> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    Site::open(test, &settings).await
}

/// Every instance by its job and its ops port.
fn instances(site: &Site) -> Vec<(&'static str, u16)> {
    let jobs = SERVICES.into_iter().map(|(job, _)| job);
    let ports = site.scene.ports.ops;
    let mut instances: Vec<_> = jobs.zip(ports).collect();
    instances.push(("consent", site.other_consent_ops));
    instances
}

async fn every_instance_is_scraped(prometheus: &Prometheus) {
    eventually("every instance is scraped", async || {
        let mut up = prometheus.numbers("sum by (job) (up)", ["job"]).await;
        up.sort_by(|one, other| one.0.cmp(&other.0));
        let expected = [
            ("audit", 1.0),
            ("consent", 2.0),
            ("identity", 1.0),
            ("practitioner-directory", 1.0),
        ];
        let expected = expected.map(|(job, instances)| ([job.to_owned()], instances));
        unless(up != expected, up)
    })
    .await;
}

/// Of searches something is counted only once there was one.
async fn somebody_is_searched_for(world: &World) {
    let [person, _] = &world.scene.cast.homonyms;
    let request = SearchPractitionersRequest {
        name: format!("{} {}", person.given_name, person.family_name),
        ..SearchPractitionersRequest::default()
    };
    let mut directory = world.scene.clinic.directory();
    let found = directory.search_practitioners(request).await.unwrap();
    assert!(!found.into_inner().matches.is_empty());
}

/// Rate, errors and duration of each call, as it was made.
async fn every_call_is_counted(prometheus: &Prometheus, expected: &Counted) {
    const LABELS: [&str; 2] = ["rpc_method", "rpc_status_code"];
    let methods: Vec<_> = expected.keys().map(|[method, _]| method.as_str()).collect();
    let of = |series: &str, more: &str| {
        let methods = methods.join("|");
        format!(
            "sum by (rpc_method, rpc_status_code) (rpc_server_call_duration_seconds_{series}\
             {{job=\"consent\", rpc_method=~\"{methods}\"{more}}})"
        )
    };
    for counts in [of("count", ""), of("bucket", ", le=\"+Inf\"")] {
        eventually("every call is counted", async || {
            let counted = prometheus.numbers(&counts, LABELS).await.into_iter();
            let counted: Counted = counted.collect();
            unless(counted != *expected, counted)
        })
        .await;
    }
    let took = prometheus.numbers(&of("sum", ""), LABELS).await;
    assert_eq!(took.len(), expected.len());
    assert!(took.iter().all(|(_, seconds)| *seconds > 0.0), "{took:?}");
    // Who asks for what there is not, or has no token, made an error of their own.
    let failed = of("count", ", error_type!=\"\"");
    assert!(prometheus.ask(&failed).await.is_empty());
}

async fn every_metric_that_is_asked_for_is_there(prometheus: &Prometheus) {
    let asked_for = named::metrics();
    eventually("every metric is there", async || {
        let mut missing = Vec::new();
        for metric in &asked_for {
            if prometheus.ask(metric).await.is_empty() {
                missing.push(metric.as_str());
            }
        }
        unless(missing != NOT_THERE, missing).map(drop)
    })
    .await;
}

async fn every_alert_is_judged_and_none_fires(prometheus: &Prometheus) {
    let alerts = eventually("every alert is judged", async || {
        let alerts = prometheus.alerts().await;
        let judged = alerts.iter().all(|alert| alert.health == "ok");
        unless(!judged || alerts.is_empty(), alerts)
    })
    .await;
    let names = alerts.iter().map(|alert| alert.name.clone()).collect();
    assert_eq!(named::alerts(), names);
    let firing: Vec<_> = alerts.iter().filter(|alert| alert.is_firing()).collect();
    assert!(firing.is_empty(), "{firing:?}");
}

async fn the_traces_arrive(received: &Received) {
    eventually("the traces arrive", async || {
        let traces = Traces(received.spans());
        let crossed = traces.crossings();
        let expected = [
            ("aval-consent", "aval-practitioner-directory"),
            ("aval-identity", "aval-practitioner-directory"),
            ("aval-consent", "aval-audit"),
        ];
        let missing = expected.iter().any(|crossing| !crossed.contains(crossing));
        unless(missing || !traces.has_the_callers(), &crossed).map(drop)
    })
    .await;
}

async fn the_metrics_arrive(received: &Received) {
    let all = SERVICES
        .map(|(service, _)| format!("aval-{service}"))
        .into();
    eventually("every service's metrics arrive", async || {
        let arrived = received.services_with_metrics();
        unless(arrived != all, arrived)
    })
    .await;
}

/// The alerts do fire: this one a minute later.
async fn alerts_see_that_nobody_is_there(prometheus: &Prometheus) {
    eventually("an alert waits to be fired", async || {
        let alerts = prometheus.alerts().await;
        let gone = alerts.iter().find(|alert| alert.name == "AvalServiceGone");
        unless(gone.is_none_or(|alert| alert.state == "inactive"), alerts)
    })
    .await;
}

/// What is public is found, so that the search would find the rest.
fn nobody_is_found(place: &str, bytes: &[u8], secrets: &[Secret]) {
    assert!(contains(bytes, CREATE_GRANT.as_bytes()), "{place} is empty");
    let found = found_in(place, bytes, secrets);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Like [`crate::patience::eventually`], for what takes longer: until nothing is amiss any more.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(amiss) if begun.elapsed() > PATIENCE => panic!("{what}: {amiss}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

fn unless<T>(amiss: bool, seen: T) -> Result<T, String>
where
    T: std::fmt::Debug,
{
    if amiss {
        Err(format!("{seen:?}"))
    } else {
        Ok(seen)
    }
}
