//! A folder on a disk: what is there, what is sure to be there, and what may be after a cut.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use crate::draws::Draws;
use crate::journal::NOT_KEPT;
use crate::records::Record;

/// Files by their names.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// How much of what was not synced is there after a cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loss {
    /// Of a hundred sectors that were written, and of a hundred files made or removed.
    pub(crate) kept: u64,
    /// What is written whole or not at all, in bytes.
    pub(crate) sector: usize,
}

/// The folder. Files are told apart by their places in `files`, whatever they are called.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    kept_names: BTreeMap<String, usize>,
    /// Since the folder was synced.
    named: Vec<Named>,
    /// The files by the numbers of the file system.
    numbers: HashMap<u64, usize>,
}

#[derive(Debug, Default)]
struct File {
    kept: Vec<u8>,
    /// Since it was synced.
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Written(usize, Vec<u8>),
    Resized(usize),
}

#[derive(Debug)]
enum Named {
    Made(String, usize),
    Removed(String),
}

/// What stands in a folder, but for what is not kept.
pub(crate) fn read(folder: &Path) -> Contents {
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, path)
    });
    let kept = files.filter(|(name, _)| !name.ends_with(NOT_KEPT));
    kept.map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

/// Makes the folder.
pub(crate) fn write(folder: &Path, contents: &Contents) {
    fs::create_dir(folder).unwrap();
    for (name, bytes) in contents {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

impl Disk {
    /// A disk that has all of this for good.
    pub(crate) fn with(contents: Contents) -> Self {
        let mut disk = Self::default();
        for (name, kept) in contents {
            disk.names.insert(name, disk.files.len());
            disk.files.push(File {
                kept,
                changes: Vec::new(),
            });
        }
        disk.kept_names = disk.names.clone();
        disk
    }

    /// Does what was done.
    pub(crate) fn play(&mut self, record: &Record<'_>) {
        match record {
            Record::Created(number, name) => {
                let file = self.files.len();
                self.files.push(File::default());
                self.numbers.insert(*number, file);
                self.names.insert((*name).to_owned(), file);
                self.named.push(Named::Made((*name).to_owned(), file));
            }
            Record::Opened(number, name) => {
                self.numbers.insert(*number, self.names[*name]);
            }
            Record::Written(number, place, bytes) => {
                self.change(*number, Change::Written(*place, bytes.to_vec()));
            }
            Record::Resized(number, length) => self.change(*number, Change::Resized(*length)),
            Record::Synced(number) => {
                let file = &mut self.files[self.numbers[number]];
                for change in std::mem::take(&mut file.changes) {
                    change.is_done_to(&mut file.kept);
                }
            }
            Record::FolderSynced => {
                self.kept_names = self.names.clone();
                self.named.clear();
            }
            Record::Removed(name) => {
                self.names.remove(*name);
                self.named.push(Named::Removed((*name).to_owned()));
            }
        }
    }

    fn change(&mut self, number: u64, change: Change) {
        self.files[self.numbers[&number]].changes.push(change);
    }

    /// What a reader finds while there is power.
    pub(crate) fn as_it_is(&self) -> Contents {
        let bytes = |file: &File| {
            let mut bytes = file.kept.clone();
            for change in &file.changes {
                change.is_done_to(&mut bytes);
            }
            bytes
        };
        let files = self.names.iter();
        files
            .map(|(name, file)| (name.clone(), bytes(&self.files[*file])))
            .collect()
    }

    /// What there may be after a cut: all that was synced, and of anything else some.
    pub(crate) fn after_a_cut(&self, loss: Loss, draws: &Draws) -> Contents {
        let mut names = self.kept_names.clone();
        for named in self.named.iter().filter(|_| draws.chance(loss.kept)) {
            match named {
                Named::Made(name, file) => names.insert(name.clone(), *file),
                Named::Removed(name) => names.remove(name),
            };
        }
        let files = names.into_iter();
        files
            .map(|(name, file)| (name, self.files[file].after_a_cut(loss, draws)))
            .collect()
    }
}

impl File {
    fn after_a_cut(&self, loss: Loss, draws: &Draws) -> Vec<u8> {
        let mut bytes = self.kept.clone();
        let parts = self
            .changes
            .iter()
            .flat_map(|change| change.parts(loss.sector));
        for part in parts.filter(|_| draws.chance(loss.kept)) {
            part.is_done_to(&mut bytes);
        }
        bytes
    }
}

impl Change {
    fn is_done_to(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Written(place, written) => {
                let end = place + written.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*place..end].copy_from_slice(written);
            }
            Self::Resized(length) => bytes.resize(*length, 0),
        }
    }

    /// What of it is done whole or not at all.
    fn parts(&self, sector: usize) -> Vec<Self> {
        let (mut place, mut rest) = match self {
            Self::Written(place, written) => (*place, written.as_slice()),
            Self::Resized(length) => return vec![Self::Resized(*length)],
        };
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let length = rest.len().min(sector - place % sector);
            let (part, after) = rest.split_at(length);
            parts.push(Self::Written(place, part.to_vec()));
            place += length;
            rest = after;
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NOTHING: Loss = Loss { kept: 0, sector: 4 };
    const HALF: Loss = Loss {
        kept: 50,
        sector: 4,
    };

    fn disk(records: &[Record<'_>]) -> Disk {
        let mut disk = Disk::with([("old".to_owned(), b"0123456789".to_vec())].into());
        disk.play(&Record::Opened(1, "old"));
        for record in records {
            disk.play(record);
        }
        disk
    }

    fn bytes(contents: &Contents, name: &str) -> String {
        String::from_utf8(contents[name].clone()).unwrap()
    }

    #[test]
    fn what_was_synced_is_kept_and_nothing_else_needs_to_be() {
        let disk = disk(&[
            Record::Written(1, 8, b"abcd"),
            Record::Synced(1),
            Record::Written(1, 0, b"xy"),
        ]);
        assert_eq!(bytes(&disk.as_it_is(), "old"), "xy234567abcd");
        let draws = Draws::new(1);
        assert_eq!(
            bytes(&disk.after_a_cut(NOTHING, &draws), "old"),
            "01234567abcd"
        );
    }

    #[test]
    fn sectors_are_kept_and_lost_each_for_itself() {
        let disk = disk(&[Record::Written(1, 2, b"abcdefgh")]);
        let cut = |seed| bytes(&disk.after_a_cut(HALF, &Draws::new(seed)), "old");
        let cuts: BTreeSet<String> = (0..200).map(cut).collect();
        let all = [
            "0123456789",
            "01ab456789",
            "0123cdef89",
            "01234567gh",
            "01abcdef89",
            "01ab4567gh",
            "0123cdefgh",
            "01abcdefgh",
        ];
        assert_eq!(cuts, all.map(str::to_owned).into());
    }

    #[test]
    fn a_file_is_found_again_once_its_folder_is_synced() {
        let mut disk = disk(&[
            Record::Created(2, "new"),
            Record::Written(2, 0, b"new"),
            Record::Synced(2),
        ]);
        let draws = Draws::new(1);
        assert!(!disk.after_a_cut(NOTHING, &draws).contains_key("new"));
        disk.play(&Record::FolderSynced);
        assert_eq!(bytes(&disk.after_a_cut(NOTHING, &draws), "new"), "new");
        disk.play(&Record::Removed("new"));
        assert!(!disk.as_it_is().contains_key("new"));
        assert_eq!(bytes(&disk.after_a_cut(NOTHING, &draws), "new"), "new");
    }

    #[test]
    fn a_number_that_is_given_again_is_of_another_file() {
        let disk = disk(&[
            Record::Removed("old"),
            Record::Created(1, "new"),
            Record::Written(1, 0, b"new"),
            Record::Synced(1),
        ]);
        let draws = Draws::new(1);
        assert_eq!(
            bytes(&disk.after_a_cut(NOTHING, &draws), "old"),
            "0123456789"
        );
        assert_eq!(bytes(&disk.as_it_is(), "new"), "new");
    }
}
