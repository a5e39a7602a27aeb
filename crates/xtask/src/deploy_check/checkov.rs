//! checkov's judgement of the rendered environments. What it finds and we keep stands in
//! `deploy/checkov.toml`, with the reason; an exception that excepts nothing is a finding.

use super::read;
use crate::process::capture;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file of exceptions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exception: Vec<Exception>,
}

/// What is kept although checkov would not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// Its number: `CKV_K8S_11`.
    check: String,
    /// Only in these; absent: in every environment.
    environments: Option<Vec<String>>,
    /// Only these, by name; absent: every one.
    resources: Option<Vec<String>>,
    reason: String,
}

/// One thing that checkov would have otherwise.
struct Fault<'a> {
    check: &'a str,
    means: &'a str,
    environment: &'a str,
    resource: &'a str,
}

/// Has checkov judge these files, each named as its environment, without any network.
pub(super) fn findings(
    workspace: &Workspace,
    checkov: &Path,
    files: &[PathBuf],
) -> Result<Vec<String>> {
    let exceptions = workspace.root.join("deploy/checkov.toml");
    let exceptions: Exceptions =
        toml::from_str(&read(&exceptions)?).context("deploy/checkov.toml")?;
    let mut command = Command::new(checkov.join(tools::CHECKOV.command()));
    command.args(["--framework", "kubernetes", "--output", "json"]);
    command.args(["--skip-download", "--soft-fail", "--quiet", "--compact"]);
    for file in files {
        command.arg("--file").arg(file);
    }
    let report = capture(&mut command)?;
    judge(&report, &exceptions)
}

fn judge(report: &str, exceptions: &Exceptions) -> Result<Vec<String>> {
    let report: Value = serde_json::from_str(report).context("checkov's report")?;
    let summary = &report["summary"];
    ensure!(
        summary["parsing_errors"] == 0 && summary["passed"].as_u64() > Some(0),
        "checkov read nothing, or not everything: {summary}"
    );
    let mut used = vec![false; exceptions.exception.len()];
    let mut findings = Vec::new();
    let failed = report["results"]["failed_checks"].as_array();
    for fault in failed.into_iter().flatten().map(Fault::of) {
        let mut excepted = false;
        for (exception, used) in exceptions.exception.iter().zip(&mut used) {
            if exception.covers(&fault) {
                (*used, excepted) = (true, true);
            }
        }
        if !excepted {
            let Fault {
                check,
                means,
                environment,
                resource,
            } = fault;
            findings.push(format!("{environment}: {resource}: {means} ({check})"));
        }
    }
    for (exception, used) in exceptions.exception.iter().zip(used) {
        let check = &exception.check;
        if !used {
            findings.push(format!(
                "deploy/checkov.toml: nothing needs {check} any more"
            ));
        }
        if exception.reason.is_empty() {
            findings.push(format!("deploy/checkov.toml: no reason for {check}"));
        }
    }
    Ok(findings)
}

impl Exception {
    fn covers(&self, fault: &Fault<'_>) -> bool {
        let among = |list: &Option<Vec<String>>, name: &str| {
            list.as_ref()
                .is_none_or(|names| names.iter().any(|one| one == name))
        };
        // Kind, namespace, name.
        let name = fault.resource.rsplit('.').next().unwrap_or_default();
        self.check == fault.check
            && among(&self.environments, fault.environment)
            && among(&self.resources, name)
    }
}

impl<'a> Fault<'a> {
    fn of(check: &'a Value) -> Self {
        let text = |key: &str| check[key].as_str().unwrap_or_default();
        Self {
            check: text("check_id"),
            means: text("check_name"),
            environment: text("file_path")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".yaml"),
            resource: text("resource"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Value {
        json!({
            "summary": {"passed": 5, "parsing_errors": 0},
            "results": {"failed_checks": [{
                "check_id": "CKV_K8S_11",
                "check_name": "CPU limits should be set",
                "file_path": "/target/deploy-check/dev.yaml",
                "resource": "Deployment.aval-dev.redis",
            }]},
        })
    }

    fn found(exceptions: &str) -> Vec<String> {
        let exceptions = toml::from_str(exceptions).expect("valid TOML");
        judge(&report().to_string(), &exceptions).expect("a report")
    }

    #[test]
    fn what_nothing_excepts_is_found() {
        assert_eq!(
            found("exception = []"),
            ["dev: Deployment.aval-dev.redis: CPU limits should be set (CKV_K8S_11)"]
        );
    }

    #[test]
    fn an_exception_covers_its_check_in_its_environments_and_resources() {
        let covers = |rest: &str| {
            let text = format!("[[exception]]\ncheck = 'CKV_K8S_11'\nreason = 'r'\n{rest}");
            found(&text).is_empty()
        };
        assert!(covers(""));
        assert!(covers("environments = ['dev']\nresources = ['redis']"));
        assert!(!covers("environments = ['production']"));
        assert!(!covers("resources = ['postgresql']"));
    }

    #[test]
    fn an_exception_without_use_or_without_reason_is_found() {
        let unused = "[[exception]]\ncheck = 'CKV_K8S_1'\nreason = 'r'\n\
                      [[exception]]\ncheck = 'CKV_K8S_11'\nreason = ''";
        assert_eq!(
            found(unused),
            [
                "deploy/checkov.toml: nothing needs CKV_K8S_1 any more",
                "deploy/checkov.toml: no reason for CKV_K8S_11"
            ]
        );
    }

    #[test]
    fn a_report_about_nothing_is_an_error() {
        let none = Exceptions {
            exception: Vec::new(),
        };
        let mut empty = report();
        empty["summary"]["passed"] = json!(0);
        assert!(judge(&empty.to_string(), &none).is_err());
        let mut broken = report();
        broken["summary"]["parsing_errors"] = json!(1);
        assert!(judge(&broken.to_string(), &none).is_err());
        assert!(judge("nothing", &none).is_err());
    }
}
