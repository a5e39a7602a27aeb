//! Instants and spans of time.

use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use aval_proto::common::v1 as proto;

use crate::status::FieldErrors;

/// Reads an instant that must be there; what is finer than a microsecond is cut off.
pub fn timestamp_from_proto(
    fields: &mut FieldErrors,
    field: &str,
    value: Option<&prost_types::Timestamp>,
) -> Option<Timestamp> {
    let value = fields.required(field, value)?;
    fields.check(
        field,
        Timestamp::from_unix_parts(value.seconds, value.nanos),
    )
}

/// Reads an instant that may be absent: `Some(None)` when it is.
pub fn optional_timestamp_from_proto(
    fields: &mut FieldErrors,
    field: &str,
    value: Option<&prost_types::Timestamp>,
) -> Option<Option<Timestamp>> {
    match value {
        None => Some(None),
        Some(_) => timestamp_from_proto(fields, field, value).map(Some),
    }
}

/// Writes an instant.
#[must_use]
pub fn timestamp_to_proto(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: instant.unix_seconds(),
        nanos: instant.subsecond_nanos(),
    }
}

/// Reads a span of time that must be there. It begins now when it does not say, and
/// never ends when it does not say.
pub fn period_from_proto(
    fields: &mut FieldErrors,
    field: &'static str,
    value: Option<&proto::Period>,
    now: Timestamp,
) -> Option<Period> {
    let value = fields.required(field, value)?;
    fields.within(field, |fields| {
        let from = optional_timestamp_from_proto(fields, "from_at", value.from_at.as_ref());
        let until = optional_timestamp_from_proto(fields, "until_at", value.until_at.as_ref());
        fields.check("until_at", Period::new(from?.unwrap_or(now), until?))
    })
}

/// Writes a span of time.
#[must_use]
pub fn period_to_proto(period: &Period) -> proto::Period {
    proto::Period {
        from_at: Some(timestamp_to_proto(period.from())),
        until_at: period.until().map(timestamp_to_proto),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(seconds: i64) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos: 0 }
    }

    #[test]
    fn a_period_without_a_beginning_begins_now() {
        let mut fields = FieldErrors::new();
        let open = proto::Period::default();
        let period = period_from_proto(&mut fields, "period", Some(&open), NOON).unwrap();
        assert_eq!(period, Period::starting(NOON));
        assert!(fields.is_empty());
    }

    #[test]
    fn a_reversed_period_and_an_absent_one_are_violations() {
        let mut fields = FieldErrors::new();
        let reversed = proto::Period {
            from_at: Some(at(2)),
            until_at: Some(at(1)),
        };
        assert_eq!(
            period_from_proto(&mut fields, "period", Some(&reversed), NOON),
            None
        );
        assert_eq!(period_from_proto(&mut fields, "other", None, NOON), None);
        let refusal = fields.finish().unwrap_err();
        let paths: Vec<_> = refusal
            .field_violations()
            .iter()
            .map(|v| v.field.as_str())
            .collect();
        assert_eq!(paths, ["period.until_at", "other"]);
    }

    proptest! {
        #[test]
        fn reading_an_instant_is_total(seconds: i64, nanos: i32) {
            let value = prost_types::Timestamp { seconds, nanos };
            let mut fields = FieldErrors::new();
            let read = timestamp_from_proto(&mut fields, "at", Some(&value));
            prop_assert_eq!(read.is_some(), fields.is_empty());
        }

        #[test]
        fn an_instant_reads_back(micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()) {
            let instant = Timestamp::from_micros(micros);
            let written = timestamp_to_proto(instant);
            let read = timestamp_from_proto(&mut FieldErrors::new(), "at", Some(&written));
            prop_assert_eq!(read, Some(instant));
        }
    }
}
