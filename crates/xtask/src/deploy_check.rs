//! `cargo xtask deploy-check`: `deploy/` renders, is valid, and opens the network to
//! exactly those whom `deploy/base/callers.toml` allows; each workload has its migration, its
//! secrets and its image, and is told nothing in variables that its program does not know;
//! and it watches what the services expose.

mod callers;
mod checkov;
mod custom;
mod development;
mod environment;
mod images;
mod manifests;
mod migrations;
mod monitoring;
mod policies;
mod rules;
mod secrets;
mod settings;
mod workloads;

use crate::not_run::NotRun;
use crate::process::capture;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use callers::Callers;
use environment::{Environment, Judge};
use monitoring::Monitoring;
use serde_json::Value;
use settings::Settings;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// Renders every environment, validates it and compares it with the callers allowed;
/// judges alerts and dashboards. Writes before that what is made from other files, if told to.
pub(crate) fn run(write: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    let deploy = workspace.root.join("deploy");
    if write {
        rules::write(&deploy)?;
    }
    let mut not_run = NotRun::default();
    let callers = Callers::parse(&read(&deploy.join("base/callers.toml"))?)?;
    let mut findings =
        callers.differences_from(&callers::declared_below(&workspace.root.join("proto"))?);
    findings.extend(rules::findings(&deploy)?);

    let environments = environments(&deploy)?;
    match tools::python_package(&workspace, &tools::KUBERNETES_VALIDATE) {
        Ok(python) => {
            let found = judge(&workspace, &environments, &callers, &python, &mut not_run)?;
            findings.extend(found);
        }
        Err(reason) => not_run.add("rendering, validating and reading deploy/", reason),
    }
    for finding in &findings {
        println!("{finding}");
    }
    not_run.close()?;
    ensure!(
        findings.is_empty(),
        "deploy-check: {} finding(s)",
        findings.len()
    );
    println!("deploy-check: {} environments in order", environments.len());
    Ok(())
}

/// Everything that is judged once YAML can be read. Checkov takes a minute to install: it is
/// fetched meanwhile.
fn judge(
    workspace: &Workspace,
    environments: &[Environment],
    callers: &Callers,
    python: &Path,
    not_run: &mut NotRun,
) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let checkov = scope.spawn(|| tools::python_package(workspace, &tools::CHECKOV));
        let mut findings = judge_monitoring(workspace, python, not_run)?;
        let Some(kubectl) = tools::on_path("kubectl") else {
            let reason = "kubectl is not on the path; 1.30 or later renders";
            not_run.add("rendering, validating and judging deploy/", reason);
            return Ok(findings);
        };
        let judge = Judge {
            callers,
            settings: &Settings::read(&workspace.root)?,
            version: workspace.version()?,
            scratch: &scratch(workspace)?,
            kubectl: &kubectl,
            python,
        };
        let mut rendered = Vec::new();
        for environment in environments {
            let (file, found) = judge.judge(environment)?;
            findings.extend(found);
            // What every environment has is judged in each of them.
            if !environment.is_base() {
                rendered.push(file);
            }
        }
        match checkov.join().expect("installing does not panic") {
            Ok(checkov) => findings.extend(checkov::findings(workspace, &checkov, &rendered)?),
            Err(reason) => not_run.add("checkov", reason),
        }
        Ok(findings)
    })
}

fn judge_monitoring(
    workspace: &Workspace,
    python: &Path,
    not_run: &mut NotRun,
) -> Result<Vec<String>> {
    let monitoring = Monitoring::read(workspace, python)?;
    match monitoring::promtool(workspace) {
        Ok(promtool) => monitoring.run_promtool(&promtool, &scratch(workspace)?)?,
        Err(reason) => not_run.add("the tests of the alerts", reason),
    }
    Ok(monitoring.findings())
}

/// Everything that an environment's folder renders.
pub(crate) fn rendered(workspace: &Workspace, folder: &Path) -> Result<Vec<Value>> {
    let python = tools::python_package(workspace, &tools::KUBERNETES_VALIDATE)?;
    let rendering = capture(Command::new("kubectl").arg("kustomize").arg(folder))?;
    let file = scratch(workspace)?.join("rendered.yaml");
    fs::write(&file, rendering)?;
    serde_json::from_str(&as_json(&python, &file)?).context("the rendering as JSON")
}

/// Where files are put for the tools to read.
fn scratch(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("deploy-check");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The validator's own YAML parser, so that both judge the same thing.
fn as_json(python: &Path, file: &Path) -> Result<String> {
    const CONVERT: &str = "import json, sys, yaml\n\
                           print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1])) if d]))";
    capture(
        Command::new(python.join("python3"))
            .args(["-c", CONVERT])
            .arg(file),
    )
}

/// `deploy/base` and every folder of `deploy/overlays`.
fn environments(deploy: &Path) -> Result<Vec<Environment>> {
    let mut folders = vec![deploy.join("base")];
    let overlays = deploy.join("overlays");
    for entry in fs::read_dir(&overlays).with_context(|| overlays.display().to_string())? {
        folders.push(entry?.path());
    }
    folders.sort();
    for folder in &folders {
        if !folder.join("kustomization.yaml").exists() {
            bail!("{} has no kustomization.yaml", folder.display());
        }
    }
    folders.into_iter().map(Environment::of).collect()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
