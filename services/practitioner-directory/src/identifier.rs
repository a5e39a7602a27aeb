//! Numbers under which people and structures are known.

use aval_domain::InvalidValue;
use aval_domain::adeli::Adeli;
use aval_domain::finess::Finess;
use aval_domain::id_nat_ps::IdNatPs;
use aval_domain::mssante::MssAddress;
use aval_domain::rpps::{Rpps, RppsRank};
use aval_domain::siren::Siren;
use aval_domain::siret::Siret;
use serde::{Deserialize, Serialize};

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IdentifierKind {
    /// A person's RPPS number.
    Rpps,
    /// A person's ADELI number.
    Adeli,
    /// A person's national identifier: a prefix and a number (IDNPS).
    NationalPerson,
    /// A site's FINESS number.
    Finess,
    /// A legal entity's FINESS number.
    LegalFiness,
    /// An establishment's SIRET.
    Siret,
    /// A legal entity's SIREN.
    Siren,
    /// The RPPS number and rank of a cabinet.
    RppsRank,
    /// The directory's own number of a structure.
    Technical,
    /// An MSSanté address.
    MssAddress,
}

/// A number of a kind, well-formed by construction when it comes from a request.
/// Those of structures that come from the source are kept as published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// The number as its authority writes it.
    pub value: String,
}

/// The longest technical identifier of a structure, in characters.
const LONGEST_TECHNICAL: usize = 32;

impl IdentifierKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Rpps,
        Self::Adeli,
        Self::NationalPerson,
        Self::Finess,
        Self::LegalFiness,
        Self::Siret,
        Self::Siren,
        Self::RppsRank,
        Self::Technical,
        Self::MssAddress,
    ];
}

impl Identifier {
    /// A number of the source, as it is.
    #[must_use]
    pub fn published(kind: IdentifierKind, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
        }
    }

    /// Reads a number of this kind.
    pub fn parse(kind: IdentifierKind, text: &str) -> Result<Self, InvalidValue> {
        let value = match kind {
            IdentifierKind::Rpps => Rpps::parse(text)?.to_string(),
            IdentifierKind::Adeli => Adeli::parse(text)?.to_string(),
            IdentifierKind::NationalPerson => IdNatPs::parse(text)?.to_string(),
            IdentifierKind::Finess | IdentifierKind::LegalFiness => {
                Finess::parse(text)?.to_string()
            }
            IdentifierKind::Siret => Siret::parse(text)?.to_string(),
            IdentifierKind::Siren => Siren::parse(text)?.to_string(),
            IdentifierKind::RppsRank => RppsRank::parse(text)?.to_string(),
            IdentifierKind::Technical => technical(text)?,
            IdentifierKind::MssAddress => professional_address(text)?,
        };
        Ok(Self { kind, value })
    }

    /// Every number that this text may be, by its form.
    #[must_use]
    pub fn readings(text: &str) -> Vec<Self> {
        IdentifierKind::ALL
            .into_iter()
            .filter_map(|kind| Self::parse(kind, text).ok())
            .collect()
    }

    /// The national identifier of the person that it names, if it names a person by
    /// number: RPPS and ADELI numbers are part of one.
    #[must_use]
    pub fn national_person_id(&self) -> Option<String> {
        match self.kind {
            IdentifierKind::Rpps => Some(format!("8{}", self.value)),
            IdentifierKind::Adeli => Some(format!("0{}", self.value)),
            IdentifierKind::NationalPerson => Some(self.value.clone()),
            _ => None,
        }
    }
}

/// The numbers that a national identifier stands for: the RPPS or ADELI number in
/// it, then itself.
#[must_use]
pub fn person_identifiers(national_id: &str) -> Vec<Identifier> {
    let plain = match IdNatPs::parse(national_id) {
        Ok(IdNatPs::Rpps(rpps)) => Some(Identifier::published(
            IdentifierKind::Rpps,
            rpps.to_string(),
        )),
        Ok(IdNatPs::Adeli(adeli)) => Some(Identifier::published(
            IdentifierKind::Adeli,
            adeli.to_string(),
        )),
        _ => None,
    };
    let national = Identifier::published(IdentifierKind::NationalPerson, national_id);
    plain.into_iter().chain([national]).collect()
}

fn technical(text: &str) -> Result<String, InvalidValue> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    let begins_with_letter = text.starts_with(|first: char| first.is_ascii_uppercase());
    if text.len() > LONGEST_TECHNICAL || !is_visible || !begins_with_letter {
        let rule = "it is a capital letter and at most 31 visible ASCII characters";
        return Err(InvalidValue::new("technical identifier", rule));
    }
    Ok(text.to_owned())
}

/// A patient's address holds their INS: it is no professional's, and is not looked for.
fn professional_address(text: &str) -> Result<String, InvalidValue> {
    let address = MssAddress::parse(text)?;
    if address.is_patient() {
        let rule = "it is a professional's or a structure's";
        return Err(InvalidValue::new("MSSanté address", rule));
    }
    Ok(address.reveal().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<IdentifierKind> {
        let readings = Identifier::readings(text);
        readings.into_iter().map(|reading| reading.kind).collect()
    }

    #[test]
    fn a_text_is_every_number_whose_form_it_has() {
        use IdentifierKind::{
            Adeli, Finess, LegalFiness, NationalPerson, Rpps, RppsRank, Siren, Siret, Technical,
        };
        assert_eq!(kinds("99700366240"), [Rpps, NationalPerson]);
        assert_eq!(kinds("899700366240"), [NationalPerson]);
        assert_eq!(kinds("398069963"), [Adeli, Finess, LegalFiness, Siren]);
        assert_eq!(kinds("39806996300013"), [Siret, RppsRank]);
        assert_eq!(kinds("99700237045007"), [NationalPerson, RppsRank]);
        assert_eq!(kinds("R10000000001"), [Technical]);
        assert_eq!(kinds("nobody at all"), []);
    }

    #[test]
    fn a_patient_s_address_is_never_looked_for() {
        let kind = IdentifierKind::MssAddress;
        assert!(Identifier::parse(kind, "a.b@medecin.mssante.fr").is_ok());
        assert!(Identifier::parse(kind, "123456789012345@patient.mssante.fr").is_err());
    }

    #[test]
    fn a_national_identifier_shows_the_number_in_it_first() {
        let shown = person_identifiers("899700366240");
        assert_eq!(shown[0].kind, IdentifierKind::Rpps);
        assert_eq!(shown[1].value, "899700366240");
        for identifier in shown {
            assert_eq!(
                identifier.national_person_id().as_deref(),
                Some("899700366240")
            );
        }
        assert_eq!(person_identifiers("30B0037750/CPET0001").len(), 1);
    }
}
