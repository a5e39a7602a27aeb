//! A collector of traces and metrics for one run, which keeps nothing.

use super::supervised::{Supervised, free_ports};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// `$1` rotel, `$2` and `$3` its ports.
const SUPERVISE: &str = r#"
folder=$(mktemp -d)
finish() { kill -KILL $pid 2>/dev/null; wait; rm -rf "$folder"; }
trap finish EXIT
"$1" start --otlp-grpc-endpoint "127.0.0.1:$2" --otlp-http-endpoint "127.0.0.1:$3" \
  --exporter blackhole --pid-file "$folder/pid" --log-file "$folder/log" \
  >"$folder/said" 2>&1 </dev/null & pid=$!
sleep 2
kill -0 $pid 2>/dev/null || { cat "$folder/said"; exit 1; }
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
        Ok(Self {
            _supervised: Supervised::start("the collector", &mut shell)?,
            port: grpc,
        })
    }

    /// Where it is exported to.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
