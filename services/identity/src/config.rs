//! What the service is started with.

mod provider;

pub use provider::{ClientCertificate, PatientClaims, ProviderAlgorithm, ProviderConfig};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aval_database::DatabaseConfig;
use aval_runtime::config::{
    self, ConfigError, DurationText, GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig,
    TokenConfig,
};
use aval_runtime::token::LONGEST_LIFETIME;
use serde::Deserialize;

use crate::session::Beyond;

/// The configuration; `config/identity.toml` explains every key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The gRPC listener.
    pub grpc: GrpcConfig,
    /// The ops listener.
    pub ops: OpsConfig,
    /// The HTTPS listener that publishes the keys of the tokens.
    pub jwks: JwksConfig,
    /// Logs, traces, metrics.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    /// Where the tables are.
    pub database: DatabaseConfig,
    /// Bring the schema up to this program at start instead of refusing to serve
    /// behind it. Default: false.
    #[serde(default)]
    pub migrate_on_start: bool,
    /// The tokens that are issued here.
    pub token: TokenIssuance,
    /// How long sessions go on.
    #[serde(default)]
    pub session: SessionConfig,
    /// Shared accounts.
    #[serde(default)]
    pub parallel_sessions: ParallelSessionsConfig,
    /// The age, in years, at which parents no longer act for their children: 12 to 21.
    /// Default: 18.
    #[serde(default = "age_of_majority")]
    pub age_of_majority: u8,
    /// The keys that protect the patients' identities.
    pub patient_keys: PatientKeyFiles,
    /// Make the key files that are not there, readable by this user alone. Default:
    /// false.
    #[serde(default)]
    pub create_missing_keys: bool,
    /// Accept test and demonstration matricules. Default: false; never true in
    /// production.
    #[serde(default)]
    pub accept_test_identities: bool,
    /// Where professionals sign in: Pro Santé Connect.
    pub practitioners_provider: ProviderConfig,
    /// Where patients sign in.
    pub patients_provider: ProviderConfig,
    /// Where the patients' provider puts the INS.
    #[serde(default)]
    pub patient_claims: PatientClaims,
    /// The practitioner directory.
    pub practitioner_directory: PeerConfig,
    /// The trail.
    pub audit: PeerConfig,
}

/// The listener of `/.well-known/jwks.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwksConfig {
    /// Where to listen. It shows the certificate of `grpc.tls` and asks for none; where
    /// gRPC is in clear on the loopback, so is this.
    pub listen: SocketAddr,
}

/// The tokens that are issued here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenIssuance {
    /// The `iss` of the tokens.
    pub issuer: String,
    /// The key that signs them: P-256, PKCS#8 PEM.
    pub signing_key_file: PathBuf,
    /// Keys that are published and do not sign: the next one, until every service has
    /// seen it; the last one, until its tokens have expired. Default: none. These files
    /// and that of the signing key are read again every 30 seconds.
    #[serde(default)]
    pub published_key_files: Vec<PathBuf>,
    /// How long a token lives, 30s to 5m. Default: 5m.
    #[serde(default = "longest_lifetime")]
    pub lifetime: DurationText,
}

/// Shared accounts: one professional, signed in from different client certificates at the
/// same time.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParallelSessionsConfig {
    /// From so many certificates a professional may be signed in: 1 to 100. Default: 2.
    pub certificates: u8,
    /// What happens to one more: `flag` (let in, and said in the trail) or `refuse`.
    /// Default: `flag`.
    pub beyond: Beyond,
}

impl Default for ParallelSessionsConfig {
    fn default() -> Self {
        Self {
            certificates: 2,
            beyond: Beyond::Flag,
        }
    }
}

/// How long sessions go on. The defaults are those of Pro Santé Connect's own session.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionConfig {
    /// Without a token being asked for: at least `token.lifetime`, at most `longest`.
    /// Default: 30m.
    pub idle: DurationText,
    /// Whatever is asked for, at most 24h. Default: 4h.
    pub longest: DurationText,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle: DurationText::from_secs(30 * 60),
            longest: DurationText::from_secs(4 * 60 * 60),
        }
    }
}

/// The keys that protect the patients' identities: 32 bytes each, as one line of
/// base64. Of either kind one makes what is kept from now on; the others are the next
/// one, until every instance has it, and the last ones, until nothing is under them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientKeyFiles {
    /// The key of the digests through which patients are found.
    pub digest_key_file: PathBuf,
    /// Keys under whose digests patients are looked for as well. Default: none.
    #[serde(default)]
    pub other_digest_key_files: Vec<PathBuf>,
    /// The key that encrypts.
    pub encryption_key_file: PathBuf,
    /// Keys that decrypt and do not encrypt. Default: none.
    #[serde(default)]
    pub other_encryption_key_files: Vec<PathBuf>,
}

/// The prefix of the environment variables that win over the file.
const ENVIRONMENT: &str = "AVAL_IDENTITY";
const LONGEST_SESSION: DurationText = DurationText::from_secs(24 * 60 * 60);
const SHORTEST_LIFETIME: DurationText = DurationText::from_secs(30);

impl Config {
    /// Reads and checks the configuration: the file, then the environment, which wins.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let config: Self = config::load(file, ENVIRONMENT)?;
        config.check()?;
        Ok(config)
    }

    /// Refuses values that may not stand together, naming the key to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.grpc.check()?;
        self.telemetry.check()?;
        self.practitioner_directory
            .check("practitioner_directory")?;
        self.audit.check("audit")?;
        self.practitioners_provider
            .check("practitioners_provider")?;
        self.patients_provider.check("patients_provider")?;
        config::check_database("database", &self.database)?;
        if self.grpc.tls.is_none() && !self.jwks.listen.ip().is_loopback() {
            return refused("jwks.listen", "must be a loopback address without grpc.tls");
        }
        if !(SHORTEST_LIFETIME..=longest_lifetime()).contains(&self.token.lifetime) {
            return refused("token.lifetime", "must be 30s to 5m");
        }
        if !(self.token.lifetime..=self.session.longest).contains(&self.session.idle) {
            return refused(
                "session.idle",
                "must be token.lifetime at least and session.longest at most",
            );
        }
        if self.session.longest > LONGEST_SESSION {
            return refused("session.longest", "must be at most 24h");
        }
        if !(1..=100).contains(&self.parallel_sessions.certificates) {
            return refused("parallel_sessions.certificates", "must be 1 to 100");
        }
        if !(12..=21).contains(&self.age_of_majority) {
            return refused("age_of_majority", "must be 12 to 21");
        }
        if self.token.issuer.is_empty() {
            return refused("token.issuer", "must not be empty");
        }
        Ok(())
    }

    /// What a verifier of this service's own tokens expects.
    #[must_use]
    pub fn own_tokens(&self) -> TokenConfig {
        TokenConfig {
            issuer: self.token.issuer.clone(),
            jwks_url: format!("https://{}{}", self.jwks.listen, crate::jwks::PATH),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: DurationText::from_secs(2),
        }
    }
}

const fn age_of_majority() -> u8 {
    18
}

fn longest_lifetime() -> DurationText {
    LONGEST_LIFETIME.into()
}

fn refused<T>(key: &'static str, rule: &str) -> Result<T, ConfigError> {
    Err(ConfigError::Refused {
        key,
        rule: rule.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../config/identity.toml");

    fn sample() -> Config {
        config::from_toml(SAMPLE).unwrap()
    }

    #[test]
    fn what_the_cluster_mounts_is_a_configuration() {
        let file = "../../deploy/base/identity/service.toml";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Config::load(Some(&file)).unwrap();
    }

    #[test]
    fn the_sample_is_a_configuration_and_holds_the_defaults() {
        let sample = sample();
        sample.check().unwrap();
        assert!(!sample.accept_test_identities && !sample.create_missing_keys);
        assert_eq!(sample.token.lifetime, longest_lifetime());
        assert_eq!(sample.age_of_majority, age_of_majority());
        let parallel = ParallelSessionsConfig::default();
        let shown = sample.parallel_sessions;
        assert_eq!(shown.certificates, parallel.certificates);
        assert_eq!(shown.beyond, parallel.beyond);
        let sessions = SessionConfig::default();
        assert_eq!(sample.session.idle, sessions.idle);
        assert_eq!(sample.session.longest, sessions.longest);
        assert_eq!(
            sample.practitioners_provider.algorithms,
            [ProviderAlgorithm::Rs256]
        );
    }

    #[test]
    fn an_algorithm_with_a_shared_secret_or_none_is_no_value() {
        for algorithm in ["HS256", "HS512", "none", "None", "RS512", ""] {
            let text = SAMPLE.replace("\"RS256\"", &format!("\"{algorithm}\""));
            assert_ne!(text, SAMPLE);
            assert!(config::from_toml::<Config>(&text).is_err(), "{algorithm}");
        }
    }

    #[test]
    fn values_that_weaken_a_sign_in_are_refused() {
        type Change = fn(&mut Config);
        let changes: [(&str, Change); 13] = [
            ("practitioners_provider.issuer", |config| {
                config.practitioners_provider.issuer = "http://provider.example".into();
            }),
            ("practitioners_provider.acr_values", |config| {
                config.practitioners_provider.acr_values.clear();
            }),
            ("patients_provider.algorithms", |config| {
                config.patients_provider.algorithms.clear();
            }),
            ("patients_provider.clock_skew", |config| {
                config.patients_provider.clock_skew = DurationText::from_secs(121);
            }),
            ("patients_provider.client_secret_file", |config| {
                config.patients_provider.client_secret_file = None;
            }),
            ("token.lifetime", |config| {
                config.token.lifetime = DurationText::from_secs(301);
            }),
            ("token.issuer", |config| config.token.issuer.clear()),
            ("session.idle", |config| {
                config.session.idle = DurationText::from_secs(299);
            }),
            ("session.idle", |config| {
                config.session.longest = DurationText::from_secs(29 * 60);
            }),
            ("parallel_sessions.certificates", |config| {
                config.parallel_sessions.certificates = 0;
            }),
            ("age_of_majority", |config| config.age_of_majority = 11),
            ("age_of_majority", |config| config.age_of_majority = 22),
            ("session.longest", |config| {
                config.session.longest = DurationText::from_secs(24 * 60 * 60 + 1);
            }),
        ];
        for (key, change) in changes {
            let mut config = sample();
            change(&mut config);
            let error = config.check().unwrap_err().to_string();
            assert!(error.starts_with(key), "{error}");
        }
    }
}
