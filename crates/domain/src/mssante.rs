//! Addresses of the secure health mail (MSSanté).

use std::fmt;
use std::str::FromStr;

use crate::InvalidValue;
use crate::ins::Ins;

const WHAT: &str = "MSSanté address";
const PATIENT_DOMAIN: &str = "patient.mssante.fr";

/// An address whose domain ends in `.mssante.fr`, kept in lower case because
/// addresses are compared without regard to case.
///
/// A patient's address holds their INS as its local part: such an address
/// writes itself masked, and only [`reveal`](Self::reveal) gives it in full.
/// For the same reason there is no serde form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MssAddress {
    text: String,
    at: usize,
}

impl MssAddress {
    /// The most characters of an address (RFC 5321).
    pub const MAX_LENGTH: usize = 254;

    /// Reads `local@domain`: an unquoted local part of at most 64 characters
    /// (RFC 5322 dot-atom) and a host name below `mssante.fr`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.len() > Self::MAX_LENGTH {
            return Err(InvalidValue::new(WHAT, "it has at most 254 characters"));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidValue::new(
            WHAT,
            "it is a local part, '@', and a domain",
        ))?;
        if local.len() > 64 || !local.split('.').all(is_atom) {
            let rule = "the local part has at most 64 letters, digits and usual signs";
            return Err(InvalidValue::new(WHAT, rule));
        }
        let text = text.to_ascii_lowercase();
        let at = local.len();
        let below = text[at + 1..].strip_suffix(".mssante.fr");
        if !below.is_some_and(|below| below.split('.').all(is_label)) {
            let rule = "the domain is a host name that ends in .mssante.fr";
            return Err(InvalidValue::at(WHAT, rule, text.len() - domain.len()));
        }
        Ok(Self { text, at })
    }

    /// The address of a patient: their 15 characters at `patient.mssante.fr`.
    #[must_use]
    pub fn of_patient(ins: &Ins) -> Self {
        let text = format!("{}@{PATIENT_DOMAIN}", ins.reveal()).to_ascii_lowercase();
        Self {
            text,
            at: Ins::LENGTH,
        }
    }

    /// The domain, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether it is a patient's, whose local part is their INS. Domains of
    /// other environments that have `patient` as a label count too.
    #[must_use]
    pub fn is_patient(&self) -> bool {
        self.domain().split('.').any(|label| label == "patient")
    }

    /// The full address, in lower case.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

fn is_atom(atom: &str) -> bool {
    !atom.is_empty()
        && atom
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The full address, but for a patient's.
impl fmt::Display for MssAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_patient() {
            return write!(formatter, "***@{}", self.domain());
        }
        formatter.pad(&self.text)
    }
}

impl fmt::Debug for MssAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MssAddress({self})")
    }
}

impl FromStr for MssAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ins::InsKind;

    #[test]
    fn a_professionals_address_is_read_and_compared_without_case() {
        let address = MssAddress::parse("Prenom.Nom@Medecin.MSSante.fr").unwrap();
        assert_eq!(address.reveal(), "prenom.nom@medecin.mssante.fr");
        assert_eq!(address.to_string(), address.reveal());
        assert_eq!(address.domain(), "medecin.mssante.fr");
        assert_eq!(
            MssAddress::parse("prenom.nom@medecin.mssante.fr"),
            Ok(address)
        );
    }

    #[test]
    fn a_patients_address_is_masked_where_it_is_written() {
        let ins = Ins::parse("284052A32102552", InsKind::Test).unwrap();
        let address = MssAddress::of_patient(&ins);
        assert!(address.is_patient());
        assert_eq!(address.reveal(), "284052a32102552@patient.mssante.fr");
        assert_eq!(
            MssAddress::parse("284052A32102552@patient.mssante.fr"),
            Ok(address.clone())
        );
        assert_eq!(address.to_string(), "***@patient.mssante.fr");
        assert_eq!(format!("{address:?}"), "MssAddress(***@patient.mssante.fr)");
    }

    #[test]
    fn what_is_no_such_address_is_refused() {
        for text in [
            "",
            "@",
            "a@mssante.fr",
            "a@.mssante.fr",
            "a@evilmssante.fr",
            "a@ch.mssante.fr.example",
            "@ch.mssante.fr",
            "a..b@ch.mssante.fr",
            ".a@ch.mssante.fr",
            "a b@ch.mssante.fr",
            "a@b@ch.mssante.fr",
            "é@ch.mssante.fr",
            "a@-ch.mssante.fr",
            "a@ch_x.mssante.fr",
            "a@ch.mssante.fr\n",
        ] {
            assert!(MssAddress::parse(text).is_err(), "{text:?}");
        }
        let long = format!("{}@ch.mssante.fr", "a".repeat(65));
        assert!(MssAddress::parse(&long).is_err());
    }

    proptest! {
        #[test]
        fn every_generated_address_round_trips(
            local in "[a-z0-9]{1,20}([.-][a-z0-9]{1,20}){0,2}",
            label in "[a-z0-9]{1,20}",
        ) {
            let text = format!("{local}@{label}.mssante.fr");
            let address = MssAddress::parse(&text).unwrap();
            prop_assert_eq!(address.reveal(), text.as_str());
            prop_assert_eq!(MssAddress::parse(&text.to_uppercase()), Ok(address));
        }

        #[test]
        fn any_text_is_read_or_refused(
            text in crate::testing::any_text(),
            domain in any::<bool>(),
        ) {
            let text = if domain { format!("{text}@ch.mssante.fr") } else { text };
            if let Ok(address) = MssAddress::parse(&text) {
                prop_assert_eq!(address.reveal(), text.to_ascii_lowercase());
            }
        }
    }
}
