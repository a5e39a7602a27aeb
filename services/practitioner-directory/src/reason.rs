//! Why a person changed something, in their words.

use std::fmt;

use aval_domain::InvalidValue;
use serde::{Deserialize, Serialize};

/// The longest reason, in characters.
const LONGEST: usize = 500;

/// Why, for the history: 1 to 500 characters without control characters, not only
/// blanks. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// Reads what a person wrote. Blanks around it are dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim();
        let is_readable = !text.contains(|c: char| c.is_control() && c != '\n');
        if text.is_empty() || text.chars().count() > LONGEST || !is_readable {
            let rule = "it has 1 to 500 characters and no control characters";
            return Err(InvalidValue::new("reason", rule));
        }
        Ok(Self(text.to_owned()))
    }

    /// What they wrote.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reason(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reason_has_one_to_five_hundred_characters() {
        assert!(Reason::parse(&"é".repeat(500)).is_ok());
        assert!(Reason::parse(&"é".repeat(501)).is_err());
        for nothing in ["", " \t ", "\u{7}"] {
            assert!(Reason::parse(nothing).is_err(), "{nothing:?}");
        }
        assert_eq!(
            Reason::parse(" deux lignes\nlues ").unwrap().as_str(),
            "deux lignes\nlues"
        );
    }

    proptest! {
        #[test]
        fn reading_a_reason_is_total_and_settles(text in ".{0,600}") {
            if let Ok(reason) = Reason::parse(&text) {
                prop_assert_eq!(Reason::parse(reason.as_str()).unwrap(), reason);
            }
        }
    }
}
