//! The W3C trace context of a call.

use std::fmt;
use std::str::FromStr;

use aval_domain::random::{self, Random};
use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};

/// The name of the header, in requests of both directions.
pub const TRACEPARENT: &str = "traceparent";

/// A W3C trace identifier: 16 bytes, not all of them zero; 32 lower-case
/// hexadecimal digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// `None` for all zeros, which names no trace.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

/// A place in a trace: what `traceparent` says (W3C Trace Context §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: TraceId,
    /// The span below which the call stands; not all zero.
    span_id: [u8; 8],
    /// Bit 0: whether the trace is recorded.
    flags: u8,
}

impl TraceParent {
    /// The beginning of a new trace that nobody records.
    #[must_use]
    pub fn begin(random: &dyn Random) -> Self {
        let bytes = random::bytes::<24>(random);
        let mut trace_id: [u8; 16] = std::array::from_fn(|place| bytes[place]);
        let mut span_id: [u8; 8] = std::array::from_fn(|place| bytes[16 + place]);
        // All zeros would name nothing.
        trace_id[0] |= 1;
        span_id[0] |= 1;
        Self {
            trace_id: TraceId(trace_id),
            span_id,
            flags: 0,
        }
    }

    /// Whether whoever is above records the trace.
    pub(crate) const fn is_recorded(self) -> bool {
        self.flags & 1 == 1
    }

    /// Eight bytes of the trace's name that were drawn, as a number.
    pub(crate) fn drawn(self) -> u64 {
        u64::from_be_bytes(std::array::from_fn(|place| self.trace_id.0[8 + place]))
    }

    /// The place that these headers name, if they name one.
    #[must_use]
    pub fn in_headers(headers: &HeaderMap) -> Option<Self> {
        headers.get(TRACEPARENT)?.to_str().ok()?.parse().ok()
    }

    /// The header's value.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("digits and hyphens are a header")
    }

    /// The place of a span.
    #[must_use]
    pub fn of_span(span: &SpanContext) -> Option<Self> {
        span.is_valid().then(|| Self {
            trace_id: TraceId(span.trace_id().to_bytes()),
            span_id: span.span_id().to_bytes(),
            flags: span.trace_flags().to_u8(),
        })
    }

    /// The span that this names, as one of another process.
    #[must_use]
    pub fn remote_span(self) -> SpanContext {
        SpanContext::new(
            opentelemetry::TraceId::from_bytes(self.trace_id.0),
            opentelemetry::SpanId::from_bytes(self.span_id),
            TraceFlags::new(self.flags),
            true,
            TraceState::default(),
        )
    }
}

/// The text is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent")]
pub struct InvalidTraceParent;

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    /// Reads version 00, and of later versions the part that 00 has.
    fn from_str(value: &str) -> Result<Self, InvalidTraceParent> {
        let (version, rest) = value.split_once('-').ok_or(InvalidTraceParent)?;
        let [version] = hex_bytes(version)?;
        let mut parts = rest.split('-');
        let mut part = || parts.next().ok_or(InvalidTraceParent);
        let trace_id = TraceId::from_bytes(hex_bytes(part()?)?).ok_or(InvalidTraceParent)?;
        let span_id = hex_bytes(part()?)?;
        let [flags] = hex_bytes(part()?)?;
        let has_more = parts.next().is_some();
        if version == 0xff || (version == 0 && has_more) || span_id == [0; 8] {
            return Err(InvalidTraceParent);
        }
        Ok(Self {
            trace_id,
            span_id,
            // Version 00 defines the lowest bit alone.
            flags: flags & 1,
        })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span_id = u64::from_be_bytes(self.span_id);
        write!(f, "00-{}-{span_id:016x}-{:02x}", self.trace_id, self.flags)
    }
}

fn hex_bytes<const N: usize>(text: &str) -> Result<[u8; N], InvalidTraceParent> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidTraceParent),
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return Err(InvalidTraceParent);
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(digits[0])? << 4) | digit(digits[1])?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_traceparent_reads_back() {
        let text = format!("00-{ID}-00f067aa0ba902b7-01");
        let parsed: TraceParent = text.parse().unwrap();
        assert_eq!(parsed.trace_id.to_string(), ID);
        assert_eq!(parsed.to_string(), text);
        let span = parsed.remote_span();
        assert!(span.is_remote() && span.is_sampled());
        assert_eq!(TraceParent::of_span(&span), Some(parsed));
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = format!("cc-{ID}-00f067aa0ba902b7-03-what");
        let parsed: TraceParent = later.parse().unwrap();
        assert_eq!(parsed.to_string(), format!("00-{ID}-00f067aa0ba902b7-01"));
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for value in [
            "",
            ID,
            &format!("ff-{ID}-00f067aa0ba902b7-01"),
            &format!("00-{ID}-00f067aa0ba902b7-01-what"),
            &format!("00-{ID}-0000000000000000-01"),
            &format!("00-{ID}-00f067aa0ba902b7"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
        ] {
            assert_eq!(
                value.parse::<TraceParent>(),
                Err(InvalidTraceParent),
                "{value}"
            );
        }
    }

    #[test]
    fn a_trace_that_begins_here_has_a_name_of_its_own() {
        let random = SeededRandom::new(1);
        let (one, two) = (TraceParent::begin(&random), TraceParent::begin(&random));
        assert_ne!(one.trace_id, two.trace_id);
        assert_eq!(one.to_string().parse(), Ok(one));
    }

    proptest! {
        #[test]
        fn reading_is_total(value in "[0-9a-f-]{0,60}|.{0,60}") {
            let _ = value.parse::<TraceParent>();
        }
    }
}
