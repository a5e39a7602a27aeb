//! The name of a document, given by the system that holds it.

use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;

const WHAT: &str = "document id";

/// A document's identifier as the document registry gave it: foreign and
/// opaque, 1 to 256 visible ASCII characters (no space), compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(String);

impl DocumentId {
    /// The most characters an identifier has.
    pub const MAX_LENGTH: usize = 256;

    /// Takes `text` as it is.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if text.is_empty() || text.len() > Self::MAX_LENGTH {
            return Err(InvalidValue::new(WHAT, "it has 1 to 256 characters"));
        }
        // Before the first foreign one, every character is one byte.
        let foreign = text.bytes().position(|byte| !byte.is_ascii_graphic());
        if let Some(position) = foreign {
            return Err(InvalidValue::at(
                WHAT,
                "every character is visible ASCII",
                position,
            ));
        }
        Ok(Self(text))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as the text that it is.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl AsRef<str> for DocumentId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromStr for DocumentId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

serde_as_text!(DocumentId, "document id");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blanks_controls_other_scripts_and_endless_names_are_refused() {
        for text in ["", " ", "a b", "a\n", "é", "a\u{0}", "１"] {
            assert!(DocumentId::parse(text).is_err(), "{text:?}");
        }
        assert!(DocumentId::parse("x".repeat(256)).is_ok());
        assert!(DocumentId::parse("x".repeat(257)).is_err());
        assert_eq!(DocumentId::parse("ab c").unwrap_err().position, Some(2));
    }

    proptest! {
        #[test]
        fn every_identifier_round_trips(text in "[!-~]{1,256}") {
            let id = DocumentId::parse(text.as_str()).unwrap();
            prop_assert_eq!(id.as_str(), text.as_str());
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<DocumentId>(&json).unwrap(), id);
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(id) = DocumentId::parse(text.as_str()) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
