//! The FINESS number: a health or social structure.

use crate::InvalidValue;
use crate::digits;
use crate::luhn;

const WHAT: &str = "FINESS number";

/// A number in FINESS: nine characters, unique and permanent, of a legal entity
/// (EJ) or of a geographic establishment (ET) (ANS FAQ). Digits, or capital
/// letters as in Corsica and in test data.
///
/// The key is not enforced, because how letters enter it is not public:
/// [`has_valid_key`](Self::has_valid_key) tells where it can.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finess([u8; Finess::LENGTH]);

impl Finess {
    /// How many characters it has.
    pub const LENGTH: usize = 9;

    /// Reads nine characters.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let allowed =
            |character: char| character.is_ascii_digit() || character.is_ascii_uppercase();
        if let Some(position) = text.chars().position(|character| !allowed(character)) {
            let rule = "every character is a digit or a capital letter";
            return Err(InvalidValue::at(WHAT, rule, position));
        }
        text.as_bytes()
            .try_into()
            .map(Self)
            .map_err(|_| InvalidValue::new(WHAT, "it has nine characters"))
    }

    /// The number whose first eight digits are `body`, with the Luhn key computed.
    pub fn with_key(body: &str) -> Result<Self, InvalidValue> {
        let body: [u8; 8] = digits::exactly(body, WHAT, "there are eight digits before the key")?;
        let mut characters = [b'0'; Self::LENGTH];
        characters[..8].copy_from_slice(&body);
        characters[8] = luhn::key(&body);
        Ok(Self(characters))
    }

    /// Whether the last digit is the Luhn key, `None` where letters leave the
    /// question open.
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

digits::text_form!(Finess, "FINESS number");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_numbers_have_a_valid_key() {
        for text in [
            "010000024",
            "010780054",
            "750712184",
            "130786049",
            "690000880",
        ] {
            let finess = Finess::parse(text).unwrap();
            assert_eq!(finess.has_valid_key(), Some(true), "{text}");
            assert_eq!(Finess::with_key(&text[..8]), Ok(finess));
        }
        assert_eq!(
            Finess::parse("010000025").unwrap().has_valid_key(),
            Some(false)
        );
    }

    #[test]
    fn test_numbers_with_letters_are_read_and_their_key_left_open() {
        for text in ["0B0172805", "1B0062023", "2A0000014"] {
            assert_eq!(Finess::parse(text).unwrap().has_valid_key(), None);
        }
    }

    #[test]
    fn what_is_not_nine_digits_or_capitals_is_refused() {
        for text in [
            "",
            "01000002",
            "0100000240",
            "0b0172805",
            "01000002 ",
            "É10000024",
            "０１００００",
        ] {
            assert!(Finess::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_number_round_trips(text in "[0-9A-Z]{9}") {
            let finess = Finess::parse(&text).unwrap();
            prop_assert_eq!(finess.as_str(), text);
            let json = serde_json::to_string(&finess).unwrap();
            prop_assert_eq!(serde_json::from_str::<Finess>(&json).unwrap(), finess);
        }

        #[test]
        fn every_wrong_digit_shows_in_the_key(
            body in digits::tests::body(8),
            place in 0..9_usize,
            shift in 1..10_u8,
        ) {
            let mut characters = Finess::with_key(&body).unwrap().0;
            characters[place] = b'0' + (characters[place] - b'0' + shift) % 10;
            let altered = Finess::parse(std::str::from_utf8(&characters).unwrap()).unwrap();
            prop_assert_eq!(altered.has_valid_key(), Some(false));
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(finess) = Finess::parse(&text) {
                prop_assert_eq!(finess.as_str(), text);
            }
        }
    }
}
