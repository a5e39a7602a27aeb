//! The name a client gives to one write, so that repeating it is harmless.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::InvalidValue;
use crate::random::{self, Random};

/// A client's name for one write: any UUID but the nil one, of any version
/// (AIP-155 recommends version 4), in hyphenated form. Upper and lower case
/// name the same request. Absence is the caller's `Option`, not a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new random one, as a client makes it.
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        let bytes = random::bytes::<16>(random);
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// What is stored.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl TryFrom<Uuid> for RequestId {
    type Error = InvalidValue;

    /// The nil UUID is what a client sends that forgot to make one.
    fn try_from(uuid: Uuid) -> Result<Self, InvalidValue> {
        if uuid.is_nil() {
            return Err(InvalidValue::new("request id", "it is not the nil UUID"));
        }
        Ok(Self(uuid))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
        formatter.pad(self.0.hyphenated().encode_lower(&mut buffer))
    }
}

impl FromStr for RequestId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
        Uuid::try_parse(text)
            .ok()
            .filter(|_| hyphenated)
            .ok_or(InvalidValue::new(
                "request id",
                "it is a UUID in hyphenated form",
            ))
            .and_then(Self::try_from)
    }
}

serde_as_text!(RequestId, "request id");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn case_does_not_make_another_request() {
        let lower: RequestId = "018bcfe5-6800-4abc-8def-0123456789ab".parse().unwrap();
        let upper: RequestId = "018BCFE5-6800-4ABC-8DEF-0123456789AB".parse().unwrap();
        assert_eq!(lower, upper);
    }

    #[test]
    fn the_nil_uuid_and_other_forms_are_refused() {
        for text in [
            "",
            "00000000-0000-0000-0000-000000000000",
            "018bcfe568004abc8def0123456789ab",
            "{018bcfe5-6800-4abc-8def-0123456789ab}",
        ] {
            assert!(text.parse::<RequestId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_client_makes_version_4_ones() {
        let id = RequestId::new(&SeededRandom::new(3));
        assert_eq!(id.as_uuid().get_version_num(), 4);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in crate::testing::any_text()) {
            if let Ok(id) = text.parse::<RequestId>() {
                prop_assert_eq!(id.to_string(), text.to_lowercase());
            }
        }
    }
}
