//! What is shown of people, record by record, in a file of this instance alone.
//!
//! The file has no name: however the process ends, nothing is left behind, and nobody else
//! reads it. It is appended to and never changed. Records are read where they stand, so that
//! they take memory that the system may have back, and not the process's own.
//!
//! A disk may give back something else than was written. A record has a checksum, and says
//! of whom it is: what does not check is not shown.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aval_domain::id::PractitionerId;

use crate::practitioner::Practitioner;

/// A file of records.
#[derive(Debug)]
pub struct Records {
    file: File,
    /// Where the next one begins. Held by whoever appends.
    end: Mutex<u64>,
}

/// Where a record begins, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u64);

/// Why a record is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The file cannot be read.
    #[error("the file of what is shown of people cannot be read")]
    File(#[source] io::Error),
    /// It is not what was written.
    #[error("a record of what is shown of people is not what was written")]
    Damaged,
}

/// For the length of a record; what is left are beginnings up to a tebibyte.
const LENGTH_BITS: u32 = 24;

/// The checksum, before the record.
const CHECKSUM: usize = 4;

impl Place {
    fn of(begin: u64, length: usize) -> Option<Self> {
        let length = u64::try_from(length).ok()?;
        let fits = length >> LENGTH_BITS == 0 && begin >> (u64::BITS - LENGTH_BITS) == 0;
        fits.then_some(Self((begin << LENGTH_BITS) | length))
    }

    /// As a number, which is never 0: no record is empty.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The place that was this number; `None` of 0.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }

    fn begin(self) -> u64 {
        self.0 >> LENGTH_BITS
    }

    fn length(self) -> usize {
        let length = self.0 & ((1 << LENGTH_BITS) - 1);
        usize::try_from(length).unwrap_or(usize::MAX)
    }
}

impl Records {
    /// An empty file in this folder.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile_in(folder)?,
            end: Mutex::new(0),
        })
    }

    /// Writes a record of each of these people, and says where each stands. Where it fails
    /// nothing of them is there.
    pub fn append<'a>(
        &self,
        people: impl Iterator<Item = &'a Practitioner>,
    ) -> io::Result<Vec<Place>> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let mut written = Vec::new();
        let mut places = Vec::new();
        for somebody in people {
            let begin = written.len();
            written.extend([0; CHECKSUM]);
            written = postcard::to_extend(somebody, written).map_err(io::Error::other)?;
            let checksum = crc32fast::hash(&written[begin + CHECKSUM..]);
            written[begin..begin + CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
            let place = Place::of(*end + begin as u64, written.len() - begin);
            places.push(place.ok_or(io::ErrorKind::FileTooLarge)?);
        }
        self.file.write_all_at(&written, *end)?;
        *end += written.len() as u64;
        Ok(places)
    }

    /// Reads the record of this person that stands there.
    pub fn read(&self, of: PractitionerId, place: Place) -> Result<Practitioner, Unread> {
        let mut record = vec![0; place.length()];
        self.file
            .read_exact_at(&mut record, place.begin())
            .map_err(Unread::File)?;
        let (checksum, record) = record
            .split_first_chunk::<CHECKSUM>()
            .ok_or(Unread::Damaged)?;
        if crc32fast::hash(record) != u32::from_le_bytes(*checksum) {
            return Err(Unread::Damaged);
        }
        let somebody: Practitioner = postcard::from_bytes(record).map_err(|_| Unread::Damaged)?;
        if somebody.practitioner_id != of {
            return Err(Unread::Damaged);
        }
        Ok(somebody)
    }

    /// How many bytes of the disk it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes one byte of a record, as a bad disk does.
    #[cfg(test)]
    pub(crate) fn damage(&self, place: Place) {
        let at = place.begin() + place.length() as u64 / 2;
        let mut byte = [0];
        self.file.read_exact_at(&mut byte, at).unwrap();
        self.file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
    }

    /// Takes away what was written, so that nothing can be read.
    #[cfg(test)]
    pub(crate) fn cut(&self) {
        self.file.set_len(0).unwrap();
    }
}

#[cfg(test)]
mod tests;
