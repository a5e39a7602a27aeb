//! One name's certificate: issuing it, and telling whether it is still good.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aval_domain::time::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, SanType,
};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::parse_x509_pem;

use super::authority::{Authority, validity};
use super::{CertificateFiles, LEAF_LIFETIME, PkiError, RENEWAL_MARGIN, files, spiffe_id};

/// Writes a new key and certificate for `name`.
pub(super) fn issue(
    paths: &CertificateFiles,
    name: &str,
    authority: &Authority,
    now: Timestamp,
) -> Result<(), PkiError> {
    let key = KeyPair::generate()?;
    let certificate = parameters(name, now)?.signed_by(&key, authority.issuer())?;
    files::write_key(&paths.key, &key.serialize_pem())?;
    files::write_certificate(&paths.certificate, &certificate.pem())
}

/// Whether `name`'s files fit each other and the authority, and need no renewal yet.
pub(super) fn will_last(
    paths: &CertificateFiles,
    name: &str,
    authority: &Authority,
    now: Timestamp,
) -> Result<bool, PkiError> {
    let (Some(certificate), Some(key)) =
        (files::read(&paths.certificate)?, files::read(&paths.key)?)
    else {
        return Ok(false);
    };
    let (Some(facts), Ok(key)) = (
        CertificateFacts::read(&certificate),
        KeyPair::from_pem(&key),
    ) else {
        return Ok(false);
    };
    Ok(facts.has_key(&key)
        && facts.uris == [spiffe_id(name)]
        && facts.authority_key_identifier.as_deref() == Some(authority.key_identifier())
        && facts.is_valid_at(now)
        && facts.is_valid_at(now.saturating_add(RENEWAL_MARGIN)))
}

fn parameters(name: &str, now: Timestamp) -> Result<CertificateParams, PkiError> {
    let mut subject = DistinguishedName::new();
    subject.push(
        DnType::OrganizationName,
        "Aval development, not for production",
    );
    subject.push(DnType::CommonName, name);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        SanType::URI(spiffe_id(name).try_into()?),
    ];
    (parameters.not_before, parameters.not_after) = validity(now, LEAF_LIFETIME);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

/// What is looked at in a certificate that was found in the folder.
pub(super) struct CertificateFacts {
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: Vec<u8>,
    uris: Vec<String>,
    authority_key_identifier: Option<Vec<u8>>,
}

impl CertificateFacts {
    /// Reads the first certificate of a PEM text; `None` when there is none.
    pub(super) fn read(pem: &str) -> Option<Self> {
        let (_, block) = parse_x509_pem(pem.as_bytes()).ok()?;
        let certificate = block.parse_x509().ok()?;
        let uris = certificate
            .subject_alternative_name()
            .ok()?
            .map(|names| uris(&names.value.general_names))
            .unwrap_or_default();
        let authority_key_identifier = certificate.extensions().iter().find_map(|extension| {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier
                    .key_identifier
                    .as_ref()
                    .map(|identifier| identifier.0.to_vec()),
                _ => None,
            }
        });
        Some(Self {
            not_before: Timestamp::from_unix_seconds(certificate.validity().not_before.timestamp()),
            not_after: Timestamp::from_unix_seconds(certificate.validity().not_after.timestamp()),
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
            uris,
            authority_key_identifier,
        })
    }

    pub(super) fn has_key(&self, key: &KeyPair) -> bool {
        self.public_key == key.public_key_raw()
    }

    pub(super) fn is_valid_at(&self, instant: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&instant)
    }
}

fn uris(names: &[GeneralName<'_>]) -> Vec<String> {
    names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        })
        .collect()
}
