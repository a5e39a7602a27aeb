//! Writing `PS_LibreAcces_Dipl_AutExerc`: in the form of the file of practice situations.

use std::borrow::Borrow;
use std::io::{self, Write};

use super::file::{CHUNK, Written, flush, line};
use super::person::{Coded, Person};

/// The columns, as published.
pub const QUALIFICATION_HEADINGS: [&str; 13] = [
    "Type d'identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Nom d'exercice",
    "Prénom d'exercice",
    "Code type diplôme obtenu",
    "Libellé type diplôme obtenu",
    "Code diplôme obtenu",
    "Libellé diplôme obtenu",
    "Code type autorisation",
    "Libellé type autorisation",
    "Code discipline autorisation",
    "Libellé discipline autorisation",
];

/// `TRE_R14-TypeDiplome`: a French State diploma.
const STATE_DIPLOMA: Coded = Coded::new("DE", "Diplôme d'Etat français");
/// `TRE_R17-TypeAutorisation`: may practise without one.
const FULL_PRACTICE: Coded = Coded::new("AM01", "Autorisation de plein exercice");
/// One doctor in so many practises by authorisation.
const AUTHORIZED_DOCTORS: usize = 16;

/// The State diploma of a profession (`TRE_R48-DiplomeEtatFrancais`), if it has one.
const fn state_diploma(profession: &str) -> Option<Coded> {
    Some(match profession.as_bytes() {
        b"10" => Coded::new("DE05", "DE Docteur en médecine"),
        b"21" => Coded::new("DE02", "DE Docteur en pharmacie"),
        b"26" => Coded::new("DE29", "DE Audioprothésiste"),
        b"28" => Coded::new("DE08", "DE Opticien-Lunetier"),
        b"40" => Coded::new("DE03", "DE Docteur en chirurgie dentaire"),
        b"50" => Coded::new("DE06", "DE Sage-Femme"),
        b"60" => Coded::new("DE09", "DE Infirmier"),
        b"69" => Coded::new("DE10", "DE Infirmier psychiatrique"),
        b"70" => Coded::new("DE11", "DE Masseur-Kinésithérapeute"),
        b"80" => Coded::new("DE12", "DE Pédicure-Podologue"),
        b"91" => Coded::new("DE13", "DE Orthophoniste"),
        b"92" => Coded::new("DE14", "DE Orthoptiste"),
        b"94" => Coded::new("DE30", "DE Ergothérapeute"),
        b"96" => Coded::new("DE32", "DE Psychomotricien"),
        b"98" => Coded::new("DE18", "DE Manipulateur ERM"),
        _ => return None,
    })
}

/// Writes headings, and one row for each of the people whose profession has a diploma.
pub(super) fn write(
    output: &mut impl Write,
    people: impl Iterator<Item = impl Borrow<Person>>,
) -> io::Result<Written> {
    let mut written = Written::default();
    let mut text = String::with_capacity(CHUNK * 2);
    line(&mut text, &QUALIFICATION_HEADINGS);
    for (rank, person) in people.enumerate() {
        let person = person.borrow();
        if let Some(diploma) = state_diploma(person.profession.code) {
            let is_authorized = person.is_doctor() && rank % AUTHORIZED_DOCTORS == 0;
            row(&mut text, person, diploma, is_authorized);
            written.rows += 1;
            written.people += 1;
        }
        if text.len() >= CHUNK {
            flush(&mut text, output, &mut written)?;
        }
    }
    flush(&mut text, output, &mut written)?;
    output.flush()?;
    Ok(written)
}

fn row(text: &mut String, person: &Person, diploma: Coded, is_authorized: bool) {
    let national_id = person.national_id();
    let (kind, diploma, authorization) = if is_authorized {
        (Coded::NONE, Coded::NONE, FULL_PRACTICE)
    } else {
        (STATE_DIPLOMA, diploma, Coded::NONE)
    };
    let values: [&str; QUALIFICATION_HEADINGS.len()] = [
        person.number.kind(),
        person.number.text(),
        &national_id,
        &person.family_name,
        &person.given_name,
        kind.code,
        kind.label,
        diploma.code,
        diploma.label,
        authorization.code,
        authorization.label,
        "",
        "",
    ];
    line(text, &values);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{QUALIFICATION_HEADINGS, state_diploma};
    use crate::synthesize::SynthesisPlan;

    #[test]
    fn everybody_whose_profession_has_a_diploma_has_it_or_an_authorisation() {
        let plan = SynthesisPlan::new(7, 1_000);
        let mut bytes = Vec::new();
        let written = plan.write_qualifications(&mut bytes).unwrap();
        let titled = plan.people();
        let titled = titled.filter(|person| state_diploma(person.profession.code).is_some());
        let expected: Vec<String> = titled.map(|person| person.national_id()).collect();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let mut lines = text.lines();
        let headings = QUALIFICATION_HEADINGS.join("|") + "|";
        assert_eq!(lines.next(), Some(headings.as_str()));
        let mut authorizations = BTreeSet::new();
        let read: Vec<String> = lines
            .map(|line| {
                let values: Vec<&str> = line.strip_suffix('|').unwrap().split('|').collect();
                assert_eq!(values.len(), QUALIFICATION_HEADINGS.len());
                assert_ne!(values[7].is_empty(), values[9].is_empty());
                authorizations.insert(values[9]);
                values[2].to_owned()
            })
            .collect();
        assert_eq!(read, expected);
        assert_eq!(written.rows, expected.len() as u64);
        assert_eq!(authorizations, BTreeSet::from(["", "AM01"]));
        let mut in_memory = Vec::new();
        plan.directory()
            .write_qualifications(&mut in_memory)
            .unwrap();
        assert_eq!(in_memory, bytes);
    }
}
