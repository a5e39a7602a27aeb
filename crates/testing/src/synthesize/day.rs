//! What changes from one day's file to the next.
//!
//! A person of a day is made from the seed, their rank and the days until then, like the
//! first day's: no file is made from another.

use super::cast::Role;
use super::draw::Draw;
use super::making::Maker;
use super::number;
use super::person::{Person, PersonNumber};

/// Of a million people, so many change each day: 12,000 of the nation's 1,950,000.
const CHANGES: u32 = 6_200;
/// Of a million people, so many come each day.
pub(super) const ARRIVALS: u32 = 150;
/// Subject of the first day's draws; each day has one of its own (see [`Draw::of`]).
const DAYS: u64 = 1_000;

/// Somebody as they are on a day; `None`: they are gone. The people of a scenario stay as
/// they are.
pub(super) fn person(maker: &Maker, rank: u32, day: u32) -> Option<Person> {
    let mut person = maker.person(rank);
    if Role::of_rank(rank).is_some() {
        return Some(person);
    }
    for day in 1..=day {
        let mut draw = Draw::of(maker.seed(), DAYS + u64::from(day), rank);
        if draw.below(1_000_000) >= CHANGES {
            continue;
        }
        match draw.below(100) {
            0..55 => moves(&mut person, &mut draw),
            55..75 => bears_another_name(&mut person, &mut draw),
            75..90 => toggles(&mut person, maker.seed(), rank),
            _ => return None,
        }
    }
    Some(person)
}

/// Another number in the street: the structure is described otherwise.
fn moves(person: &mut Person, draw: &mut Draw) {
    let places = person.activities.iter_mut();
    for place in places.filter_map(|activity| activity.organization.as_mut()) {
        place.address.number = (1 + draw.below(200)).to_string();
    }
}

fn bears_another_name(person: &mut Person, draw: &mut Draw) {
    let other = super::family_names::draw(draw);
    person.family_name = format!("{}-{other}", person.family_name);
}

/// An RPPS number takes the place of an ADELI number.
fn toggles(person: &mut Person, seed: u64, rank: u32) {
    if matches!(person.number, PersonNumber::Adeli(_)) {
        person.number = number::rpps(seed, rank);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::synthesize::{Person, SynthesisPlan};

    fn people(day: u32) -> BTreeMap<String, Person> {
        let plan = SynthesisPlan {
            day,
            ..SynthesisPlan::new(3, 50_000)
        };
        plan.people()
            .map(|person| (person.national_id(), person))
            .collect()
    }

    #[test]
    fn a_day_changes_some_takes_some_and_brings_some() {
        let (first, next) = (people(0), people(1));
        let gone = first
            .keys()
            .filter(|number| !next.contains_key(*number))
            .count();
        let come = next
            .keys()
            .filter(|number| !first.contains_key(*number))
            .count();
        let changed = first
            .iter()
            .filter(|(number, person)| next.get(*number).is_some_and(|now| now != *person))
            .count();
        for (what, count, most) in [
            ("gone", gone, 100),
            ("come", come, 100),
            ("changed", changed, 400),
        ] {
            assert!(count > 0 && count < most, "{count} {what}");
        }
        assert_eq!(people(1), next, "one seed and one day give one file");
    }

    #[test]
    fn the_toggles_of_a_day_name_those_who_were_named_otherwise_before() {
        let plan = SynthesisPlan {
            day: 20,
            ..SynthesisPlan::new(3, 50_000)
        };
        let mut text = Vec::new();
        let written = plan.write_toggles(&mut text).unwrap();
        let (first, last) = (people(0), people(20));
        let text = String::from_utf8(text).unwrap();
        let pairs: Vec<_> = text
            .lines()
            .skip(1)
            .map(|line| line.split_once(';').unwrap())
            .collect();
        assert!(!pairs.is_empty());
        assert_eq!(written.rows, pairs.len() as u64);
        for (adeli, rpps) in pairs {
            assert!(first.contains_key(&format!("0{adeli}")));
            assert!(last.contains_key(&format!("8{rpps}")));
        }
    }
}
