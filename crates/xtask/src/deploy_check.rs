//! `cargo xtask deploy-check`: `deploy/` renders, is valid, and opens the network to
//! exactly those whom `deploy/base/callers.toml` allows, mounts the secrets that the services
//! read, and watches what they expose.

mod callers;
mod manifests;
mod monitoring;
mod policies;
mod secrets;

use crate::not_run::NotRun;
use crate::process::{capture, run as run_command};
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use callers::Callers;
use manifests::Manifests;
use monitoring::Monitoring;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Kubernetes version whose schemas the manifests must satisfy to the letter.
const KUBERNETES: &str = "1.34";

/// Renders every environment, validates it and compares it with the callers allowed;
/// judges alerts and dashboards.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::load()?;
    let deploy = workspace.root.join("deploy");
    let mut not_run = NotRun::default();
    let callers = Callers::parse(&read(&deploy.join("base/callers.toml"))?)?;
    let mut findings =
        callers.differences_from(&callers::declared_below(&workspace.root.join("proto"))?);

    let environments = environments(&deploy)?;
    match render_and_judge(&workspace, &environments, &callers) {
        Ok(found) => findings.extend(found),
        Err(Missing::Tool(reason)) => not_run.add("rendering and validating deploy/", reason),
        Err(Missing::Nothing(error)) => return Err(error),
    }
    findings.extend(judge_monitoring(&workspace, &mut not_run)?);
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

/// Why nothing was judged: the machine lacks a tool, or the manifests are wrong.
enum Missing {
    Tool(anyhow::Error),
    Nothing(anyhow::Error),
}

fn render_and_judge(
    workspace: &Workspace,
    environments: &[PathBuf],
    callers: &Callers,
) -> Result<Vec<String>, Missing> {
    let kubectl = tools::on_path("kubectl")
        .context("kubectl is not on the path; 1.30 or later renders")
        .map_err(Missing::Tool)?;
    let python =
        tools::python_package(workspace, &tools::KUBERNETES_VALIDATE).map_err(Missing::Tool)?;
    let mut findings = Vec::new();
    for environment in environments {
        let name = environment
            .strip_prefix(&workspace.root)
            .unwrap_or(environment)
            .display();
        let found = judge(workspace, environment, &kubectl, &python, callers)
            .with_context(|| name.to_string())
            .map_err(Missing::Nothing)?;
        findings.extend(
            found
                .into_iter()
                .map(|finding| format!("{name}: {finding}")),
        );
    }
    Ok(findings)
}

fn judge_monitoring(workspace: &Workspace, not_run: &mut NotRun) -> Result<Vec<String>> {
    let python = match tools::python_package(workspace, &tools::KUBERNETES_VALIDATE) {
        Ok(python) => python,
        Err(reason) => {
            not_run.add("reading deploy/monitoring", reason);
            return Ok(Vec::new());
        }
    };
    let monitoring = Monitoring::read(workspace, &python)?;
    match monitoring::promtool(workspace) {
        Ok(promtool) => monitoring.run_promtool(&promtool, &scratch(workspace)?)?,
        Err(reason) => not_run.add("the tests of the alerts", reason),
    }
    Ok(monitoring.findings())
}

/// Where files are put for the tools to read.
fn scratch(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("deploy-check");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn judge(
    workspace: &Workspace,
    environment: &Path,
    kubectl: &Path,
    python: &Path,
    callers: &Callers,
) -> Result<Vec<String>> {
    let rendering = capture(Command::new(kubectl).arg("kustomize").arg(environment))?;
    let name = environment
        .file_name()
        .context("an environment has a name")?;
    let file = scratch(workspace)?.join(name).with_extension("yaml");
    fs::write(&file, rendering)?;
    run_command(
        Command::new(python.join("kubernetes-validate"))
            .args(["-k", KUBERNETES, "--strict", "--quiet"])
            .arg(&file),
    )?;
    let manifests = Manifests::parse(&as_json(python, &file)?)?;
    let mut findings = policies::differences(&manifests, callers);
    findings.extend(secrets::missing(&manifests));
    Ok(findings)
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
fn environments(deploy: &Path) -> Result<Vec<PathBuf>> {
    let mut environments = vec![deploy.join("base")];
    let overlays = deploy.join("overlays");
    for entry in fs::read_dir(&overlays).with_context(|| overlays.display().to_string())? {
        environments.push(entry?.path());
    }
    environments.sort();
    for environment in &environments {
        if !environment.join("kustomization.yaml").exists() {
            bail!("{} has no kustomization.yaml", environment.display());
        }
    }
    Ok(environments)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
