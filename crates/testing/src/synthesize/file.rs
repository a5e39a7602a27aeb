//! Writing `PS_LibreAcces_Personne_activite`: UTF-8, a heading line, `|` after
//! every value, no quoting.

use std::borrow::Borrow;
use std::io::{self, Write};

use super::SynthesisPlan;
use super::code_lists::FRANCE;
use super::fault::BadRows;
use super::person::{Coded, Person, PracticeActivity, Skill};

/// The columns, as published.
pub const HEADINGS: [&str; 56] = [
    "Type d'identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Code civilité d'exercice",
    "Libellé civilité d'exercice",
    "Code civilité",
    "Libellé civilité",
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
    "Code mode exercice",
    "Libellé mode exercice",
    "Numéro SIRET site",
    "Numéro SIREN site",
    "Numéro FINESS site",
    "Numéro FINESS établissement juridique",
    "Identifiant technique de la structure",
    "Raison sociale site",
    "Enseigne commerciale site",
    "Complément destinataire (coord. structure)",
    "Complément point géographique (coord. structure)",
    "Numéro Voie (coord. structure)",
    "Indice répétition voie (coord. structure)",
    "Code type de voie (coord. structure)",
    "Libellé type de voie (coord. structure)",
    "Libellé Voie (coord. structure)",
    "Mention distribution (coord. structure)",
    "Bureau cedex (coord. structure)",
    "Code postal (coord. structure)",
    "Code commune (coord. structure)",
    "Libellé commune (coord. structure)",
    "Code pays (coord. structure)",
    "Libellé pays (coord. structure)",
    "Téléphone (coord. structure)",
    "Téléphone 2 (coord. structure)",
    "Télécopie (coord. structure)",
    "Adresse e-mail (coord. structure)",
    "Code Département (structure)",
    "Libellé Département (structure)",
    "Ancien identifiant de la structure",
    "Autorité d'enregistrement",
    "Code secteur d'activité",
    "Libellé secteur d'activité",
    "Code section tableau pharmaciens",
    "Libellé section tableau pharmaciens",
    "Code rôle",
    "Libellé rôle",
    "Code genre activité",
    "Libellé genre activité",
];

/// Which columns the file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileForm {
    /// All 56.
    #[default]
    Present,
    /// The first 52, as older files: no function, no kind of activity.
    Older,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// People.
    pub people: u64,
    /// Rows, the bad ones included, the heading line not.
    pub rows: u64,
    /// Bad rows.
    pub bad_rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Text is handed to the output by this many bytes or a little more.
pub(super) const CHUNK: usize = 64 * 1024;

impl FileForm {
    /// How many columns it has, the empty one after the last `|` not counted.
    #[must_use]
    pub fn columns(self) -> usize {
        match self {
            Self::Present => HEADINGS.len(),
            Self::Older => 52,
        }
    }
}

/// Writes headings, people and the plan's bad rows, these spread evenly.
pub(super) fn write(
    output: &mut impl Write,
    plan: &SynthesisPlan,
    size: u32,
    people: impl Iterator<Item = impl Borrow<Person>>,
) -> io::Result<Written> {
    let columns = plan.form.columns();
    let mut written = Written::default();
    let mut text = String::with_capacity(CHUNK * 2);
    let mut bad_rows = BadRows::new(plan, size);
    line(&mut text, &HEADINGS[..columns]);
    for person in people {
        bad_rows.write_due(written.people, &mut text, &mut written);
        let person = person.borrow();
        written.rows += rows(&mut text, person, columns);
        written.people += 1;
        if text.len() >= CHUNK {
            flush(&mut text, output, &mut written)?;
        }
    }
    bad_rows.write_rest(&mut text, &mut written);
    flush(&mut text, output, &mut written)?;
    output.flush()?;
    Ok(written)
}

/// One row for each activity and skill; returns how many.
pub(super) fn rows(text: &mut String, person: &Person, columns: usize) -> u64 {
    let mut count = 0;
    for activity in &person.activities {
        for skill in &person.skills {
            row(text, person, activity, Some(skill), columns);
            count += 1;
        }
        if person.skills.is_empty() {
            row(text, person, activity, None, columns);
            count += 1;
        }
    }
    count
}

fn row(
    text: &mut String,
    person: &Person,
    activity: &PracticeActivity,
    skill: Option<&Skill>,
    columns: usize,
) {
    let national_id = person.national_id();
    let (skill_kind, skill) = skill.map_or((Coded::NONE, Coded::NONE), |skill| {
        (skill.kind, Coded::new(skill.code, skill.label))
    });
    let place = activity.organization.as_ref();
    let address = place.map(|place| &place.address);
    let town_line = address.map(|address| address.town.postal_line());
    let country = address.map_or(Coded::NONE, |_| FRANCE);
    let department = address.map_or(Coded::NONE, |address| address.town.department);
    let values: [&str; HEADINGS.len()] = [
        person.number.kind(),
        person.number.text(),
        &national_id,
        person.exercise_civility.code,
        person.exercise_civility.label,
        person.civility.code,
        person.civility.label,
        &person.family_name,
        &person.given_name,
        person.profession.code,
        person.profession.label,
        person.category.code,
        person.category.label,
        skill_kind.code,
        skill_kind.label,
        skill.code,
        skill.label,
        activity.mode.code,
        activity.mode.label,
        place.map_or("", |place| &place.siret),
        place.map_or("", |place| place.siren()),
        place.map_or("", |place| &place.finess_site),
        place.map_or("", |place| &place.finess_legal),
        place.map_or("", |place| &place.technical_id),
        place.map_or("", |place| &place.name),
        place.map_or("", |place| &place.trade_name),
        address.map_or("", |address| &address.recipient),
        "",
        address.map_or("", |address| &address.number),
        address.map_or("", |address| address.repetition),
        address.map_or("", |address| address.street_kind.code),
        address.map_or("", |address| address.street_kind.label),
        address.map_or("", |address| address.street),
        "",
        town_line.as_deref().unwrap_or_default(),
        address.map_or("", |address| address.town.postal_code),
        address.map_or("", |address| address.town.insee),
        address.map_or("", |address| address.town.name),
        country.code,
        country.label,
        "",
        "",
        "",
        "",
        department.code,
        department.label,
        place.map_or("", |place| &place.former_id),
        activity.registration_authority,
        activity.sector.code,
        activity.sector.label,
        activity.pharmacist_section.code,
        activity.pharmacist_section.label,
        activity.function.code,
        activity.function.label,
        activity.kind.code,
        activity.kind.label,
    ];
    line(text, &values[..columns]);
}

/// Each value and a `|`, then the line's end.
pub(super) fn line(text: &mut String, values: &[impl AsRef<str>]) {
    for value in values {
        text.push_str(value.as_ref());
        text.push('|');
    }
    text.push('\n');
}

/// Hands the text over.
pub(super) fn flush(
    text: &mut String,
    output: &mut impl Write,
    written: &mut Written,
) -> io::Result<()> {
    output.write_all(text.as_bytes())?;
    written.bytes += text.len() as u64;
    text.clear();
    Ok(())
}
