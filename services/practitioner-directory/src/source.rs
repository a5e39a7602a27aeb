//! The published files that the directory is made from.

use std::fmt;

/// A published file that this service imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Everybody's practice situations: `PS_LibreAcces_Personne_activite`.
    PracticeSituations,
    /// Everybody's specialities and other know-how: `PS_LibreAcces_SavoirFaire`.
    Skills,
    /// Mailboxes of the secure health mail: `Extraction_Correspondance_MSSante`.
    Mailboxes,
    /// Everybody's diplomas and authorisations to practise: `PS_LibreAcces_Dipl_AutExerc`.
    Qualifications,
    /// The establishments of the FINESS register: `etalab-cs1100502-stock`, or
    /// `etalab-cs1100507-stock`, which also says where they lie.
    Establishments,
}

impl Source {
    /// Every file that is imported.
    pub const ALL: &'static [Self] = &[
        Self::PracticeSituations,
        Self::Skills,
        Self::Mailboxes,
        Self::Qualifications,
        Self::Establishments,
    ];

    /// The published file's name without its time.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PracticeSituations => "PS_LibreAcces_Personne_activite",
            Self::Skills => "PS_LibreAcces_SavoirFaire",
            Self::Mailboxes => "Extraction_Correspondance_MSSante",
            Self::Qualifications => "PS_LibreAcces_Dipl_AutExerc",
            Self::Establishments => "etalab-cs1100502-stock",
        }
    }

    /// Another name under which the same is published, and more that is not read.
    #[must_use]
    pub const fn other_name(self) -> Option<&'static str> {
        match self {
            Self::Establishments => Some("etalab-cs1100507-stock"),
            _ => None,
        }
    }

    /// What the published file's name ends in.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Establishments => "csv",
            _ => "txt",
        }
    }

    /// The source of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|source| source.name() == name)
    }

    /// Whether there is no directory without it. The others say more of the people and
    /// structures that it names, and need not be imported.
    #[must_use]
    pub const fn is_required(self) -> bool {
        matches!(self, Self::PracticeSituations)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
