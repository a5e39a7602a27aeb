//! The SIRET: one establishment of a legal entity.

use crate::InvalidValue;
use crate::digits;
use crate::luhn;
use crate::siren::Siren;

const WHAT: &str = "SIRET";

/// A SIRET: the SIREN of the legal entity and five digits, the last of which is
/// the Luhn key of the whole (INSEE).
///
/// The establishments of La Poste (SIREN 356 000 000) may instead have digits
/// whose sum is a multiple of 5. That exception is commonly described and was
/// not confirmed in an official source: it is tolerated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Siret([u8; Siret::LENGTH]);

impl Siret {
    /// How many digits it has, the key included.
    pub const LENGTH: usize = 14;

    const LA_POSTE: &'static [u8] = b"356000000";

    /// Reads 14 digits and checks the key.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let siret = Self(digits::exactly(text, WHAT, "it has 14 digits")?);
        if !luhn::holds(&siret.0) && !siret.is_la_poste_exception() {
            let rule = "the last digit is not the Luhn key of the others";
            return Err(InvalidValue::at(WHAT, rule, Self::LENGTH - 1));
        }
        if !luhn::holds(&siret.0[..Siren::LENGTH]) {
            let rule = "the first nine digits are a SIREN";
            return Err(InvalidValue::at(WHAT, rule, Siren::LENGTH - 1));
        }
        Ok(siret)
    }

    /// The establishment of `siren` with the four digits `establishment`, the
    /// key computed.
    pub fn with_key(siren: Siren, establishment: &str) -> Result<Self, InvalidValue> {
        let rule = "the establishment has four digits before the key";
        let establishment: [u8; 4] = digits::exactly(establishment, WHAT, rule)?;
        let mut digits = [b'0'; Self::LENGTH];
        digits[..Siren::LENGTH].copy_from_slice(siren.as_str().as_bytes());
        digits[Siren::LENGTH..13].copy_from_slice(&establishment);
        digits[13] = luhn::key(&digits[..13]);
        Ok(Self(digits))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        digits::as_text(&self.0)
    }

    /// The legal entity.
    #[must_use]
    pub fn siren(&self) -> Siren {
        let [siren @ .., _, _, _, _, _] = self.0;
        Siren::from_checked(siren)
    }

    fn is_la_poste_exception(&self) -> bool {
        let sum: u32 = self.0.iter().map(|digit| u32::from(digit - b'0')).sum();
        self.0.starts_with(Self::LA_POSTE) && sum.is_multiple_of(5)
    }
}

digits::text_form!(Siret, "SIRET");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_numbers_are_read() {
        for text in ["39806996300013", "26890206100038", "49940088500020"] {
            let siret = Siret::parse(text).unwrap();
            assert_eq!(siret.to_string(), text);
            assert_eq!(siret.siren().as_str(), &text[..9]);
            assert_eq!(Siret::with_key(siret.siren(), &text[9..13]), Ok(siret));
        }
    }

    #[test]
    fn an_establishment_of_la_poste_may_have_a_digit_sum_that_is_a_multiple_of_five() {
        let text = "35600000000033";
        assert!(!luhn::holds(text.as_bytes()));
        assert!(Siret::parse(text).is_ok());
        assert!(Siret::parse("35600000000034").is_err());
        let same_sum_elsewhere = "39806996300001";
        assert!(Siret::parse(same_sum_elsewhere).is_err());
    }

    #[test]
    fn a_wrong_siren_is_refused_even_when_the_whole_adds_up() {
        let body = "3980699640001";
        let text = format!("{body}{}", char::from(luhn::key(body.as_bytes())));
        assert_eq!(Siret::parse(&text).unwrap_err().position, Some(8));
    }

    proptest! {
        #[test]
        fn a_number_with_its_key_round_trips(
            siren in digits::tests::body(8),
            establishment in digits::tests::body(4),
        ) {
            let siret = Siret::with_key(Siren::with_key(&siren).unwrap(), &establishment).unwrap();
            prop_assert_eq!(Siret::parse(siret.as_str()), Ok(siret));
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(siret) = Siret::parse(&text) {
                prop_assert_eq!(siret.as_str(), text);
                let _ = siret.siren();
            }
        }
    }
}
