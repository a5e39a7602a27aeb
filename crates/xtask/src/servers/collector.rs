//! A collector of traces and metrics for one run, which keeps nothing.

use super::supervised::{Supervised, free_ports};
use anyhow::{Result, ensure};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// `$1` rotel, `$2` and `$3` its ports.
const SUPERVISE: &str = r#"
folder=$(mktemp -d)
finish() { kill -KILL $pid 2>/dev/null; wait; rm -rf "$folder"; }
trap finish EXIT
"$1" start --otlp-grpc-endpoint "127.0.0.1:$2" --otlp-http-endpoint "127.0.0.1:$3" \
  --exporter blackhole --pid-file "$folder/pid" --log-file "$folder/log" \
  >"$folder/said" 2>&1 </dev/null & pid=$!
tries=0
until grep -q 'Starting Rotel' "$folder/said"; do
  tries=$((tries + 1))
  kill -0 $pid 2>/dev/null && [ $tries -lt 300 ] || { cat "$folder/said"; exit 1; }
  sleep 0.1
done
echo ready
exec 1>&-
read -r _
"#;

/// The running collector; it stops when this value is dropped.
pub(crate) struct Collector {
    _supervised: Supervised,
    port: u16,
}

impl Collector {
    /// Starts this program.
    pub(crate) fn start(rotel: &Path) -> Result<Self> {
        let [grpc, http] = free_ports()?;
        let mut shell = Command::new("sh");
        shell
            .args(["-c", SUPERVISE, "sh"])
            .arg(rotel)
            .args([grpc, http].map(|port| port.to_string()));
        let collector = Self {
            _supervised: Supervised::start("the collector", &mut shell)?,
            port: grpc,
        };
        // It says that it starts, and listens a moment later.
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", grpc)).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "the collector does not listen");
            sleep(Duration::from_millis(20));
        }
        Ok(collector)
    }

    /// Where it is exported to.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::Collector;
    use crate::tools;
    use crate::workspace::Workspace;
    use std::net::TcpStream;

    #[test]
    fn a_collector_listens_while_it_is_held_and_is_gone_afterwards() {
        let workspace = Workspace::load().expect("cargo answers");
        let rotel = tools::rotel(&workspace).expect("it is installed or can be");
        let collector = Collector::start(&rotel).expect("it starts");
        let address = ("127.0.0.1", collector.port);
        assert!(TcpStream::connect(address).is_ok());
        drop(collector);
        assert!(TcpStream::connect(address).is_err());
    }
}
