//! Connections and streams that are there to be in the way.

use std::sync::Arc;
use std::time::Duration;

use aval_proto::consent::v1 as consent;
use aval_proto::consent::v1::notification_service_client::NotificationServiceClient;
use futures::future::join_all;
use tokio::task::JoinSet;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::intruder::{Target, never_finishes_a_handshake};
use super::play::{lasts, scenario};
use super::programs::no_call_failed;
use super::site::Site;
use crate::contract::Listener;
use crate::scene::{CLINIC, numbered};
use crate::world::STRANGER;

const A_WHILE: Duration = Duration::from_secs(3);
const SLOWLY: Duration = Duration::from_millis(100);

impl Site {
    /// Both instances of consent, as a practice's software reaches them by hand.
    fn targets(&self) -> [Target; 2] {
        let files = Arc::new(self.certificate_of(CLINIC));
        self.consents.map(|address| Target {
            address,
            files: Arc::clone(&files),
        })
    }

    /// Whether consent says that it serves, to whom has no rights at all.
    pub(super) async fn says_that_it_serves(&self) {
        let channel = self.scene.caller(STRANGER).channel(Listener::Consent);
        let mut health = HealthClient::new(channel);
        let answer = health.check(HealthCheckRequest::default()).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_come_that_never_finish() {
    let scenario = scenario(
        "connections_come_that_never_finish",
        "600 connections that send a handshake byte by byte, and 40 with a certificate that send headers so",
    );
    let seen = scenario.play(async |site| {
        let mut trickling = JoinSet::new();
        let mut hanging = JoinSet::new();
        for target in site.targets() {
            for _ in 0..300 {
                hanging.spawn(never_finishes_a_handshake(target.address));
            }
            for _ in 0..20 {
                let target = target.clone();
                trickling.spawn(async move { target.intruder().await?.trickles(SLOWLY).await });
            }
        }
        site.says_that_it_serves().await;
        // Each is shown the door, and not only when it is done: that would take a minute.
        while let Some(ended) = hanging.join_next().await {
            ended.unwrap().unwrap();
        }
        trickling.shutdown().await;
    });
    no_call_failed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_come_that_never_go_on() {
    let scenario = scenario(
        "calls_come_that_never_go_on",
        "4000 calls begun and left so on 4 connections to consent, for 3 s",
    );
    scenario
        .play(async |site| {
            let targets = site.targets();
            let both = [&targets, &targets].into_iter().flatten();
            let mut intruders = Vec::new();
            for target in both {
                let mut intruder = target.intruder().await.unwrap();
                intruder.begins(1000).await.unwrap();
                intruders.push(intruder);
            }
            site.says_that_it_serves().await;
            lasts(A_WHILE).await;
            site.says_that_it_serves().await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_come_that_are_taken_back_at_once() {
    let scenario = scenario(
        "calls_come_that_are_taken_back_at_once",
        "calls begun and taken back without a pause, on 4 connections to consent, for 3 s",
    );
    scenario
        .play(async |site| {
            let mut intruders = JoinSet::new();
            for target in site
                .targets()
                .into_iter()
                .flat_map(|one| [one.clone(), one])
            {
                intruders.spawn(async move {
                    loop {
                        // Whoever is shown the door comes back at once.
                        if let Ok(mut intruder) = target.intruder().await {
                            let _ = intruder.takes_back().await;
                        }
                    }
                });
            }
            lasts(A_WHILE).await;
            site.says_that_it_serves().await;
            intruders.shutdown().await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_come_by_the_hundred() {
    let scenario = scenario(
        "watches_come_by_the_hundred",
        "1000 watches of a patient's notifications, opened at once and kept for 3 s",
    );
    scenario
        .play(async |site| {
            let patient = site.scene.patient(numbered(50)).await;
            let channels = [(); 4].map(|()| site.consent_for("gateway"));
            let opened = channels.iter().flat_map(|channel| {
                (0..250).map(|_| {
                    let mut client = NotificationServiceClient::new(channel.clone());
                    let request = patient.bearer.asks(consent::WatchNotificationsRequest {
                        cursor: "start".to_owned(),
                    });
                    async move { client.watch_notifications(request).await }
                })
            });
            let mut watching = 0;
            let opened = join_all(opened).await;
            for answer in &opened {
                match answer {
                    Ok(_) => watching += 1,
                    Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}"),
                }
            }
            assert!(watching > 0, "nobody watches");
            lasts(A_WHILE).await;
            site.says_that_it_serves().await;
        })
        .await;
}
