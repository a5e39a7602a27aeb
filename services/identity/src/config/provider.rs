//! An identity provider, as configured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aval_runtime::config::{ConfigError, DurationText};
use aval_runtime::token::AuthenticationStrength;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

/// An OpenID provider and what is demanded of its tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// What `iss` must be, to the letter.
    pub issuer: String,
    /// Where the discovery document is. It is not derived from the issuer: Pro Santé
    /// Connect's path is its own.
    pub discovery_url: String,
    /// The client that people sign in to: the `aud` of their ID tokens.
    pub client_id: String,
    /// A file that holds that client's secret. Needed for introspection.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The authorities that may have signed the provider's certificate, a PEM file.
    pub ca: PathBuf,
    /// The certificate that is shown to the provider where it asks for one, and that its
    /// access tokens may be bound to; the provider's endpoints for certificates are asked
    /// then, where it publishes some. Default: none.
    #[serde(default)]
    pub client_certificate: Option<ClientCertificate>,
    /// How ID tokens may be signed. Default: RS256 alone.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<ProviderAlgorithm>,
    /// The accepted `acr`, each with the strength that it stands for. At least one: a
    /// token without any of them is refused.
    pub acr_values: BTreeMap<String, AuthenticationStrength>,
    /// By how much the provider's clock may differ, at most 2m. Default: 30s.
    #[serde(default = "default_clock_skew")]
    pub clock_skew: DurationText,
    /// How long ago the person may have proved to the provider who they are (`auth_time`).
    /// Default: 4h, as long as a session lasts at Pro Santé Connect.
    #[serde(default = "default_oldest_sign_in")]
    pub oldest_sign_in: DurationText,
    /// How long one request to the provider may take. Default: 5s.
    #[serde(default = "default_timeout")]
    pub timeout: DurationText,
    /// Whether the provider is also asked if the access token is alive, and to which
    /// certificate it is bound (RFC 7662, RFC 8705). Default: true.
    #[serde(default = "yes")]
    pub introspection: bool,
}

/// A certificate of our own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The chain, our own certificate first, a PEM file.
    pub certificate: PathBuf,
    /// Its private key (PKCS#8), a PEM file.
    pub private_key: PathBuf,
}

/// How an ID token may be signed. No other algorithm can be named: not `none`, and
/// none with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ProviderAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

/// The names of the claims of `UserInfo` that hold a patient's INS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatientClaims {
    /// The matricule with its key, 15 characters. Default: `ins`.
    pub ins: String,
    /// The OID of its kind. Default: `ins_oid`.
    pub ins_oid: String,
}

const LARGEST_SKEW: DurationText = DurationText::from_secs(120);

impl ProviderConfig {
    /// The certificate that is shown to it.
    #[must_use]
    pub fn certificate(&self) -> Option<&Path> {
        let shown = self.client_certificate.as_ref();
        shown.map(|files| files.certificate.as_path())
    }

    /// Refuses values that would weaken a sign-in, naming the key to change below this
    /// section.
    pub(super) fn check(&self, section: &'static str) -> Result<(), ConfigError> {
        let is_https = |url: &str| url.starts_with("https://");
        let rules = [
            (is_https(&self.issuer), "issuer", "must be an https address"),
            (
                is_https(&self.discovery_url),
                "discovery_url",
                "must be an https address",
            ),
            (!self.client_id.is_empty(), "client_id", "must not be empty"),
            (
                !self.algorithms.is_empty(),
                "algorithms",
                "must name at least one algorithm",
            ),
            (
                !self.acr_values.is_empty() && !self.acr_values.contains_key(""),
                "acr_values",
                "must name at least one acr, and no empty one",
            ),
            (
                self.clock_skew <= LARGEST_SKEW,
                "clock_skew",
                "must not be longer than 2m",
            ),
            (
                !self.introspection || self.client_secret_file.is_some(),
                "client_secret_file",
                "is required where introspection is true",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, key, rule)) => Err(ConfigError::RefusedIn {
                section,
                key,
                rule: rule.to_owned(),
            }),
            None => Ok(()),
        }
    }
}

impl ProviderAlgorithm {
    pub(crate) const fn as_jwt(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
        }
    }
}

impl Default for PatientClaims {
    fn default() -> Self {
        Self {
            ins: "ins".to_owned(),
            ins_oid: "ins_oid".to_owned(),
        }
    }
}

fn default_algorithms() -> Vec<ProviderAlgorithm> {
    vec![ProviderAlgorithm::Rs256]
}

fn default_clock_skew() -> DurationText {
    DurationText::from_secs(30)
}

fn default_oldest_sign_in() -> DurationText {
    DurationText::from_secs(4 * 60 * 60)
}

fn default_timeout() -> DurationText {
    DurationText::from_secs(5)
}

fn yes() -> bool {
    true
}
