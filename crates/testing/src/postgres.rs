//! PostgreSQL servers that a test may kill, pause and bring back, and whose place a
//! standby may take.
//!
//! For whatever does not harm the server, tests share the one of the whole run. Everything
//! here blocks, and takes the time that the server takes.

#![expect(
    clippy::missing_panics_doc,
    reason = "every one of them is for tests, and panics where the test is to fail"
)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::disk::SmallDisk;
use crate::held::{Held, Holding};
use crate::not_run::say_not_run;
use crate::ports::claim_port;

/// The environment variable that names the folder of PostgreSQL's programs; else it is
/// looked for where Debian has them.
pub const PROGRAMS_VARIABLE: &str = "AVAL_TEST_POSTGRES_PROGRAMS";

/// The account it runs as when the test runs as root, which it refuses.
const ACCOUNT: &str = "postgres";
/// What a standby calls itself.
const STANDBY: &str = "standby";
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of one test: nothing in it outlives the machine, all of it outlives the process.
#[derive(Debug)]
pub struct PostgresServer {
    held: Held,
    programs: PathBuf,
    account: Option<(u32, u32)>,
    port: u16,
}

impl PostgresServer {
    /// A new and empty server, or `None` where there is no PostgreSQL: then it says that
    /// `test` did not run.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let (programs, account) = Self::found(test)?;
        Some(Self::start_in(programs, account, None))
    }

    /// The same with everything that it keeps on a disk of so many mebibytes, or `None` where
    /// nothing may be mounted.
    #[must_use]
    pub fn start_on_a_small_disk(test: &str, mebibytes: u32) -> Option<(Self, SmallDisk)> {
        let (programs, account) = Self::found(test)?;
        let disk = SmallDisk::mount(test, mebibytes, account)?;
        let server = Self::start_in(programs, account, Some(&disk));
        Some((server, disk))
    }

    fn found(test: &str) -> Option<(PathBuf, Option<(u32, u32)>)> {
        let Some(programs) = find_programs() else {
            say_not_run(test, "there is no PostgreSQL");
            return None;
        };
        Some((programs, account()))
    }

    fn start_in(programs: PathBuf, account: Option<(u32, u32)>, disk: Option<&SmallDisk>) -> Self {
        let port = claim_port().expect("loopback has free ports");
        let folder = Held::folder(&format!("postgres-{port}"), account);
        let run = Run {
            programs: &programs,
            account,
        };
        let data = folder.join("data");
        if let Some(disk) = disk {
            symlink(disk.path(), &data).expect("the folder is this test's");
        }
        let data = data.into_os_string();
        run.well(
            "initdb",
            &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
                .map(OsString::from)
                .into_iter()
                .chain(["--no-sync".into(), "-D".into(), data])
                .collect::<Vec<_>>(),
        );
        Self::hold(programs, account, port, folder)
    }

    /// A copy that follows this server, and without whose word this one confirms nothing.
    #[must_use]
    pub fn synchronous_standby(&self) -> Self {
        let port = claim_port().expect("loopback has free ports");
        let folder = Held::folder(&format!("postgres-{port}"), self.account);
        let source = format!("{} application_name={STANDBY}", self.conninfo());
        let data = folder.join("data").into_os_string();
        self.run().well(
            "pg_basebackup",
            &[
                "-R".into(),
                "-X".into(),
                "stream".into(),
                "-c".into(),
                "fast".into(),
                "--no-sync".into(),
                "-d".into(),
                source.into(),
                "-D".into(),
                data,
            ],
        );
        let standby = Self::hold(self.programs.clone(), self.account, port, folder);
        let _ = self.ask(&format!(
            "ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"
        ));
        let _ = self.ask("SELECT pg_reload_conf()");
        let is_synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        self.until(is_synchronous, "1");
        standby
    }

    /// Makes the standby the server, which waits for nobody's word.
    pub fn promote(&self) {
        self.tell("SELECT pg_promote(true)");
        self.tell("ALTER SYSTEM SET synchronous_standby_names = ''");
        self.tell("SELECT pg_reload_conf()");
        self.until("SELECT pg_is_in_recovery()", "f");
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whom it runs as, if not as this process.
    pub(crate) const fn account(&self) -> Option<(u32, u32)> {
        self.account
    }

    /// Ends it at once, with all its processes.
    pub fn kill(&mut self) {
        self.held.kill();
    }

    /// Starts it again on its port, with what it held.
    pub fn start_again(&mut self) {
        self.held.start_again();
        let begun = Instant::now();
        while self.ask("SELECT 1").as_deref() != Ok("1") {
            assert!(begun.elapsed() < PATIENCE, "{}", self.held.log());
            // It does not start before the last process of the one that was killed has ended.
            if self.held.has_said("pre-existing shared memory block") {
                self.held.start_again();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it says these words, since it was started last.
    pub fn until_it_says(&self, words: &str) {
        self.held.until_it_says(words);
    }

    /// Stands it still: connections stay open, and nobody answers.
    pub fn pause(&mut self) {
        self.held.pause();
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&mut self) {
        self.held.resume();
    }

    /// The rows of every table of this schema, as text: bytes are hexadecimal.
    #[must_use]
    pub fn rows_of(&self, schema: &str) -> String {
        let arguments = [
            "--data-only",
            "--no-owner",
            "--schema",
            schema,
            "--dbname",
            &self.conninfo(),
        ];
        let dump = self.run().answer("pg_dump", &arguments.map(OsString::from));
        dump.unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    /// All that it said up to now.
    #[must_use]
    pub fn log(&self) -> String {
        self.held.log()
    }

    fn hold(programs: PathBuf, account: Option<(u32, u32)>, port: u16, folder: PathBuf) -> Self {
        let port_text = port.to_string();
        let settings = [
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=200",
            "-c",
            "fsync=off",
            "-p",
            &port_text,
            "-D",
        ];
        let mut arguments: Vec<_> = settings.into_iter().map(OsString::from).collect();
        arguments.push(folder.join("data").into());
        let holding = Holding {
            program: programs.join("postgres"),
            arguments,
            variables: Vec::new(),
            ends_on: "INT",
            account,
        };
        let held = Held::start(&holding, folder);
        let server = Self {
            held,
            programs,
            account,
            port,
        };
        server.until("SELECT 1", "1");
        server
    }

    fn conninfo(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres",
            self.port
        )
    }

    fn ask(&self, sql: &str) -> Result<String, String> {
        let arguments = ["-XAtc", sql, &self.conninfo()].map(OsString::from);
        self.run().answer("psql", &arguments)
    }

    /// Does this, as the superuser.
    pub fn tell(&self, sql: &str) {
        self.ask(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn until(&self, sql: &str, answer: &str) {
        let begun = Instant::now();
        loop {
            let said = self.ask(sql);
            if said.as_deref() == Ok(answer) {
                return;
            }
            let log = || self.held.log();
            assert!(begun.elapsed() < PATIENCE, "{sql}: {said:?}: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn run(&self) -> Run<'_> {
        Run {
            programs: &self.programs,
            account: self.account,
        }
    }
}

/// Runs PostgreSQL's other programs.
struct Run<'a> {
    programs: &'a Path,
    account: Option<(u32, u32)>,
}

impl Run<'_> {
    /// What it answers, or what it says went wrong.
    fn answer(&self, program: &str, arguments: &[OsString]) -> Result<String, String> {
        let output = self.command(program, arguments).output();
        let output = output.map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    fn well(&self, program: &str, arguments: &[OsString]) {
        let answer = self.answer(program, arguments);
        answer.unwrap_or_else(|error| panic!("{program}: {error}"));
    }

    fn command(&self, program: &str, arguments: &[OsString]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir("/");
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

fn find_programs() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAMS_VARIABLE) {
        return Some(PathBuf::from(named));
    }
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = installed
        .flatten()
        .map(|version| version.path().join("bin"));
    folders
        .filter(|folder| folder.join("postgres").exists())
        .max()
}

/// Of root, PostgreSQL's own; of anybody else, none.
fn account() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u32>()
            .ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    Some((id(&["-u", ACCOUNT])?, id(&["-g", ACCOUNT])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_after_a_kill_and_on_the_standby_that_takes_its_place() {
        let Some(mut server) = PostgresServer::start("postgres") else {
            return;
        };
        server.tell("CREATE TABLE written (what text)");
        server.tell("INSERT INTO written VALUES ('before')");
        server.kill();
        assert!(server.ask("SELECT 1").is_err());
        server.start_again();
        let standby = server.synchronous_standby();
        server.tell("INSERT INTO written VALUES ('after')");
        server.kill();
        standby.promote();
        let written = standby.ask("SELECT string_agg(what, ',') FROM written");
        assert_eq!(written.as_deref(), Ok("before,after"));
        standby.tell("INSERT INTO written VALUES ('alone')");
    }
}
