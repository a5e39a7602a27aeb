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

#[cfg(test)]
mod tests {
    use super::SKILL_HEADINGS;
    use crate::synthesize::SynthesisPlan;

    #[test]
    fn the_file_of_skills_has_one_row_for_each_skill_of_each_person() {
        let plan = SynthesisPlan::new(7, 1_000);
        let mut bytes = Vec::new();
        let written = plan.write_skills(&mut bytes).unwrap();
        let skills: usize = plan.people().map(|person| person.skills.len()).sum();
        assert!(skills > 100, "{skills}");
        assert_eq!(written.rows, skills as u64);
        assert_eq!(written.bytes, bytes.len() as u64);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some((SKILL_HEADINGS.join("|") + "|").as_str())
        );
        let of_people = plan.people().flat_map(|person| {
            let national_id = person.national_id();
            person
                .skills
                .into_iter()
                .map(move |skill| (national_id.clone(), skill.code))
        });
        let read: Vec<(String, &str)> = lines
            .map(|line| {
                let values: Vec<&str> = line.strip_suffix('|').unwrap().split('|').collect();
                assert_eq!(values.len(), SKILL_HEADINGS.len());
                (values[2].to_owned(), values[11])
            })
            .collect();
        assert_eq!(read, of_people.collect::<Vec<_>>());
        let mut in_memory = Vec::new();
        plan.directory().write_skills(&mut in_memory).unwrap();
        assert_eq!(in_memory, bytes);
    }
}
