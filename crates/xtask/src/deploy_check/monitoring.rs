//! Whether `deploy/monitoring` watches what the services expose: its rules and
//! dashboards are read, and name only metrics and labels that some service has; each
//! alert has its tests and its place in the runbook.

mod alerts;
mod expression;
mod instruments;

use super::{as_json, read};
use crate::process::run as run_command;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use expression::Named;
use instruments::Exposed;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A question to Prometheus, and where it stands.
struct Question {
    place: String,
    text: String,
}

/// What is judged, read.
pub(super) struct Monitoring {
    folder: PathBuf,
    rules: Vec<Value>,
    tests: Vec<Value>,
    runbook: String,
    exposed: Exposed,
    questions: Vec<Question>,
}

impl Monitoring {
    /// Reads rules, their tests, dashboards, the runbook, and the instruments of the
    /// services' sources.
    pub(super) fn read(workspace: &Workspace, python: &Path) -> Result<Self> {
        let folder = workspace.root.join("deploy/monitoring");
        let rules = documents(&folder.join("rules"), python)?;
        let tests = documents(&folder.join("tests"), python)?;
        let mut questions: Vec<_> = alerts::of(&rules)
            .map(|alert| Question {
                place: format!("alert {}", alert.name),
                text: alert.expression.to_owned(),
            })
            .collect();
        for file in files(&folder.join("dashboards"), "json")? {
            let dashboard: Value =
                serde_json::from_str(&read(&file)?).with_context(|| file.display().to_string())?;
            questions.extend(questions_of(&dashboard));
        }
        Ok(Self {
            rules,
            tests,
            runbook: read(&workspace.root.join("docs/runbook.md"))?,
            exposed: Exposed::read(&workspace.root)?,
            questions,
            folder,
        })
    }

    /// One finding for each name that nothing exposes, and for each alert without tests
    /// or without its place in the runbook.
    pub(super) fn findings(&self) -> Vec<String> {
        let mut findings = alerts::findings(&self.rules, &self.tests, &self.runbook);
        for question in &self.questions {
            let Named { metrics, labels } = Named::by(&question.text);
            let place = &question.place;
            let unknown = metrics.iter().filter(|name| !self.exposed.has_metric(name));
            findings.extend(unknown.map(|name| format!("{place}: no service exposes {name}")));
            let unknown = labels.iter().filter(|name| !self.exposed.has_label(name));
            findings.extend(unknown.map(|name| format!("{place}: nothing has a label {name}")));
        }
        findings
    }

    /// Has Prometheus' own tool read every question and run the tests of the alerts.
    pub(super) fn run_promtool(&self, promtool: &Path, scratch: &Path) -> Result<()> {
        let (rules, tests) = (self.folder.join("rules"), self.folder.join("tests"));
        run_command(
            Command::new(promtool)
                .args(["check", "rules"])
                .args(files(&rules, "yaml")?),
        )?;
        run_command(
            Command::new(promtool)
                .args(["test", "rules"])
                .args(files(&tests, "yaml")?),
        )?;
        // The tool reads no dashboards: their questions are put to it as rules.
        let asked = self.questions.iter().enumerate().map(|(number, question)| {
            let text = without_variables(&question.text);
            json!({"record": format!("asked:{number}"), "expr": text})
        });
        let group = json!({"groups": [{"name": "asked", "rules": asked.collect::<Vec<_>>()}]});
        let file = scratch.join("questions.yaml");
        fs::write(&file, group.to_string())?;
        run_command(Command::new(promtool).args(["check", "rules"]).arg(file))
    }
}

/// Prometheus' own tool for rules.
pub(super) fn promtool(workspace: &Workspace) -> Result<PathBuf> {
    tools::unpacked(workspace, &tools::PROMTOOL)
}

/// What the panels of a dashboard ask.
fn questions_of(dashboard: &Value) -> Vec<Question> {
    let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let title = |thing: &Value| thing["title"].as_str().unwrap_or_default().to_owned();
    let mut questions = Vec::new();
    for panel in each(&dashboard["panels"]) {
        for target in each(&panel["targets"]) {
            questions.push(Question {
                place: format!("{}, panel {}", title(dashboard), title(&panel)),
                text: target["expr"].as_str().unwrap_or_default().to_owned(),
            });
        }
    }
    questions
}

/// The question that is asked when somebody looks: Grafana fills these in.
fn without_variables(text: &str) -> String {
    text.replace("$__rate_interval", "5m").replace("$job", ".+")
}

fn documents(folder: &Path, python: &Path) -> Result<Vec<Value>> {
    let mut documents = Vec::new();
    for file in files(folder, "yaml")? {
        let read: Vec<Value> = serde_json::from_str(&as_json(python, &file)?)?;
        documents.extend(read);
    }
    Ok(documents)
}

/// The files of a folder with this ending, by name. None is an error: nothing would be
/// judged.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    files.sort();
    anyhow::ensure!(!files.is_empty(), "no *.{ending} in {}", folder.display());
    Ok(files)
}
