//! Rows that a reader must set aside without setting the file aside.

use super::cast::Role;
use super::file::{self, Written};
use super::making::Maker;
use super::person::Person;
use super::{MAX_PEOPLE, SynthesisPlan};

/// The last ranks: those of the bad rows' people, who are nowhere else in the file.
pub(super) const RESERVED_RANKS: u32 = 100_000;

/// How many bad rows of each kind a file gets, beside its people's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Columns missing, or too many, by turns.
    pub wrong_column_count: u32,
    /// An RPPS number whose last digit is not its Luhn key.
    pub bad_check_digit: u32,
    /// No identifier at all.
    pub missing_identifier: u32,
    /// A profession's code that the list does not have.
    pub unknown_profession: u32,
    /// A control character inside a name.
    pub control_characters: u32,
}

/// One of the kinds.
#[derive(Debug, Clone, Copy)]
enum Fault {
    WrongColumnCount,
    BadCheckDigit,
    MissingIdentifier,
    UnknownProfession,
    ControlCharacter,
}

impl Faults {
    /// How many in all.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.by_kind().iter().map(|(_, count)| count).sum()
    }

    fn by_kind(&self) -> [(Fault, u32); 5] {
        [
            (Fault::WrongColumnCount, self.wrong_column_count),
            (Fault::BadCheckDigit, self.bad_check_digit),
            (Fault::MissingIdentifier, self.missing_identifier),
            (Fault::UnknownProfession, self.unknown_profession),
            (Fault::ControlCharacter, self.control_characters),
        ]
    }

    fn nth(&self, mut position: u32) -> Option<Fault> {
        for (fault, count) in self.by_kind() {
            match position.checked_sub(count) {
                Some(rest) => position = rest,
                None => return Some(fault),
            }
        }
        None
    }
}

/// The bad rows still to be written.
pub(super) struct BadRows {
    maker: Maker,
    faults: Faults,
    columns: usize,
    people: u64,
    next: u32,
}

impl BadRows {
    pub(super) fn new(plan: &SynthesisPlan, people: u32) -> Self {
        Self {
            maker: Maker::new(plan),
            faults: plan.faults,
            columns: plan.form.columns(),
            people: u64::from(people),
            next: 0,
        }
    }

    /// Writes the rows whose place is before the person at `position`.
    pub(super) fn write_due(&mut self, position: u64, text: &mut String, written: &mut Written) {
        let spaces = u64::from(self.faults.total()) + 1;
        while self.next < self.faults.total()
            && (u64::from(self.next) + 1) * self.people / spaces <= position
        {
            self.write_next(text, written);
        }
    }

    /// Writes all that are left.
    pub(super) fn write_rest(&mut self, text: &mut String, written: &mut Written) {
        while self.next < self.faults.total() {
            self.write_next(text, written);
        }
    }

    fn write_next(&mut self, text: &mut String, written: &mut Written) {
        let Some(fault) = self.faults.nth(self.next) else {
            return;
        };
        let rank = MAX_PEOPLE - 1 - self.next % RESERVED_RANKS;
        let person = self.maker.person_as(rank, Some(Role::Colleague));
        let mut values = values(&person, self.columns);
        fault.spoil(&mut values, self.next);
        file::line(text, &values);
        written.rows += 1;
        written.bad_rows += 1;
        self.next += 1;
    }
}

impl Fault {
    fn spoil(self, values: &mut Vec<String>, turn: u32) {
        match self {
            Self::WrongColumnCount if turn.is_multiple_of(2) => values.truncate(40),
            Self::WrongColumnCount => values.extend(["A".to_owned(), "B".to_owned()]),
            Self::BadCheckDigit => {
                for value in &mut values[1..3] {
                    let key = value.pop().and_then(|key| key.to_digit(10)).unwrap_or(0);
                    value.push_str(&((key + 1) % 10).to_string());
                }
            }
            Self::MissingIdentifier => values[1..3].iter_mut().for_each(String::clear),
            Self::UnknownProfession => {
                "ZZ".clone_into(&mut values[9]);
                "Inconnue".clone_into(&mut values[10]);
            }
            Self::ControlCharacter => values[7].insert(1, '\u{7}'),
        }
    }
}

/// The values of the person's first row.
fn values(person: &Person, columns: usize) -> Vec<String> {
    let mut text = String::new();
    file::rows(&mut text, person, columns);
    let first = text.lines().next().unwrap_or_default();
    first.split('|').take(columns).map(str::to_owned).collect()
}
