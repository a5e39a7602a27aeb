//! One row of `PS_LibreAcces_Personne_activite`, checked.

use aval_domain::code::Profession;
use aval_domain::id_nat_ps::IdNatPs;

use super::RowFault;
use super::column::Column;
use super::header::Header;

/// One practice situation of one person with one of their skills. A person has one
/// row for each combination of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow<'line> {
    /// Who, by their national identifier.
    pub national_id: IdNatPs,
    /// Civility of practice; may be empty.
    pub civility: &'line str,
    /// Name of practice.
    pub family_name: &'line str,
    /// First name of practice; may be empty.
    pub given_name: &'line str,
    /// Profession.
    pub profession: Profession,
    /// Professional category, as published.
    pub category: &'line str,
    /// Mode of practice, as published; may be empty.
    pub mode: &'line str,
    /// Sector, as published; may be empty.
    pub sector: &'line str,
    /// Function, as published; may be empty.
    pub function: &'line str,
    /// Kind of activity, as published; may be empty.
    pub kind: &'line str,
    /// The skill that this row is about.
    pub skill: Option<SkillText<'line>>,
    /// Where.
    pub structure: Option<StructureText<'line>>,
}

/// A skill (savoir-faire), as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkillText<'line> {
    /// Its kind; may be empty.
    pub type_code: &'line str,
    /// Its code.
    pub code: &'line str,
    /// In French; may be empty.
    pub label: &'line str,
}

/// A structure, as published. Every text but the first may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureText<'line> {
    /// Its technical identifier. Where the row has none but a FINESS or a SIRET, it is
    /// `F` or `C` and that number, as the source makes it itself.
    pub technical_id: String,
    /// SIRET.
    pub siret: &'line str,
    /// SIREN.
    pub siren: &'line str,
    /// FINESS of the site.
    pub finess: &'line str,
    /// FINESS of the legal entity.
    pub legal_finess: &'line str,
    /// RPPS and rank, from the former identifier.
    pub rpps_rank: &'line str,
    /// Raison sociale.
    pub name: &'line str,
    /// Enseigne commerciale.
    pub sign: &'line str,
    /// Number, repetition, type and name of the street.
    pub street: [&'line str; 4],
    /// Postal code.
    pub postal_code: &'line str,
    /// Town.
    pub town: &'line str,
    /// INSEE code of the town.
    pub town_code: &'line str,
    /// Code of the département.
    pub department: &'line str,
    /// Sector.
    pub sector: &'line str,
}

/// The longest value of a column that is read, in characters.
const LONGEST_TEXT: usize = 200;
/// The longest code, in characters.
const LONGEST_CODE: usize = 16;
/// The longest number of a structure, in characters.
const LONGEST_NUMBER: usize = 32;

impl<'line> ActivityRow<'line> {
    pub(super) fn parse(header: &Header, line: &'line str) -> Result<Self, RowFault> {
        let values = header
            .split(line)
            .ok_or_else(|| RowFault::row("the row does not have as many columns as the header"))?;
        if let Some(place) = values.iter().position(|v| v.contains(char::is_control)) {
            let column = header.name_at(place);
            return Err(RowFault::column(column, "it has no control characters"));
        }
        let row = Values { header, values };
        let family_name = row.text(Column::FamilyName)?;
        if family_name.is_empty() {
            return Err(row.fault(Column::FamilyName, "a name is there"));
        }
        Ok(Self {
            national_id: row.national_id()?,
            civility: row.text(Column::Civility)?,
            family_name,
            given_name: row.text(Column::GivenName)?,
            profession: row.profession()?,
            category: row.code(Column::Category)?,
            mode: row.code(Column::Mode)?,
            sector: row.code(Column::Sector)?,
            function: row.code(Column::Function)?,
            kind: row.code(Column::Kind)?,
            skill: row.skill()?,
            structure: row.structure()?,
        })
    }
}

/// The values of one line under the header of its file.
struct Values<'header, 'line> {
    header: &'header Header,
    values: Vec<&'line str>,
}

impl<'line> Values<'_, 'line> {
    fn text(&self, column: Column) -> Result<&'line str, RowFault> {
        let text = self.header.value(&self.values, column);
        if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
            return Err(self.fault(column, "it has at most 200 characters"));
        }
        Ok(text)
    }

    fn code(&self, column: Column) -> Result<&'line str, RowFault> {
        let code = self.header.value(&self.values, column);
        if code.len() > LONGEST_CODE || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.fault(column, "it has at most 16 visible ASCII characters"));
        }
        Ok(code)
    }

    /// The national identifier, which is the type's prefix and the identifier; where
    /// all three columns are filled they must agree.
    fn national_id(&self) -> Result<IdNatPs, RowFault> {
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

    fn profession(&self) -> Result<Profession, RowFault> {
        let code = self.code(Column::Profession)?;
        if code.is_empty() {
            return Err(self.fault(Column::Profession, "a profession is there"));
        }
        Profession::from_code(code).ok_or_else(|| {
            let column = self.header.name(Column::Profession);
            RowFault::unknown(column, "the profession is in the list TRE_G15")
        })
    }

    fn skill(&self) -> Result<Option<SkillText<'line>>, RowFault> {
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

    fn structure(&self) -> Result<Option<StructureText<'line>>, RowFault> {
        let siret = self.number(Column::Siret)?;
        let finess = self.number(Column::Finess)?;
        let technical_id = match self.number(Column::TechnicalIdentifier)? {
            "" if !finess.is_empty() => format!("F{finess}"),
            "" if !siret.is_empty() => format!("C{siret}"),
            "" => return Ok(None),
            published => published.to_owned(),
        };
        let former = self.number(Column::FormerIdentifier)?;
        Ok(Some(StructureText {
            technical_id,
            siret,
            siren: self.number(Column::Siren)?,
            finess,
            legal_finess: self.number(Column::LegalFiness)?,
            rpps_rank: rpps_rank(former),
            name: self.text(Column::StructureName)?,
            sign: self.text(Column::StructureSign)?,
            street: [
                self.text(Column::StreetNumber)?,
                self.text(Column::StreetRepetition)?,
                self.text(Column::StreetType)?,
                self.text(Column::StreetName)?,
            ],
            postal_code: self.text(Column::PostalCode)?,
            town: self.text(Column::Town)?,
            town_code: self.code(Column::TownCode)?,
            department: self.code(Column::Department)?,
            sector: self.code(Column::Sector)?,
        }))
    }

    /// A structure's number is kept as published: its key is the structure's affair,
    /// and a wrong one must not make the people who work there disappear.
    fn number(&self, column: Column) -> Result<&'line str, RowFault> {
        let number = self.header.value(&self.values, column);
        if number.len() > LONGEST_NUMBER || !number.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.fault(column, "it has at most 32 visible ASCII characters"));
        }
        Ok(number)
    }

    fn fault(&self, column: Column, rule: &'static str) -> RowFault {
        RowFault::column(self.header.name(column), rule)
    }
}

/// The 14 digits behind the prefix 4; empty for a former identifier of another kind.
fn rpps_rank(former_identifier: &str) -> &str {
    former_identifier
        .strip_prefix('4')
        .filter(|rest| rest.len() == 14 && rest.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or_default()
}
