//! What stands behind the file's bytes: what must have come out of them, the archive's
//! directory, and its end.

use super::ArchiveFault;
use super::entry::{Checks, END, Entry, LOCAL};
use super::fields::Fields;

/// The first bytes of what must have come out, where they are not left out.
const BEHIND: &[u8; 4] = b"PK\x07\x08";
/// The first bytes of a record of the directory.
const RECORD: &[u8; 4] = b"PK\x01\x02";
/// The first bytes of the last record but two, of archives with large numbers.
const LARGE_END: &[u8; 4] = b"PK\x06\x06";
/// The first bytes of the last record but one, which says where that one stands.
const LARGE_END_PLACE: &[u8; 4] = b"PK\x06\x07";
/// How many bytes the record before the last has behind its first ones.
const LARGE_END_PLACE_LENGTH: usize = 16;

/// Checks that what came out is what was packed, that the archive holds this one file
/// only, and that it ends where it says.
pub(super) fn check(tail: &[u8], entry: &Entry, came_out: Checks) -> Result<(), ArchiveFault> {
    let directory = match entry.promised {
        Some(promised) if promised == came_out => tail,
        Some(_) => return Err(ArchiveFault::ChecksumWrong),
        None => behind_checks(tail, came_out)?,
    };
    let mut fields = Fields::of(directory);
    match signature(&mut fields)? {
        RECORD => {}
        LOCAL => return Err(ArchiveFault::SeveralFiles),
        _ => return Err(ArchiveFault::Damaged),
    }
    let recorded = Entry::in_directory(&mut fields).ok_or(ArchiveFault::Truncated)??;
    if recorded.promised != Some(came_out) {
        return Err(ArchiveFault::ChecksumWrong);
    }
    if (&recorded.name, recorded.method) != (&entry.name, entry.method) {
        return Err(ArchiveFault::Damaged);
    }
    end(fields)
}

/// The directory: what stands behind the checks, which have four forms, with their first
/// bytes or without and with long sizes or short ones. The records that follow tell
/// which.
fn behind_checks(tail: &[u8], came_out: Checks) -> Result<&[u8], ArchiveFault> {
    let crc = came_out.crc.to_le_bytes();
    let sizes = [came_out.packed, came_out.size];
    let long: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    let short: Vec<u8> = sizes
        .iter()
        .flat_map(|size| u32::try_from(*size).unwrap_or(u32::MAX).to_le_bytes())
        .collect();
    let forms = [BEHIND.as_slice(), &[]]
        .into_iter()
        .flat_map(|first| [&long, &short].map(|sizes| [first, &crc, sizes].concat()));
    let mut fault = ArchiveFault::ChecksumWrong;
    for form in forms {
        match tail.strip_prefix(form.as_slice()) {
            Some(rest) if rest.starts_with(b"PK") => return Ok(rest),
            // Perhaps cut within the next record's first bytes.
            Some([] | [b'P']) => fault = ArchiveFault::Truncated,
            None if form.starts_with(tail) => fault = ArchiveFault::Truncated,
            _ => {}
        }
    }
    Err(fault)
}

/// The records behind the directory's only one.
fn end(mut fields: Fields<'_>) -> Result<(), ArchiveFault> {
    let mut next = signature(&mut fields)?;
    if next == RECORD {
        return Err(ArchiveFault::SeveralFiles);
    }
    if next == LARGE_END {
        let length = fields.u64().ok_or(ArchiveFault::Truncated)?;
        let length = usize::try_from(length).map_err(|_| ArchiveFault::Damaged)?;
        fields.bytes(length).ok_or(ArchiveFault::Truncated)?;
        next = signature(&mut fields)?;
    }
    if next == LARGE_END_PLACE {
        let place = fields.bytes(LARGE_END_PLACE_LENGTH);
        place.ok_or(ArchiveFault::Truncated)?;
        next = signature(&mut fields)?;
    }
    if next != END {
        return Err(ArchiveFault::Damaged);
    }
    // Numbers of parts, counts of records, length and place of the directory: of one
    // file in one part there is nothing to learn from them.
    fields.bytes(16).ok_or(ArchiveFault::Truncated)?;
    let comment = fields.u16().ok_or(ArchiveFault::Truncated)?;
    let comment = fields.bytes(comment.into());
    comment.ok_or(ArchiveFault::Truncated)?;
    if fields.rest().is_empty() {
        Ok(())
    } else {
        Err(ArchiveFault::Trailing)
    }
}

fn signature<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8; 4], ArchiveFault> {
    let bytes = fields.bytes(4).and_then(|bytes| bytes.first_chunk());
    bytes.ok_or(ArchiveFault::Truncated)
}
