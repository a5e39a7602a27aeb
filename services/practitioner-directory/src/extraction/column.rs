//! The columns that are read, and how published files have worded them.

/// A column of `PS_LibreAcces_Personne_activite` that is read. The others are only
/// counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    IdentifierType,
    Identifier,
    NationalIdentifier,
    Civility,
    FamilyName,
    GivenName,
    Profession,
    Category,
    SkillType,
    Skill,
    SkillLabel,
    Mode,
    Siret,
    Siren,
    Finess,
    LegalFiness,
    TechnicalIdentifier,
    StructureName,
    StructureSign,
    StreetNumber,
    StreetRepetition,
    StreetType,
    StreetName,
    PostalCode,
    TownCode,
    Town,
    Department,
    FormerIdentifier,
    Sector,
    Function,
    Kind,
}

/// How many columns are read.
pub(super) const COLUMNS: usize = Column::Kind as usize + 1;

/// A file without these is not this extraction. The others may be missing: older
/// files stop before the function and the kind.
pub(super) const REQUIRED: [Column; 9] = [
    Column::NationalIdentifier,
    Column::FamilyName,
    Column::GivenName,
    Column::Profession,
    Column::Category,
    Column::SkillType,
    Column::Skill,
    Column::Mode,
    Column::TechnicalIdentifier,
];

/// The published wordings, the most recent first.
pub(super) const WORDINGS: [(&str, Column); COLUMNS + 2] = [
    ("Type d'identifiant PP", Column::IdentifierType),
    ("Identifiant PP", Column::Identifier),
    ("Identification nationale PP", Column::NationalIdentifier),
    ("Code civilité d'exercice", Column::Civility),
    ("Nom d'exercice", Column::FamilyName),
    ("Prénom d'exercice", Column::GivenName),
    ("Code profession", Column::Profession),
    ("Code catégorie professionnelle", Column::Category),
    ("Code type savoir-faire", Column::SkillType),
    ("Code savoir-faire", Column::Skill),
    ("Libellé savoir-faire", Column::SkillLabel),
    ("Code mode exercice", Column::Mode),
    ("Numéro SIRET site", Column::Siret),
    ("Numéro SIREN site", Column::Siren),
    ("Numéro FINESS site", Column::Finess),
    ("Numéro FINESS établissement juridique", Column::LegalFiness),
    (
        "Identifiant technique de la structure",
        Column::TechnicalIdentifier,
    ),
    ("Raison sociale site", Column::StructureName),
    ("Enseigne commerciale site", Column::StructureSign),
    ("Numéro Voie (coord. structure)", Column::StreetNumber),
    (
        "Indice répétition voie (coord. structure)",
        Column::StreetRepetition,
    ),
    (
        "Libellé type de voie (coord. structure)",
        Column::StreetType,
    ),
    ("Libellé Voie (coord. structure)", Column::StreetName),
    ("Code postal (coord. structure)", Column::PostalCode),
    ("Code commune (coord. structure)", Column::TownCode),
    ("Libellé commune (coord. structure)", Column::Town),
    ("Code Département (structure)", Column::Department),
    (
        "Ancien identifiant de la structure",
        Column::FormerIdentifier,
    ),
    ("Code secteur d'activité", Column::Sector),
    ("Code rôle", Column::Function),
    ("Code rôle (a.k.a. Code fonction)", Column::Function),
    ("Code fonction", Column::Function),
    ("Code genre activité", Column::Kind),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_that_is_read_has_a_wording() {
        for place in 0..COLUMNS {
            assert!(
                WORDINGS.iter().any(|(_, column)| *column as usize == place),
                "{place}"
            );
        }
    }
}
