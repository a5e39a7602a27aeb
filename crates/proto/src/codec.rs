//! How messages are read and written.

mod exclusive;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use prost::bytes::Buf as _;
use prost::{Message, Name};
use tonic::codec::{BufferSettings, DecodeBuf, Decoder};
use tonic::{Code, Status};
use tonic_prost::{ProstCodec, ProstEncoder};
use tonic_types::{ErrorDetails, StatusExt as _};

use exclusive::{BothSet, Shape};

/// tonic's own codec for prost, but for two things.
///
/// What came is taken out of the connection's buffer whole, without copying it, and read
/// from there. Read in place, each field moves the buffer's beginning, and a list of 200
/// documents has a thousand fields: it took a quarter longer.
///
/// A request in which two fields are set that exclude each other is refused: read as
/// protobuf has it, the last would silently win.
pub struct Codec<T, U>(PhantomData<(T, U)>);

/// Reads messages of type `U`.
pub struct WholeDecoder<U> {
    exclusive: Option<&'static Shape>,
    message: PhantomData<U>,
}

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + 'static,
    U: Message + Name + Default + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = WholeDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        WholeDecoder {
            exclusive: exclusive::shape_of::<U>(),
            message: PhantomData,
        }
    }
}

impl<U: Message + Default> Decoder for WholeDecoder<U> {
    type Item = U;
    type Error = Status;

    /// Bytes that are no such message are `INTERNAL`, as gRPC has it; two fields that
    /// exclude each other are `INVALID_ARGUMENT`.
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        let message =
            U::decode(bytes.clone()).map_err(|error| Status::internal(error.to_string()))?;
        match self.exclusive.and_then(|shape| shape.both_set(&bytes)) {
            Some(both) => Err(refusal(&both)),
            None => Ok(Some(message)),
        }
    }
}

/// `FIELD_INVALID`, as the services themselves say it.
fn refusal(both: &BothSet) -> Status {
    let mut details = ErrorDetails::new();
    details
        .set_error_info("FIELD_INVALID", "aval", HashMap::new())
        .add_bad_request_violation(
            &both.field,
            format!("must not be set together with {}", both.other),
        )
        .set_localized_message(
            "fr",
            "Une ou plusieurs informations saisies sont incorrectes.",
        );
    let message = "one or more fields of the request are invalid";
    Status::with_error_details(Code::InvalidArgument, message, details)
}

impl<T, U> fmt::Debug for Codec<T, U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Codec")
    }
}

impl<U> fmt::Debug for WholeDecoder<U> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WholeDecoder")
    }
}
