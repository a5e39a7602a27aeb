//! What a program did to the files in a folder, read back.

use crate::journal::{CREATED, FOLDER_SYNCED, NUMBERS, OPENED, REMOVED, RESIZED, SYNCED, WRITTEN};

/// One thing that was done. A file has the number that the file system gave it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record<'journal> {
    Created(u64, &'journal str),
    Opened(u64, &'journal str),
    Written(u64, usize, &'journal [u8]),
    Resized(u64, usize),
    Synced(u64),
    FolderSynced,
    Removed(&'journal str),
}

/// All of them, but for one that was being written down when the program was killed.
pub(crate) fn records(mut journal: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (record, rest) = split(journal)?;
        journal = rest;
        Some(record)
    })
}

fn split(journal: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let mut rest = journal;
    let mut numbers = [0; NUMBERS];
    for number in &mut numbers {
        let (bytes, after) = rest.split_first_chunk()?;
        *number = u64::from_le_bytes(*bytes);
        rest = after;
    }
    let [what, file, place, length] = numbers;
    let place = usize::try_from(place).unwrap();
    let (bytes, rest) = rest.split_at_checked(usize::try_from(length).unwrap())?;
    let name = || std::str::from_utf8(bytes).unwrap();
    let record = match what {
        CREATED => Record::Created(file, name()),
        OPENED => Record::Opened(file, name()),
        WRITTEN => Record::Written(file, place, bytes),
        RESIZED => Record::Resized(file, place),
        SYNCED => Record::Synced(file),
        FOLDER_SYNCED => Record::FolderSynced,
        REMOVED => Record::Removed(name()),
        other => panic!("nobody writes {other} down"),
    };
    Some((record, rest))
}
