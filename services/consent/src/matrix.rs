//! The matrix of access rights: which profession may consult which class of documents.
//!
//! Versioned data, loaded from a file and never built in: the official table
//! (arrêté of 26 October 2023) is the operator's to load. What the file does not
//! permit is denied. Some cells are finer than a class, so a row may speak of single
//! document types, which then go before the class; and a row may be for one function
//! of a profession, which then stands in the place of the profession's row.

mod diff;
mod error;
mod file;

pub use diff::CellChange;
pub use error::{Fault, Faults, MatrixError, Place};

use std::collections::BTreeMap;
use std::path::Path;

use aval_domain::code::{Function, Profession};
use aval_domain::document::{DocumentClass, DocumentClasses, DocumentType};
use sha2::{Digest as _, Sha256};

/// Which profession may consult what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    revision: String,
    example: bool,
    sha256: [u8; 32],
    rows: BTreeMap<(Profession, Option<Function>), Row>,
    nothing: Row,
}

/// What one profession, or one function of it, may consult.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// Permitted whatever the type, unless the type says otherwise.
    permitted: DocumentClasses,
    /// What single types say, with the class that they belong to.
    types: BTreeMap<DocumentType, TypeCell>,
    /// The classes of which some type says something.
    typed: DocumentClasses,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TypeCell {
    class: DocumentClass,
    permits: bool,
}

impl Matrix {
    /// The example that comes with this service, for development and tests. Its
    /// cells are made up; see the head of the file.
    ///
    /// # Panics
    ///
    /// Never: a test reads the file.
    #[must_use]
    pub fn example() -> Self {
        Self::parse(include_str!("../config/matrix-example.toml"))
            .expect("the example that is built in is valid")
    }

    /// Reads a file like `config/matrix-example.toml`.
    pub fn load(path: &Path) -> Result<Self, MatrixError> {
        let text = std::fs::read_to_string(path).map_err(|source| MatrixError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::parse(&text)?)
    }

    /// One that permits nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            revision: "empty".to_owned(),
            example: false,
            sha256: Sha256::digest("").into(),
            rows: BTreeMap::new(),
            nothing: Row::default(),
        }
    }

    /// Reads the text of such a file. Unknown keys and codes, duplicates and cells
    /// that contradict each other are refused, each with its place.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        file::parse(text)
    }

    /// Which version of which table this is; ends with `+example` when it is one.
    #[must_use]
    pub fn revision(&self) -> String {
        if self.example {
            format!("{}+example", self.revision)
        } else {
            self.revision.clone()
        }
    }

    /// Whether its cells are made up.
    #[must_use]
    pub const fn is_example(&self) -> bool {
        self.example
    }

    /// SHA-256 of the file, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex::encode(self.sha256)
    }

    /// Every profession, and function of one, of which it says something.
    pub fn capacities(&self) -> impl Iterator<Item = (Profession, Option<Function>)> {
        self.rows.keys().copied()
    }

    /// What a profession may consult in a function: the row of that function if
    /// there is one, else that of the profession, else nothing.
    #[must_use]
    pub fn row(&self, profession: Profession, function: Option<Function>) -> &Row {
        function
            .and_then(|function| self.rows.get(&(profession, Some(function))))
            .or_else(|| self.rows.get(&(profession, None)))
            .unwrap_or(&self.nothing)
    }
}

impl Row {
    /// Whether a document of this class and type may be consulted. Where single
    /// types of the class have cells of their own, a document of unknown type is not
    /// permitted: it may be one of those denied.
    #[must_use]
    pub fn permits(&self, class: DocumentClass, document_type: Option<&DocumentType>) -> bool {
        let Some(document_type) = document_type else {
            return self.permitted.contains(class) && !self.typed.contains(class);
        };
        match self.types.get(document_type) {
            // A type that is said to be of another class than its own gets nothing
            // from its own cell.
            Some(cell) => cell.permits && cell.class == class,
            None => self.permitted.contains(class),
        }
    }

    /// The classes of which something may be consulted.
    #[must_use]
    pub fn classes(&self) -> DocumentClasses {
        self.types
            .values()
            .filter(|cell| cell.permits)
            .fold(self.permitted, |classes, cell| classes.with(cell.class))
    }
}

#[cfg(test)]
mod tests;
