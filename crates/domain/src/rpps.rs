//! The RPPS number: a health professional, for life.

use crate::InvalidValue;

crate::digits::digit_identifier! {
    /// A number in the RPPS: 11 digits, the last of which is the Luhn key; unique
    /// and permanent (ANS FAQ). Public: it is written in full.
    pub struct Rpps, "RPPS number", length 11;
    rule "it has 11 digits";
}

/// One practice of an RPPS holder: the RPPS number and a rank of three digits
/// ("RPPS-rang"), the only identifier of most individual practices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RppsRank([u8; RppsRank::LENGTH]);

impl RppsRank {
    /// How many digits it has.
    pub const LENGTH: usize = 14;

    /// Reads 11 digits with their key and three digits.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let digits = crate::digits::exactly(text, "RPPS-rang", "it has 14 digits")?;
        Rpps::parse(&text[..Rpps::LENGTH])?;
        Ok(Self(digits))
    }

    /// Whose practice it is.
    #[must_use]
    pub fn rpps(&self) -> Rpps {
        let [rpps @ .., _, _, _] = self.0;
        Rpps::from_checked(rpps)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        crate::digits::as_text(&self.0)
    }
}

crate::digits::text_form!(RppsRank, "RPPS-rang");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_are_read() {
        for text in ["99700024450", "99700218896", "99700366240", "99700237045"] {
            assert_eq!(Rpps::parse(text).unwrap().as_str(), text);
            assert_eq!(Rpps::with_key(&text[..10]).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anonymised_numbers_fail_by_their_key() {
        for text in ["10107582544", "10003461033"] {
            assert_eq!(Rpps::parse(text).unwrap_err().position, Some(10));
        }
    }

    #[test]
    fn what_is_not_eleven_digits_is_refused() {
        for text in [
            "",
            "9970002445",
            "997000244500",
            "899700366240",
            " 99700024450",
            "9970002445O",
            "９９７０００２４４５０",
        ] {
            assert!(Rpps::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_practice_is_the_number_of_its_holder_and_a_rank() {
        let practice = RppsRank::parse("99700237045007").unwrap();
        assert_eq!(practice.to_string(), "99700237045007");
        assert_eq!(practice.rpps(), Rpps::parse("99700237045").unwrap());
        for text in [
            "99700237045",
            "99700237046007",
            "9970023704500",
            "99700237045ABC",
        ] {
            assert!(RppsRank::parse(text).is_err(), "{text:?}");
        }
    }
}
