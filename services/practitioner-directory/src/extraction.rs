//! Reads a published extraction: bytes, unpacked if they come in a zip archive → lines →
//! rows, typed as its source has them ([`ActivityRow`], [`PersonSkillRow`], [`MailboxRow`],
//! [`QualificationRow`], [`EstablishmentRow`]). No I/O.
//!
//! The reader is given the file in pieces of any size ([`ExtractionReader::push`])
//! and gives each row to its caller at once. It is total: whatever the bytes, it
//! answers rows, faults of single rows, or [`Malformed`] for the file as a whole;
//! and it holds one line at most, of at most [`LONGEST_LINE`] bytes, and a
//! window of what it unpacks.
//!
//! **Encoding.** Published files are UTF-8; older ones were Latin-1. The first line
//! that holds a byte above 0x7F decides for the whole file: UTF-8 if that line is
//! UTF-8, otherwise Latin-1 (read as Windows-1252, its superset). In practice this
//! is the header, whose wording has accents. In a UTF-8 file, a later line that is
//! not UTF-8 is a faulty row, never silently read as something else.
//!
//! **Header.** Each source has columns that it must have and columns that show that a
//! file is another one. Columns are found by their wording, without case, accents and
//! punctuation, never by their place: wording and number of columns
//! have changed over the years. The FINESS register says of itself that it is one, and
//! its columns have stood in the same places since: these are its header.

mod archive;
mod column;
mod encoding;
mod establishment;
mod fault;
mod file_name;
mod header;
mod lines;
mod mailbox;
mod malformed;
mod person_skill;
mod qualification;
mod reader;
mod register;
mod row;
mod values;

pub use archive::ArchiveFault;
pub use establishment::EstablishmentRow;
pub use fault::RowFault;
pub use file_name::{ExtractionName, Packing};
pub use lines::LONGEST_LINE;
pub use mailbox::{MailboxHolder, MailboxRow};
pub use malformed::Malformed;
pub use person_skill::PersonSkillRow;
pub use qualification::{QualificationRow, QualificationText};
pub use reader::{ExtractionReader, ReadLine};
pub use row::{ActivityRow, SkillText, StructureText};

#[cfg(test)]
pub(crate) mod written;

#[cfg(test)]
mod tests;
