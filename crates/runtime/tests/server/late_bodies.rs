//! Calls that are refused before what they send is there.

use std::time::Duration;

use futures::future::join_all;
use h2::client::{ResponseFuture, SendRequest};
use h2::{PingPong, SendStream};
use hyper::body::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tonic::{Code, Status};

use crate::instances::instance_with;
use crate::stand::{Desk, Stand, reason};

/// An empty message, as gRPC sends it.
const MESSAGE: &[u8] = &[0; 5];

/// A connection whose headers and data are sent when the test says so.
struct Wire {
    calls: SendRequest<Bytes>,
    pings: PingPong,
}

impl Wire {
    async fn to(stand: &Stand) -> Self {
        let stream = TcpStream::connect(stand.address).await.unwrap();
        let (calls, mut connection) = h2::client::handshake(stream).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        tokio::spawn(connection);
        Self { calls, pings }
    }

    /// Sends the headers of a call of the stand's service.
    async fn begin(&mut self, method: &str) -> (ResponseFuture, SendStream<Bytes>) {
        self.call(&format!("/{}/{method}", crate::stand::SERVICE))
            .await
    }

    /// Sends the headers of a call.
    async fn call(&mut self, path: &str) -> (ResponseFuture, SendStream<Bytes>) {
        let uri = format!("http://localhost{path}");
        let request = http::Request::post(uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        self.calls = self.calls.clone().ready().await.unwrap();
        self.calls.send_request(request, false).unwrap()
    }

    /// Returns when the server has read all that was sent, and answered what it could.
    async fn until_all_is_read(&mut self) {
        for _ in 0..2 {
            let ping = self.pings.ping(h2::Ping::opaque());
            ping.await.expect("the connection lives");
        }
    }
}

/// Sends the rest of a call, in the two frames that tonic makes of it.
fn send_the_rest(body: &mut SendStream<Bytes>) -> Result<(), h2::Error> {
    body.send_data(Bytes::from_static(MESSAGE), false)?;
    body.send_data(Bytes::new(), true)
}

async fn status(answer: ResponseFuture) -> Status {
    let answer = answer.await.expect("every call is answered");
    Status::from_header_map(answer.headers()).expect("a refusal has its status in its headers")
}

/// A server whose only room is taken, and the connection over which it was.
async fn without_room(desk: &Desk) -> (Stand, Wire) {
    let stand = instance_with(desk, |config| config.concurrency_limit = 1).await;
    let mut wire = Wire::to(&stand).await;
    let (waiting, mut body) = wire.begin("GetInclusionProof").await;
    send_the_rest(&mut body).unwrap();
    tokio::spawn(waiting);
    desk.until_a_handler_waits().await;
    (stand, wire)
}

#[tokio::test]
async fn a_connection_bears_any_number_of_refused_calls_whose_bodies_come_late() {
    let desk = Desk::new();
    let (_stand, mut wire) = without_room(&desk).await;
    for _ in 0..40 {
        let mut calls = Vec::new();
        for _ in 0..100 {
            calls.push(wire.begin("GetCheckpoint").await);
        }
        wire.until_all_is_read().await;
        for (_, body) in &mut calls {
            send_the_rest(body).expect("the call is not over before it is sent");
        }
        for refused in join_all(calls.into_iter().map(|(answer, _)| status(answer))).await {
            assert_eq!(reason(&refused), "OVERLOADED");
        }
    }
    wire.until_all_is_read().await;
}

#[tokio::test]
async fn a_refused_call_that_never_sends_its_body_is_answered() {
    let desk = Desk::new();
    let (_stand, mut wire) = without_room(&desk).await;
    let (answer, _body) = wire.begin("GetCheckpoint").await;
    let refused = tokio::time::timeout(crate::stand::PATIENCE, status(answer)).await;
    assert_eq!(refused.unwrap().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn whoever_may_not_call_takes_nobodys_room_while_they_send_nothing() {
    let desk = Desk::new();
    let stand = instance_with(&desk, |config| config.concurrency_limit = 1).await;
    let mut wire = Wire::to(&stand).await;
    let (refused, _body) = wire
        .call("/aval.identity.v1.SessionService/RefreshToken")
        .await;
    wire.until_all_is_read().await;
    let (served, mut body) = wire.begin("GetCheckpoint").await;
    send_the_rest(&mut body).unwrap();
    let served = tokio::time::timeout(crate::stand::PATIENCE, served).await;
    let served = served.unwrap().unwrap();
    assert!(served.headers().get("grpc-status").is_none(), "{served:?}");
    let refused = tokio::time::timeout(crate::stand::PATIENCE, status(refused)).await;
    assert_eq!(reason(&refused.unwrap()), "CALLER_NOT_ALLOWED");
}

/// The frames of HTTP/2 (RFC 9113), sent as they are, whatever the server answered meanwhile.
mod frames {
    pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const GO_AWAY: u8 = 7;
    pub(super) const END_STREAM: u8 = 0x1;
    pub(super) const END_HEADERS: u8 = 0x4;

    pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        [&head, payload].concat()
    }

    /// The headers of a call, in HPACK (RFC 7541) without any table of one's own.
    pub(super) fn headers_of(path: &str) -> Vec<u8> {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        [
            vec![0x83, 0x86],                                      // POST, http
            [vec![0x04], text(path)].concat(),                     // :path
            [vec![0x01], text("localhost")].concat(),              // :authority
            [vec![0x0f, 0x10], text("application/grpc")].concat(), // content-type
            [vec![0x00], text("te"), text("trailers")].concat(),
        ]
        .concat()
    }
}

/// Reads frames until so many calls are answered.
async fn answers(reads: &mut OwnedReadHalf, calls: u32) {
    let mut answered = 0;
    while answered < calls {
        let mut head = [0; 9];
        reads.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        reads.read_exact(&mut payload).await.unwrap();
        let kind = head[3];
        assert_ne!(kind, frames::GO_AWAY, "{}", payload.escape_ascii());
        answered += u32::from(kind == frames::HEADERS);
    }
}

#[tokio::test]
async fn a_connection_is_not_ended_for_data_of_calls_that_were_refused_before() {
    const CALLS: u32 = 100;

    let desk = Desk::new();
    let (stand, _wire) = without_room(&desk).await;
    let stream = TcpStream::connect(stand.address).await.unwrap();
    let (mut reads, mut writes) = stream.into_split();
    writes.write_all(frames::PREFACE).await.unwrap();
    let settings = frames::frame(frames::SETTINGS, 0, 0, &[]);
    writes.write_all(&settings).await.unwrap();
    let headers = frames::headers_of(&format!("/{}/GetCheckpoint", crate::stand::SERVICE));
    for round in 0..40 {
        let streams = (0..CALLS).map(|call| (round * CALLS + call) * 2 + 1);
        for stream in streams.clone() {
            let headers = frames::frame(frames::HEADERS, frames::END_HEADERS, stream, &headers);
            writes.write_all(&headers).await.unwrap();
        }
        // It could have answered all of them: in this time, or not before it has the data.
        tokio::time::sleep(Duration::from_millis(10)).await;
        for stream in streams {
            let data = frames::frame(frames::DATA, 0, stream, MESSAGE);
            let end = frames::frame(frames::DATA, frames::END_STREAM, stream, &[]);
            writes.write_all(&[data, end].concat()).await.unwrap();
        }
        let answered = answers(&mut reads, CALLS);
        let answered = tokio::time::timeout(crate::stand::PATIENCE, answered).await;
        answered.expect("every call is refused");
    }
}
