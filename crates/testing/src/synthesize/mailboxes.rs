//! Writing `Extraction_Correspondance_MSSante`: a personal mailbox for everybody and an
//! organisational one for every structure that has a FINESS number.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::io::{self, Write};

use aval_domain::name::search_key;

use super::file::{CHUNK, Written, flush, line};
use super::person::{Organization, Person};

/// The columns, as published.
pub const MAILBOX_HEADINGS: [&str; 31] = [
    "Type de BAL",
    "Adresse BAL",
    "Type Identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Type identifiant structure",
    "Identification Structure",
    "Service de rattachement",
    "Civilité d'exercice",
    "Nom d'exercice",
    "Prénom d'exercice",
    "Catégorie profession",
    "Libellé de catégorie profession",
    "Code Profession",
    "Libellé Profession",
    "Code savoir-faire",
    "Libellé savoir-faire",
    "Dématérialisation",
    "Raison Sociale structure BAL",
    "Enseigne commerciale structure BAL",
    "L2COMPLEMENTLOCALISATION structure BAL",
    "L3COMPLEMENTDISTRIBUTION structure BAL",
    "L4NUMEROVOIE structure BAL",
    "L4COMPLEMENTNUMEROVOIE structure BAL",
    "NL4TYPEVOIE structure BAL",
    "L4LIBELLEVOIE structure BAL",
    "L5LIEUDITMENTION structure BAL",
    "L6LIGNEACHEMINEMENT structure BAL",
    "Code postal structure BAL",
    "Département structure BAL",
    "Pays structure BAL",
];

/// Writes headings, everybody's mailbox, and each structure's below its first member's.
pub(super) fn write(
    output: &mut impl Write,
    people: impl Iterator<Item = impl Borrow<Person>>,
) -> io::Result<Written> {
    let mut written = Written::default();
    let mut text = String::with_capacity(CHUNK * 2);
    let mut told = BTreeSet::new();
    line(&mut text, &MAILBOX_HEADINGS);
    for person in people {
        let person = person.borrow();
        line(&mut text, &personal(person));
        written.people += 1;
        written.rows += 1;
        let places = person.activities.iter();
        for place in places.filter_map(|activity| activity.organization.as_ref()) {
            if !place.finess_site.is_empty() && told.insert(place.finess_site.clone()) {
                line(&mut text, &organisational(place));
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

impl Person {
    /// The address of their personal mailbox: their number makes it their own.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let plain = |name: &str| search_key(name).to_lowercase().replace(' ', "-");
        let (given, family) = (plain(&self.given_name), plain(&self.family_name));
        format!("{given}.{family}.{}@pro.mssante.fr", self.number.text())
    }
}

impl Organization {
    /// The address of its organisational mailbox.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let finess = self.finess_site.to_lowercase();
        format!("accueil@etablissement-{finess}.mssante.fr")
    }
}

fn personal(person: &Person) -> [String; MAILBOX_HEADINGS.len()] {
    let mut values = [const { String::new() }; MAILBOX_HEADINGS.len()];
    values[..5].clone_from_slice(&[
        "PER".to_owned(),
        person.mailbox(),
        person.number.kind().to_owned(),
        person.number.text().to_owned(),
        person.national_id(),
    ]);
    values[8..15].clone_from_slice(
        &[
            person.exercise_civility.code,
            &person.family_name,
            &person.given_name,
            person.category.code,
            person.category.label,
            person.profession.code,
            person.profession.label,
        ]
        .map(str::to_owned),
    );
    values
}

fn organisational(place: &Organization) -> [String; MAILBOX_HEADINGS.len()] {
    let mut values = [const { String::new() }; MAILBOX_HEADINGS.len()];
    "ORG".clone_into(&mut values[0]);
    values[1] = place.mailbox();
    "1".clone_into(&mut values[5]);
    values[6].clone_from(&place.finess_site);
    values[18].clone_from(&place.name);
    place.address.town.postal_code.clone_into(&mut values[28]);
    values
}

#[cfg(test)]
mod tests {
    use aval_domain::finess::Finess;
    use aval_domain::mssante::MssAddress;

    use super::*;
    use crate::synthesize::SynthesisPlan;

    #[test]
    fn everybody_and_every_structure_with_a_finess_has_a_mailbox_of_their_own() {
        let directory = SynthesisPlan::new(7, 300).directory();
        let mut bytes = Vec::new();
        let written = directory.write_mailboxes(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some((MAILBOX_HEADINGS.join("|") + "|").as_str())
        );
        let rows: Vec<Vec<&str>> = lines
            .map(|line| line.strip_suffix('|').unwrap().split('|').collect())
            .collect();
        assert!(rows.iter().all(|row| row.len() == MAILBOX_HEADINGS.len()));
        assert_eq!(rows.len() as u64, written.rows);
        let addresses: BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
        assert_eq!(addresses.len(), rows.len());
        for address in addresses {
            let read = MssAddress::parse(address).unwrap();
            assert!(!read.is_patient() && read.reveal() == address);
        }
        let of = |kind| rows.iter().filter(move |row| row[0] == kind);
        assert_eq!(of("PER").count(), 300);
        assert!(of("ORG").count() > 10);
        for row in of("ORG") {
            assert!(Finess::parse(row[6]).is_ok() && row[4].is_empty());
        }
        for (row, person) in of("PER").zip(&directory.people) {
            assert_eq!(row[4], person.national_id());
        }
    }
}
