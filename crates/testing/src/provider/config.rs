//! What a provider is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::Random;
use aval_domain::time::Clock;

use super::{Accounts, ProviderError, SigningAlgorithm};
use crate::pki::CertificateFiles;

/// What a development provider is started with.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Where to listen: a loopback address; port 0 takes a free one. Default 127.0.0.1:0.
    pub listen: SocketAddr,
    /// HTTP, or HTTPS with a certificate.
    pub transport: Transport,
    /// The professionals' realm. Default: as Pro Santé Connect's.
    pub professionals: RealmConfig,
    /// The patients' realm.
    pub patients: RealmConfig,
    /// Who may ask for tokens and introspect them. Default: [`ClientConfig::development`].
    pub clients: Vec<ClientConfig>,
    /// Who may be signed in. Default: nobody.
    pub accounts: Accounts,
    /// How tokens are signed. Default RS256, which Pro Santé Connect's clients expect.
    pub algorithm: SigningAlgorithm,
    /// Whether access tokens can be read by their bearer. Default JWT.
    pub access_tokens: AccessTokenForm,
    /// How long tokens are valid. Default: Pro Santé Connect's.
    pub lifetimes: Lifetimes,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where identifiers and opaque tokens come from. Signing keys come from the
    /// operating system.
    pub random: Arc<dyn Random>,
}

/// How the provider is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// In clear, on loopback.
    Http,
    /// Over TLS.
    Https {
        /// PEM, leaf first.
        certificate: PathBuf,
        /// PEM.
        key: PathBuf,
    },
}

/// The two populations that sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Realm {
    /// Health professionals, as through Pro Santé Connect.
    Professionals,
    /// Patients, as through FranceConnect.
    Patients,
}

/// Where a realm answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealmConfig {
    /// The path of the issuer, such as `/auth/realms/esante-wallet`.
    pub path: String,
    /// What follows the issuer in the discovery document's address.
    pub discovery: String,
}

/// A client of the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// Its `client_id`, the audience of its ID tokens.
    pub id: String,
    /// Its `client_secret`, posted or sent by HTTP Basic.
    pub secret: String,
    /// Where its users may be sent after logging out.
    pub post_logout_redirects: Vec<String>,
}

/// Whether access tokens can be read by their bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessTokenForm {
    /// A JWT, as Keycloak's.
    Jwt,
    /// Random characters.
    Opaque,
}

/// How long tokens are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of access tokens and ID tokens.
    pub access: Duration,
    /// Of refresh tokens.
    pub refresh: Duration,
}

impl ProviderConfig {
    /// A provider on a free loopback port with the defaults of each field and no accounts.
    #[must_use]
    pub fn new(transport: Transport, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            transport,
            professionals: RealmConfig {
                path: "/auth/realms/esante-wallet".to_owned(),
                discovery: "/.well-known/wallet-openid-configuration".to_owned(),
            },
            patients: RealmConfig {
                path: "/auth/realms/patients".to_owned(),
                discovery: "/.well-known/openid-configuration".to_owned(),
            },
            clients: vec![ClientConfig::development()],
            accounts: Accounts::default(),
            algorithm: SigningAlgorithm::Rs256,
            access_tokens: AccessTokenForm::Jwt,
            lifetimes: Lifetimes::default(),
            clock,
            random,
        }
    }

    pub(super) fn realm(&self, realm: Realm) -> &RealmConfig {
        match realm {
            Realm::Professionals => &self.professionals,
            Realm::Patients => &self.patients,
        }
    }

    pub(super) fn client(&self, id: &str) -> Option<&ClientConfig> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(super) fn check_paths(&self) -> Result<(), ProviderError> {
        for realm in Realm::ALL {
            let RealmConfig { path, discovery } = self.realm(realm);
            if !is_path(path) || !is_path(discovery) {
                return Err(ProviderError::InvalidPath);
            }
        }
        if self.professionals.path == self.patients.path {
            return Err(ProviderError::SamePath);
        }
        Ok(())
    }
}

impl Transport {
    /// HTTPS with a certificate of the development PKI, usually `pki.files("provider")`.
    #[must_use]
    pub fn https(files: &CertificateFiles) -> Self {
        Self::Https {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
        }
    }

    pub(super) fn scheme(&self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https { .. } => "https",
        }
    }
}

impl Realm {
    /// Both realms.
    pub const ALL: [Self; 2] = [Self::Professionals, Self::Patients];
}

impl ClientConfig {
    /// The client that a provider knows unless told otherwise.
    #[must_use]
    pub fn development() -> Self {
        Self {
            id: "aval-development".to_owned(),
            secret: "aval-development-secret".to_owned(),
            post_logout_redirects: Vec::new(),
        }
    }
}

/// Without the secret.
impl std::fmt::Debug for ClientConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ClientConfig")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access: Duration::from_mins(2),
            refresh: Duration::from_mins(30),
        }
    }
}

/// Nothing that the router would read as a pattern, nothing that needs escaping.
fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && path
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte))
}
