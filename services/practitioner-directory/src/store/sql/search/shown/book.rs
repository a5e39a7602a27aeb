//! Where the record of each person stands.
//!
//! The records by rank are of the revision at which the directory was indexed whole. Whoever
//! changed since has one of the revision at which the index learnt of it. Neither is ever
//! taken for another: a record is put here only if nobody changed whom it is of, or where
//! they practise, between that revision and the reading of it.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use aval_domain::id::PractitionerId;

use super::super::indexed::Made;
use crate::index::Standing;
use crate::practitioner::Practitioner;
use crate::records::{Place, Records, Unread};

/// A file of records, and where each stands in it.
#[derive(Debug)]
pub(super) struct Book {
    /// Which indexing of the whole directory the ranks are of.
    pub(super) making: u64,
    records: Records,
    /// 0: not there.
    by_rank: Vec<AtomicU64>,
    recent: RwLock<HashMap<PractitionerId, Recent>>,
    /// Whether it was said that a record is damaged.
    is_told: AtomicBool,
}

/// The record of somebody who changed since the directory was indexed whole.
#[derive(Debug, Clone, Copy)]
struct Recent {
    /// The revision at which the index learnt of it.
    at: u64,
    place: Place,
}

/// As who somebody is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// As they were when the directory was indexed whole.
    Rank(u32),
    /// As the index learnt at this revision that they are now.
    Changed(u64),
}

impl Book {
    /// An empty one for the people of this index.
    pub(super) fn new(records: Records, made: &Made) -> Self {
        let ranks = std::iter::repeat_with(AtomicU64::default);
        Self {
            making: made.making,
            records,
            by_rank: ranks.take(made.people.len_of_whole()).collect(),
            recent: RwLock::default(),
            is_told: AtomicBool::default(),
        }
    }

    /// Where the record of somebody whom this index found stands, if it is there.
    pub(super) fn place(&self, made: &Made, id: PractitionerId, of: Standing) -> Option<Place> {
        match of.rank {
            Some(rank) => self.of_rank(rank),
            None => self.of_changed(id, made.changed.get(&id)?.at),
        }
    }

    pub(super) fn of_rank(&self, rank: u32) -> Option<Place> {
        let place = self.by_rank.get(rank as usize)?;
        Place::from_bits(place.load(Ordering::Acquire))
    }

    pub(super) fn of_changed(&self, id: PractitionerId, at: u64) -> Option<Place> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let of_one = recent.get(&id).filter(|recent| recent.at == at);
        of_one.map(|recent| recent.place)
    }

    /// Writes records of these people, as who they are.
    pub(super) fn put(&self, people: &[(As, Practitioner)]) -> io::Result<()> {
        let records = people.iter().map(|(_, somebody)| somebody);
        let places = self.records.append(records)?;
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for ((of, somebody), place) in people.iter().zip(places) {
            match *of {
                As::Rank(rank) => {
                    if let Some(of_rank) = self.by_rank.get(rank as usize) {
                        of_rank.store(place.to_bits(), Ordering::Release);
                    }
                }
                As::Changed(at) => {
                    recent.insert(somebody.practitioner_id, Recent { at, place });
                }
            }
        }
        Ok(())
    }

    /// Reads the records of these people. `None` where one of them is damaged, which is said
    /// once.
    pub(super) fn read(
        &self,
        people: &[(PractitionerId, Place)],
    ) -> io::Result<Option<Vec<Practitioner>>> {
        let read = people
            .iter()
            .map(|(id, place)| self.records.read(*id, *place));
        match read.collect() {
            Ok(read) => Ok(Some(read)),
            Err(Unread::File(error)) => Err(error),
            Err(error @ Unread::Damaged) => {
                if !self.is_told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the database is asked instead");
                }
                Ok(None)
            }
        }
    }

    /// How many bytes of memory it takes for those who are in the index of the whole directory.
    pub(super) fn bytes(&self) -> usize {
        self.by_rank.capacity() * size_of::<AtomicU64>()
    }

    /// How many bytes of the disk it takes.
    pub(super) fn bytes_on_disk(&self) -> u64 {
        self.records.bytes()
    }

    #[cfg(test)]
    pub(super) fn records(&self) -> &Records {
        &self.records
    }
}
