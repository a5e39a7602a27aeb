//! What one row says, as facts that can be compared without being kept.

use aval_domain::code::Profession;
use sha2::{Digest, Sha256};

use crate::extraction::{
    ActivityRow, EstablishmentRow, MailboxHolder, MailboxRow, PersonSkillRow, StructureText,
};
use crate::qualification::Qualification;

/// The name of a fact: 128 bits of SHA-256 over what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey(pub [u8; 16]);

/// What a fact says, as 64 bits of SHA-256: two wordings of one fact differ.
pub type Wording = u64;

/// The facts of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFacts {
    /// The person's national identifier.
    pub national_id: String,
    /// Names the person.
    pub person: FactKey,
    /// The person's names.
    pub person_wording: Wording,
    /// Names the structure, and says what it is.
    pub structure: Option<(FactKey, Wording)>,
    /// Names the practice situation: its natural key. It stays the same as long as
    /// the person, profession, category, structure, function, mode, sector and kind do.
    pub situation: FactKey,
    /// Names the row: the practice situation with one skill, or with none.
    pub row: FactKey,
}

impl RowFacts {
    /// What this row says.
    #[must_use]
    pub fn of(row: &ActivityRow<'_>) -> Self {
        let national_id = row.national_id.to_string();
        let technical_id = row.structure.as_ref().map(|s| s.technical_id.as_str());
        let situation = SituationText {
            national_id: &national_id,
            profession: row.profession,
            category: row.category,
            technical_id: technical_id.unwrap_or_default(),
            function: row.function,
            mode: row.mode,
            sector: row.sector,
            kind: row.kind,
        }
        .key();
        let skill = row
            .skill
            .map_or([""; 3], |s| [s.type_code, s.code, s.label]);
        Self {
            person: person_key(&national_id),
            person_wording: wording("names", &[row.civility, row.family_name, row.given_name]),
            structure: row
                .structure
                .as_ref()
                .map(|s| (structure_key(&s.technical_id), structure_wording(s))),
            situation,
            row: FactKey(head(hash("row", &[&situation.0], &skill))),
            national_id,
        }
    }
}

/// The name of the person of this national identifier.
#[must_use]
pub fn person_key(national_id: &str) -> FactKey {
    FactKey(head(hash("person", &[], &[national_id])))
}

/// The name of the structure of this technical identifier.
#[must_use]
pub fn structure_key(technical_id: &str) -> FactKey {
    FactKey(head(hash("structure", &[], &[technical_id])))
}

/// The name of what a row says of somebody's skills: all of it.
#[must_use]
pub fn person_skill_key(row: &PersonSkillRow<'_>) -> FactKey {
    let national_id = row.national_id.to_string();
    let parts = [
        national_id.as_str(),
        Profession::code(row.profession),
        row.category,
        row.skill.type_code,
        row.skill.code,
        row.skill.label,
    ];
    FactKey(head(hash("person skill", &[], &parts)))
}

/// The name of what a row says of somebody's qualification: all of it.
#[must_use]
pub fn qualification_key(national_id: &str, said: &Qualification) -> FactKey {
    let parts = [
        national_id,
        said.kind.code(),
        &said.type_code,
        &said.type_label,
        &said.code,
        &said.label,
    ];
    FactKey(head(hash("qualification", &[], &parts)))
}

/// The name of what a row says of a mailbox: its address and whose it is.
#[must_use]
pub fn mailbox_key(address: &str, holder: &str) -> FactKey {
    FactKey(head(hash("mailbox", &[], &[address, holder])))
}

/// The name of the establishment of this FINESS.
#[must_use]
pub fn establishment_key(finess: &str) -> FactKey {
    FactKey(head(hash("establishment", &[], &[finess])))
}

/// What a row says of its establishment: all that is read.
#[must_use]
pub fn establishment_wording(row: &EstablishmentRow<'_>) -> Wording {
    let [number, complement, kind, street, locality] = row.street;
    wording(
        "establishment",
        &[
            row.name,
            number,
            complement,
            kind,
            street,
            locality,
            row.postal_code,
            row.town,
            &row.town_code,
            row.department,
            row.category_code,
            row.category_label,
            row.opened_on,
        ],
    )
}

/// Whose a mailbox is, as one text: a person's national identifier, or `=` and the number
/// of a structure, which no identifier of a person begins with.
#[must_use]
pub fn holder_of(row: &MailboxRow<'_>) -> String {
    match &row.holder {
        MailboxHolder::Person(national_id) => national_id.to_string(),
        MailboxHolder::Structure(number) => format!("={number}"),
    }
}

/// What names a practice situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SituationText<'a> {
    /// The person's national identifier.
    pub national_id: &'a str,
    /// Profession.
    pub profession: Profession,
    /// Professional category.
    pub category: &'a str,
    /// The structure's technical identifier; empty: none.
    pub technical_id: &'a str,
    /// Function.
    pub function: &'a str,
    /// Mode of practice.
    pub mode: &'a str,
    /// Sector.
    pub sector: &'a str,
    /// Kind of activity.
    pub kind: &'a str,
}

impl SituationText<'_> {
    /// Its natural key.
    #[must_use]
    pub fn key(&self) -> FactKey {
        let profession = Profession::code(self.profession);
        let parts = [
            self.national_id,
            profession,
            self.category,
            self.technical_id,
            self.function,
            self.mode,
            self.sector,
            self.kind,
        ];
        FactKey(head(hash("situation", &[], &parts)))
    }
}

fn structure_wording(s: &StructureText<'_>) -> Wording {
    let [number, repetition, kind, street] = s.street;
    wording(
        "structure",
        &[
            s.siret,
            s.siren,
            s.finess,
            s.legal_finess,
            s.rpps_rank,
            s.name,
            s.sign,
            number,
            repetition,
            kind,
            street,
            s.postal_code,
            s.town,
            s.town_code,
            s.department,
            s.sector,
        ],
    )
}

fn wording(what: &str, parts: &[&str]) -> Wording {
    Wording::from_be_bytes(head(hash(what, &[], parts)))
}

/// SHA-256 over the parts, each behind its length. The first part says what is
/// hashed and in which version of this program's understanding: when more columns
/// are read, another version makes every fact new.
fn hash(what: &str, keys: &[&[u8]], parts: &[&str]) -> [u8; 32] {
    // Gathered first: a digest that is given many short parts takes twice as long.
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    let parts = parts.iter().map(|part| part.as_bytes());
    for part in [b"1".as_slice(), what.as_bytes()]
        .into_iter()
        .chain(keys.iter().copied())
        .chain(parts)
    {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Sha256::digest(&bytes).into()
}

/// Room for what is hashed of a structure, which says most.
const USUAL_LENGTH: usize = 512;

fn head<const N: usize>(hash: [u8; 32]) -> [u8; N] {
    *hash.first_chunk().expect("a hash is longer than its head")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extraction::written::{HEADER_56, WrittenRow, file};
    use crate::extraction::{ExtractionReader, ReadLine};
    use crate::source::Source;

    fn facts(row: WrittenRow) -> RowFacts {
        let mut facts = None;
        ExtractionReader::new(Source::PracticeSituations)
            .push(file(HEADER_56, "\n", &[row]).as_bytes(), |_, read| {
                let ReadLine::Row(row) = read else {
                    panic!("{read:?}")
                };
                facts = Some(RowFacts::of(&row));
            })
            .unwrap();
        facts.unwrap()
    }

    #[test]
    fn a_new_name_is_another_wording_of_the_same_person_in_the_same_situation() {
        let before = facts(WrittenRow::doctor());
        let after = facts(WrittenRow::doctor().with("Nom d'exercice", "LE GOFF"));
        assert_ne!(before.person_wording, after.person_wording);
        assert_eq!(
            (before.person, before.situation, before.row),
            (after.person, after.situation, after.row)
        );
    }

    #[test]
    fn another_skill_is_another_row_of_the_same_situation() {
        let before = facts(WrittenRow::doctor());
        let after = facts(WrittenRow::doctor().with("Code savoir-faire", "SM26"));
        assert_eq!(before.situation, after.situation);
        assert_ne!(before.row, after.row);
    }

    #[test]
    fn each_part_of_the_natural_key_makes_another_situation() {
        let before = facts(WrittenRow::doctor());
        for (column, value) in [
            ("Code profession", "60"),
            ("Code catégorie professionnelle", "M"),
            ("Identifiant technique de la structure", "R2"),
            ("Code rôle (a.k.a. Code fonction)", "FON-22"),
            ("Code mode exercice", "S"),
            ("Code secteur d'activité", "SA05"),
            ("Code genre activité", "GENR02"),
        ] {
            let after = facts(WrittenRow::doctor().with(column, value));
            assert_eq!(before.person, after.person);
            assert_ne!(before.situation, after.situation, "{column}");
        }
    }

    #[test]
    fn a_structure_that_moves_is_another_wording_and_no_other_situation() {
        let before = facts(WrittenRow::doctor());
        let after = facts(WrittenRow::doctor().with("Code postal (coord. structure)", "69006"));
        assert_eq!(before.row, after.row);
        let (key, wording) = before.structure.unwrap();
        let (key_after, wording_after) = after.structure.unwrap();
        assert_eq!(key, key_after);
        assert_ne!(wording, wording_after);
    }
}
