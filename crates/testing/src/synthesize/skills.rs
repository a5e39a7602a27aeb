//! Writing `PS_LibreAcces_SavoirFaire`: in the form of the file of practice situations.

use std::borrow::Borrow;
use std::io::{self, Write};

use super::file::{CHUNK, Written, flush, line};
use super::person::Person;

/// The columns, as published.
pub const SKILL_HEADINGS: [&str; 13] = [
    "Type d'identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Nom d'exercice",
    "Prénom d'exercice",
    "Code profession",
    "Libellé profession",
    "Code catégorie professionnelle",
    "Libellé catégorie professionnelle",
    "Code type savoir-faire",
    "Libellé type savoir-faire",
    "Code savoir-faire",
    "Libellé savoir-faire",
];

/// Writes headings, and one row for each skill of each of the people.
pub(super) fn write(
    output: &mut impl Write,
    people: impl Iterator<Item = impl Borrow<Person>>,
) -> io::Result<Written> {
    let mut written = Written::default();
    let mut text = String::with_capacity(CHUNK * 2);
    line(&mut text, &SKILL_HEADINGS);
    for person in people {
        let person = person.borrow();
        written.rows += rows(&mut text, person);
        written.people += u64::from(!person.skills.is_empty());
        if text.len() >= CHUNK {
            flush(&mut text, output, &mut written)?;
        }
    }
    flush(&mut text, output, &mut written)?;
    output.flush()?;
    Ok(written)
}

fn rows(text: &mut String, person: &Person) -> u64 {
    let national_id = person.national_id();
    for skill in &person.skills {
        let values: [&str; SKILL_HEADINGS.len()] = [
            person.number.kind(),
            person.number.text(),
            &national_id,
            &person.family_name,
            &person.given_name,
            person.profession.code,
            person.profession.label,
            person.category.code,
            person.category.label,
            skill.kind.code,
            skill.kind.label,
            skill.code,
            skill.label,
        ];
        line(text, &values);
    }
    person.skills.len() as u64
}
