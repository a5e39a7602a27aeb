//! The `grpc-timeout` header, and the answer of a call whose time ran out.

use std::time::Duration;

use aval_proto::common::v1::ErrorReason;
use http::{HeaderMap, HeaderValue};

use crate::status::Refusal;

pub(crate) const GRPC_TIMEOUT: &str = "grpc-timeout";

/// How long the caller waits, if it says so in the form that gRPC gives: up to
/// eight digits and a unit.
pub(crate) fn requested(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// The header for this wait, in the finest unit that eight digits hold.
pub(crate) fn header(wait: Duration) -> HeaderValue {
    const EIGHT_DIGITS: u128 = 99_999_999;
    let (number, unit) = match wait {
        _ if wait.as_micros() <= EIGHT_DIGITS => (wait.as_micros(), 'u'),
        _ if wait.as_millis() <= EIGHT_DIGITS => (wait.as_millis(), 'm'),
        _ => (u128::from(wait.as_secs()).min(EIGHT_DIGITS), 'S'),
    };
    HeaderValue::from_str(&format!("{number}{unit}")).expect("digits and a letter are a header")
}

/// The call's time ran out.
pub(crate) fn exceeded() -> Refusal {
    Refusal::new(
        ErrorReason::DeadlineExceeded,
        "the call's time ran out before it was done",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Duration> {
        let value = HeaderValue::from_str(text).ok()?;
        requested(&HeaderMap::from_iter([(
            GRPC_TIMEOUT.parse().unwrap(),
            value,
        )]))
    }

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(read("2H"), Some(Duration::from_hours(2)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for malformed in ["", "5", "S", "5s", "-5S", "1.5S", "123456789S", "5é"] {
            assert_eq!(read(malformed), None, "{malformed}");
        }
        assert_eq!(requested(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn a_wait_reads_back_in_its_unit(micros in 0u64..100_000_000) {
            let wait = Duration::from_micros(micros);
            prop_assert_eq!(read(header(wait).to_str().unwrap()), Some(wait));
        }

        #[test]
        fn a_long_wait_is_never_lengthened(seconds: u64) {
            let wait = Duration::from_secs(seconds);
            prop_assert!(read(header(wait).to_str().unwrap()).unwrap() <= wait);
        }

        #[test]
        fn reading_is_total(text in "[0-9a-zA-Z]{0,12}|.{0,12}") {
            let _ = read(&text);
        }
    }
}
