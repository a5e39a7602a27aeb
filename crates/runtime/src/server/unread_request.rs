//! What tonic answers by itself to a request that it cannot read, in the contract's
//! form.

use http::{HeaderName, Response};
use tonic::Code;
use tonic::body::Body;

use crate::answer;
use crate::status::{Refusal, not_implemented};

/// Where a refusal carries its reason. Those of our own handlers always do.
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Passes an answer on, unless it is a bare status that tells no reason: bytes that are
/// no message of the contract, or none at all, or in an encoding that is not spoken here.
pub(super) fn with_reason(answer: Response<Body>) -> Result<Response<Body>, Refusal> {
    let headers = answer.headers();
    if headers.contains_key(DETAILS) {
        return Ok(answer);
    }
    match answer::code_in(headers) {
        Some(Code::Internal | Code::OutOfRange) => Err(Refusal::field(
            "",
            "the request must be one message of this call, as the contract has it",
        )),
        Some(Code::Unimplemented) => Err(not_implemented()),
        _ => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use aval_proto::common::v1::ErrorReason;
    use tonic::Status;

    use super::*;

    fn judged(status: Status) -> Result<Option<Code>, ErrorReason> {
        let judged = with_reason(status.into_http());
        judged
            .map(|answer| answer::code_in(answer.headers()))
            .map_err(|refusal| refusal.reason())
    }

    #[test]
    fn a_bare_status_of_a_request_that_was_not_read_gets_a_reason() {
        let unread = Status::internal("failed to decode Protobuf message: invalid varint");
        assert_eq!(judged(unread), Err(ErrorReason::FieldInvalid));
        let encoded = Status::unimplemented("content is compressed with `zstd`");
        assert_eq!(judged(encoded), Err(ErrorReason::NotImplemented));
    }

    #[test]
    fn an_answer_and_a_refusal_with_a_reason_pass_as_they_are() {
        assert_eq!(judged(Status::ok("")), Ok(Some(Code::Ok)));
        let defect = Refusal::new(ErrorReason::Internal, "the service failed");
        assert_eq!(judged(defect.into()), Ok(Some(Code::Internal)));
        assert!(with_reason(Response::new(Body::empty())).is_ok());
    }
}
