//! Prometheus, with the alerts of `deploy/monitoring`, which scrapes every instance.

use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use aval_testing::held::{Held, Holding};
use aval_testing::ports::claim_port;
use serde_json::{Value, json};

use super::programs::find_or_say;
use crate::health::get;

/// A running Prometheus.
#[derive(Debug)]
pub(super) struct Prometheus {
    held: Held,
    port: u16,
}

/// An alert as Prometheus has it.
#[derive(Debug)]
pub(super) struct Alert {
    pub(super) name: String,
    /// Whether its question could be answered.
    pub(super) health: String,
    /// `inactive`, `pending` or `firing`.
    pub(super) state: String,
}

impl Alert {
    pub(super) fn is_firing(&self) -> bool {
        self.state == "firing"
    }
}

impl Prometheus {
    /// Its program, or word that `test` did not run.
    pub(super) fn find_or_say(test: &str) -> Option<PathBuf> {
        find_or_say(test, "AVAL_TEST_PROMETHEUS", "prometheus")
    }

    /// Starts it, to scrape these every second: a service's name, and an ops port of its.
    pub(super) fn start(program: PathBuf, instances: &[(&str, u16)]) -> Self {
        let port = claim_port().unwrap();
        let folder = Held::folder("prometheus", None);
        let jobs = instances.iter().map(|(job, port)| {
            let instance = format!("127.0.0.1:{port}");
            // As the `PodMonitor` has it: the job is the service's name.
            json!({
                "job_name": format!("{job} at {port}"),
                "static_configs": [{"targets": [instance], "labels": {"job": job}}],
            })
        });
        let config = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [monitoring().join("rules/*.yaml")],
            "scrape_configs": jobs.collect::<Vec<_>>(),
        });
        let file = folder.join("prometheus.yaml");
        fs::write(&file, config.to_string()).unwrap();
        let mut arguments = Vec::new();
        for (name, value) in [
            ("config.file", file.into_os_string()),
            ("storage.tsdb.path", folder.join("data").into_os_string()),
            ("web.listen-address", format!("127.0.0.1:{port}").into()),
        ] {
            arguments.extend([OsString::from(format!("--{name}")), value]);
        }
        // What it wrote is to be searched as it is.
        arguments.push("--no-storage.tsdb.wal-compression".into());
        let holding = Holding {
            program,
            arguments,
            variables: Vec::new(),
            ends_on: "TERM",
            account: None,
        };
        let held = Held::start(&holding, folder);
        held.until_it_says("Server is ready to receive web requests");
        Self { held, port }
    }

    /// The series that an expression leads to now.
    pub(super) async fn ask(&self, expression: &str) -> Vec<Value> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let answer = self.answer(&path).await;
        answer["result"].as_array().unwrap().clone()
    }

    /// The values of these series, by these of their labels.
    pub(super) async fn numbers<const N: usize>(
        &self,
        expression: &str,
        labels: [&str; N],
    ) -> Vec<([String; N], f64)> {
        let series = self.ask(expression).await;
        let numbers = series.iter().map(|series| {
            let label = |name| series["metric"][name].as_str().unwrap_or_default();
            let value = series["value"][1].as_str().unwrap();
            (
                labels.map(|name| label(name).to_owned()),
                value.parse().unwrap(),
            )
        });
        numbers.collect()
    }

    /// Every alert that it watches for.
    pub(super) async fn alerts(&self) -> Vec<Alert> {
        let answer = self.answer("/api/v1/rules?type=alert").await;
        let groups = answer["groups"].as_array().unwrap().iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
        let text = |rule: &Value, name: &str| rule[name].as_str().unwrap_or_default().to_owned();
        rules
            .map(|rule| Alert {
                name: text(rule, "name"),
                health: text(rule, "health"),
                state: text(rule, "state"),
            })
            .collect()
    }

    /// Everything that it holds: what it shows, what it wrote, and its log.
    pub(super) async fn everything(&self) -> Vec<u8> {
        let path = format!("/federate?match[]={}", encoded("{__name__=~\".+\"}"));
        let (status, mut shown) = get(self.port, &path).await;
        assert_eq!(status, 200);
        for path in ["/api/v1/rules", "/api/v1/alerts", "/api/v1/targets"] {
            let answer = self.answer(path).await;
            write!(shown, "{answer}").unwrap();
        }
        shown.push_str(&self.held.log());
        let mut bytes = shown.into_bytes();
        // Series by all their labels, as they came.
        for file in fs::read_dir(self.held.its_folder().join("data/wal")).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                bytes.extend(fs::read(path).unwrap());
            }
        }
        bytes
    }

    async fn answer(&self, path: &str) -> Value {
        let (status, body) = get(self.port, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{path}: {body}");
        answer["data"].take()
    }
}

/// The folder of alerts and dashboards.
pub(super) fn monitoring() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().join("deploy/monitoring")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        write!(encoded, "%{byte:02X}").unwrap();
    }
    encoded
}
