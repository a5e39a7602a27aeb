//! The four services as programs of their own, on servers that may fail.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aval::client::Channel;
use aval::stack::{Engines, Stack, StackConfig};
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::channel::{Names, connect_with};
use aval_runtime::config::{PeerConfig, TlsFiles};
use aval_testing::held::{Held, Holding};
use aval_testing::link::Link;
use aval_testing::ports::claim_port;
use aval_testing::postgres::PostgresServer;
use aval_testing::redis::RedisServer;
use futures::future::BoxFuture;

use crate::scene::Scene;

/// The environment variable that names the folder of the services' programs, where they are
/// not those of the tests.
const PROGRAMS_VARIABLE: &str = "AVAL_FAULTS_PROGRAMS";

/// Everything that a scenario may break.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) audit: Held,
    pub(crate) consent: Held,
    /// A second instance of consent.
    pub(crate) other_consent: Held,
    pub(crate) identity: Held,
    pub(crate) directory: Held,
    /// What the services keep their rows in, reached by `to_postgres` alone.
    pub(crate) postgres: PostgresServer,
    pub(crate) to_postgres: Link,
    /// What consent's caches share, reached by `to_redis` alone.
    pub(crate) redis: RedisServer,
    pub(crate) to_redis: Link,
    /// From consent to audit.
    pub(crate) to_audit: Link,
    pub(crate) scene: Scene,
    /// Where the instances of consent listen.
    pub(crate) consents: [SocketAddr; 2],
    /// The second instance's ops port.
    pub(crate) other_consent_ops: u16,
}

/// A service's key of the configuration, set otherwise: `("AUDIT__GRPC__DRAIN", "1s")`.
pub(super) type Setting = (&'static str, &'static str);

/// Whether what the services reach goes through the links that a scenario may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Between,
    Beside,
}

impl Links {
    /// The port of a server, or of the link to it.
    fn port(self, link: &Link, server: u16) -> u16 {
        match self {
            Self::Between => link.port(),
            Self::Beside => server,
        }
    }
}

impl Site {
    /// Everything running, with people in the directory. `None` where there is no server:
    /// then it says that `test` did not run.
    pub(crate) async fn open(test: &str, settings: &[(&str, &str)]) -> Option<Self> {
        Self::open_with(Links::Between, test, settings).await
    }

    /// The same with links like this.
    pub(super) async fn open_with(
        links: Links,
        test: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        let postgres = PostgresServer::start(test)?;
        Self::open_on_with(links, postgres, test, settings).await
    }

    /// The same on this PostgreSQL.
    pub(super) async fn open_on(
        postgres: PostgresServer,
        test: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        Self::open_on_with(Links::Between, postgres, test, settings).await
    }

    async fn open_on_with(
        links: Links,
        postgres: PostgresServer,
        test: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        let redis = RedisServer::start(test)?;
        let to_postgres = Link::to(loopback(postgres.port())).await.unwrap();
        let to_redis = Link::to(loopback(redis.port())).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = StackConfig::on_free_ports(folder.path()).unwrap();
        let config = config.with_engines(Engines {
            postgres: Some(format!(
                "postgres://postgres@127.0.0.1:{}/postgres",
                links.port(&to_postgres, postgres.port())
            )),
            redis: Some(format!(
                "redis://127.0.0.1:{}",
                links.port(&to_redis, redis.port())
            )),
        });
        let ports = config.ports;
        let to_audit = Link::to(loopback(ports.audit)).await.unwrap();
        let audit_port = links.port(&to_audit, ports.audit);
        let audit_uri = format!("https://127.0.0.1:{audit_port}");
        let stack = Stack::without_services(config).await.unwrap();
        let start_on = |service: &str, listens: &[(&str, u16)]| {
            let mut variables = vec![("AVAL_CONSENT__AUDIT__URI".to_owned(), audit_uri.clone())];
            for (key, value) in settings {
                variables.push((format!("AVAL_{key}"), (*value).to_owned()));
            }
            for (key, port) in listens {
                variables.push(((*key).to_owned(), loopback(*port).to_string()));
            }
            hold(service, &stack.layout().config(service), variables)
        };
        let start = |service: &str| start_on(service, &[]);
        let audit = start("audit");
        let directory = start("practitioner-directory");
        let identity = start("identity");
        let consent = start("consent");
        let (other_grpc, other_ops) = (claim_port().unwrap(), claim_port().unwrap());
        let other_consent = start_on(
            "consent",
            &[
                ("AVAL_CONSENT__GRPC__LISTEN", other_grpc),
                ("AVAL_CONSENT__OPS__LISTEN", other_ops),
            ],
        );
        Some(Self {
            audit,
            consent,
            other_consent,
            consents: [loopback(ports.consent), loopback(other_grpc)],
            other_consent_ops: other_ops,
            identity,
            directory,
            postgres,
            to_postgres,
            redis,
            to_redis,
            to_audit,
            scene: Scene::around(stack, ports, folder).await,
        })
    }

    /// Consent as this software reaches it: both instances under one name.
    pub(super) fn consent_for(&self, software: &str) -> Channel {
        let peer = PeerConfig {
            uri: "https://localhost:1".to_owned(),
            tls: Some(self.certificate_of(software)),
            ..PeerConfig::insecure_loopback(self.consents[0])
        };
        connect_with(&peer, Arc::new(Instances(self.consents))).unwrap()
    }

    /// The certificate of this software.
    pub(super) fn certificate_of(&self, software: &str) -> TlsFiles {
        let pki = aval::stack::open_pki(&self.scene.stack.layout().pki()).unwrap();
        let files = pki.issue(software, SystemClock.now()).unwrap();
        TlsFiles {
            certificate: files.certificate,
            private_key: files.key,
            client_ca: files.ca,
        }
    }

    /// Of the services, and of what they stand on.
    pub(super) fn every_port(&self) -> Vec<u16> {
        let addresses = self.scene.stack.addresses();
        let services = [addresses.directory, addresses.identity, addresses.audit];
        let services = services.into_iter().chain(self.consents);
        let mut ports: Vec<_> = services.map(|address| address.port()).collect();
        ports.extend([self.postgres.port(), self.redis.port()]);
        ports
    }

    /// The log's whole store, examined as an operator does it.
    pub(super) fn examine_the_trail(&self) {
        let config = self.scene.stack.layout().config("audit");
        let examined = std::process::Command::new(program("aval"))
            .args(["audit", "fsck", "--config"])
            .arg(config)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&examined.stderr);
        assert!(examined.status.success(), "{said}");
    }
}

/// The addresses of all instances, as the cluster's DNS has them.
struct Instances([SocketAddr; 2]);

impl Names for Instances {
    fn find<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(self.0.to_vec()) })
    }
}

fn hold(service: &str, config: &Path, variables: Vec<(String, String)>) -> Held {
    let holding = Holding {
        program: program(&format!("aval-{service}")),
        arguments: vec!["serve".into(), "--config".into(), config.into()],
        variables,
        ends_on: "TERM",
        account: None,
    };
    Held::start(&holding, Held::folder(service, None))
}

/// A program of this workspace: where the services' were asked for, or else where this test is
/// built.
fn program(name: &str) -> PathBuf {
    let asked_for = std::env::var_os(PROGRAMS_VARIABLE).filter(|_| name.starts_with("aval-"));
    let folder = asked_for.map_or_else(
        || {
            let test = std::env::current_exe().unwrap();
            test.parent().unwrap().parent().unwrap().to_owned()
        },
        PathBuf::from,
    );
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is not built: `cargo xtask test` does it",
        program.display()
    );
    program
}

pub(super) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
