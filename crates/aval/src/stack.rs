//! The four services and a development identity provider in one process, on this
//! machine only: what `aval up` and `aval demo` run.

mod configuration;
mod engines;
mod layout;
mod ports;

use std::path::Path;

use anyhow::Context;
use aval_domain::time::{Clock, SystemClock};
use aval_merkle_log::checkpoint::Policy;
use aval_runtime::config::TlsFiles;
use aval_runtime::environment::Environment;
use aval_testing::pki::DevelopmentPki;
use aval_testing::provider::{DevelopmentProvider, ProviderConfig, Realm, Transport};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::client::{Addresses, ProviderClient, Software};
use crate::log_key;

pub use engines::Engines;
pub use layout::Layout;
pub use ports::Ports;

/// Where a stack keeps its files and listens.
#[derive(Debug, Clone)]
pub struct StackConfig {
    /// The folder of certificates, keys, configuration and databases.
    pub layout: Layout,
    /// The ports on 127.0.0.1.
    pub ports: Ports,
    /// What the rows are kept in, and what the caches share.
    pub engines: Engines,
    /// About how many bytes consent's cache in the process takes; `None`: its default.
    pub consent_remembers: Option<u64>,
}

/// Four services and a provider, running. Dropping it stops them without waiting.
#[derive(Debug)]
pub struct Stack {
    config: StackConfig,
    pki: DevelopmentPki,
    provider: DevelopmentProvider,
    shutdown: CancellationToken,
    services: Option<Services>,
}

#[derive(Debug)]
struct Services {
    directory: aval_practitioner_directory::server::Running,
    identity: aval_identity::server::Running,
    consent: aval_consent::server::Running,
    audit: aval_audit::server::Running,
}

/// What the client of the development provider is called, there and in identity's
/// configuration. Not a secret: the provider takes anybody, on loopback only.
const CLIENT_ID: &str = "aval-development";
const CLIENT_SECRET: &str = "aval-development-secret";

impl StackConfig {
    /// In this folder, on ports that nobody else is given.
    pub fn on_free_ports(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            layout: Layout::in_folder(folder),
            ports: Ports::free()?,
            engines: Engines::default(),
            consent_remembers: None,
        })
    }

    /// In this folder, on the usual ports.
    #[must_use]
    pub fn usual(folder: &Path) -> Self {
        Self {
            layout: Layout::in_folder(folder),
            ports: Ports::USUAL,
            engines: Engines::default(),
            consent_remembers: None,
        }
    }

    /// The same on these engines.
    #[must_use]
    pub fn with_engines(self, engines: Engines) -> Self {
        Self { engines, ..self }
    }

    /// The stack that was last started in this folder.
    pub fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        let layout = Layout::in_folder(folder);
        let file = layout.ports();
        let text = std::fs::read(&file).with_context(|| {
            format!(
                "cannot read {}: start `aval up` first, or name its folder with --data",
                file.display()
            )
        })?;
        let ports = serde_json::from_slice(&text)
            .with_context(|| format!("{} does not name the ports", file.display()))?;
        Ok(Self {
            layout,
            ports,
            engines: Engines::default(),
            consent_remembers: None,
        })
    }

    /// Where the four services listen.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses {
            directory: Ports::address(self.ports.directory),
            identity: Ports::address(self.ports.identity),
            consent: Ports::address(self.ports.consent),
            audit: Ports::address(self.ports.audit),
        }
    }
}

impl Stack {
    /// Makes what is missing (certificates, keys, databases), and starts everything.
    /// It serves when this returns.
    ///
    /// Boxed, so that it is compiled here and not again in each program that starts it.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn start(config: StackConfig) -> BoxFuture<'static, anyhow::Result<Self>> {
        Box::pin(Self::begin(config))
    }

    async fn begin(config: StackConfig) -> anyhow::Result<Self> {
        let stack = Self::without_services(config).await?;
        let layout = &stack.config.layout;
        let services = Services::start(layout, &Environment::system(), &stack.shutdown).await?;
        log_key::publish(&layout.log_signer(), &layout.log_verifier())?;
        Ok(Self {
            services: Some(services),
            ..stack
        })
    }

    /// Everything that the services need, and none of them: for whoever runs them as
    /// programs of their own, each with its [`Layout::config`].
    pub async fn without_services(config: StackConfig) -> anyhow::Result<Self> {
        aval_runtime::tls::install_crypto_provider();
        config.layout.create()?;
        let pki = open_pki(&config.layout.pki())?;
        let provider = start_provider(&config, &pki, &Environment::system()).await?;
        configuration::write(&config, &provider)?;
        Ok(Self {
            config,
            pki,
            provider,
            shutdown: CancellationToken::new(),
            services: None,
        })
    }

    /// The development identity provider.
    #[must_use]
    pub fn provider(&self) -> &DevelopmentProvider {
        &self.provider
    }

    /// Where a realm of the provider gives tokens.
    #[must_use]
    pub fn token_endpoint(&self, realm: Realm) -> String {
        self.provider.endpoint_url(realm, "token")
    }

    /// A client of the provider.
    pub fn provider_client(&self) -> anyhow::Result<ProviderClient> {
        provider_client(&self.pki)
    }

    /// Where the services listen.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.config.addresses()
    }

    /// Where everything is kept.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.config.layout
    }

    /// Software with a certificate of this name, issued now if there is none.
    pub fn software(&self, name: &str) -> anyhow::Result<Software> {
        software(&self.pki, name, &self.addresses())
    }

    /// The log's public key and name, as a verifier pins them: read from the file that
    /// the audit service wrote, not asked of the service.
    pub fn log_policy(&self) -> anyhow::Result<Policy> {
        log_key::read(&self.config.layout.log_verifier())
    }

    /// Lets every call at work finish, and stops.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if let Some(services) = self.services {
            services.stopped().await;
        }
        self.provider.shutdown().await;
    }
}

/// The certificates of a stack, made now if they are missing.
pub fn open_pki(folder: &Path) -> anyhow::Result<DevelopmentPki> {
    Ok(DevelopmentPki::create_or_open(folder, SystemClock.now())?)
}

/// Software with a certificate of this name, issued now if there is none.
pub fn software(
    pki: &DevelopmentPki,
    name: &str,
    addresses: &Addresses,
) -> anyhow::Result<Software> {
    let files = pki.issue(name, SystemClock.now())?;
    let tls = TlsFiles {
        certificate: files.certificate,
        private_key: files.key,
        client_ca: files.ca,
    };
    Software::new(addresses, &tls)
}

/// A client of a stack's provider.
pub fn provider_client(pki: &DevelopmentPki) -> anyhow::Result<ProviderClient> {
    ProviderClient::new(&pki.files("provider").ca, CLIENT_ID, CLIENT_SECRET)
}

async fn start_provider(
    config: &StackConfig,
    pki: &DevelopmentPki,
    environment: &Environment,
) -> anyhow::Result<DevelopmentProvider> {
    let transport = Transport::https(&pki.files("provider"));
    let settings = ProviderConfig::new(
        transport,
        environment.clock.clone(),
        environment.random.clone(),
    );
    let provider = DevelopmentProvider::start(ProviderConfig {
        listen: Ports::address(config.ports.provider),
        ..settings
    });
    Ok(provider.await?)
}

impl Services {
    async fn start(
        layout: &Layout,
        environment: &Environment,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let stop = || shutdown.child_token();
        let here = || environment.clone();
        let audit = aval_audit::server::Server::start(
            aval_audit::config::Config::load(Some(&layout.config("audit")))?,
            here(),
            stop(),
        );
        let directory = aval_practitioner_directory::server::Server::start(
            aval_practitioner_directory::config::Config::load(Some(
                &layout.config("practitioner-directory"),
            ))?,
            here(),
            stop(),
        );
        let identity = aval_identity::server::Server::start(
            aval_identity::config::Config::load(Some(&layout.config("identity")))?,
            here(),
            stop(),
        );
        let consent = aval_consent::server::Server::start(
            aval_consent::config::Config::load(Some(&layout.config("consent")))?,
            here(),
            stop(),
        );
        let (audit, directory, identity, consent) =
            tokio::join!(audit, directory, identity, consent);
        Ok(Self {
            directory: directory.context("practitioner-directory did not start")?,
            identity: identity.context("identity did not start")?,
            consent: consent.context("consent did not start")?,
            audit: audit.context("audit did not start")?,
        })
    }

    /// Waits for the producers first: audit takes what they still have to tell.
    async fn stopped(self) {
        tokio::join!(
            self.directory.stopped(),
            self.identity.stopped(),
            self.consent.stopped()
        );
        self.audit.stopped().await;
    }
}
