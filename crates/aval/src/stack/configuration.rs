//! The configuration of each service of a stack, written where a newcomer can read
//! it, and then loaded from there as any service loads its own.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use aval_testing::provider::{DevelopmentProvider, Realm};
use serde_json::{Value, json};

use super::{CLIENT_ID, CLIENT_SECRET, Engines, Layout, Ports, StackConfig};

/// Who may call what: the table that the manifests are checked against.
const CALLERS: &str = include_str!("../../../../deploy/base/callers.toml");
/// The names that a stack's certificates carry.
const TRUST_DOMAIN: &str = aval_testing::pki::TRUST_DOMAIN;

/// Writes the four configurations, the table of callers, the ports and the provider's
/// secret.
pub(super) fn write(config: &StackConfig, provider: &DevelopmentProvider) -> anyhow::Result<()> {
    let layout = &config.layout;
    let ports = &config.ports;
    write_file(&layout.callers(), CALLERS)?;
    write_file(&layout.ports(), &serde_json::to_string_pretty(ports)?)?;
    write_file(
        &layout.of_service("identity", "provider-secret"),
        CLIENT_SECRET,
    )?;
    let [directory_ops, identity_ops, consent_ops, audit_ops] = ports.ops;
    let engines = &config.engines;
    let service = |name, grpc, ops| Service {
        layout,
        ports,
        engines,
        name,
        grpc,
        ops,
    };
    let directory = service("practitioner-directory", ports.directory, directory_ops);
    write_config(layout, directory.name, &directory.directory())?;
    let identity = service("identity", ports.identity, identity_ops);
    write_config(layout, identity.name, &identity.identity(provider))?;
    let consent = service("consent", ports.consent, consent_ops);
    let remembers = config.consent_remembers;
    write_config(layout, consent.name, &consent.consent(remembers))?;
    let audit = service("audit", ports.audit, audit_ops);
    write_config(layout, audit.name, &audit.audit())
}

/// One service of a stack.
struct Service<'a> {
    layout: &'a Layout,
    ports: &'a Ports,
    engines: &'a Engines,
    name: &'static str,
    grpc: u16,
    ops: u16,
}

impl Service<'_> {
    fn directory(&self) -> Value {
        with(
            self.every(),
            json!({
                "token": self.token(),
                "audit": self.peer(self.ports.audit),
                "search": { "folder": self.layout.service(self.name) },
            }),
        )
    }

    fn identity(&self, provider: &DevelopmentProvider) -> Value {
        let key = |name: &str| self.layout.of_service(self.name, name);
        with(
            self.every(),
            json!({
                "create_missing_keys": true,
                "accept_test_identities": true,
                "jwks": { "listen": Ports::address(self.ports.jwks) },
                "token": { "issuer": self.issuer(), "signing_key_file": key("token-signing.pem") },
                "patient_keys": {
                    "digest_key_file": key("patient-digest.key"),
                    "encryption_key_file": key("patient-encryption.key"),
                },
                "practitioners_provider": with(self.provider(provider, Realm::Professionals), json!({
                    "acr_values": { "eidas1": "substantial" },
                })),
                "patients_provider": with(self.provider(provider, Realm::Patients), json!({
                    "acr_values": { "eidas2": "substantial", "eidas3": "high" },
                })),
                "practitioner_directory": self.peer(self.ports.directory),
                "audit": self.peer(self.ports.audit),
            }),
        )
    }

    fn consent(&self, remembers: Option<u64>) -> Value {
        let key = |name: &str| self.layout.of_service(self.name, name);
        let mut cache = self.engines.cache(&key("cache.key"));
        if let Some(bytes) = remembers {
            cache["largest_bytes"] = bytes.into();
        }
        with(
            self.every(),
            json!({
                "create_missing_keys": true,
                "token": self.token(),
                "page_tokens": { "key_file": key("page-tokens.key") },
                "policy": { "example_matrix": true },
                "cache": cache,
                "practitioner_directory": self.peer(self.ports.directory),
                "identity": self.peer(self.ports.identity),
                "audit": self.peer(self.ports.audit),
            }),
        )
    }

    fn audit(&self) -> Value {
        let key = |name: &str| self.layout.of_service(self.name, name);
        with(
            self.every(),
            json!({
                "create_missing_keys": true,
                "token": self.token(),
                "log": { "key_file": self.layout.log_signer() },
                "encryption": { "key_files": [key("trail-encryption.key")] },
                "page_tokens": { "key_file": key("page-tokens.key") },
            }),
        )
    }

    /// What all four have.
    fn every(&self) -> Value {
        let database = self.layout.of_service(self.name, "store.sqlite");
        json!({
            "migrate_on_start": true,
            "grpc": {
                "listen": Ports::address(self.grpc),
                "callers": self.layout.callers(),
                "trust_domain": TRUST_DOMAIN,
                "tls": self.tls(),
            },
            "ops": { "listen": Ports::address(self.ops) },
            "database": self.engines.database(self.name, &database),
        })
    }

    fn tls(&self) -> Value {
        let pki = self.layout.pki();
        json!({
            "certificate": pki.join(format!("{}.pem", self.name)),
            "private_key": pki.join(format!("{}.key", self.name)),
            "client_ca": pki.join("ca.pem"),
        })
    }

    fn peer(&self, port: u16) -> Value {
        json!({
            "uri": https(Ports::address(port)),
            "server_name": "localhost",
            "tls": self.tls(),
        })
    }

    fn token(&self) -> Value {
        json!({
            "issuer": self.issuer(),
            "jwks_url": format!("{}/.well-known/jwks.json", self.issuer()),
            "closed_sessions_url": format!("{}/.well-known/closed-sessions.json", self.issuer()),
            "jwks_ca": self.layout.pki().join("ca.pem"),
        })
    }

    fn issuer(&self) -> String {
        https(Ports::address(self.ports.jwks))
    }

    fn provider(&self, provider: &DevelopmentProvider, realm: Realm) -> Value {
        json!({
            "issuer": provider.issuer(realm),
            "discovery_url": provider.discovery_url(realm),
            "client_id": CLIENT_ID,
            "client_secret_file": self.layout.of_service("identity", "provider-secret"),
            "ca": self.layout.pki().join("ca.pem"),
        })
    }
}

fn https(address: SocketAddr) -> String {
    format!("https://{address}")
}

/// The members of both objects.
fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

fn write_config(layout: &Layout, service: &str, config: &Value) -> anyhow::Result<()> {
    let text = toml::to_string_pretty(config)?;
    let head = "# Written at every start of `aval up`: for development, on this machine only.\n\n";
    write_file(&layout.config(service), &format!("{head}{text}"))
}

fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
