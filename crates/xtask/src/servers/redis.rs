//! Redis for one run: one server alone and a cluster of three masters,
//! on loopback, in a folder of their own, nothing durable.

use super::supervised::{Supervised, free_ports};
use crate::process::capture;
use crate::tools::{apt_get_install, on_path};
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first with a port of the cluster's own to choose; Debian 12 has it.
const OLDEST_MAJOR_VERSION: u32 = 7;

/// `$1` the server, `$2` the client, `$3` the folder, then the port of the server that
/// is alone, three of the cluster, and the three on which these talk to each other.
const SUPERVISE: &str = r#"
server=$1 client=$2 folder=$3
finish() { kill -KILL $started 2>/dev/null; wait; cd /; rm -rf "$folder"; }
trap finish EXIT
cd "$folder"
fail() { echo "$1"; tail -qn 3 "$folder"/*/log; exit 1; }
start() {
  port=$1; shift; mkdir "$port"
  "$server" --port "$port" --bind 127.0.0.1 --dir "$folder/$port" --save '' --appendonly no "$@" \
    >"$port/log" 2>&1 </dev/null & started="$started $!"
}
ask() { port=$1; shift; "$client" -h 127.0.0.1 -p "$port" "$@" 2>&1; }
until_says() {
  words=$1; shift; tries=0
  until ask "$@" | grep -q "$words"; do
    kill -0 $started 2>/dev/null || fail "a server ended"
    tries=$((tries + 1)); [ $tries -lt 300 ] || fail "$*: no $words"; sleep 0.1
  done
}
start $4
start $5 --cluster-enabled yes --cluster-port $8
start $6 --cluster-enabled yes --cluster-port $9
start $7 --cluster-enabled yes --cluster-port ${10}
for port in $4 $5 $6 $7; do until_says PONG $port ping; done
ask $5 cluster addslotsrange 0 5460 >/dev/null
ask $6 cluster addslotsrange 5461 10922 >/dev/null
ask $7 cluster addslotsrange 10923 16383 >/dev/null
ask $6 cluster set-config-epoch 2 >/dev/null
ask $7 cluster set-config-epoch 3 >/dev/null
ask $5 cluster meet 127.0.0.1 $6 $9 >/dev/null
ask $5 cluster meet 127.0.0.1 $7 ${10} >/dev/null
for port in $5 $6 $7; do
  until_says cluster_state:ok $port cluster info
  until_says cluster_known_nodes:3 $port cluster info
done
echo ready
exec 1>&-
read -r _
"#;

/// The running servers; they stop when this value is dropped.
pub(crate) struct Redis {
    _supervised: Supervised,
    alone: u16,
    cluster: [u16; 3],
}

impl Redis {
    /// Finds or installs Redis and starts the servers on free ports.
    pub(crate) fn start() -> Result<Self> {
        let (server, client) = find_programs().or_else(|error| {
            apt_get_install(&["redis-server"]).context(error)?;
            find_programs()
        })?;
        Self::start_with(&server, &client)
    }

    fn start_with(server: &Path, client: &Path) -> Result<Self> {
        let ports: [u16; 7] = free_ports()?;
        let [alone, first, second, third, ..] = ports;
        let folder =
            std::env::temp_dir().join(format!("aval-redis-{}-{alone}", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let mut shell = Command::new("sh");
        shell
            .args(["-c", SUPERVISE, "sh"])
            .args([server, client, &folder])
            .args(ports.map(|port| port.to_string()));
        Ok(Self {
            _supervised: Supervised::start("Redis", &mut shell)?,
            alone,
            cluster: [first, second, third],
        })
    }

    /// The server that is alone.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.alone)
    }

    /// The three masters, with commas between.
    pub(crate) fn cluster_urls(&self) -> String {
        self.cluster
            .map(|port| format!("redis://127.0.0.1:{port}"))
            .join(",")
    }
}

/// A server that is new enough, and its client.
fn find_programs() -> Result<(PathBuf, PathBuf)> {
    [
        ("redis-server", "redis-cli"),
        ("valkey-server", "valkey-cli"),
    ]
    .into_iter()
    .filter_map(|(server, client)| Some((on_path(server)?, on_path(client)?)))
    .find(|(server, _)| major_version(server) >= Some(OLDEST_MAJOR_VERSION))
    .with_context(|| format!("no Redis {OLDEST_MAJOR_VERSION} or later"))
}

fn major_version(server: &Path) -> Option<u32> {
    parse_major_version(&capture(Command::new(server).arg("--version")).ok()?)
}

/// `Redis server v=7.0.15 sha=…` → 7.
fn parse_major_version(printed: &str) -> Option<u32> {
    let (_, version) = printed.split_once(" v=")?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Redis, parse_major_version};
    use std::net::TcpStream;
    use std::path::Path;

    #[test]
    fn the_major_version_is_read_from_both_makes() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64\n";
        assert_eq!(parse_major_version(redis), Some(7));
        let valkey = "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64\n";
        assert_eq!(parse_major_version(valkey), Some(8));
        assert_eq!(parse_major_version("redis: error"), None);
    }

    #[test]
    fn servers_answer_while_they_are_held_and_are_gone_afterwards() {
        let servers = Redis::start().expect("Redis is installed or can be");
        let ports = [&[servers.alone][..], &servers.cluster].concat();
        let answers = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
        assert!(ports.iter().all(answers));
        assert_eq!(servers.cluster_urls().split(',').count(), 3);
        drop(servers);
        assert!(!ports.iter().any(answers));
    }

    #[test]
    fn programs_that_fail_are_an_error_and_leave_no_folder() {
        let nowhere = Path::new("/nowhere/at-all");
        let error = Redis::start_with(nowhere, Path::new("false")).err();
        let said = error.expect("nothing to start").to_string();
        assert!(said.contains("Redis does not start"), "{said}");
        let prefix = format!("aval-redis-{}-", std::process::id());
        let left = std::fs::read_dir(std::env::temp_dir())
            .expect("the folder for temporary files is readable")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
            .count();
        assert_eq!(left, 0);
    }
}
