//! The file form of a matrix.

use std::collections::BTreeMap;

use aval_domain::code::{Function, Profession};
use aval_domain::document::{DocumentClass, DocumentClasses, DocumentType};
use serde::Deserialize;
use toml::Spanned;

use super::{Matrix, MatrixError, Place, Row, TypeCell};

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

pub(super) fn parse(text: &str) -> Result<Matrix, MatrixError> {
    let file: File =
        toml::from_str(text).map_err(|error| MatrixError::Malformed(error.to_string()))?;
    Reader { text }.matrix(file)
}

/// Turns what stands in the file into a matrix, and knows where it stood.
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn matrix(&self, file: File) -> Result<Matrix, MatrixError> {
        let revision = file.revision.as_ref();
        let is_revision = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=64).contains(&revision.len()) || !revision.bytes().all(is_revision) {
            let rule = "a revision has 1 to 64 letters, digits, '-', '_' or '.'";
            return Err(self.refused(&file.revision, rule));
        }
        let mut rows = BTreeMap::new();
        for row in file.row {
            let key = (self.profession(&row)?, self.function(&row)?);
            let place = row.profession.clone();
            if rows.insert(key, self.row(row)?).is_some() {
                return Err(self.refused(&place, "this profession and function have a row already"));
            }
        }
        Ok(Matrix {
            revision: file.revision.into_inner(),
            example: file.example,
            rows,
            nothing: Row::default(),
        })
    }

    fn row(&self, file: FileRow) -> Result<Row, MatrixError> {
        let permitted = self.classes(&file.permits)?;
        self.classes(&file.denies)?;
        for denied in &file.denies {
            if permitted.contains(self.class(denied)?) {
                return Err(self.refused(denied, "this class is permitted and denied"));
            }
        }
        let mut row = Row {
            permitted,
            ..Row::default()
        };
        for cell in file.types {
            self.type_cell(&mut row, &cell)?;
        }
        Ok(row)
    }

    fn type_cell(&self, row: &mut Row, file: &FileType) -> Result<(), MatrixError> {
        let code = DocumentType::parse(file.code.as_ref())
            .map_err(|error| self.refused(&file.code, error.rule))?;
        let class = self.class(&file.class)?;
        if code.class().is_some_and(|known| known != class) {
            return Err(self.refused(&file.class, "this type is of another class"));
        }
        let permits = file.permits;
        if row
            .types
            .insert(code, TypeCell { class, permits })
            .is_some()
        {
            return Err(self.refused(&file.code, "this type has a cell in this row already"));
        }
        row.typed = row.typed.with(class);
        Ok(())
    }

    fn profession(&self, row: &FileRow) -> Result<Profession, MatrixError> {
        Profession::from_code(row.profession.as_ref())
            .ok_or_else(|| self.refused(&row.profession, "this is no profession code of TRE_G15"))
    }

    fn function(&self, row: &FileRow) -> Result<Option<Function>, MatrixError> {
        let Some(function) = &row.function else {
            return Ok(None);
        };
        let parsed = Function::parse(function.as_ref())
            .map_err(|error| self.refused(function, error.rule))?;
        // The code list is open, but a rule for a code that nobody knows is a typo.
        if parsed.label_fr().is_none() {
            return Err(self.refused(function, "this is no known function code of TRE_R21"));
        }
        Ok(Some(parsed))
    }

    fn classes(&self, codes: &[Spanned<String>]) -> Result<DocumentClasses, MatrixError> {
        let mut classes = DocumentClasses::NONE;
        for code in codes {
            let class = self.class(code)?;
            if classes.contains(class) {
                return Err(self.refused(code, "this class stands here twice"));
            }
            classes = classes.with(class);
        }
        Ok(classes)
    }

    fn class(&self, code: &Spanned<String>) -> Result<DocumentClass, MatrixError> {
        DocumentClass::from_code(code.as_ref())
            .ok_or_else(|| self.refused(code, "this is no class code of JDV_J57"))
    }

    fn refused(&self, value: &Spanned<String>, rule: &'static str) -> MatrixError {
        MatrixError::Refused {
            place: Place::of(self.text, value.span().start),
            rule,
        }
    }
}
