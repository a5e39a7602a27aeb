//! A published zip archive, unpacked as it comes. No I/O.
//!
//! The archive is given in pieces of any size and the file's bytes are handed on at
//! once: neither is ever held. It is read from its beginning, so that nothing is known
//! of its directory before the file's last byte: what the directory then says must agree
//! with what came out, or the archive is refused as a whole.
//!
//! One file, by the published name; deflated, or stored with its size; sizes of more
//! than 4 GiB; what must come out said before the bytes or behind them. Everything else
//! is refused by name ([`ArchiveFault`]).

mod directory;
mod entry;
mod fault;
mod fields;

#[cfg(test)]
mod tests;

pub use fault::ArchiveFault;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{ExtractionName, Malformed, Packing};
use crate::source::Source;
use entry::{Checks, Entry, LOCAL, Method};

/// The largest file that is unpacked, in bytes. The largest published one has about 1 GB.
const LARGEST_FILE: u64 = 8 * 1024 * 1024 * 1024;
/// How many times as large as its packed bytes a file may be. Published ones are about
/// ten times as large.
const LARGEST_RATIO: u64 = 100;
/// Below this size, in bytes, the ratio says nothing.
const HARMLESS_SIZE: u64 = 1024 * 1024;
/// The longest records behind the file's bytes, in bytes: those of one file have less
/// than 64 KiB but for the comments.
const LONGEST_TAIL: usize = 256 * 1024;
/// How much is unpacked at once, in bytes.
const UNPACKED_AT_ONCE: usize = 32 * 1024;

/// An archive that is being unpacked.
#[derive(Debug)]
pub(super) struct Archive {
    source: Source,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The record before the file's bytes, as far as it came.
    Before(Vec<u8>),
    /// The file's bytes.
    Bytes(Box<Unpacking>),
    /// What stands behind them.
    Behind {
        entry: Entry,
        came_out: Checks,
        tail: Vec<u8>,
    },
}

/// The file's bytes, as far as they came.
#[derive(Debug)]
struct Unpacking {
    entry: Entry,
    inflater: Decompress,
    crc: Crc,
    /// Bytes of the archive that were read.
    packed: u64,
    /// Bytes of the file that came out.
    size: u64,
}

impl Archive {
    /// An archive that should hold the file of this source, of which nothing came yet.
    pub(super) const fn new(source: Source) -> Self {
        Self {
            source,
            stage: Stage::Before(Vec::new()),
        }
    }

    /// Takes the next bytes of the archive, and hands on what comes out of them.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let mut first = None;
        if let Stage::Before(record) = &mut self.stage {
            record.extend_from_slice(piece);
            let Some((entry, length)) = Entry::before_bytes(record)? else {
                return Ok(());
            };
            require_name(self.source, &entry.name)?;
            if entry
                .promised
                .is_some_and(|promised| promised.size > LARGEST_FILE)
            {
                return Err(ArchiveFault::TooLarge.into());
            }
            first = Some(record.split_off(length));
            self.stage = Stage::Bytes(Box::new(Unpacking::of(entry)));
        }
        let mut piece = first.as_deref().unwrap_or(piece);
        if let Stage::Bytes(unpacking) = &mut self.stage {
            if !unpacking.push(&mut piece, &mut each)? {
                return Ok(());
            }
            self.stage = Stage::Behind {
                entry: unpacking.entry.clone(),
                came_out: unpacking.came_out(),
                tail: Vec::new(),
            };
        }
        let Stage::Behind {
            entry,
            came_out,
            tail,
        } = &mut self.stage
        else {
            return Ok(());
        };
        tail.extend_from_slice(piece);
        if tail.len() > LONGEST_TAIL {
            directory::check(tail, entry, *came_out)?;
            return Err(ArchiveFault::Trailing.into());
        }
        Ok(())
    }

    /// Takes note that nothing comes any more: everything must agree.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        match &self.stage {
            Stage::Before(record) if record.is_empty() => Err(Malformed::Empty),
            Stage::Before(record) if !LOCAL.starts_with(record.get(..4).unwrap_or(record)) => {
                Err(ArchiveFault::NotArchive.into())
            }
            Stage::Before(_) | Stage::Bytes(_) => Err(ArchiveFault::Truncated.into()),
            Stage::Behind {
                entry,
                came_out,
                tail,
            } => Ok(directory::check(tail, entry, *came_out)?),
        }
    }
}

impl Unpacking {
    fn of(entry: Entry) -> Self {
        Self {
            entry,
            inflater: Decompress::new(false),
            crc: Crc::new(),
            packed: 0,
            size: 0,
        }
    }

    fn came_out(&self) -> Checks {
        Checks {
            crc: self.crc.sum(),
            packed: self.packed,
            size: self.size,
        }
    }

    /// Unpacks the piece, leaves what is not the file's any more, and says whether the
    /// file is whole.
    fn push(
        &mut self,
        piece: &mut &[u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<bool, Malformed> {
        match self.entry.method {
            Method::Stored => {
                let size = self.entry.promised.map_or(0, |promised| promised.packed);
                let left = usize::try_from(size - self.packed).unwrap_or(usize::MAX);
                let (bytes, rest) = piece.split_at(left.min(piece.len()));
                *piece = rest;
                self.packed += bytes.len() as u64;
                self.hand_on(bytes, each)?;
                Ok(self.packed == size)
            }
            Method::Deflated => self.inflate(piece, each),
        }
    }

    fn inflate(
        &mut self,
        piece: &mut &[u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<bool, Malformed> {
        let mut unpacked = vec![0; UNPACKED_AT_ONCE];
        loop {
            let (packed, size) = (self.inflater.total_in(), self.inflater.total_out());
            let status = self
                .inflater
                .decompress(piece, &mut unpacked, FlushDecompress::None)
                .map_err(|_| ArchiveFault::Damaged)?;
            let read = usize::try_from(self.inflater.total_in() - packed).unwrap_or(usize::MAX);
            let came = usize::try_from(self.inflater.total_out() - size).unwrap_or(usize::MAX);
            *piece = piece.get(read..).unwrap_or_default();
            self.packed = self.inflater.total_in();
            self.hand_on(unpacked.get(..came).unwrap_or_default(), each)?;
            match status {
                Status::StreamEnd => return Ok(true),
                _ if read == 0 && came == 0 && !piece.is_empty() => {
                    return Err(ArchiveFault::Damaged.into());
                }
                _ if piece.is_empty() && came < unpacked.len() => return Ok(false),
                _ => {}
            }
        }
    }

    fn hand_on(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.size += bytes.len() as u64;
        if self.size > LARGEST_FILE {
            return Err(ArchiveFault::TooLarge.into());
        }
        if self.size > HARMLESS_SIZE && self.size / LARGEST_RATIO > self.packed {
            return Err(ArchiveFault::Bomb.into());
        }
        self.crc.update(bytes);
        each(bytes)
    }
}

/// The name must be that of the expected file, whatever its time, and lead nowhere.
fn require_name(source: Source, name: &[u8]) -> Result<(), ArchiveFault> {
    if name.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
        return Err(ArchiveFault::FolderNamed);
    }
    let name = str::from_utf8(name).map_err(|_| ArchiveFault::NameUnexpected)?;
    match ExtractionName::parse(name) {
        Ok(read) if read.source == source && read.packing == Packing::Plain => Ok(()),
        _ => Err(ArchiveFault::NameUnexpected),
    }
}
