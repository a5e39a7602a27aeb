//! Calls with any bytes, for whatever the contract has and for what it has not.

use aval::client::Channel;
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status};

use crate::contract::Call;

/// Makes a call with this message. Answers the first message that comes back, which is
/// empty for an answer in a stream: that it begins is all that is looked at.
pub(crate) async fn call(
    channel: Channel,
    call: &Call,
    message: Request<Bytes>,
) -> Result<Bytes, Status> {
    let mut answers = open(channel, call.path(), message).await?;
    if call.answers_in_a_stream() {
        return Ok(Bytes::new());
    }
    let answer = answers.message().await?;
    Ok(answer.unwrap_or_default())
}

/// Makes a call to any path.
pub(crate) async fn open(
    channel: Channel,
    path: PathAndQuery,
    message: Request<Bytes>,
) -> Result<tonic::Streaming<Bytes>, Status> {
    let mut client = Grpc::new(channel);
    let ready = client.ready().await;
    ready.map_err(|error| Status::unknown(error.to_string()))?;
    // On the wire a single message is a stream of one.
    let message = message.map(tokio_stream::once);
    let answer = client.streaming(message, path, Unchanged).await?;
    Ok(answer.into_inner())
}

/// Bytes as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unchanged;

impl Codec for Unchanged {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Unchanged {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for Unchanged {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
