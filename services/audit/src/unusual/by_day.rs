//! What is unusual in one professional's day, beside their days before.

use std::collections::{BTreeMap, BTreeSet};

use aval_domain::id::{PatientId, PractitionerId};

use super::{Access, Basis, Rules, Unusual, UnusualKind, Window};
use crate::sentence::paris_time::ParisTime;

/// On so many days somebody must have worked before it is said what they do not do.
const KNOWN_DAYS: usize = 3;

const SECONDS_PER_DAY: u64 = 86_400;

/// A day in Paris, its accesses in the order in which they happened. Those outside the usual
/// hours are without contributions: that somebody feeds records at night makes nothing usual.
#[derive(Default)]
struct Day {
    accesses: Vec<Access>,
    off_hours: Vec<Access>,
}

type Days = BTreeMap<i64, Day>;

pub(super) fn unusual(accesses: &BTreeSet<Access>, window: Window, rules: &Rules) -> Vec<Unusual> {
    let mut professionals: BTreeMap<PractitionerId, Days> = BTreeMap::new();
    for access in accesses {
        let days = professionals.entry(access.practitioner_id).or_default();
        let day = days.entry(ParisTime::of(access.at).day).or_default();
        day.accesses.push(*access);
        if rules.is_off_hours(access.at) && access.basis != Basis::Contribution {
            day.off_hours.push(*access);
        }
    }
    let past = i64::try_from(rules.past.as_secs() / SECONDS_PER_DAY).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for days in professionals.values() {
        for (number, day) in days {
            let before: Vec<&Day> = days
                .range(number.saturating_sub(past)..*number)
                .map(|(_, day)| day)
                .collect();
            found.extend(volume(*number, day, &before, window, rules));
            found.extend(off_hours(*number, day, &before, window));
        }
    }
    found
}

/// A day belongs to the window in which its first access was recorded, whatever that
/// access rests on.
fn volume(
    number: i64,
    day: &Day,
    before: &[&Day],
    window: Window,
    rules: &Rules,
) -> Option<Unusual> {
    day.accesses.first().filter(|first| window.has(first))?;
    if patients(&day.accesses).len() > rules.most_patients {
        let kind = UnusualKind::Volume;
        return Some(Unusual::of(kind, &day.accesses, number, None));
    }
    let unexplained = unexplained(&day.accesses);
    // The days before count with all that showed something, so that what explains one of
    // their accesses makes no later day unusual.
    let shown = before.iter().map(|day| showing(&day.accesses));
    let busiest = shown.map(|shown| patients(&shown).len()).max().unwrap_or(0);
    let usual = busiest.saturating_mul(rules.times_the_usual);
    let is_unusual = patients(&unexplained).len() > usual.max(rules.least_patients);
    is_unusual.then(|| Unusual {
        busiest_before: Some(busiest),
        ..Unusual::of(UnusualKind::Volume, &unexplained, number, None)
    })
}

fn off_hours(number: i64, day: &Day, before: &[&Day], window: Window) -> Option<Unusual> {
    day.off_hours.first().filter(|first| window.has(first))?;
    let unexplained = unexplained(&day.off_hours);
    let never_before = before.iter().all(|day| day.off_hours.is_empty());
    let is_unusual = !unexplained.is_empty() && before.len() >= KNOWN_DAYS && never_before;
    is_unusual.then(|| Unusual::of(UnusualKind::OffHours, &unexplained, number, None))
}

fn unexplained(accesses: &[Access]) -> Vec<Access> {
    let of_these = |access: &&Access| matches!(access.basis, Basis::BrokenGlass | Basis::Refused);
    accesses.iter().filter(of_these).copied().collect()
}

fn showing(accesses: &[Access]) -> Vec<Access> {
    let shows = |access: &&Access| access.basis != Basis::Contribution;
    accesses.iter().filter(shows).copied().collect()
}

fn patients(accesses: &[Access]) -> BTreeSet<PatientId> {
    accesses.iter().map(|access| access.patient_id).collect()
}
