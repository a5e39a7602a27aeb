//! An instant, to the microsecond.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::CivilDate;
use crate::InvalidValue;

const WHAT: &str = "timestamp";
const OUT_OF_RANGE: InvalidValue = InvalidValue::new(WHAT, "the year is not between 0001 and 9999");
const MICROS_PER_SECOND: i64 = 1_000_000;

/// An instant in UTC: microseconds since the Unix epoch, within the years 0001
/// to 9999 (the range of `google.protobuf.Timestamp`).
///
/// Microseconds, because PostgreSQL keeps no more: an instant that is read back
/// equals the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800 * MICROS_PER_SECOND);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_800 * MICROS_PER_SECOND - 1);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The instant `micros` microseconds after the Unix epoch, brought into
    /// [`MIN`](Self::MIN)..=[`MAX`](Self::MAX) when it lies outside. Where a
    /// value outside is an error, use `Timestamp::try_from(micros)`.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant `seconds` seconds after the Unix epoch, brought into range.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Whole seconds since the Unix epoch, rounded towards the past.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Nanoseconds after [`unix_seconds`](Self::unix_seconds), a multiple of
    /// 1,000 in `0..1_000_000_000`: the second field of `google.protobuf.Timestamp`.
    #[must_use]
    pub fn subsecond_nanos(self) -> i32 {
        self.subsecond_micros() * 1_000
    }

    /// The instant of the two fields of a `google.protobuf.Timestamp`; what is
    /// finer than a microsecond is cut off.
    pub fn from_unix_parts(seconds: i64, nanos: i32) -> Result<Self, InvalidValue> {
        if !(0..1_000_000_000).contains(&nanos) {
            return Err(InvalidValue::new(
                WHAT,
                "nanoseconds are not between 0 and 999,999,999",
            ));
        }
        seconds
            .checked_mul(MICROS_PER_SECOND)
            .and_then(|micros| micros.checked_add(i64::from(nanos / 1_000)))
            .ok_or(OUT_OF_RANGE)
            .and_then(Self::try_from)
    }

    /// Reads an RFC 3339 date and time of any offset; what is finer than a
    /// microsecond is cut off.
    pub fn parse_rfc3339(text: &str) -> Result<Self, InvalidValue> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| InvalidValue::new(WHAT, "it is not an RFC 3339 date and time"))?;
        let micros = parsed.unix_timestamp_nanos().div_euclid(1_000);
        i64::try_from(micros)
            .map_err(|_| OUT_OF_RANGE)
            .and_then(Self::try_from)
    }

    /// This instant and `duration` later (cut to microseconds), `None` past
    /// [`MAX`](Self::MAX).
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        Self::try_from(self.0.checked_add(micros)?).ok()
    }

    /// This instant and `duration` later, at most [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// This instant and `duration` earlier, at least [`MIN`](Self::MIN).
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// The time from `earlier` to this instant; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The calendar date in UTC.
    #[must_use]
    pub fn civil_date(self) -> CivilDate {
        CivilDate::of(self.to_offset_date_time().date())
    }

    fn subsecond_micros(self) -> i32 {
        i32::try_from(self.0.rem_euclid(MICROS_PER_SECOND)).expect("below one million")
    }

    fn to_offset_date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .expect("the years 0001 to 9999 are within the calendar's range")
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = InvalidValue;

    fn try_from(micros: i64) -> Result<Self, InvalidValue> {
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(OUT_OF_RANGE)
        }
    }
}

impl From<Timestamp> for i64 {
    fn from(timestamp: Timestamp) -> i64 {
        timestamp.0
    }
}

/// RFC 3339 in UTC with `Z`, with as many decimals as are needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self
            .to_offset_date_time()
            .format(&Rfc3339)
            .expect("RFC 3339 writes every instant of the years 0001 to 9999");
        formatter.pad(&text)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse_rfc3339(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instant() -> impl Strategy<Value = Timestamp> {
        (Timestamp::MIN.0..=Timestamp::MAX.0).prop_map(Timestamp)
    }

    #[test]
    fn the_bounds_are_the_years_one_and_nine_thousand_nine_hundred_ninety_nine() {
        assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX), Timestamp::MAX);
        assert!(Timestamp::try_from(Timestamp::MAX.0 + 1).is_err());
        assert!(Timestamp::try_from(Timestamp::MIN.0 - 1).is_err());
        assert!(Timestamp::from_unix_parts(i64::MAX, 0).is_err());
    }

    #[test]
    fn an_offset_is_converted_and_nanoseconds_are_cut_off() {
        let read = |text| Timestamp::parse_rfc3339(text).unwrap().to_string();
        assert_eq!(read("2026-11-23T21:00:00+01:00"), "2026-11-23T20:00:00Z");
        assert_eq!(
            read("2026-11-23T20:00:00.1234569Z"),
            "2026-11-23T20:00:00.123456Z"
        );
        assert_eq!(
            read("1969-12-31T23:59:59.9999999Z"),
            "1969-12-31T23:59:59.999999Z"
        );
    }

    #[test]
    fn what_is_no_date_and_time_or_lies_outside_is_refused() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T20:00:00",
            "2026-02-30T00:00:00Z",
            "0000-12-31T23:59:59Z",
            "9999-12-31T23:59:59-01:00",
            "0001-01-01T00:00:00+01:00",
            "２026-11-23T20:00:00Z",
        ] {
            assert!(Timestamp::parse_rfc3339(text).is_err(), "{text}");
        }
    }

    #[test]
    fn before_the_epoch_seconds_round_towards_the_past() {
        let instant = Timestamp::from_micros(-1);
        assert_eq!(
            (instant.unix_seconds(), instant.subsecond_nanos()),
            (-1, 999_999_000)
        );
        assert_eq!(Timestamp::from_unix_parts(-1, 999_999_999), Ok(instant));
        assert!(Timestamp::from_unix_parts(0, -1).is_err());
        assert!(Timestamp::from_unix_parts(0, 1_000_000_000).is_err());
    }

    #[test]
    fn in_json_an_instant_is_its_microseconds() {
        let instant = Timestamp::from_micros(1_234_567);
        assert_eq!(serde_json::to_string(&instant).unwrap(), "1234567");
        assert_eq!(
            serde_json::from_str::<Timestamp>("1234567").unwrap(),
            instant
        );
        assert!(serde_json::from_str::<Timestamp>("9223372036854775807").is_err());
    }

    proptest! {
        #[test]
        fn every_instant_round_trips(instant in instant()) {
            prop_assert_eq!(Timestamp::parse_rfc3339(&instant.to_string()), Ok(instant));
            prop_assert_eq!(Timestamp::from_micros(instant.as_micros()), instant);
            let (seconds, nanos) = (instant.unix_seconds(), instant.subsecond_nanos());
            let parts = Timestamp::from_unix_parts(seconds, nanos);
            prop_assert_eq!(parts, Ok(instant));
            let date = instant.civil_date().to_string();
            prop_assert!(instant.to_string().starts_with(&date));
        }

        #[test]
        fn adding_and_subtracting_undo_each_other_within_the_bounds(
            instant in instant(),
            micros in any::<u64>(),
        ) {
            let duration = Duration::from_micros(micros);
            if let Some(later) = instant.checked_add(duration) {
                prop_assert_eq!(later.saturating_sub(duration), instant);
                prop_assert_eq!(later.since(instant), duration);
                prop_assert_eq!(instant.since(later), Duration::ZERO);
                prop_assert_eq!(instant.saturating_add(duration), later);
            } else {
                prop_assert_eq!(instant.saturating_add(duration), Timestamp::MAX);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in crate::testing::any_text()) {
            let _ = Timestamp::parse_rfc3339(&text);
        }
    }
}
