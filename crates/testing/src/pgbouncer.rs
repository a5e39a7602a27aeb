//! A PgBouncer before a PostgreSQL, which pools its sessions: the mode that Aval supports.
//!
//! Everything here blocks, and takes the time that the program takes.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::held::{Held, Holding};
use crate::not_run::say_not_run;
use crate::ports::claim_port;
use crate::postgres::PostgresServer;

/// The environment variable that names the program; else it is looked for where Debian has it.
pub const PROGRAM_VARIABLE: &str = "AVAL_TEST_PGBOUNCER";

const DEBIAN: &str = "/usr/sbin/pgbouncer";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A pooler of one test.
#[derive(Debug)]
pub struct PgBouncer {
    held: Held,
    port: u16,
}

impl PgBouncer {
    /// One that leads everybody to this server as this role, over at most so many sessions of
    /// it, or `None` where there is no PgBouncer: then it says that `test` did not run.
    #[must_use]
    pub fn start(test: &str, server: &PostgresServer, role: &str, sessions: u32) -> Option<Self> {
        let Some(program) = find_program() else {
            say_not_run(test, "there is no pgbouncer");
            return None;
        };
        let port = claim_port().expect("loopback has free ports");
        let account = server.account();
        let folder = Held::folder(&format!("pgbouncer-{port}"), account);
        let file = folder.join("pgbouncer.ini");
        let ini = configuration(port, server.port(), role, sessions);
        fs::write(&file, ini).expect("the folder is this test's");
        let holding = Holding {
            program,
            arguments: vec![file.into()],
            variables: Vec::new(),
            ends_on: "INT",
            account,
        };
        let bouncer = Self {
            held: Held::start(&holding, folder),
            port,
        };
        bouncer.until_it_listens();
        Some(bouncer)
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once: every connection through it breaks.
    pub fn kill(&mut self) {
        self.held.kill();
    }

    /// Starts it again on its port.
    pub fn start_again(&mut self) {
        self.held.start_again();
        self.until_it_listens();
    }

    fn until_it_listens(&self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "{}", self.held.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// As `docs/postgresql.md` has it, but for who is let in.
fn configuration(port: u16, server: u16, role: &str, sessions: u32) -> String {
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server} user={role}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = session\n\
         server_reset_query = DISCARD ALL\n\
         default_pool_size = {sessions}\n\
         max_client_conn = 1000\n"
    )
}

fn find_program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM_VARIABLE) {
        return Some(PathBuf::from(named));
    }
    let debian = PathBuf::from(DEBIAN);
    debian.exists().then_some(debian)
}
