//! Rotel, a collector that is not ours, which passes on what it receives.

use std::ffi::OsString;
use std::path::PathBuf;

use aval_testing::held::{Held, Holding};
use aval_testing::ports::claim_port;

use super::programs::find_or_say;
use super::received::Received;

/// A running collector.
#[derive(Debug)]
pub(super) struct Rotel {
    held: Held,
    port: u16,
}

impl Rotel {
    /// Its program, or word that `test` did not run.
    pub(super) fn find_or_say(test: &str) -> Option<PathBuf> {
        find_or_say(test, "AVAL_TEST_ROTEL", "rotel-agent")
    }

    /// Starts it. What it receives goes to `next`, over OTLP again.
    pub(super) fn start(program: PathBuf, next: &Received) -> Self {
        let [port, http] = [claim_port().unwrap(), claim_port().unwrap()];
        let folder = Held::folder("rotel", None);
        let address = |port| format!("127.0.0.1:{port}");
        let mut arguments = vec![OsString::from("start")];
        for (name, value) in [
            ("--otlp-grpc-endpoint", address(port)),
            ("--otlp-http-endpoint", address(http)),
            ("--exporter", "otlp".to_owned()),
            ("--otlp-exporter-endpoint", next.url()),
            ("--otlp-exporter-protocol", "http".to_owned()),
        ] {
            arguments.extend([name, &value].map(OsString::from));
        }
        for (name, file) in [("--pid-file", "pid"), ("--log-file", "its-log")] {
            arguments.extend([name.into(), folder.join(file).into()]);
        }
        let holding = Holding {
            program,
            arguments,
            variables: Vec::new(),
            ends_on: "TERM",
            account: None,
        };
        let held = Held::start(&holding, folder);
        held.until_it_says("Starting Rotel");
        Self { held, port }
    }

    /// Where to export to.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that it said of itself.
    pub(super) fn log(&self) -> String {
        self.held.log()
    }
}
