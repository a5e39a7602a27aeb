//! Writes extractions, for the tests of what reads them.

use std::collections::BTreeMap;

/// The header of files since the function was published, with its last separator.
pub(crate) const HEADER_56: &str = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|Libellé civilité d'exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|Numéro FINESS établissement juridique|Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|Adresse e-mail (coord. structure)|Code Département (structure)|Libellé Département (structure)|Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|Libellé secteur d'activité|Code section tableau pharmaciens|Libellé section tableau pharmaciens|Code rôle (a.k.a. Code fonction)|Libellé rôle|Code genre activité|Libellé genre activité|";

/// The header of older files.
pub(crate) const HEADER_52: &str = {
    let (head, _) = HEADER_56.split_at(HEADER_56.len() - TAIL_OF_56.len());
    head
};

/// The header of `PS_LibreAcces_SavoirFaire`, with its last separator.
pub(crate) const SKILL_HEADER: &str = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom d'exercice|Prénom d'exercice|Code profession|Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|";

/// The header of `Extraction_Correspondance_MSSante`, with its last separator.
pub(crate) const MAILBOX_HEADER: &str = "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|Catégorie profession|Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|Libellé savoir-faire|Dématérialisation|Raison Sociale structure BAL|Enseigne commerciale structure BAL|L2COMPLEMENTLOCALISATION structure BAL|L3COMPLEMENTDISTRIBUTION structure BAL|L4NUMEROVOIE structure BAL|L4COMPLEMENTNUMEROVOIE structure BAL|NL4TYPEVOIE structure BAL|L4LIBELLEVOIE structure BAL|L5LIEUDITMENTION structure BAL|L6LIGNEACHEMINEMENT structure BAL|Code postal structure BAL|Département structure BAL|Pays structure BAL|";

/// The header of `PS_LibreAcces_Dipl_AutExerc`, with its last separator.
pub(crate) const QUALIFICATION_HEADER: &str = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom d'exercice|Prénom d'exercice|Code type diplôme obtenu|Libellé type diplôme obtenu|Code diplôme obtenu|Libellé diplôme obtenu|Code type autorisation|Libellé type autorisation|Code discipline autorisation|Libellé discipline autorisation|";

const TAIL_OF_56: &str =
    "Code rôle (a.k.a. Code fonction)|Libellé rôle|Code genre activité|Libellé genre activité|";

/// A row by the wording of its columns; what is not set is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenRow(BTreeMap<&'static str, String>);

impl WrittenRow {
    /// A liberal general practitioner in a cabinet of Lyon, whose number is of the
    /// test range.
    pub(crate) fn doctor() -> Self {
        Self::default()
            .with("Type d'identifiant PP", "8")
            .with("Identifiant PP", "99700366240")
            .with("Identification nationale PP", "899700366240")
            .with("Code civilité d'exercice", "DR")
            .with("Nom d'exercice", "LE GALL")
            .with("Prénom d'exercice", "Maëlle")
            .with("Code profession", "10")
            .with("Code catégorie professionnelle", "C")
            .with("Code type savoir-faire", "S")
            .with("Code savoir-faire", "SM54")
            .with("Libellé savoir-faire", "Médecine générale")
            .with("Code mode exercice", "L")
            .with("Identifiant technique de la structure", "R10000000001")
            .with("Raison sociale site", "CABINET DU DR LE GALL")
            .with("Code postal (coord. structure)", "69003")
            .with(
                "Libellé commune (coord. structure)",
                "Lyon 3e Arrondissement",
            )
            .with("Code secteur d'activité", "SA07")
            .with("Code rôle (a.k.a. Code fonction)", "FON-01")
            .with("Code genre activité", "GENR01")
    }

    /// The same with another value in a column.
    pub(crate) fn with(mut self, column: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(column, value.into());
        self
    }

    /// The line under a header, without its end.
    pub(crate) fn line(&self, header: &str) -> String {
        header
            .trim_end_matches('|')
            .split('|')
            .map(|column| self.0.get(column).map_or("", String::as_str))
            .fold(String::new(), |line, value| line + value + "|")
    }
}

/// A whole file under a header, its lines ended by `end`.
pub(crate) fn file(header: &str, end: &str, rows: &[WrittenRow]) -> String {
    let lines = rows.iter().map(|row| row.line(header));
    std::iter::once(header.to_owned())
        .chain(lines)
        .fold(String::new(), |file, line| file + &line + end)
}
