//! A PostgreSQL for one run: its own folder, its own port, trust on loopback.

use super::supervised::{Supervised, free_ports};
use crate::process::capture;
use crate::tools::{apt_get_install, on_path, running_as_root};
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the SQL is written for; Debian 12 has it.
const OLDEST_MAJOR_VERSION: u32 = 15;

/// Debian's user, because PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";

/// `$1` the programs' folder, `$2` the throw-away folder, `$3` the port, `$4` options.
const SUPERVISE: &str = r#"
finish() { "$1/pg_ctl" stop -s -D "$2/data" -m immediate 2>/dev/null; cd /; rm -rf "$2"; }
trap 'finish "$@"' EXIT
cd "$2"
"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions >"$2/log" 2>&1 &&
"$1/pg_ctl" start -s -w -D "$2/data" -l "$2/log" -o "-p $3 -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c max_connections=200 $4" >/dev/null 2>&1 ||
{ tail -n 5 "$2/log"; exit 1; }
echo ready
exec 1>&-
read -r _
"#;

/// What a commit promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// That it is on the disk: for figures.
    Full,
    /// Nothing that outlives the server: for tests.
    None,
}

impl Durability {
    /// For figures a server as it is run, and not as it is installed: for a machine of which a
    /// quarter of the memory holds pages (`docs/postgresql.md`).
    fn options(self) -> String {
        match self {
            Self::Full => {
                let megabytes = memory_in_megabytes().unwrap_or(512) / 4;
                format!("-c shared_buffers={megabytes}MB -c max_wal_size=8GB")
            }
            Self::None => {
                "-c fsync=off -c synchronous_commit=off -c full_page_writes=off".to_owned()
            }
        }
    }
}

/// A running server; it stops when this value is dropped.
pub(crate) struct Postgres {
    _supervised: Supervised,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    /// Finds or installs PostgreSQL and starts it on a free port.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        Self::start_with(&postgres_programs()?, durability)
    }

    /// Where its programs are, for tests that start servers of their own to break them.
    pub(crate) fn programs(&self) -> &Path {
        &self.programs
    }

    fn start_with(programs: &Path, durability: Durability) -> Result<Self> {
        let [port] = free_ports()?;
        let folder =
            std::env::temp_dir().join(format!("aval-postgres-{}-{port}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let mut supervisor = Command::new("sh");
        supervisor
            .args(["-c", SUPERVISE, "sh"])
            .arg(programs)
            .arg(&folder)
            .arg(port.to_string())
            .arg(durability.options());
        if running_as_root() {
            let (user, group) = (account_id("-u")?, account_id("-g")?);
            chown(&folder, Some(user), Some(group))?;
            supervisor.uid(user).gid(group);
        }
        let supervised = Supervised::start("PostgreSQL", &mut supervisor)?;
        Ok(Self {
            _supervised: supervised,
            programs: programs.to_owned(),
            port,
        })
    }

    /// A superuser's address on the default database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

/// The folder of PostgreSQL's programs, installed where there are none.
pub(crate) fn postgres_programs() -> Result<PathBuf> {
    find_programs().or_else(|error| {
        apt_get_install(&["postgresql"]).context(error)?;
        find_programs()
    })
}

/// The newest installation that is new enough: Debian's folders first, then the path.
fn find_programs() -> Result<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    // What is on the path may be a link to one program alone: the others are where it leads.
    let initdb = on_path("initdb").and_then(|initdb| initdb.canonicalize().ok());
    let on_the_path = initdb.and_then(|initdb| initdb.parent().map(Path::to_path_buf));
    debian
        .map(|version| version.path().join("bin"))
        .chain(on_the_path)
        .filter(|folder| folder.join("pg_ctl").exists() && folder.join("initdb").exists())
        .filter_map(|folder| Some((major_version(&folder)?, folder)))
        .filter(|(version, _)| *version >= OLDEST_MAJOR_VERSION)
        .max()
        .map(|(_, folder)| folder)
        .with_context(|| format!("no PostgreSQL {OLDEST_MAJOR_VERSION} or later"))
}

fn major_version(programs: &Path) -> Option<u32> {
    let printed = capture(Command::new(programs.join("postgres")).arg("--version")).ok()?;
    parse_major_version(&printed)
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` → 15.
fn parse_major_version(printed: &str) -> Option<u32> {
    let version = printed.split_whitespace().nth(2)?;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn memory_in_megabytes() -> Option<u64> {
    parse_memory(&fs::read_to_string("/proc/meminfo").ok()?)
}

/// `MemTotal:       24553768 kB` → 23978.
fn parse_memory(printed: &str) -> Option<u64> {
    let total = printed.strip_prefix("MemTotal:")?;
    let kilobytes: u64 = total.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024)
}

fn account_id(which: &str) -> Result<u32> {
    let printed = capture(Command::new("id").args([which, ACCOUNT])).with_context(|| {
        format!("there is no user {ACCOUNT}, and PostgreSQL refuses to run as root")
    })?;
    printed
        .trim()
        .parse()
        .with_context(|| format!("id {which} {ACCOUNT}"))
}

#[cfg(test)]
mod tests {
    use super::{Durability, Postgres, parse_major_version, parse_memory};
    use std::net::TcpStream;
    use std::path::Path;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_major_version(debian), Some(15));
        assert_eq!(
            parse_major_version("postgres (PostgreSQL) 18beta1\n"),
            Some(18)
        );
        assert_eq!(parse_major_version("postgres: error"), None);
    }

    #[test]
    fn the_memory_is_read_in_megabytes() {
        let printed = "MemTotal:       24553768 kB\nMemFree:  1 kB\n";
        assert_eq!(parse_memory(printed), Some(23_978));
        assert_eq!(parse_memory("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn a_server_answers_while_it_is_held_and_is_gone_afterwards() {
        let server = Postgres::start(Durability::None).expect("PostgreSQL is installed or can be");
        let address = ("127.0.0.1", server.port);
        assert!(TcpStream::connect(address).is_ok());
        drop(server);
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn programs_that_fail_are_an_error_and_leave_no_folder() {
        let error = Postgres::start_with(Path::new("/nowhere"), Durability::None).err();
        let said = error.expect("nothing to start").to_string();
        assert!(said.contains("PostgreSQL does not start"), "{said}");
        let prefix = format!("aval-postgres-{}-", std::process::id());
        let left = std::fs::read_dir(std::env::temp_dir())
            .expect("the folder for temporary files is readable")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .count();
        assert_eq!(left, 0);
    }
}
