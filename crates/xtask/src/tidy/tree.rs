//! The text of the tree, held in memory so that rules are pure.

use crate::process::capture;
use anyhow::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Paths from the root, with `/`, and their text; what is not text is empty.
pub(super) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the files that git tracks, and those it would if asked to add everything.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let listing = capture(Command::new("git").arg("-C").arg(root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let files = listing
            .split_terminator('\0')
            // Deleted and not yet committed.
            .filter(|path| root.join(path).is_file())
            .map(|path| {
                let text = fs::read_to_string(root.join(path)).unwrap_or_default();
                (path.to_owned(), text)
            })
            .collect();
        Ok(Self(files))
    }

    /// A tree of these files alone.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self(files.iter().map(owned).collect())
    }

    /// Every file, in the order of the paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose name ends so.
    pub(super) fn files_ending(&self, end: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(end))
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
