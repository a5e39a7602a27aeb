//! The national identifier of a structure, and the directory's technical ones.

use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;
use crate::code_text::CodeText;
use crate::finess::Finess;
use crate::rpps::RppsRank;
use crate::siren::Siren;
use crate::siret::Siret;

const WHAT: &str = "national structure identifier";

/// `Struct_IdNat`: a prefix and the identifier, assigning OID
/// [`OID`](Self::OID); or a technical identifier of the directory (`R…`, `F…`,
/// `C…`), which is all that most individual practices have (ANS, Annuaire Santé
/// FAQ).
///
/// The prefixes are not those of persons ([`crate::id_nat_ps`]): a SIRET is `3`
/// here and `5` there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdNatStruct {
    /// `0`: practice with an ADELI number.
    AdeliPractice(PracticeNumber),
    /// `1`: FINESS.
    Finess(Finess),
    /// `2`: SIREN.
    Siren(Siren),
    /// `3`: SIRET.
    Siret(Siret),
    /// `4`: RPPS number of a practitioner and the rank of their practice.
    RppsRank(RppsRank),
    /// `R` and the directory's own number.
    Technical(PracticeNumber),
    /// `F` and a FINESS.
    TechnicalFiness(Finess),
    /// `C` and a SIRET.
    TechnicalSiret(Siret),
}

/// A structure's number whose rule is not public: 1 to 15 digits, kept as they
/// are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PracticeNumber(CodeText<15>);

impl PracticeNumber {
    /// Reads 1 to 15 digits.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        CodeText::new(text)
            .filter(|_| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .map(Self)
            .ok_or(InvalidValue::new(
                "practice number",
                "it has 1 to 15 digits",
            ))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for PracticeNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl IdNatStruct {
    /// The OID of the authority that assigns these identifiers (IDNST).
    pub const OID: &'static str = "1.2.250.1.71.4.2.2";

    /// Reads a prefix and the identifier of its kind.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let mut rest = text.chars();
        let prefix = rest.next();
        let rest = rest.as_str();
        match prefix {
            Some('0') => PracticeNumber::parse(rest).map(Self::AdeliPractice),
            Some('1') => Finess::parse(rest).map(Self::Finess),
            Some('2') => Siren::parse(rest).map(Self::Siren),
            Some('3') => Siret::parse(rest).map(Self::Siret),
            Some('4') => RppsRank::parse(rest).map(Self::RppsRank),
            Some('R') => PracticeNumber::parse(rest).map(Self::Technical),
            Some('F') => Finess::parse(rest).map(Self::TechnicalFiness),
            Some('C') => Siret::parse(rest).map(Self::TechnicalSiret),
            _ => Err(InvalidValue::at(WHAT, "it begins with a known prefix", 0)),
        }
    }

    /// The prefix.
    #[must_use]
    pub const fn prefix(&self) -> char {
        match self {
            Self::AdeliPractice(_) => '0',
            Self::Finess(_) => '1',
            Self::Siren(_) => '2',
            Self::Siret(_) => '3',
            Self::RppsRank(_) => '4',
            Self::Technical(_) => 'R',
            Self::TechnicalFiness(_) => 'F',
            Self::TechnicalSiret(_) => 'C',
        }
    }

    /// Whether the directory made the identifier up for its own use.
    #[must_use]
    pub const fn is_technical(&self) -> bool {
        matches!(
            self,
            Self::Technical(_) | Self::TechnicalFiness(_) | Self::TechnicalSiret(_)
        )
    }

    /// The FINESS that it is or holds.
    #[must_use]
    pub const fn finess(&self) -> Option<Finess> {
        match self {
            Self::Finess(finess) | Self::TechnicalFiness(finess) => Some(*finess),
            _ => None,
        }
    }

    /// The SIRET that it is or holds.
    #[must_use]
    pub const fn siret(&self) -> Option<Siret> {
        match self {
            Self::Siret(siret) | Self::TechnicalSiret(siret) => Some(*siret),
            _ => None,
        }
    }
}

impl fmt::Display for IdNatStruct {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identifier: &dyn fmt::Display = match self {
            Self::AdeliPractice(number) | Self::Technical(number) => number,
            Self::Finess(finess) | Self::TechnicalFiness(finess) => finess,
            Self::Siren(siren) => siren,
            Self::Siret(siret) | Self::TechnicalSiret(siret) => siret,
            Self::RppsRank(practice) => practice,
        };
        write!(formatter, "{}{identifier}", self.prefix())
    }
}

impl FromStr for IdNatStruct {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

serde_as_text!(IdNatStruct, "national structure identifier");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_identifier_is_read_by_its_prefix() {
        for (text, technical) in [
            ("349940088500020", false),
            ("10B0172805", false),
            ("499700237045007", false),
            ("2398069963", false),
            ("0751234567", false),
            ("R95141", true),
            ("F0B0172805", true),
            ("C49940088500020", true),
        ] {
            let id = IdNatStruct::parse(text).unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(id.is_technical(), technical);
        }
    }

    #[test]
    fn one_structure_is_found_under_its_national_and_its_technical_identifier() {
        let finess = |text| IdNatStruct::parse(text).unwrap().finess();
        assert_eq!(finess("10B0172805"), finess("F0B0172805"));
        let siret = |text| IdNatStruct::parse(text).unwrap().siret();
        assert_eq!(siret("349940088500020"), siret("C49940088500020"));
        assert_eq!(finess("R95141"), None);
        assert_eq!(siret("R95141"), None);
    }

    #[test]
    fn a_person_prefix_is_not_a_structure_prefix() {
        for text in [
            "549940088500020",
            "899700366240",
            "",
            "R",
            "R1234567890123456",
            "R-1",
            "X1",
        ] {
            assert!(IdNatStruct::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_generated_identifier_round_trips(
            body in "[0-9]{10}",
            finess in "[0-9A-Z]{9}",
            number in "[0-9]{1,15}",
        ) {
            let practice = crate::rpps::Rpps::with_key(&body).unwrap();
            for text in [
                format!("4{practice}042"),
                format!("1{finess}"),
                format!("F{finess}"),
                format!("R{number}"),
                format!("0{number}"),
            ] {
                let id = IdNatStruct::parse(&text).unwrap();
                prop_assert_eq!(id.to_string(), text.as_str());
                let json = serde_json::to_string(&id).unwrap();
                prop_assert_eq!(serde_json::from_str::<IdNatStruct>(&json).unwrap(), id);
            }
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(id) = IdNatStruct::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
