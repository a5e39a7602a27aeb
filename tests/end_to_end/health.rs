//! What operators and probes see: health, reflection, metrics. And what nobody may see
//! there.

pub(crate) mod secrets;
mod secrets_on_servers;

use std::collections::BTreeMap;

use aval::stack::Ports;
use prost::Message;
use prost_types::FileDescriptorProto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::contract::{Call, Listener};
use crate::patience::eventually;
use crate::scene::{Caller, Scene};
use crate::world::STRANGER;

/// The gRPC services of the contract, and where each is served.
fn services() -> BTreeMap<String, Listener> {
    let calls = Call::all().into_iter();
    calls
        .map(|call| (call.service(), call.listener()))
        .collect()
}

#[tokio::test]
async fn every_service_says_to_whoever_has_a_certificate_that_it_serves() {
    let scene = Scene::empty().await;
    let stranger = scene.caller(STRANGER);
    for (service, listener) in services() {
        for name in ["", &service] {
            let request = HealthCheckRequest {
                service: name.to_owned(),
            };
            let mut health = HealthClient::new(stranger.channel(listener));
            let answer = health.check(request).await.unwrap().into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service}: {name}");
        }
        // What another listener serves is not said to be served here.
        for other in Listener::ALL.into_iter().filter(|other| *other != listener) {
            let request = HealthCheckRequest {
                service: service.clone(),
            };
            let answer = HealthClient::new(stranger.channel(other))
                .check(request)
                .await;
            assert_eq!(
                answer.unwrap_err().code(),
                tonic::Code::NotFound,
                "{service}"
            );
        }
    }
}

#[tokio::test]
async fn reflection_shows_the_services_with_their_comments() {
    let scene = Scene::empty().await;
    let stranger = scene.caller(STRANGER);
    for (service, listener) in services() {
        let MessageResponse::ListServicesResponse(list) = reflect(
            &stranger,
            listener,
            MessageRequest::ListServices(String::new()),
        )
        .await
        else {
            panic!("a list is answered by a list");
        };
        assert!(
            list.service.iter().any(|listed| listed.name == service),
            "{service}"
        );

        let question = MessageRequest::FileContainingSymbol(service.clone());
        let MessageResponse::FileDescriptorResponse(files) =
            reflect(&stranger, listener, question).await
        else {
            panic!("a symbol is answered by its file");
        };
        let short = service.rsplit('.').next().unwrap();
        let files = files.file_descriptor_proto.iter();
        let commented = files.map(|bytes| {
            comments(
                &FileDescriptorProto::decode(bytes.as_slice()).unwrap(),
                short,
            )
        });
        let (calls, with_comment) = commented.max().unwrap();
        assert!(
            calls > 0 && calls == with_comment,
            "{service}: {with_comment} of {calls}"
        );
    }
}

/// How many calls a service has in this file, and how many have a comment that begins
/// with their name.
fn comments(file: &FileDescriptorProto, service: &str) -> (usize, usize) {
    let services = file.service.iter().enumerate();
    let Some((place, service)) = services
        .into_iter()
        .find(|(_, found)| found.name() == service)
    else {
        return (0, 0);
    };
    let source = file.source_code_info.clone().unwrap_or_default();
    let place = i32::try_from(place).unwrap();
    let is_commented = |number: i32, name: &str| {
        // The field numbers of `service` in a file and of `method` in a service.
        let path = [6, place, 2, number];
        let mut at = source
            .location
            .iter()
            .filter(|location| location.path == path);
        at.any(|location| location.leading_comments().trim_start().starts_with(name))
    };
    let methods = (0..).zip(&service.method);
    let commented = methods
        .filter(|(number, method)| is_commented(*number, method.name()))
        .count();
    (service.method.len(), commented)
}

#[tokio::test]
async fn every_service_is_live_and_ready_and_shows_its_metrics() {
    let scene = Scene::empty().await;
    let stranger = scene.caller(STRANGER);
    for listener in Listener::ALL {
        let request = HealthCheckRequest::default();
        HealthClient::new(stranger.channel(listener))
            .check(request)
            .await
            .unwrap();
    }
    for port in scene.ports.ops {
        assert_eq!(get(port, "/live").await.0, 200);
        assert_eq!(get(port, "/ready").await.0, 200);
        let (status, metrics) = get(port, "/metrics").await;
        assert_eq!(status, 200);
        assert!(metrics.contains("grpc.health.v1.Health/Check"), "{metrics}");
        assert_eq!(get(port, "/").await.0, 404);
    }
}

#[tokio::test]
async fn every_service_shows_what_waits_for_the_trail() {
    let scene = Scene::empty().await;
    let sources = ["practitioner-directory", "identity", "consent", "audit"];
    let [ops, ..] = scene.ports.ops;
    for source in sources {
        let shown = format!("source=\"{source}\"");
        eventually("a producer's outbox is looked at", async || {
            let (_, metrics) = get(ops, "/metrics").await;
            let of_source = |name: &str| {
                let mut lines = metrics.lines();
                lines.any(|line| line.starts_with(name) && line.contains(&shown))
            };
            (of_source("aval_outbox_events") && of_source("aval_outbox_age_seconds")).then_some(())
        })
        .await;
    }
}

async fn reflect(caller: &Caller, listener: Listener, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        message_request: Some(question),
        ..Default::default()
    };
    let mut reflection = ServerReflectionClient::new(caller.channel(listener));
    let answers = reflection
        .server_reflection_info(tokio_stream::iter([request]))
        .await;
    let answer = answers
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    answer.message_response.unwrap()
}

/// Asks an ops port, or whatever answers in clear: the status and the body. In the old version
/// of HTTP the body comes in one piece.
pub(crate) async fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(Ports::address(port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
