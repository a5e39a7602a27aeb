//! The published files that the directory is made from.

use std::fmt;

/// A published file that this service imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Everybody's practice situations: `PS_LibreAcces_Personne_activite`.
    PracticeSituations,
}

impl Source {
    /// Every file that is imported.
    pub const ALL: &'static [Self] = &[Self::PracticeSituations];

    /// The published file's name without its time.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PracticeSituations => "PS_LibreAcces_Personne_activite",
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
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
