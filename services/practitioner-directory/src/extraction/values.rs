//! The values of one row, checked as every file's are.

use std::borrow::Cow;

use aval_domain::code::Profession;
use aval_domain::id_nat_ps::IdNatPs;

use super::column::Column;
use super::header::Header;
use super::{RowFault, SkillText};

/// The longest value of a column that is read, in characters.
const LONGEST_TEXT: usize = 200;
/// The longest code, in characters.
const LONGEST_CODE: usize = 16;
/// The longest number of a structure, in characters.
const LONGEST_NUMBER: usize = 32;

/// The values of one line under the header of its file.
pub(super) struct Values<'header, 'line> {
    header: &'header Header,
    values: Vec<&'line str>,
}

impl<'header, 'line> Values<'header, 'line> {
    /// The values of a line, as many as the header has columns.
    pub(super) fn of(header: &'header Header, line: &'line str) -> Result<Self, RowFault> {
        let values = header
            .split(line)
            .ok_or_else(|| RowFault::row("the row does not have as many columns as the header"))?;
        Ok(Self { header, values })
    }

    /// Refuses control characters in the line that these are of.
    pub(super) fn require_plain(&self, line: &str) -> Result<(), RowFault> {
        if may_have_control_characters(line)
            && let Some(place) = self
                .values
                .iter()
                .position(|v| v.contains(char::is_control))
        {
            let column = self.header.name_at(place);
            return Err(RowFault::column(column, "it has no control characters"));
        }
        Ok(())
    }

    pub(super) fn text(&self, column: Column) -> Result<&'line str, RowFault> {
        let text = self.header.value(&self.values, column);
        if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
            return Err(self.fault(column, "it has at most 200 characters"));
        }
        Ok(text)
    }

    pub(super) fn code(&self, column: Column) -> Result<&'line str, RowFault> {
        let code = self.header.value(&self.values, column);
        if code.len() > LONGEST_CODE || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.fault(column, "it has at most 16 visible ASCII characters"));
        }
        Ok(code)
    }

    /// The national identifier, which is the type's prefix and the identifier; where
    /// all three columns are filled they must agree.
    pub(super) fn national_id(&self) -> Result<IdNatPs, RowFault> {
        let [national, kind, identifier] = [
            Column::NationalIdentifier,
            Column::IdentifierType,
            Column::Identifier,
        ]
        .map(|column| self.header.value(&self.values, column));
        let composed = format!("{kind}{identifier}");
        let is_composed = !kind.is_empty() && !identifier.is_empty();
        let national = match (national.is_empty(), is_composed) {
            (true, false) => {
                return Err(self.fault(Column::NationalIdentifier, "an identifier is there"));
            }
            (true, true) => &composed,
            (false, true) if national != composed => {
                let rule = "it is the type and the identifier of the same row";
                return Err(self.fault(Column::NationalIdentifier, rule));
            }
            (false, _) => national,
        };
        IdNatPs::parse(national).map_err(|error| {
            let column = self.header.name(Column::NationalIdentifier);
            RowFault::column(column, error.to_string())
        })
    }

    /// Whether an identifier of a person is there, whatever it is.
    pub(super) fn has_national_id(&self) -> bool {
        let columns = [Column::NationalIdentifier, Column::Identifier];
        columns
            .into_iter()
            .any(|column| !self.header.value(&self.values, column).is_empty())
    }

    pub(super) fn profession(&self) -> Result<Profession, RowFault> {
        let code = self.code(Column::Profession)?;
        if code.is_empty() {
            return Err(self.fault(Column::Profession, "a profession is there"));
        }
        Profession::from_code(code).ok_or_else(|| {
            let column = self.header.name(Column::Profession);
            RowFault::unknown(column, "the profession is in the list TRE_G15")
        })
    }

    pub(super) fn skill(&self) -> Result<Option<SkillText<'line>>, RowFault> {
        let code = self.code(Column::Skill)?;
        if code.is_empty() {
            return Ok(None);
        }
        Ok(Some(SkillText {
            type_code: self.code(Column::SkillType)?,
            code,
            label: self.text(Column::SkillLabel)?,
        }))
    }

    /// A structure's number is kept as published: its key is the structure's affair,
    /// and a wrong one must not make the people who work there disappear.
    pub(super) fn number(&self, column: Column) -> Result<&'line str, RowFault> {
        let number = self.header.value(&self.values, column);
        if number.len() > LONGEST_NUMBER || !number.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.fault(column, "it has at most 32 visible ASCII characters"));
        }
        Ok(number)
    }

    /// The row is well-formed, and says nothing of what its file is about.
    pub(super) fn says_nothing(&self, column: Column, rule: &'static str) -> RowFault {
        RowFault::unknown(self.header.name(column), rule)
    }

    pub(super) fn fault(&self, column: Column, rule: impl Into<Cow<'static, str>>) -> RowFault {
        RowFault::column(self.header.name(column), rule)
    }
}

/// Looks at the bytes, which takes a tenth of looking at the characters: whether there are
/// any that control characters begin with. Few lines have such, and fewer a control character.
fn may_have_control_characters(line: &str) -> bool {
    const FIRST_OF_TWO: u8 = 0xC2;
    let begins = |byte: u8| byte < b' ' || byte == 0x7F || byte == FIRST_OF_TWO;
    line.bytes().fold(false, |any, byte| any | begins(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_missed() {
        for character in ('\0'..='\u{FFFF}').filter(|character| character.is_control()) {
            assert!(may_have_control_characters(&format!("é{character}É")));
        }
        assert!(!may_have_control_characters("12 RUE DE L'ÉGLISE – Œuvre"));
    }
}
