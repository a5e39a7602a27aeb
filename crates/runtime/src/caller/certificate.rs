//! What a client certificate says about the caller.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use x509_parser::extensions::GeneralName;

use super::{CallerId, CallerUnknown};

/// The SHA-256 of a certificate's DER form: what a token's `cnf` binds it to
/// (`x5t#S256`, RFC 8705 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateThumbprint([u8; 32]);

impl CertificateThumbprint {
    /// Of the certificate with this DER form.
    #[must_use]
    pub fn of_der(der: &[u8]) -> Self {
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        Self(thumbprint)
    }

    /// Reads the base64url form; `None` if it is not one of 32 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The base64url form without padding, as in `cnf`.
    #[must_use]
    pub fn to_base64url(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl fmt::Debug for CertificateThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateThumbprint({})", self.to_base64url())
    }
}

/// The caller whom a certificate names, in this trust domain if one is demanded.
///
/// The certificate must have been verified before: nothing is checked here but
/// its name.
pub fn identify(der: &[u8], trust_domain: Option<&str>) -> Result<CallerId, CallerUnknown> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der)
        .map_err(|_| CallerUnknown::CertificateMalformed)?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| CallerUnknown::CertificateMalformed)?
        .ok_or(CallerUnknown::NotOneUri)?;
    let mut uris = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
    let (Some(uri), None) = (uris.next(), uris.next()) else {
        return Err(CallerUnknown::NotOneUri);
    };
    named_by(uri, trust_domain)
}

fn named_by(uri: &str, trust_domain: Option<&str>) -> Result<CallerId, CallerUnknown> {
    let (domain, path) = uri
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.split_once('/'))
        .filter(|(domain, _)| !domain.is_empty())
        .ok_or(CallerUnknown::NameMalformed)?;
    if trust_domain.is_some_and(|expected| expected != domain) {
        return Err(CallerUnknown::OtherTrustDomain);
    }
    CallerId::parse(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::string::Ia5String;
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn certificate(uris: &[&str]) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["records.example".to_owned()]).unwrap();
        for uri in uris {
            let uri = Ia5String::try_from(*uri).unwrap();
            params.subject_alt_names.push(SanType::URI(uri));
        }
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_one_spiffe_uri_names_the_caller() {
        let der = certificate(&["spiffe://aval.example/ns/aval/sa/records"]);
        let caller = identify(&der, Some("aval.example")).unwrap();
        assert_eq!(caller.as_str(), "ns/aval/sa/records");
        assert_eq!(identify(&der, None).unwrap(), caller);
        assert_eq!(
            identify(&der, Some("other")),
            Err(CallerUnknown::OtherTrustDomain)
        );
    }

    #[test]
    fn no_uri_and_two_uris_name_nobody() {
        assert_eq!(
            identify(&certificate(&[]), None),
            Err(CallerUnknown::NotOneUri)
        );
        let two = certificate(&["spiffe://a/records", "https://records.example"]);
        assert_eq!(identify(&two, None), Err(CallerUnknown::NotOneUri));
    }

    #[test]
    fn a_uri_that_is_no_spiffe_name_names_nobody() {
        for uri in [
            "https://aval.example/records",
            "spiffe://aval.example",
            "spiffe://aval.example/",
            "spiffe:///records",
            "spiffe://aval.example/a//b",
            "spiffe://aval.example/../records",
            "spiffe://aval.example/records?x=1",
            "spiffe://aval.example/rec%2Fords",
        ] {
            assert_eq!(
                named_by(uri, None),
                Err(CallerUnknown::NameMalformed),
                "{uri}"
            );
        }
    }

    #[test]
    fn a_thumbprint_reads_back_from_its_text() {
        let thumbprint = CertificateThumbprint::of_der(b"certificate");
        let text = thumbprint.to_base64url();
        assert_eq!(CertificateThumbprint::parse(&text), Some(thumbprint));
        assert_eq!(CertificateThumbprint::parse(&text[1..]), None);
        assert_eq!(CertificateThumbprint::parse(""), None);
    }

    proptest! {
        #[test]
        fn identifying_is_total(bytes: Vec<u8>, uri in ".{0,80}", text in ".{0,60}") {
            prop_assert!(identify(&bytes, None).is_err());
            let _ = named_by(&uri, Some("a"));
            let _ = named_by(&format!("spiffe://a/{uri}"), None);
            let _ = CertificateThumbprint::parse(&text);
        }
    }
}
