//! Which witnesses must have cosigned a checkpoint, so that it is believed.

use crate::{
    cosignature::WitnessKey,
    note::{SignatureError, SignedNote},
};

/// A rule over witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum(Rule);

/// Whether a checkpoint is witnessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// By whoever, or nobody.
    None,
    /// By this one.
    Witness(Box<WitnessKey>),
    /// By so many of these.
    Group {
        threshold: usize,
        members: Vec<Self>,
    },
}

impl Quorum {
    /// No witness is needed.
    #[must_use]
    pub const fn none() -> Self {
        Self(Rule::None)
    }

    pub(crate) const fn of(rule: Rule) -> Self {
        Self(rule)
    }

    /// Whether enough witnesses cosigned. Any cosignature under the name and key of a
    /// witness that is not one is an error, whether it is needed or not.
    pub fn is_met(&self, note: &SignedNote) -> Result<bool, SignatureError> {
        self.0.is_met(note)
    }
}

impl Rule {
    fn is_met(&self, note: &SignedNote) -> Result<bool, SignatureError> {
        match self {
            Self::None => Ok(true),
            Self::Witness(witness) => Ok(witness.cosigned(note)?.is_some()),
            Self::Group { threshold, members } => {
                let mut met = 0;
                for member in members {
                    met += usize::from(member.is_met(note)?);
                }
                Ok(met >= *threshold)
            }
        }
    }
}
