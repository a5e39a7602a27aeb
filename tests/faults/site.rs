//! The four services as programs of their own, on servers that may fail.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aval::client::Channel;
use aval::stack::{Engines, Ports, Stack, StackConfig};
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::channel::connect_with;
use aval_runtime::config::{PeerConfig, TlsFiles};
use aval_testing::held::{Held, Holding};
use aval_testing::link::Link;
use aval_testing::ports::claim_port;
use aval_testing::postgres::PostgresServer;
use aval_testing::redis::RedisServer;

use super::hosts::{self, Hosts, Instances};
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
    /// Second instances of audit, directory and identity, where they have them.
    pub(crate) seconds: Vec<Held>,
    /// What the services keep their rows in, reached by `to_postgres` alone.
    pub(crate) postgres: PostgresServer,
    pub(crate) to_postgres: Link,
    /// What consent's caches share, reached by `to_redis` alone.
    pub(crate) redis: RedisServer,
    pub(crate) to_redis: Link,
    /// From consent to audit, where there is one instance of it.
    pub(crate) to_audit: Link,
    pub(crate) scene: Scene,
    /// Where the instances of consent listen.
    pub(crate) consents: [SocketAddr; 2],
    /// The second instance's ops port.
    pub(crate) other_consent_ops: u16,
}

/// What a service says once it is ready.
pub(super) const SERVING: &str = "serving gRPC";

/// A variable of the environment, and its value.
type Variable = (String, String);

/// A service's key of the configuration, set otherwise: `("AUDIT__GRPC__DRAIN", "1s")`.
pub(super) type Setting = (&'static str, &'static str);

/// Whether what the services reach goes through the links that a scenario may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    Between,
    Beside,
}

/// How many instances of audit, directory and identity there are. Of consent there are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    One,
    Two,
}

/// How a site is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) links: Links,
    pub(super) others: Others,
}

impl Plan {
    /// As most scenarios have it.
    pub(super) const USUAL: Self = Self {
        links: Links::Between,
        others: Others::One,
    };
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
        Self::open_as(Plan::USUAL, test, settings).await
    }

    /// The same, made like this.
    pub(super) async fn open_as(plan: Plan, test: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let postgres = PostgresServer::start(test)?;
        Self::open_on_as(plan, postgres, test, settings).await
    }

    /// The same on this PostgreSQL.
    pub(super) async fn open_on(
        postgres: PostgresServer,
        test: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        Self::open_on_as(Plan::USUAL, postgres, test, settings).await
    }

    async fn open_on_as(
        Plan { links, others }: Plan,
        postgres: PostgresServer,
        test: &str,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        let redis = RedisServer::start(test)?;
        let to_postgres = Link::to(loopback(postgres.port())).await.unwrap();
        let to_redis = Link::to(loopback(redis.port())).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let hosts = match others {
            Others::One => None,
            Others::Two => Some(Hosts::of_two(test, folder.path())?),
        };
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
        let start_on = |service: &str, listens: Vec<Variable>| {
            let mut variables = vec![("AVAL_CONSENT__AUDIT__URI".to_owned(), audit_uri.clone())];
            if hosts.is_some() {
                variables.extend(peers_by_name(ports));
            }
            for (key, value) in settings {
                variables.push((format!("AVAL_{key}"), (*value).to_owned()));
            }
            variables.extend(listens);
            let config = stack.layout().config(service);
            hold(service, &config, hosts.as_ref(), variables)
        };
        let start = |service: &str| start_on(service, Vec::new());
        let audit = start("audit");
        let directory = start("practitioner-directory");
        let identity = start("identity");
        let consent = start("consent");
        let (other_grpc, other_ops) = (claim_port().unwrap(), claim_port().unwrap());
        let other = |key: &str, port| (format!("AVAL_CONSENT__{key}"), loopback(port).to_string());
        let other_listens = [
            other("GRPC__LISTEN", other_grpc),
            other("OPS__LISTEN", other_ops),
        ];
        let other_consent = start_on("consent", other_listens.into());
        let mut seconds = Vec::new();
        if others == Others::Two {
            for (first, listens) in [&audit, &directory, &identity]
                .into_iter()
                .zip(listens_of_seconds(ports, folder.path()))
            {
                // Who comes first makes the keys that are missing.
                first.until_it_says(SERVING);
                let second = start_on(listens.0, listens.1);
                second.until_it_says(SERVING);
                seconds.push(second);
            }
        }
        Some(Self {
            audit,
            consent,
            other_consent,
            consents: [loopback(ports.consent), loopback(other_grpc)],
            other_consent_ops: other_ops,
            identity,
            directory,
            seconds,
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
        self.reached(self.consents.into(), software)
    }

    /// Another service, which is configured to listen here, as this software reaches it: all
    /// of its instances under one name.
    pub(super) fn other_for(&self, listens: SocketAddr, software: &str) -> Channel {
        let mut instances = vec![listens];
        if !self.seconds.is_empty() {
            instances.push(hosts::second(listens));
        }
        self.reached(instances, software)
    }

    fn reached(&self, instances: Vec<SocketAddr>, software: &str) -> Channel {
        let peer = PeerConfig {
            uri: format!("https://{}:1", hosts::NAME),
            tls: Some(self.certificate_of(software)),
            ..PeerConfig::insecure_loopback(instances[0])
        };
        connect_with(&peer, Arc::new(Instances(instances))).unwrap()
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

/// Every service finds the others by their name.
fn peers_by_name(ports: Ports) -> impl Iterator<Item = Variable> {
    let peers = [
        ("PRACTITIONER_DIRECTORY__AUDIT", ports.audit),
        ("IDENTITY__AUDIT", ports.audit),
        ("IDENTITY__PRACTITIONER_DIRECTORY", ports.directory),
        ("CONSENT__AUDIT", ports.audit),
        ("CONSENT__PRACTITIONER_DIRECTORY", ports.directory),
        ("CONSENT__IDENTITY", ports.identity),
    ];
    let named = |(peer, port)| {
        let uri = format!("https://{}:{port}", hosts::NAME);
        (format!("AVAL_{peer}__URI"), uri)
    };
    peers.into_iter().map(named)
}

/// The services with a second instance, and what is otherwise with those.
fn listens_of_seconds(ports: Ports, folder: &Path) -> [(&'static str, Vec<Variable>); 3] {
    let [directory_ops, identity_ops, _, audit_ops] = ports.ops;
    let at = |key: &str, port| {
        let listens = hosts::second(loopback(port)).to_string();
        (format!("AVAL_{key}__LISTEN"), listens)
    };
    let searched = folder.join("second-directory");
    fs::create_dir(&searched).unwrap();
    let searched = searched.to_str().unwrap().to_owned();
    [
        (
            "audit",
            vec![at("AUDIT__GRPC", ports.audit), at("AUDIT__OPS", audit_ops)],
        ),
        (
            "practitioner-directory",
            vec![
                at("PRACTITIONER_DIRECTORY__GRPC", ports.directory),
                at("PRACTITIONER_DIRECTORY__OPS", directory_ops),
                (
                    "AVAL_PRACTITIONER_DIRECTORY__SEARCH__FOLDER".to_owned(),
                    searched,
                ),
            ],
        ),
        (
            "identity",
            vec![
                at("IDENTITY__GRPC", ports.identity),
                at("IDENTITY__OPS", identity_ops),
                at("IDENTITY__JWKS", ports.jwks),
            ],
        ),
    ]
}

fn hold(service: &str, config: &Path, hosts: Option<&Hosts>, variables: Vec<Variable>) -> Held {
    let program = program(&format!("aval-{service}"));
    let arguments = vec!["serve".into(), "--config".into(), config.into()];
    let (program, arguments) = match hosts {
        Some(hosts) => hosts.around(&program, arguments),
        None => (program, arguments),
    };
    let holding = Holding {
        program,
        arguments,
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
