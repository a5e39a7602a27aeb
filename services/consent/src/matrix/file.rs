//! The file form of a matrix.

use std::collections::BTreeMap;

use aval_domain::code::{Function, Profession};
use aval_domain::document::{DocumentClass, DocumentClasses, DocumentType};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::{Fault, Faults, Matrix, Place, Row, TypeCell};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    revision: Spanned<String>,
    #[serde(default)]
    example: bool,
    #[serde(default)]
    row: Vec<FileRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    profession: Spanned<String>,
    function: Option<Spanned<String>>,
    #[serde(default)]
    permits: Vec<Spanned<String>>,
    #[serde(default)]
    denies: Vec<Spanned<String>>,
    #[serde(default, rename = "type")]
    types: Vec<FileType>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileType {
    code: Spanned<String>,
    class: Spanned<String>,
    permits: bool,
}

pub(super) fn parse(text: &str) -> Result<Matrix, Faults> {
    let file: File = toml::from_str(text).map_err(|error| Fault {
        place: Place::of(text, error.span().map_or(0, |span| span.start)),
        field: String::new(),
        rule: error.message().to_owned().into(),
    })?;
    let mut reader = Reader {
        text,
        faults: Vec::new(),
    };
    let matrix = reader.matrix(&file);
    Faults::found(reader.faults).map_or(Ok(matrix), Err)
}

/// Turns what stands in the file into a matrix, knows where it stood, and notes
/// everything that is wrong with it.
struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn matrix(&mut self, file: &File) -> Matrix {
        let revision = file.revision.as_ref();
        let is_revision = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=64).contains(&revision.len()) || !revision.bytes().all(is_revision) {
            let rule = "a revision has 1 to 64 letters, digits, '-', '_' or '.'";
            self.refuse(&file.revision, "revision".to_owned(), rule);
        }
        let mut rows = BTreeMap::new();
        for (number, row) in file.row.iter().enumerate() {
            let at = format!("row[{number}]");
            let capacity = self.capacity(row, &at);
            let cells = self.row(row, &at);
            let Some(capacity) = capacity else { continue };
            if rows.insert(capacity, cells).is_some() {
                let rule = "this profession and function have a row already";
                self.refuse(&row.profession, format!("{at}.profession"), rule);
            }
        }
        Matrix {
            revision: revision.to_owned(),
            example: file.example,
            sha256: Sha256::digest(self.text).into(),
            rows,
            nothing: Row::default(),
        }
    }

    /// Whose row it is.
    fn capacity(&mut self, row: &FileRow, at: &str) -> Option<(Profession, Option<Function>)> {
        let profession = Profession::from_code(row.profession.as_ref());
        if profession.is_none() {
            let rule = "this is no profession code of TRE_G15";
            self.refuse(&row.profession, format!("{at}.profession"), rule);
        }
        let Some(code) = &row.function else {
            return Some((profession?, None));
        };
        let function = Function::parse(code.as_ref())
            .map_err(|error| error.rule)
            // The code list is open, but a rule for a code that nobody knows is a typo.
            .and_then(|function| match function.label_fr() {
                Some(_) => Ok(function),
                None => Err("this is no known function code of TRE_R21"),
            });
        let function = function.map_err(|rule| self.refuse(code, format!("{at}.function"), rule));
        Some((profession?, Some(function.ok()?)))
    }

    fn row(&mut self, file: &FileRow, at: &str) -> Row {
        let permitted = self.classes(&file.permits, &format!("{at}.permits"));
        let denied = self.classes(&file.denies, &format!("{at}.denies"));
        for (number, code) in file.denies.iter().enumerate() {
            let class = DocumentClass::from_code(code.as_ref());
            if class.is_some_and(|class| permitted.contains(class) && denied.contains(class)) {
                let rule = "this class is permitted and denied";
                self.refuse(code, format!("{at}.denies[{number}]"), rule);
            }
        }
        let mut row = Row {
            permitted,
            ..Row::default()
        };
        for (number, cell) in file.types.iter().enumerate() {
            self.type_cell(&mut row, cell, &format!("{at}.type[{number}]"));
        }
        row
    }

    fn type_cell(&mut self, row: &mut Row, file: &FileType, at: &str) {
        let code = DocumentType::parse(file.code.as_ref());
        let code = code.map_err(|error| self.refuse(&file.code, format!("{at}.code"), error.rule));
        let class = self.class(&file.class, format!("{at}.class"));
        let (Ok(code), Some(class)) = (code, class) else {
            return;
        };
        if code.class().is_some_and(|known| known != class) {
            let rule = "this type is of another class";
            self.refuse(&file.class, format!("{at}.class"), rule);
        }
        let permits = file.permits;
        let cell = TypeCell { class, permits };
        if row.types.insert(code, cell).is_some() {
            let rule = "this type has a cell in this row already";
            self.refuse(&file.code, format!("{at}.code"), rule);
        }
        row.typed = row.typed.with(class);
    }

    fn classes(&mut self, codes: &[Spanned<String>], at: &str) -> DocumentClasses {
        let mut classes = DocumentClasses::NONE;
        for (number, code) in codes.iter().enumerate() {
            let Some(class) = self.class(code, format!("{at}[{number}]")) else {
                continue;
            };
            if classes.contains(class) {
                let rule = "this class stands here twice";
                self.refuse(code, format!("{at}[{number}]"), rule);
            }
            classes = classes.with(class);
        }
        classes
    }

    fn class(&mut self, code: &Spanned<String>, at: String) -> Option<DocumentClass> {
        let class = DocumentClass::from_code(code.as_ref());
        if class.is_none() {
            self.refuse(code, at, "this is no class code of JDV_J57");
        }
        class
    }

    fn refuse(&mut self, value: &Spanned<String>, field: String, rule: &'static str) {
        self.faults.push(Fault {
            place: Place::of(self.text, value.span().start),
            field,
            rule: rule.into(),
        });
    }
}
