//! The program on a folder, with or without a disk that is watched.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aval_domain::time::{Clock, SystemClock};
use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::note::Signer;
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::config::{PeerConfig, TlsFiles};
use aval_testing::pki::{DevelopmentPki, TRUST_DOMAIN};
use aval_testing::ports::claim_port;
use tempfile::TempDir;

use crate::journal::{ENDS_BEFORE_VARIABLE, FOLDER_VARIABLE, FORGETS_VARIABLE, JOURNAL_VARIABLE};

/// How long the program may take for what it is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a call may take, however busy the machine is.
const DEADLINE: Duration = Duration::from_secs(30);

/// The table that the platform ships.
const CALLERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/base/callers.toml"
);

const ORIGIN: &str = "aval.local/trail";

/// What there is besides the folder of the database, and survives: certificates, keys, a port.
pub(crate) struct Site {
    folder: TempDir,
    pki: DevelopmentPki,
    port: u16,
}

/// How the disk is watched.
pub(crate) struct Watching<'site> {
    pub(crate) journal: &'site Path,
    pub(crate) ends_before: u64,
    pub(crate) forgets: Option<&'site str>,
}

/// The program while it serves.
pub(crate) struct Serving {
    child: Child,
    log: PathBuf,
}

impl Site {
    pub(crate) fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let pki = folder.path().join("pki");
        Self {
            pki: DevelopmentPki::create_or_open(&pki, SystemClock.now()).unwrap(),
            port: claim_port().unwrap(),
            folder,
        }
    }

    /// A file or folder of this name, as the program is to name it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Leaves everything where it is.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// A channel to the program, as this caller.
    pub(crate) fn channel(&self, caller: &str) -> Channel {
        let peer = PeerConfig {
            uri: format!("https://localhost:{}", self.port),
            tls: Some(self.certificate_of(caller)),
            deadline: DEADLINE.into(),
            ..PeerConfig::insecure_loopback(([127, 0, 0, 1], self.port).into())
        };
        connect_lazy(&peer).unwrap()
    }

    /// Believes the log, whose key the program has made.
    pub(crate) fn policy(&self) -> Policy {
        let text = fs::read_to_string(self.path("checkpoint.key")).unwrap();
        let signer = Signer::parse(text.trim()).unwrap();
        Policy::of_log(ORIGIN, vec![signer.verifier().clone()])
    }

    /// Runs the program to its end on this folder; what it says where it does not end well.
    pub(crate) fn runs(&self, task: &str, database: &Path) -> Result<(), String> {
        let ended = self.command(task, database).output().unwrap();
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if ended.status.success() {
            Ok(())
        } else {
            Err(said)
        }
    }

    /// Starts it on this folder.
    pub(crate) fn serves(&self, database: &Path, watching: Option<&Watching<'_>>) -> Serving {
        let mut command = self.command("serve", database);
        if let Some(watching) = watching {
            command
                .env("LD_PRELOAD", library())
                .env(FOLDER_VARIABLE, database)
                .env(JOURNAL_VARIABLE, watching.journal)
                .env(ENDS_BEFORE_VARIABLE, watching.ends_before.to_string());
            if let Some(forgets) = watching.forgets {
                command.env(FORGETS_VARIABLE, forgets);
            }
        }
        let log = self.path("program.log");
        let output = File::create(&log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        Serving {
            child: child.spawn().unwrap(),
            log,
        }
    }

    fn command(&self, task: &str, database: &Path) -> Command {
        let config = self.path("audit.toml");
        fs::write(&config, self.config(database)).unwrap();
        let mut command = Command::new(built("aval-audit"));
        command.arg(task).arg("--config").arg(config);
        command.env_remove("AVAL_AUDIT_CONFIG");
        command
    }

    fn config(&self, database: &Path) -> String {
        let own = self.certificate_of("audit");
        let file = |name: &str| self.path(name).display().to_string();
        format!(
            r#"
                create_missing_keys = true
                ops = {{ listen = "127.0.0.1:0" }}
                database = {{ url = "sqlite://{}/log.sqlite?mode=rwc" }}
                token = {{ issuer = "http://127.0.0.1:1", jwks_url = "http://127.0.0.1:1/jwks.json" }}
                log = {{ origin = "{ORIGIN}", key_file = "{}" }}
                encryption = {{ key_files = ["{}"] }}
                page_tokens = {{ key_file = "{}" }}
                [grpc]
                listen = "127.0.0.1:{}"
                callers = {CALLERS:?}
                trust_domain = {TRUST_DOMAIN:?}
                tls = {{ certificate = "{}", private_key = "{}", client_ca = "{}" }}
            "#,
            database.display(),
            file("checkpoint.key"),
            file("trail.key"),
            file("page-tokens.key"),
            self.port,
            own.certificate.display(),
            own.private_key.display(),
            own.client_ca.display(),
        )
    }

    fn certificate_of(&self, caller: &str) -> TlsFiles {
        let files = self.pki.files(caller);
        TlsFiles {
            certificate: files.certificate,
            private_key: files.key,
            client_ca: files.ca,
        }
    }
}

impl Serving {
    /// Waits until it says these words; what it said instead where it ends before.
    pub(crate) async fn says(&mut self, words: &str) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let has_ended = self.has_ended();
            let said = fs::read_to_string(&self.log).unwrap();
            if said.contains(words) {
                return Ok(());
            }
            if has_ended || begun.elapsed() > PATIENCE {
                return Err(said);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it was killed.
    pub(crate) async fn until_it_ends(&mut self) {
        let begun = Instant::now();
        while !self.has_ended() {
            assert!(begun.elapsed() < PATIENCE, "it makes fewer calls than that");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        let told = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(told.unwrap().success());
        self.until_it_ends().await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Nobody could do anything about it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is loaded before the C library. It stands with this test, or where programs do.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folders = test.ancestors().skip(1).take(2);
    let mut libraries = folders.map(|folder| folder.join("libaval_power_cut.so"));
    let library = libraries.find(|library| library.is_file());
    library.expect("the library is built with its tests")
}

/// A program of this workspace.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join(name);
    assert!(
        program.is_file(),
        "{} is not built: `cargo xtask test` does it",
        program.display()
    );
    program
}
