//! Legal time in Paris, for people who read dates.
//!
//! One hour ahead of UTC, two in summer: from the last Sunday of March to the last
//! Sunday of October, both at 01:00 UTC (directive 2000/84/EC).

use std::time::Duration;

use aval_domain::time::{CivilDate, Timestamp};

const SECONDS_PER_DAY: i64 = 86_400;

/// A date and a time of day in Paris.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ParisTime {
    pub(crate) date: CivilDate,
    /// The day, counted from 1970-01-01.
    pub(crate) day: i64,
    /// 0 to 23.
    pub(crate) hour: i64,
    /// 0 to 59.
    pub(crate) minute: i64,
}

impl ParisTime {
    pub(crate) fn of(instant: Timestamp) -> Self {
        let ahead = if is_summer(instant) { 2 } else { 1 };
        let local = instant.saturating_add(Duration::from_hours(ahead));
        let second_of_day = local.unix_seconds().rem_euclid(SECONDS_PER_DAY);
        Self {
            date: local.civil_date(),
            day: local.unix_seconds().div_euclid(SECONDS_PER_DAY),
            hour: second_of_day / 3_600,
            minute: second_of_day / 60 % 60,
        }
    }
}

fn is_summer(instant: Timestamp) -> bool {
    let date = instant.civil_date();
    match date.month() {
        4..=9 => true,
        3 => is_past_the_change(instant, date),
        10 => !is_past_the_change(instant, date),
        _ => false,
    }
}

/// Whether the last Sunday of this month of 31 days has passed 01:00 UTC.
fn is_past_the_change(instant: Timestamp, date: CivilDate) -> bool {
    let seconds = instant.unix_seconds();
    let day = i64::from(date.day());
    // The first of January 1970 was a Thursday; Sunday is 0.
    let weekday = (seconds.div_euclid(SECONDS_PER_DAY) + 4).rem_euclid(7);
    let weekday_of_the_31st = (weekday + 31 - day).rem_euclid(7);
    let last_sunday = 31 - weekday_of_the_31st;
    (day, seconds.rem_euclid(SECONDS_PER_DAY)) >= (last_sunday, 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris(utc: &str) -> String {
        let local = ParisTime::of(Timestamp::parse_rfc3339(utc).unwrap());
        format!("{} {:02}:{:02}", local.date, local.hour, local.minute)
    }

    #[test]
    fn winter_is_one_hour_ahead_and_summer_two() {
        assert_eq!(paris("2027-01-15T11:05:59Z"), "2027-01-15 12:05");
        assert_eq!(paris("2027-07-14T11:05:00Z"), "2027-07-14 13:05");
        assert_eq!(paris("2026-12-31T23:30:00Z"), "2027-01-01 00:30");
    }

    #[test]
    fn clocks_change_on_the_last_sundays_at_one_utc() {
        assert_eq!(paris("2026-03-29T00:59:59Z"), "2026-03-29 01:59");
        assert_eq!(paris("2026-03-29T01:00:00Z"), "2026-03-29 03:00");
        assert_eq!(paris("2026-10-25T00:59:59Z"), "2026-10-25 02:59");
        assert_eq!(paris("2026-10-25T01:00:00Z"), "2026-10-25 02:00");
        // A month whose 31st is a Sunday.
        assert_eq!(paris("2024-03-31T00:59:59Z"), "2024-03-31 01:59");
        assert_eq!(paris("2024-03-31T01:00:00Z"), "2024-03-31 03:00");
    }
}
