//! One row of `PS_LibreAcces_Personne_activite`, checked.

use aval_domain::code::Profession;
use aval_domain::id_nat_ps::IdNatPs;

use super::RowFault;
use super::column::Column;
use super::values::Values;

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

impl<'line> ActivityRow<'line> {
    pub(super) fn parse(row: &Values<'_, 'line>) -> Result<Self, RowFault> {
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
            structure: structure(row)?,
        })
    }
}

fn structure<'line>(row: &Values<'_, 'line>) -> Result<Option<StructureText<'line>>, RowFault> {
    let siret = row.number(Column::Siret)?;
    let finess = row.number(Column::Finess)?;
    let technical_id = match row.number(Column::TechnicalIdentifier)? {
        "" if !finess.is_empty() => format!("F{finess}"),
        "" if !siret.is_empty() => format!("C{siret}"),
        "" => return Ok(None),
        published => published.to_owned(),
    };
    let former = row.number(Column::FormerIdentifier)?;
    Ok(Some(StructureText {
        technical_id,
        siret,
        siren: row.number(Column::Siren)?,
        finess,
        legal_finess: row.number(Column::LegalFiness)?,
        rpps_rank: rpps_rank(former),
        name: row.text(Column::StructureName)?,
        sign: row.text(Column::StructureSign)?,
        street: [
            row.text(Column::StreetNumber)?,
            row.text(Column::StreetRepetition)?,
            row.text(Column::StreetType)?,
            row.text(Column::StreetName)?,
        ],
        postal_code: row.text(Column::PostalCode)?,
        town: row.text(Column::Town)?,
        town_code: row.code(Column::TownCode)?,
        department: row.code(Column::Department)?,
        sector: row.code(Column::Sector)?,
    }))
}

/// The 14 digits behind the prefix 4; empty for a former identifier of another kind.
fn rpps_rank(former_identifier: &str) -> &str {
    former_identifier
        .strip_prefix('4')
        .filter(|rest| rest.len() == 14 && rest.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or_default()
}
