//! The ADELI number, which the RPPS replaces.

use crate::InvalidValue;
use crate::digits;
use crate::luhn;

const WHAT: &str = "ADELI number";

/// A number in ADELI: nine characters, the first two of which are the
/// department (digits, or the Corsican `2A` and `2B`), the others digits.
///
/// The key is not enforced: no public rule was found, and while most numbers
/// satisfy Luhn some examples do not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Adeli([u8; Adeli::LENGTH]);

impl Adeli {
    /// How many characters it has.
    pub const LENGTH: usize = 9;

    /// Reads nine characters.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let characters: [u8; Self::LENGTH] = text
            .as_bytes()
            .try_into()
            .map_err(|_| InvalidValue::new(WHAT, "it has nine characters"))?;
        let corsican = matches!(&characters[..2], b"2A" | b"2B");
        let foreign = characters
            .iter()
            .enumerate()
            .position(|(place, byte)| !(byte.is_ascii_digit() || corsican && place == 1));
        if let Some(position) = foreign {
            let rule = "every character is a digit, but for 2A and 2B as department";
            return Err(InvalidValue::at(WHAT, rule, position));
        }
        Ok(Self(characters))
    }

    /// The number whose first eight digits are `body`, with a Luhn key.
    pub fn with_key(body: &str) -> Result<Self, InvalidValue> {
        let body: [u8; 8] = digits::exactly(body, WHAT, "there are eight digits before the key")?;
        let mut characters = [b'0'; Self::LENGTH];
        characters[..8].copy_from_slice(&body);
        characters[8] = luhn::key(&body);
        Ok(Self(characters))
    }

    /// Whether the last digit is the Luhn key, `None` where letters leave the
    /// question open. A hint, not a rule.
    #[must_use]
    pub fn has_valid_key(&self) -> Option<bool> {
        self.0
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| luhn::holds(&self.0))
    }

    /// The nine characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        digits::as_text(&self.0)
    }
}

digits::text_form!(Adeli, "ADELI number");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_numbers_are_read_whatever_their_key() {
        for (text, key) in [
            ("016041030", true),
            ("016054801", true),
            ("533100558", true),
            ("012600631", true),
            ("299109803", false),
            ("069111665", false),
        ] {
            let adeli = Adeli::parse(text).unwrap();
            assert_eq!(adeli.to_string(), text);
            assert_eq!(adeli.has_valid_key(), Some(key));
        }
    }

    #[test]
    fn a_corsican_department_may_be_a_letter() {
        assert_eq!(Adeli::parse("2A6041030").unwrap().has_valid_key(), None);
        for text in [
            "2C6041030",
            "A26041030",
            "2a6041030",
            "01604103",
            "0160410300",
            "",
        ] {
            assert!(Adeli::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_number_round_trips(text in "([0-9]{2}|2A|2B)[0-9]{7}") {
            prop_assert_eq!(Adeli::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn a_computed_key_holds(body in digits::tests::body(8)) {
            let adeli = Adeli::with_key(&body).unwrap();
            prop_assert_eq!(adeli.has_valid_key(), Some(true));
            prop_assert_eq!(Adeli::parse(adeli.as_str()), Ok(adeli));
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(adeli) = Adeli::parse(&text) {
                prop_assert_eq!(adeli.as_str(), text);
            }
        }
    }
}
