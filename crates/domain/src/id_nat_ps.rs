//! The national identifier of a professional, with the prefix that says of which kind.

pub use crate::local_register::LocalNumber;

use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;
use crate::adeli::Adeli;
use crate::finess::Finess;
use crate::rpps::{Rpps, RppsRank};
use crate::siren::Siren;
use crate::siret::Siret;

const WHAT: &str = "national professional identifier";

/// `PS_IdNat`: a prefix of TRE_G08-TypeIdentifiantPersonne (OID
/// 1.2.250.1.71.1.2.15) and the identifier; assigning OID
/// [`OID`](Self::OID).
///
/// The prefixes are not those of structures ([`crate::id_nat_struct`]): a SIRET
/// is `5` here and `3` there. The list's `10` (MSSanté address) and `30` (ROR)
/// cannot be told from `1` and `3` by their first character and are not read:
/// an address has its own type, [`crate::mssante::MssAddress`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum IdNatPs {
    /// `0`: ADELI.
    Adeli(Adeli),
    /// `1`: practice with an ADELI number, and perhaps its own register. The
    /// form of the number is not public: it is kept as it is.
    AdeliPractice(LocalNumber, Option<LocalNumber>),
    /// `2`: DRASS, deprecated in 2020.
    Drass(LocalNumber),
    /// `3`: structure in FINESS, and its own register.
    Finess(Finess, Option<LocalNumber>),
    /// `4`: legal entity, and its own register.
    Siren(Siren, Option<LocalNumber>),
    /// `5`: establishment, and its own register.
    Siret(Siret, Option<LocalNumber>),
    /// `6`: practice of an RPPS holder, and perhaps its own register.
    RppsPractice(RppsRank, Option<LocalNumber>),
    /// `8`: RPPS.
    Rpps(Rpps),
    /// `9`: student, deprecated in 2020.
    Student(LocalNumber),
}

impl IdNatPs {
    /// The OID of the authority that assigns these identifiers (IDNPS).
    pub const OID: &'static str = "1.2.250.1.71.4.2.1";

    /// Reads a prefix and the identifier of its kind.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let mut rest = text.chars();
        let prefix = rest.next();
        let rest = rest.as_str();
        match prefix {
            Some('0') => Adeli::parse(rest).map(Self::Adeli),
            Some('1') => with_register(rest, LocalNumber::parse)
                .map(|(practice, local)| Self::AdeliPractice(practice, local)),
            Some('2') => LocalNumber::parse(rest).map(Self::Drass),
            Some('3') => with_register(rest, Finess::parse)
                .map(|(structure, local)| Self::Finess(structure, local)),
            Some('4') => {
                with_register(rest, Siren::parse).map(|(entity, local)| Self::Siren(entity, local))
            }
            Some('5') => with_register(rest, Siret::parse)
                .map(|(establishment, local)| Self::Siret(establishment, local)),
            Some('6') => with_register(rest, RppsRank::parse)
                .map(|(practice, local)| Self::RppsPractice(practice, local)),
            Some('8') => Rpps::parse(rest).map(Self::Rpps),
            Some('9') => LocalNumber::parse(rest).map(Self::Student),
            _ => Err(InvalidValue::at(WHAT, "it begins with a known prefix", 0)),
        }
    }

    /// The prefix.
    #[must_use]
    pub const fn prefix(&self) -> char {
        match self {
            Self::Adeli(_) => '0',
            Self::AdeliPractice(..) => '1',
            Self::Drass(_) => '2',
            Self::Finess(..) => '3',
            Self::Siren(..) => '4',
            Self::Siret(..) => '5',
            Self::RppsPractice(..) => '6',
            Self::Rpps(_) => '8',
            Self::Student(_) => '9',
        }
    }

    /// The RPPS number, where it is one.
    #[must_use]
    pub const fn rpps(&self) -> Option<Rpps> {
        match self {
            Self::Rpps(rpps) => Some(*rpps),
            _ => None,
        }
    }
}

/// Reads `identifier` or `identifier/local number`.
fn with_register<T>(
    text: &str,
    identifier: impl Fn(&str) -> Result<T, InvalidValue>,
) -> Result<(T, Option<LocalNumber>), InvalidValue> {
    match text.split_once('/') {
        Some((first, local)) => Ok((identifier(first)?, Some(LocalNumber::parse(local)?))),
        None => Ok((identifier(text)?, None)),
    }
}

impl fmt::Display for IdNatPs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (identifier, local): (&dyn fmt::Display, _) = match self {
            Self::Adeli(adeli) => (adeli, &None),
            Self::AdeliPractice(practice, local) => (practice, local),
            Self::Drass(number) | Self::Student(number) => (number, &None),
            Self::Finess(structure, local) => (structure, local),
            Self::Siren(entity, local) => (entity, local),
            Self::Siret(establishment, local) => (establishment, local),
            Self::RppsPractice(practice, local) => (practice, local),
            Self::Rpps(rpps) => (rpps, &None),
        };
        write!(formatter, "{}{identifier}", self.prefix())?;
        match local {
            Some(local) => write!(formatter, "/{local}"),
            None => Ok(()),
        }
    }
}

impl From<Rpps> for IdNatPs {
    fn from(rpps: Rpps) -> Self {
        Self::Rpps(rpps)
    }
}

impl From<Adeli> for IdNatPs {
    fn from(adeli: Adeli) -> Self {
        Self::Adeli(adeli)
    }
}

impl FromStr for IdNatPs {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

serde_as_text!(IdNatPs, "national professional identifier");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_identifier_is_read_by_its_prefix() {
        let doctor = IdNatPs::parse("899700366240").unwrap();
        assert_eq!(doctor, Rpps::parse("99700366240").unwrap().into());
        assert_eq!(doctor.rpps(), Rpps::parse("99700366240").ok());
        assert_eq!(doctor.to_string(), "899700366240");

        let employee = IdNatPs::parse("30B0037750/CPET0001").unwrap();
        let structure = Finess::parse("0B0037750").unwrap();
        let local = LocalNumber::parse("CPET0001").unwrap();
        assert_eq!(employee, IdNatPs::Finess(structure, Some(local)));
        assert_eq!(employee.rpps(), None);

        for text in [
            "0299109803",
            "1751234567/0001",
            "4398069963/7",
            "539806996300013/7",
            "699700237045007",
            "9123456789",
        ] {
            assert_eq!(IdNatPs::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_national_identifier_is_refused() {
        for text in [
            "",
            "8",
            "899700366241",
            "799700366240",
            "ANS20231122132732",
            "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd",
            "30B0037750/",
            "30B0037750/a/b",
            "10jean.dupont@ch-ville.mssante.fr",
            "８99700366240",
        ] {
            assert!(IdNatPs::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_generated_identifier_round_trips(
            body in "[0-9]{10}",
            structure in "[0-9A-Z]{9}",
            local in "[!-.0-?A-~]{1,64}",
        ) {
            let rpps = Rpps::with_key(&body).unwrap();
            for text in [
                format!("8{rpps}"),
                format!("6{rpps}001"),
                format!("3{structure}/{local}"),
                format!("0{}", &body[..9]),
            ] {
                let id = IdNatPs::parse(&text).unwrap();
                prop_assert_eq!(id.to_string(), text.as_str());
                prop_assert_eq!(text.chars().next(), Some(id.prefix()));
                let json = serde_json::to_string(&id).unwrap();
                prop_assert_eq!(serde_json::from_str::<IdNatPs>(&json).unwrap(), id);
            }
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(id) = IdNatPs::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
