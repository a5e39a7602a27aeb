//! Writing the FINESS register, `etalab-cs1100502-stock`, of the places that have a FINESS
//! number: a first line that says what it is, then a record for each, `;` between values.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use super::draw::Draw;
use super::file::{CHUNK, Written, flush};
use super::person::{Coded, Organization, Person};

/// The columns, by the names that their readers give them; the file itself names none.
pub const ESTABLISHMENT_HEADINGS: [&str; 32] = [
    "enregistrement",
    "nofinesset",
    "nofinessej",
    "rs",
    "rslongue",
    "complrs",
    "compldistrib",
    "numvoie",
    "typvoie",
    "voie",
    "compvoie",
    "lieuditbp",
    "commune",
    "departement",
    "libdepartement",
    "ligneacheminement",
    "telephone",
    "telecopie",
    "categetab",
    "libcategetab",
    "categagretab",
    "libcategagretab",
    "siret",
    "codeape",
    "codemft",
    "libmft",
    "codesph",
    "libsph",
    "dateouv",
    "dateautor",
    "datemaj",
    "numuai",
];

/// What stands before all records: which file it is, its number and its date.
const MANIFEST: &str = "finess;etalab;1;2026-01-01\n";

/// The longest short name, in characters.
const SHORT: usize = 38;

/// Subject of the first day's draws; each day has one of its own (see [`Draw::of`]).
const DAYS: u64 = 10_000;
/// Of a thousand establishments, so many change each day.
const CHANGES: u32 = 4;

/// Writes the first line, and each establishment below it as its first member has it.
pub(super) fn write(
    output: &mut impl Write,
    people: impl Iterator<Item = impl Borrow<Person>>,
    seed: u64,
    day: u32,
) -> io::Result<Written> {
    let mut written = Written::default();
    let mut text = String::with_capacity(CHUNK * 2);
    let mut told = BTreeSet::new();
    text.push_str(MANIFEST);
    for person in people {
        let person = person.borrow();
        written.people += 1;
        let places = person.activities.iter();
        for place in places.filter_map(|activity| activity.organization.as_ref()) {
            if place.finess_site.is_empty() || !told.insert(place.finess_site.clone()) {
                continue;
            }
            if let Some(name) = name_of(place, seed, day) {
                record(&mut text, place, &name);
                written.rows += 1;
            }
        }
        if text.len() >= CHUNK {
            flush(&mut text, output, &mut written)?;
        }
    }
    flush(&mut text, output, &mut written)?;
    output.flush()?;
    Ok(written)
}

impl Organization {
    /// Its category in the register, by the kind of place that its name says.
    #[must_use]
    pub fn category(&self) -> Coded {
        let kind = self.name.split(' ').next().unwrap_or_default();
        match (kind, self.name.contains("SANTE")) {
            ("CLINIQUE", _) => Coded::new("365", "Etablissement de Soins Pluridisciplinaire"),
            ("CENTRE", true) => Coded::new("223", "Protection Maternelle et Infantile (P.M.I.)"),
            ("RESIDENCE", _) => Coded::new(
                "500",
                "Etablissement d'hébergement pour personnes âgées dépendantes",
            ),
            _ => Coded::new("355", "Centre Hospitalier (C.H.)"),
        }
    }
}

/// What the place is called on a day; `None`: it has left the register.
fn name_of(place: &Organization, seed: u64, day: u32) -> Option<String> {
    let mut name = place.name.clone();
    for day in 1..=day {
        let mut draw = Draw::of(seed, DAYS + u64::from(day), rank_of(place));
        if !draw.chance(CHANGES) {
            continue;
        }
        if draw.chance(300) {
            return None;
        }
        name = format!("{} - SITE {day}", place.name);
    }
    Some(name)
}

/// A number of the place alone: that of its FINESS, whose letters are few.
fn rank_of(place: &Organization) -> u32 {
    let characters = place.finess_site.bytes();
    characters.fold(0, |rank: u32, byte| {
        rank.wrapping_mul(31).wrapping_add(u32::from(byte))
    })
}

fn record(text: &mut String, place: &Organization, name: &str) {
    let (address, town) = (&place.address, place.address.town);
    let short: String = name.chars().take(SHORT).collect();
    let long = if short == name { "" } else { name };
    let commune = town.insee.get(2..).unwrap_or_default();
    let department = department_of(town.department.code);
    let category = place.category();
    let opened = format!(
        "19{}-0{}-1{}",
        60 + rank_of(place) % 40,
        1 + rank_of(place) % 9,
        rank_of(place) % 10
    );
    let values: [&str; ESTABLISHMENT_HEADINGS.len()] = [
        "structureet",
        &place.finess_site,
        &place.finess_legal,
        &quoted(short.trim_end()),
        &quoted(long),
        "",
        "",
        &address.number,
        address.street_kind.code,
        address.street,
        address.repetition,
        "",
        commune,
        department,
        town.department.label,
        &town.postal_line(),
        "",
        "",
        category.code,
        category.label,
        "",
        "",
        &place.siret,
        "",
        "99",
        "Indéterminé",
        "",
        "",
        &opened,
        &opened,
        "2026-01-01",
        "",
    ];
    text.push_str(&values.join(";"));
    text.push('\n');
}

/// The code of a département as the register writes it.
fn department_of(code: &str) -> &str {
    match code {
        "971" => "9A",
        "972" => "9B",
        "973" => "9C",
        "974" => "9D",
        "976" => "9F",
        other => other,
    }
}

/// A value as the file writes it: in quotes where it holds one.
fn quoted(value: &str) -> String {
    if value.contains('"') {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aval_domain::finess::Finess;

    use super::*;
    use crate::synthesize::SynthesisPlan;

    /// The records of a day, by FINESS.
    fn records(plan: SynthesisPlan) -> BTreeMap<String, Vec<String>> {
        let mut bytes = Vec::new();
        let written = plan.write_establishments(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("finess;etalab;"));
        let records: Vec<Vec<String>> = lines
            .map(|line| line.split(';').map(str::to_owned).collect())
            .collect();
        assert_eq!(records.len() as u64, written.rows);
        let by_finess = records
            .into_iter()
            .map(|record| (record[1].clone(), record));
        let by_finess: BTreeMap<_, _> = by_finess.collect();
        assert_eq!(by_finess.len() as u64, written.rows, "each is named once");
        by_finess
    }

    #[test]
    fn every_structure_with_a_finess_has_one_record_that_agrees_with_it() {
        let plan = SynthesisPlan::new(7, 600);
        let records = records(plan);
        assert!(records.len() > 10);
        for person in plan.people() {
            let places = person.activities.iter();
            for place in places.filter_map(|activity| activity.organization.as_ref()) {
                if place.finess_site.is_empty() {
                    continue;
                }
                let record = &records[&place.finess_site];
                assert_eq!(record.len(), ESTABLISHMENT_HEADINGS.len());
                assert!(Finess::parse(&record[1]).is_ok());
                let name = if record[4].is_empty() {
                    &record[3]
                } else {
                    &record[4]
                };
                assert_eq!(name, &place.name);
                let town = place.address.town;
                assert_eq!(record[15], town.postal_line());
                if town.department.code.len() == 2 {
                    assert_eq!(format!("{}{}", record[13], record[12]), town.insee);
                }
            }
        }
    }

    #[test]
    fn days_rename_some_and_take_some() {
        let plan = SynthesisPlan::new(3, 50_000);
        let (first, later) = (records(plan), records(SynthesisPlan { day: 30, ..plan }));
        let gone = first.keys().filter(|finess| !later.contains_key(*finess));
        let renamed = first.iter().filter(|(finess, record)| {
            later
                .get(*finess)
                .is_some_and(|now| now[3] != record[3] || now[4] != record[4])
        });
        let (gone, renamed) = (gone.count(), renamed.count());
        assert!(
            gone > 0 && gone < first.len() / 5,
            "{gone} of {}",
            first.len()
        );
        assert!(
            renamed > 0 && renamed < first.len() / 3,
            "{renamed} of {}",
            first.len()
        );
    }
}
