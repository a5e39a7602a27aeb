//! gRPC calls with as little around them as there can be.
//!
//! Where callers and servers share the cores of one machine, what callers cost is taken from
//! what servers can do. This makes unary calls over HTTP/2 and mutual TLS, and nothing else:
//! no names to resolve, no balancing, no trying again. What stands in the frames is what
//! every client sends.

mod connection;

use std::future::poll_fn;
use std::net::SocketAddr;

use anyhow::Context;
use aval_runtime::config::TlsFiles;
use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use prost::Message;
use tonic::{Code, Status};

use super::load::Failure;

/// Before each message: whether it is compressed, and its length in four bytes.
const PREFIX: usize = 5;

/// One method of a server, over a connection that its clones share.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    sender: SendRequest<Bytes>,
    head: Request<()>,
}

/// Opens so many connections to a method (`/package.Service/Method`), showing this
/// certificate. To be called in the callers' run time, which serves them.
pub(crate) async fn open(
    address: SocketAddr,
    files: &TlsFiles,
    method: &str,
    count: usize,
) -> anyhow::Result<Vec<Wire>> {
    let head = Request::post(format!("https://localhost{method}"))
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .body(())?;
    let mut wires = Vec::with_capacity(count);
    for _ in 0..count {
        let sender = connection::open(address, files).await;
        let sender = sender.with_context(|| format!("cannot connect to {address}"))?;
        let head = head.clone();
        wires.push(Wire { sender, head });
    }
    Ok(wires)
}

impl Wire {
    /// Makes one call.
    pub(crate) async fn call<A>(&mut self, request: &impl Message) -> Result<A, Failure>
    where
        A: Message + Default,
    {
        let sending = self.send(request);
        let (head, mut body) = sending.await.map_err(|_| Failure::CONNECTION)?;
        let received = receive(&mut body).await;
        let (bytes, trailers) = received.map_err(|_| Failure::CONNECTION)?;
        let said = |headers: &HeaderMap| headers.get("grpc-status").cloned();
        let code = trailers.as_ref().and_then(said).or_else(|| said(&head));
        let code = code.as_ref().map_or(&b""[..], |code| code.as_bytes());
        if code != b"0" {
            let status = Status::new(Code::from_bytes(code), "");
            return Err(Failure::of_status(&status));
        }
        let message = bytes.get(PREFIX..).unwrap_or_default();
        A::decode(message).map_err(|_| Failure::UNEXPECTED_ANSWER)
    }

    async fn send(&mut self, request: &impl Message) -> Result<(HeaderMap, RecvStream), h2::Error> {
        let length = request.encoded_len();
        let mut frame = BytesMut::with_capacity(PREFIX + length);
        frame.put_u8(0);
        frame.put_u32(u32::try_from(length).expect("a request is short"));
        request.encode(&mut frame).expect("there is room for it");
        poll_fn(|cx| self.sender.poll_ready(cx)).await?;
        let (answer, mut body) = self.sender.send_request(self.head.clone(), false)?;
        body.send_data(frame.freeze(), true)?;
        let (head, body) = answer.await?.into_parts();
        Ok((head.headers, body))
    }
}

async fn receive(body: &mut RecvStream) -> Result<(Bytes, Option<HeaderMap>), h2::Error> {
    let mut bytes = Bytes::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        bytes = if bytes.is_empty() {
            chunk
        } else {
            [bytes, chunk].concat().into()
        };
    }
    Ok((bytes, body.trailers().await?))
}
