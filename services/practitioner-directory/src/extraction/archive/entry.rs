//! What an archive's records say of the file in it.

use super::ArchiveFault;
use super::fields::Fields;

/// What a record of the file says: the one before its bytes, or the one in the
/// archive's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name, as it stands there.
    pub(super) name: Vec<u8>,
    /// How its bytes are packed.
    pub(super) method: Method,
    /// What must come out; `None`: it is said behind the bytes.
    pub(super) promised: Option<Checks>,
}

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// As they are.
    Stored,
    /// By deflate.
    Deflated,
}

/// What tells one content from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checks {
    /// CRC-32 of the file.
    pub(super) crc: u32,
    /// Bytes in the archive.
    pub(super) packed: u64,
    /// Bytes of the file.
    pub(super) size: u64,
}

/// The first bytes of the record before a file's bytes.
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// The first bytes of an archive's last record.
pub(super) const END: &[u8; 4] = b"PK\x05\x06";

const ENCRYPTED: u16 = 1;
/// What must come out is said behind the bytes.
const SAID_BEHIND: u16 = 1 << 3;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const DIRECTORY_ENCRYPTED: u16 = 1 << 13;

const METHOD_STORED: u16 = 0;
const METHOD_DEFLATED: u16 = 8;
/// Another encryption, which stands where the method does.
const METHOD_AES: u16 = 99;

/// Sizes of 4 GiB or more stand in an additional field of this kind.
const ZIP64_FIELD: u16 = 1;

impl Entry {
    /// Reads the record before the file's bytes: what it says, and how many bytes it
    /// has; or `None` while more bytes are needed.
    pub(super) fn before_bytes(bytes: &[u8]) -> Result<Option<(Self, usize)>, ArchiveFault> {
        let mut fields = Fields::of(bytes);
        match fields.bytes(LOCAL.len()) {
            None => return Ok(None),
            Some(signature) if signature == LOCAL => {}
            Some(signature) if signature == END => return Err(ArchiveFault::Empty),
            Some(_) => return Err(ArchiveFault::NotArchive),
        }
        let Some(record) = Record::take(&mut fields, |_| Some(())) else {
            return Ok(None);
        };
        let length = bytes.len() - fields.rest().len();
        Ok(Some((record.entry(true)?, length)))
    }

    /// Reads the record in the archive's directory, behind its first bytes. `None`: it
    /// is cut.
    pub(super) fn in_directory(fields: &mut Fields<'_>) -> Option<Result<Self, ArchiveFault>> {
        fields.u16()?;
        let record = Record::take(fields, |fields| {
            fields.bytes(10)?;
            fields.u32().map(drop)
        })?;
        Some(record.entry(false))
    }
}

/// A record as it stands there.
struct Record<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    name: &'a [u8],
    extra: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes a record from the version on; the one in the directory has more between
    /// the lengths and the name.
    fn take(
        fields: &mut Fields<'a>,
        between: impl FnOnce(&mut Fields<'a>) -> Option<()>,
    ) -> Option<Self> {
        let _version = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _date = fields.u32()?;
        let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_length, extra_length) = (fields.u16()?, fields.u16()?);
        // The comment's length is the first thing between.
        let rest = fields.rest();
        between(fields)?;
        let is_longer = rest.len() > fields.rest().len();
        let name = fields.bytes(name_length.into())?;
        let extra = fields.bytes(extra_length.into())?;
        if is_longer {
            let comment = Fields::of(rest).u16()?;
            fields.bytes(comment.into())?;
        }
        Some(Self {
            flags,
            method,
            crc,
            packed,
            size,
            name,
            extra,
        })
    }

    fn entry(&self, is_before_bytes: bool) -> Result<Entry, ArchiveFault> {
        let encrypted = ENCRYPTED | STRONGLY_ENCRYPTED | DIRECTORY_ENCRYPTED;
        if self.flags & encrypted != 0 || self.method == METHOD_AES {
            return Err(ArchiveFault::Encrypted);
        }
        let method = match self.method {
            METHOD_STORED => Method::Stored,
            METHOD_DEFLATED => Method::Deflated,
            _ => return Err(ArchiveFault::MethodUnsupported),
        };
        let promised = if is_before_bytes && self.flags & SAID_BEHIND != 0 {
            None
        } else {
            Some(self.checks()?)
        };
        // Only deflated bytes say themselves where they end.
        if method == Method::Stored && promised.is_none() {
            return Err(ArchiveFault::MethodUnsupported);
        }
        Ok(Entry {
            name: self.name.to_owned(),
            method,
            promised,
        })
    }

    fn checks(&self) -> Result<Checks, ArchiveFault> {
        let mut large = Fields::of(self.large_sizes()?);
        let mut whole = |short: u32| match short {
            u32::MAX => large.u64().ok_or(ArchiveFault::Damaged),
            short => Ok(short.into()),
        };
        let size = whole(self.size)?;
        Ok(Checks {
            crc: self.crc,
            packed: whole(self.packed)?,
            size,
        })
    }

    /// The additional field of large sizes; empty: there is none.
    fn large_sizes(&self) -> Result<&'a [u8], ArchiveFault> {
        let mut extra = Fields::of(self.extra);
        while !extra.rest().is_empty() {
            let field = (|| {
                let (kind, length) = (extra.u16()?, extra.u16()?);
                Some((kind, extra.bytes(length.into())?))
            })();
            let (kind, value) = field.ok_or(ArchiveFault::Damaged)?;
            if kind == ZIP64_FIELD {
                return Ok(value);
            }
        }
        Ok(&[])
    }
}
