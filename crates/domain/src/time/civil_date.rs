//! A day of the calendar.

use std::fmt;
use std::str::FromStr;

use time::{Date, Month};

use crate::InvalidValue;

const WHAT: &str = "date";
const FORM: InvalidValue = InvalidValue::new(WHAT, "it is not of the form YYYY-MM-DD");
const NO_SUCH_DAY: InvalidValue = InvalidValue::new(WHAT, "the calendar has no such day");

/// A day of the Gregorian calendar, without time or zone, in the years 0001 to
/// 9999: a birth date, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

impl CivilDate {
    /// The day of that year (1–9999), month (1–12) and day of the month.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, InvalidValue> {
        let calendar_month = Month::try_from(month).map_err(|_| NO_SUCH_DAY)?;
        Date::from_calendar_date(i32::from(year), calendar_month, day)
            .ok()
            .and_then(Self::in_range)
            .ok_or(NO_SUCH_DAY)
    }

    /// Reads `YYYY-MM-DD`, and nothing else.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let bytes: &[u8; 10] = text.as_bytes().try_into().map_err(|_| FORM)?;
        if bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(FORM);
        }
        let digit = |place: usize| {
            let byte = bytes[place];
            byte.is_ascii_digit().then(|| byte - b'0').ok_or(FORM)
        };
        let century = digit(0)? * 10 + digit(1)?;
        let year = u16::from(century) * 100 + u16::from(digit(2)? * 10 + digit(3)?);
        let month = digit(5)? * 10 + digit(6)?;
        let day = digit(8)? * 10 + digit(9)?;
        Self::new(year, month, day)
    }

    /// 1–9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// 1–12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// 1–31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Whole years from this day to `later`, 0 when `later` is before: a
    /// person's age. Somebody born on 29 February grows older on 1 March in a
    /// common year.
    #[must_use]
    pub fn years_until(self, later: Self) -> u16 {
        let birthday_to_come = (later.month, later.day) < (self.month, self.day);
        later
            .year
            .saturating_sub(self.year)
            .saturating_sub(u16::from(birthday_to_come))
    }

    pub(super) fn of(date: Date) -> Self {
        Self::in_range(date).expect("timestamps lie within the years 0001 to 9999")
    }

    fn in_range(date: Date) -> Option<Self> {
        let year = u16::try_from(date.year()).ok()?;
        (1..=9999).contains(&year).then_some(Self {
            year,
            month: date.month().into(),
            day: date.day(),
        })
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for CivilDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}",
            self.year, self.month, self.day
        )
    }
}

impl FromStr for CivilDate {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

serde_as_text!(CivilDate, "date");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    #[test]
    fn days_that_the_calendar_lacks_are_refused() {
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
        ] {
            assert_eq!(CivilDate::parse(text), Err(NO_SUCH_DAY), "{text}");
        }
        assert_eq!(date("2024-02-29").day(), 29);
        assert_eq!(date("2000-02-29").month(), 2);
    }

    #[test]
    fn another_form_is_refused() {
        for text in [
            "",
            "2026-1-01",
            "20260101",
            "2026/01/01",
            "+026-01-01",
            "2026-01-01Z",
            " 2026-01-1",
            "２０26-1",
        ] {
            assert_eq!(CivilDate::parse(text), Err(FORM), "{text}");
        }
    }

    #[test]
    fn an_age_grows_on_the_birthday() {
        let birth = date("2008-11-23");
        assert_eq!(birth.years_until(date("2026-11-22")), 17);
        assert_eq!(birth.years_until(date("2026-11-23")), 18);
        assert_eq!(birth.years_until(date("2008-11-22")), 0);
        assert_eq!(birth.years_until(date("2001-01-01")), 0);
        assert_eq!(date("2008-02-29").years_until(date("2026-02-28")), 17);
        assert_eq!(date("2008-02-29").years_until(date("2026-03-01")), 18);
    }

    proptest! {
        #[test]
        fn every_day_round_trips_and_sorts_as_its_text(
            first in (1..=9999_u16, 1..=12_u8, 1..=28_u8),
            second in (1..=9999_u16, 1..=12_u8, 1..=28_u8),
        ) {
            let first = CivilDate::new(first.0, first.1, first.2).unwrap();
            let second = CivilDate::new(second.0, second.1, second.2).unwrap();
            prop_assert_eq!(CivilDate::parse(&first.to_string()), Ok(first));
            prop_assert_eq!(first.cmp(&second), first.to_string().cmp(&second.to_string()));
            let json = serde_json::to_string(&first).unwrap();
            prop_assert_eq!(serde_json::from_str::<CivilDate>(&json).unwrap(), first);
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(date) = CivilDate::parse(&text) {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
