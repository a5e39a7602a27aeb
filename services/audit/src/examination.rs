//! Whether the log in a database is the one that was signed: everything is computed anew
//! and held against what is stored.
//!
//! Three passes, each in bounded memory whatever the size of the log: the entries in the
//! order of the log ([`entries`]), the entries of each patient ([`chains`]), and the map of
//! patients' heads ([`heads`]). Who is whom is remembered from the first ([`aliases`]), a
//! few bytes for each patient who was merged, and how far each producer has come ([`numbers`]).
//! The store reads one state of itself and hands it over.
//!
//! Who delivered an entry, in which life of its outbox and under which number, is in no leaf and
//! in no event: nothing signed speaks of it. That numbers contradict each other is found, and no
//! more. Nor is there anything to hold against the kind that an erased entry keeps.

pub mod aliases;
pub mod chains;
pub mod entries;
pub mod heads;
pub mod numbers;

use std::fmt;

use aval_domain::id::PatientId;

use crate::checkpoint_key::CheckpointRefused;
use crate::entry::Altered;

/// Faults beyond this many are counted, and not told one by one.
pub const MOST_TOLD: usize = 1_000;
/// What a program ends with that found a fault.
pub const DAMAGED: u8 = 22;

/// What was found.
#[derive(Debug, Default)]
pub struct Examination {
    /// How many entries were read.
    pub entries: u64,
    /// Of how many the payload was erased.
    pub erased: u64,
    /// How many patients have entries.
    pub patients: u64,
    /// How many entries the newest checkpoint speaks of; `None`: there is none.
    pub signed: Option<u64>,
    /// What is not as it was signed, at most [`MOST_TOLD`].
    pub faults: Vec<Fault>,
    /// How many more faults there are.
    pub untold: u64,
}

/// Something that is not as the log took it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Entries are gone.
    #[error("the entries from {from} to {to} are missing")]
    Missing {
        /// The first one.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// A row is none that the log writes.
    #[error("a row cannot be read: {what}")]
    Unreadable {
        /// Which, and what of it.
        what: String,
    },
    /// An entry is not what the log took.
    #[error(transparent)]
    Altered(#[from] Altered),
    /// Of what an erasure takes and leaves together, a part is there without the other.
    #[error("the entry at index {log_index} is erased by half")]
    HalfErased {
        /// Its place in the log.
        log_index: u64,
    },
    /// The hashes that stand with an entry are not those of the tree.
    #[error("the hashes with the entry at index {log_index} are not those of the tree")]
    Tree {
        /// Its place in the log.
        log_index: u64,
    },
    /// An entry says that it was recorded before the one before it.
    #[error("the entry at index {log_index} was recorded before the one before it")]
    Time {
        /// Its place in the log.
        log_index: u64,
    },
    /// An entry does not continue what its patient has.
    #[error("the entry at index {log_index} does not continue its patient's history")]
    Chain {
        /// Its place in the log.
        log_index: u64,
    },
    /// The head of a patient is not their last entry.
    #[error("the head of a patient is not their last entry, which is at index {log_index}")]
    Head {
        /// The place of their last entry.
        log_index: u64,
    },
    /// A head of somebody who has no entry.
    #[error("a head in bucket {bucket} is of nobody who has an entry")]
    HeadOfNobody {
        /// The first 16 bits of its key in the map.
        bucket: u16,
    },
    /// Heads are not those of the map.
    #[error("the heads in bucket {bucket} are not those of the map")]
    Bucket {
        /// The first 16 bits of their keys.
        bucket: u16,
    },
    /// A tile of the map is not what the one above it says.
    #[error("the tile {position} at level {level} of the map is not the one above it says")]
    Tile {
        /// From the root, 0.
        level: u8,
        /// The bits of the way to it.
        position: u16,
    },
    /// A patient is not the human whom the log says.
    #[error("the patient {patient_id} is not the human whom the log says")]
    Alias {
        /// Whose identifier, as it stands in the table or in the log.
        patient_id: PatientId,
    },
    /// What was erased says who is one human with whom.
    #[error("the entry at index {log_index} said who is whom, and was erased")]
    MergeErased {
        /// Its place in the log.
        log_index: u64,
    },
    /// An entry is erased, and the log does not say so.
    #[error("the entry at index {log_index} is erased, and no erasure in the log names it")]
    ErasedUntold {
        /// Its place in the log.
        log_index: u64,
    },
    /// The head of the log says another size.
    #[error("the log's head speaks of {said} entries, and {found} are there")]
    Size {
        /// What it says.
        said: u64,
        /// How many there are.
        found: u64,
    },
    /// The checkpoint is not of this log as it stands.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointRefused),
    /// What witnesses cosigned is not of this log as it stands.
    #[error("the log does not continue the checkpoint of {size} entries that witnesses saw")]
    Witnessed {
        /// Of how many entries it speaks.
        size: u64,
    },
    /// There are entries, and nobody signed them.
    #[error("no checkpoint was signed")]
    Unsigned,
    /// An entry is not numbered above those that its producer delivered before it.
    #[error("the entry at index {log_index} is not numbered above its producer's before it")]
    Number {
        /// Its place in the log.
        log_index: u64,
    },
    /// A producer's number is beyond what is said to have come.
    #[error("the numbers of {producer} in the life {epoch} of its outbox are beyond what has come")]
    Producer {
        /// Who delivered.
        producer: String,
        /// Which life of its outbox.
        epoch: i64,
    },
}

/// What was read, and how many faults there are.
impl fmt::Display for Examination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.faults.len() as u64 + self.untold;
        write!(
            formatter,
            "{} entries of {} patients, {} of them erased; ",
            self.entries, self.patients, self.erased
        )?;
        match (faults, self.signed) {
            (0, Some(size)) => write!(formatter, "all as signed at {size} entries"),
            (0, None) => formatter.write_str("nothing was signed yet"),
            (1, _) => formatter.write_str("1 fault"),
            (faults, _) => write!(formatter, "{faults} faults"),
        }
    }
}

impl Examination {
    /// Whether everything is as it was signed.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    /// What a program that examined ends with: 0, or [`DAMAGED`].
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if self.is_whole() { 0 } else { DAMAGED }
    }

    /// Notes a fault.
    pub fn note(&mut self, fault: impl Into<Fault>) {
        if self.faults.len() < MOST_TOLD {
            self.faults.push(fault.into());
        } else {
            self.untold += 1;
        }
    }

    /// Notes what of something that was read is not readable, and gives the rest.
    pub fn readable<T, E: fmt::Display>(&mut self, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| {
            let what = error.to_string();
            self.note(Fault::Unreadable { what });
        })
        .ok()
    }
}
