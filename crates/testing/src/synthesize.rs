//! The national directory's file of practice situations,
//! `PS_LibreAcces_Personne_activite`, and those that say more of the same people and
//! structures, `PS_LibreAcces_SavoirFaire`, `PS_LibreAcces_Dipl_AutExerc`,
//! `Extraction_Correspondance_MSSante` and the FINESS register, filled with people made up
//! from a seed.
//!
//! The format is the published one, to the wording of its headings; the people
//! are not: names are drawn from lists, RPPS numbers from the range reserved for
//! tests (`997…`), FINESS, SIREN and SIRET numbers from ranges chosen so as not
//! to look like a real establishment's. Towns are real.
//!
//! One seed gives one file. A person is made from the seed and their rank alone,
//! so that a file of millions is written without being held.

mod cast;
mod code_lists;
mod day;
mod draw;
mod establishments;
mod family_names;
mod fault;
mod file;
mod given_names;
mod mailboxes;
mod making;
mod number;
mod organization;
mod person;
mod professions;
mod qualifications;
mod setting;
mod skills;
mod toggles;
mod towns;
mod zipped;

use std::io::{self, Write};

use aval_domain::time::Timestamp;

pub use cast::Cast;
pub use establishments::ESTABLISHMENT_HEADINGS;
pub use fault::Faults;
pub use file::{FileForm, HEADINGS, Written};
pub use mailboxes::MAILBOX_HEADINGS;
pub use person::{
    Address, Coded, Organization, Person, PersonNumber, PracticeActivity, Skill, Town,
};
pub use qualifications::QUALIFICATION_HEADINGS;
pub use skills::SKILL_HEADINGS;
pub use toggles::TOGGLE_HEADING;
pub use zipped::write_zipped;

use making::Maker;

/// How many people one plan can hold: one RPPS number of the test range for each.
pub const MAX_PEOPLE: u32 = 10_000_000;

/// What a synthetic directory is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SynthesisPlan {
    /// One seed gives one directory.
    pub seed: u64,
    /// How many people, at most [`MAX_PEOPLE`]; what is above counts as that.
    pub people: u32,
    /// The present columns or the older ones.
    pub form: FileForm,
    /// The rows that a reader must set aside, added to those of the people.
    pub faults: Faults,
    /// Whether everybody comes under an RPPS number: those who had an ADELI number too.
    pub toggled: bool,
    /// How many days after the first file this one is generated: each day some people
    /// change, leave, come, or get an RPPS number.
    pub day: u32,
}

/// A synthetic directory in memory, to look at and to change before writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The plan: its form, its faults.
    pub plan: SynthesisPlan,
    /// Everybody in the file, in its order.
    pub people: Vec<Person>,
}

impl Default for SynthesisPlan {
    /// The demo's directory: 2,000 people, no bad rows.
    fn default() -> Self {
        Self::new(1, 2_000)
    }
}

impl SynthesisPlan {
    /// A directory of `people` people in the present form, without bad rows.
    #[must_use]
    pub fn new(seed: u64, people: u32) -> Self {
        Self {
            seed,
            people,
            form: FileForm::default(),
            faults: Faults::default(),
            toggled: false,
            day: 0,
        }
    }

    /// The people, one after the other, each made when asked for.
    pub fn people(&self) -> impl Iterator<Item = Person> + use<> {
        let (maker, day) = (Maker::new(self), self.day);
        (0..self.size() + self.arrivals()).filter_map(move |rank| day::person(&maker, rank, day))
    }

    /// The people that a scenario needs; `None` when the plan is too small to
    /// hold them all ([`Cast::SIZE`]).
    #[must_use]
    pub fn cast(&self) -> Option<Cast> {
        (self.size() >= Cast::SIZE).then(|| Cast::of(&Maker::new(self), self.size()))
    }

    /// The whole directory in memory: some kilobytes a person.
    #[must_use]
    pub fn directory(&self) -> Directory {
        Directory {
            plan: *self,
            people: self.people().collect(),
        }
    }

    /// Writes the file, in memory that does not grow with the number of people.
    pub fn write(&self, output: &mut impl Write) -> io::Result<Written> {
        file::write(output, self, self.size(), self.people())
    }

    /// Writes the file of the ADELI numbers that RPPS numbers take the place of: those of
    /// everybody who is named otherwise once the plan is toggled.
    pub fn write_toggles(&self, output: &mut impl Write) -> io::Result<Written> {
        toggles::write(output, self)
    }

    /// Writes the file of the people's skills, without bad rows.
    pub fn write_skills(&self, output: &mut impl Write) -> io::Result<Written> {
        skills::write(output, self.people())
    }

    /// Writes the file of the people's diplomas and authorisations, without bad rows.
    pub fn write_qualifications(&self, output: &mut impl Write) -> io::Result<Written> {
        qualifications::write(output, self.people())
    }

    /// Writes the file of the people's and structures' mailboxes, without bad rows.
    pub fn write_mailboxes(&self, output: &mut impl Write) -> io::Result<Written> {
        mailboxes::write(output, self.people())
    }

    /// Writes the register of the structures that have a FINESS number, without bad rows.
    pub fn write_establishments(&self, output: &mut impl Write) -> io::Result<Written> {
        establishments::write(output, self.people(), self.seed, self.day)
    }

    /// How many came since the first day.
    fn arrivals(&self) -> u32 {
        let a_day = u64::from(self.size()) * u64::from(day::ARRIVALS) / 1_000_000;
        let spare = MAX_PEOPLE - fault::RESERVED_RANKS - self.size();
        let all = u64::from(self.day) * a_day.max(1);
        u32::try_from(all).map_or(spare, |all| all.min(spare))
    }

    /// As many people as can be told apart, two fewer than there are numbers for
    /// at least: somebody is always absent from the file.
    fn size(&self) -> u32 {
        self.people.min(MAX_PEOPLE - fault::RESERVED_RANKS)
    }
}

impl Directory {
    /// Writes the file with the people as they are now.
    pub fn write(&self, output: &mut impl Write) -> io::Result<Written> {
        let size = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        file::write(output, &self.plan, size, self.people.iter())
    }

    /// Writes the file of the people's skills as they are now, without bad rows.
    pub fn write_skills(&self, output: &mut impl Write) -> io::Result<Written> {
        skills::write(output, self.people.iter())
    }

    /// Writes the file of diplomas and authorisations of the people as they are now,
    /// without bad rows.
    pub fn write_qualifications(&self, output: &mut impl Write) -> io::Result<Written> {
        qualifications::write(output, self.people.iter())
    }

    /// Writes the file of mailboxes of the people and structures as they are now, without
    /// bad rows.
    pub fn write_mailboxes(&self, output: &mut impl Write) -> io::Result<Written> {
        mailboxes::write(output, self.people.iter())
    }

    /// Writes the register of the structures that have a FINESS number as they are now,
    /// without bad rows.
    pub fn write_establishments(&self, output: &mut impl Write) -> io::Result<Written> {
        establishments::write(output, self.people.iter(), self.plan.seed, self.plan.day)
    }

    /// The people who share `person`'s names, themselves left out.
    pub fn homonyms_of<'a>(&'a self, person: &'a Person) -> impl Iterator<Item = &'a Person> {
        self.people.iter().filter(move |other| {
            other.number != person.number
                && other.family_name == person.family_name
                && other.given_name == person.given_name
        })
    }
}

/// The published file's name for a generation instant:
/// `PS_LibreAcces_Personne_activite_AAAAMMJJhhmm.txt`, in UTC.
#[must_use]
pub fn file_name(generated_at: Timestamp) -> String {
    published_name("PS_LibreAcces_Personne_activite", generated_at)
}

/// The same of the file of skills, `PS_LibreAcces_SavoirFaire_AAAAMMJJhhmm.txt`.
#[must_use]
pub fn skills_file_name(generated_at: Timestamp) -> String {
    published_name("PS_LibreAcces_SavoirFaire", generated_at)
}

/// The same of the file of diplomas and authorisations,
/// `PS_LibreAcces_Dipl_AutExerc_AAAAMMJJhhmm.txt`.
#[must_use]
pub fn qualifications_file_name(generated_at: Timestamp) -> String {
    published_name("PS_LibreAcces_Dipl_AutExerc", generated_at)
}

/// The same of the file of mailboxes, `Extraction_Correspondance_MSSante_AAAAMMJJhhmm.txt`.
#[must_use]
pub fn mailboxes_file_name(generated_at: Timestamp) -> String {
    published_name("Extraction_Correspondance_MSSante", generated_at)
}

/// The same of the FINESS register, `etalab-cs1100502-stock-AAAAMMJJ-hhmm.csv`.
#[must_use]
pub fn establishments_file_name(generated_at: Timestamp) -> String {
    let digits = to_the_minute(generated_at);
    let (date, time) = digits.split_at("AAAAMMJJ".len());
    format!("etalab-cs1100502-stock-{date}-{time}.csv")
}

fn published_name(file: &str, generated_at: Timestamp) -> String {
    format!("{file}_{}.txt", to_the_minute(generated_at))
}

/// `AAAAMMJJhhmm`.
fn to_the_minute(generated_at: Timestamp) -> String {
    let rfc_3339 = generated_at.to_string();
    let digits = rfc_3339.chars().filter(char::is_ascii_digit);
    digits.take("AAAAMMJJhhmm".len()).collect()
}

#[cfg(test)]
mod tests;
