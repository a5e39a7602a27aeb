//! How many calls were answered with an error, and why.

use std::sync::OnceLock;

use aval_proto::common::v1::ErrorReason;
use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tonic::Status;
use tonic_types::StatusExt;

use super::{MethodLabel, metrics};
use crate::status::{ERROR_DOMAIN, reason_name};

/// The reason of an answer that states none of the contract's: what a service did not say
/// itself, such as that it drains.
const OTHER: &str = "_OTHER";

/// A call of this method was answered with an error for this reason.
pub(super) fn count(method: MethodLabel, reason: &'static str) {
    static COUNTER: OnceLock<Counter<u64>> = OnceLock::new();
    let counter = COUNTER.get_or_init(|| {
        metrics::meter()
            .u64_counter("aval.rpc.refusals")
            .with_description(
                "Calls that were answered with an error, by the reason that stands in it.",
            )
            .build()
    });
    let attributes = [
        KeyValue::new("rpc.method", method.as_str()),
        KeyValue::new("reason", reason),
    ];
    counter.add(1, &attributes);
}

/// The reason that stands in headers or trailers.
pub(crate) fn reason_in(headers: &HeaderMap) -> &'static str {
    Status::from_header_map(headers).map_or(OTHER, |status| reason_of(&status))
}

/// The reason that stands in a status: one of the contract's, whoever wrote it.
pub(crate) fn reason_of(status: &Status) -> &'static str {
    let info = status.get_details_error_info();
    info.filter(|info| info.domain == ERROR_DOMAIN)
        .and_then(|info| ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)))
        .map_or(OTHER, reason_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Refusal;

    #[test]
    fn a_reason_is_one_of_the_contracts_or_other() {
        let refused = Status::from(Refusal::new(ErrorReason::NotFound, "there is none"));
        assert_eq!(reason_of(&refused), "NOT_FOUND");
        let headers = refused
            .into_http::<tonic::body::Body>()
            .into_parts()
            .0
            .headers;
        assert_eq!(reason_in(&headers), "NOT_FOUND");
        assert_eq!(reason_of(&Status::unavailable("draining")), OTHER);
        assert_eq!(reason_in(&HeaderMap::new()), OTHER);
        let mut forged = tonic_types::ErrorDetails::new();
        forged.set_error_info("ANYTHING", ERROR_DOMAIN, []);
        let forged = Status::with_error_details(tonic::Code::Internal, "", forged);
        assert_eq!(reason_of(&forged), OTHER);
    }
}
