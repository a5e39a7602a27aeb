//! The columns that are read, and how published files have worded them.

use crate::source::Source;

/// A column that is read. The others are only counted. What two files have in common
/// is worded the same way in both.
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
    MailboxType,
    MailboxAddress,
    StructureIdentifier,
    DiplomaType,
    DiplomaTypeLabel,
    Diploma,
    DiplomaLabel,
    AuthorizationType,
    AuthorizationTypeLabel,
    Discipline,
    DisciplineLabel,
    RecordType,
    EstablishmentName,
    EstablishmentLongName,
    EstablishmentStreetNumber,
    EstablishmentStreetComplement,
    EstablishmentStreetType,
    EstablishmentStreet,
    EstablishmentLocality,
    EstablishmentTownInDepartment,
    EstablishmentTownCode,
    EstablishmentDepartment,
    EstablishmentRouting,
    EstablishmentCategory,
    EstablishmentCategoryLabel,
    EstablishmentOpened,
}

/// How many columns are read.
pub(super) const COLUMNS: usize = Column::EstablishmentOpened as usize + 1;

/// A file without these is not this extraction, nor one whose headings for them nobody knows:
/// read without what names its structures and says where they are, it would blank them all.
/// The others may be missing: older files stop before the function and the kind.
pub(super) const fn required(source: Source) -> &'static [Column] {
    match source {
        Source::PracticeSituations => &[
            Column::NationalIdentifier,
            Column::FamilyName,
            Column::GivenName,
            Column::Profession,
            Column::Category,
            Column::SkillType,
            Column::Skill,
            Column::Mode,
            Column::Siret,
            Column::Finess,
            Column::TechnicalIdentifier,
            Column::StructureName,
            Column::PostalCode,
            Column::Town,
        ],
        Source::Skills => &[
            Column::NationalIdentifier,
            Column::Profession,
            Column::Category,
            Column::SkillType,
            Column::Skill,
        ],
        Source::Mailboxes => &[
            Column::MailboxType,
            Column::MailboxAddress,
            Column::NationalIdentifier,
            Column::StructureIdentifier,
        ],
        Source::Qualifications => &[
            Column::NationalIdentifier,
            Column::DiplomaType,
            Column::Diploma,
            Column::AuthorizationType,
            Column::Discipline,
        ],
        Source::Establishments => &[
            Column::Finess,
            Column::EstablishmentName,
            Column::EstablishmentRouting,
            Column::EstablishmentCategory,
        ],
    }
}

/// A file with one of these is another extraction than this one.
pub(super) const fn foreign(source: Source) -> &'static [Column] {
    match source {
        Source::PracticeSituations
        | Source::Mailboxes
        | Source::Qualifications
        | Source::Establishments => &[],
        Source::Skills => &[Column::Mode, Column::TechnicalIdentifier],
    }
}

/// The published wordings, the most recent first.
pub(super) const WORDINGS: [(&str, Column); COLUMNS + 5] = [
    ("Type d'identifiant PP", Column::IdentifierType),
    ("Type Identifiant PP", Column::IdentifierType),
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
    ("Type de BAL", Column::MailboxType),
    ("Adresse BAL", Column::MailboxAddress),
    ("Identification Structure", Column::StructureIdentifier),
    ("Code type diplôme obtenu", Column::DiplomaType),
    ("Libellé type diplôme obtenu", Column::DiplomaTypeLabel),
    ("Code diplôme obtenu", Column::Diploma),
    ("Libellé diplôme obtenu", Column::DiplomaLabel),
    ("Code type autorisation", Column::AuthorizationType),
    ("Libellé type autorisation", Column::AuthorizationTypeLabel),
    ("Code discipline autorisation", Column::Discipline),
    ("Libellé discipline autorisation", Column::DisciplineLabel),
    ("enregistrement", Column::RecordType),
    ("nofinesset", Column::Finess),
    ("rs", Column::EstablishmentName),
    ("rslongue", Column::EstablishmentLongName),
    ("numvoie", Column::EstablishmentStreetNumber),
    ("typvoie", Column::EstablishmentStreetType),
    ("voie", Column::EstablishmentStreet),
    ("compvoie", Column::EstablishmentStreetComplement),
    ("lieuditbp", Column::EstablishmentLocality),
    ("commune", Column::EstablishmentTownInDepartment),
    ("cog", Column::EstablishmentTownCode),
    ("departement", Column::EstablishmentDepartment),
    ("ligneacheminement", Column::EstablishmentRouting),
    ("categetab", Column::EstablishmentCategory),
    ("libcategetab", Column::EstablishmentCategoryLabel),
    ("dateouv", Column::EstablishmentOpened),
    ("dateouvert", Column::EstablishmentOpened),
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
