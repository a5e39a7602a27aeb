//! The version of a row, and the entity tag that shows it to clients.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// How often a row was written: 1 when created, one more with every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// A row just created.
    pub const FIRST: Self = Self(1);

    /// The version after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The tag that clients send back with an update.
    #[must_use]
    pub const fn etag(self) -> Etag {
        Etag(self)
    }
}

/// A strong entity tag (RFC 9110 §8.8.3): the version between double quotes,
/// `"7"`. Clients treat it as opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Etag(Version);

impl Etag {
    /// The version that the client has seen.
    #[must_use]
    pub const fn version(self) -> Version {
        self.0
    }
}

impl From<Version> for Etag {
    fn from(version: Version) -> Self {
        version.etag()
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0.0)
    }
}

impl FromStr for Etag {
    type Err = InvalidValue;

    /// Reads exactly what [`Display`](fmt::Display) writes: no weak tag, no
    /// sign, no leading zero.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const INVALID: InvalidValue =
            InvalidValue::new("etag", "it is not one that was given by this service");
        let digits = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .ok_or(INVALID)?;
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        if !canonical {
            return Err(INVALID);
        }
        digits
            .parse()
            .map(|version| Self(Version(version)))
            .map_err(|_| INVALID)
    }
}

serde_as_text!(Etag, "etag");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_changed_row_has_another_tag() {
        let first = Version::FIRST;
        assert_eq!(first.etag().to_string(), "\"1\"");
        assert_ne!(first.next().etag(), first.etag());
        assert_eq!(Version(u64::MAX).next(), Version(u64::MAX));
    }

    #[test]
    fn only_what_was_given_is_read() {
        for text in [
            "",
            "\"",
            "\"\"",
            "1",
            "W/\"1\"",
            "\"01\"",
            "\"+1\"",
            "\" 1\"",
            "\"１\"",
            "\"18446744073709551616\"",
            "*",
        ] {
            assert!(text.parse::<Etag>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_tag_round_trips(version in any::<u64>()) {
            let etag = Version(version).etag();
            prop_assert_eq!(etag.to_string().parse(), Ok(etag));
            prop_assert_eq!(etag.version(), Version(version));
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(etag) = text.parse::<Etag>() {
                prop_assert_eq!(etag.to_string(), text);
            }
        }
    }
}
