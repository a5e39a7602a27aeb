//! The authority: one key, one certificate, bound to loopback names.

use std::path::Path;
use std::time::Duration;

use aval_domain::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints,
};
use time::OffsetDateTime;

use super::files::{self, AUTHORITY_KEY};
use super::leaf::CertificateFacts;
use super::{LEAF_LIFETIME, PkiError, RENEWAL_MARGIN};

const LIFETIME: Duration = Duration::from_hours(10 * 365 * 24);

/// Certificates begin a little in the past, for callers whose clock is behind.
const BACKDATING: Duration = Duration::from_mins(5);

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    key_identifier: Vec<u8>,
}

impl Authority {
    /// Takes the folder's authority if it outlives the certificates that it may
    /// issue from now on, and makes a new one otherwise. Certificates of another
    /// authority are recognised by [`key_identifier`](Self::key_identifier).
    pub(super) fn create_or_open(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        match Self::open(dir, now)? {
            Some(authority) => Ok(authority),
            None => Self::create(dir, now),
        }
    }

    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    pub(super) fn key_identifier(&self) -> &[u8] {
        &self.key_identifier
    }

    fn open(dir: &Path, now: Timestamp) -> Result<Option<Self>, PkiError> {
        let certificate = files::read(&files::authority_certificate_path(dir))?;
        let key = files::read(&files::key_path(dir, AUTHORITY_KEY))?;
        let (Some(certificate), Some(key)) = (certificate, key) else {
            return Ok(None);
        };
        let (Some(facts), Ok(key)) = (
            CertificateFacts::read(&certificate),
            KeyPair::from_pem(&key),
        ) else {
            return Ok(None);
        };
        let needed_until = now.saturating_add(LEAF_LIFETIME + RENEWAL_MARGIN);
        if !facts.has_key(&key) || !facts.is_valid_at(now) || !facts.is_valid_at(needed_until) {
            return Ok(None);
        }
        Ok(Some(Self::of(parameters(now), key)))
    }

    fn create(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        let key = KeyPair::generate()?;
        let parameters = parameters(now);
        let certificate = parameters.self_signed(&key)?;
        files::write_key(&files::key_path(dir, AUTHORITY_KEY), &key.serialize_pem())?;
        files::write_certificate(&files::authority_certificate_path(dir), &certificate.pem())?;
        Ok(Self::of(parameters, key))
    }

    /// What the certificates that it issues take over from the authority (its
    /// name, its key's identifier) depends on nothing but the key.
    fn of(parameters: CertificateParams, key: KeyPair) -> Self {
        Self {
            key_identifier: parameters.key_identifier(&key),
            issuer: Issuer::new(parameters, key),
        }
    }
}

fn parameters(now: Timestamp) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(
        DnType::OrganizationName,
        "Aval development, not for production",
    );
    name.push(DnType::CommonName, "Aval development authority");
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name;
    (parameters.not_before, parameters.not_after) = validity(now, LIFETIME);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Addresses are not constrained: clients on BoringSSL (gRPC in C++, Python, Ruby)
    // refuse a certificate whose authority constrains them.
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("localhost".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    parameters
}

/// From a little before `now` until `lifetime` after it.
pub(super) fn validity(now: Timestamp, lifetime: Duration) -> (OffsetDateTime, OffsetDateTime) {
    (
        date_time(now.saturating_sub(BACKDATING)),
        date_time(now.saturating_add(lifetime)),
    )
}

fn date_time(instant: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(instant.unix_seconds())
        .expect("a timestamp lies within the calendar's range")
}
