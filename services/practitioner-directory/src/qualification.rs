//! What somebody obtained or was granted in order to practise.

use serde::{Deserialize, Serialize};

/// A diploma, or an authorisation to practise. Codes and labels are as published; an
/// empty one is unknown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Qualification {
    /// Which of the two.
    pub kind: QualificationKind,
    /// Code of its type: `TRE_R14` of a diploma, `TRE_R17` of an authorisation.
    pub type_code: String,
    /// Its type in French.
    pub type_label: String,
    /// Its code; of an authorisation, that of the discipline to which it is restricted.
    pub code: String,
    /// In French.
    pub label: String,
}

/// Which kind of qualification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum QualificationKind {
    /// A diploma that was obtained.
    Diploma,
    /// An authorisation to practise, with or without one.
    Authorization,
}

impl QualificationKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Diploma, Self::Authorization];

    /// Its name in the store.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Diploma => "diploma",
            Self::Authorization => "authorization",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}
