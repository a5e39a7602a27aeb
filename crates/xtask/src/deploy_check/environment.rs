//! One environment: rendered, validated, and judged by everything that is asked of it.

use super::callers::Callers;
use super::manifests::Manifests;
use super::settings::Settings;
use super::{as_json, custom, development, images, migrations, policies, secrets};
use crate::process::{capture, run as run_command};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Kubernetes version whose schemas the manifests must satisfy to the letter.
const KUBERNETES: &str = "1.34";

/// A folder that renders, by the name of which it is spoken.
pub(super) struct Environment {
    folder: PathBuf,
    name: String,
}

/// With what, and by what, an environment is judged.
pub(super) struct Judge<'a> {
    pub(super) callers: &'a Callers,
    pub(super) settings: &'a Settings,
    pub(super) version: &'a str,
    pub(super) scratch: &'a Path,
    pub(super) kubectl: &'a Path,
    pub(super) python: &'a Path,
}

impl Environment {
    /// The environment in a folder.
    pub(super) fn of(folder: PathBuf) -> Result<Self> {
        let name = folder.file_name().context("an environment has a name")?;
        let name = name.to_string_lossy().into_owned();
        Ok(Self { folder, name })
    }

    /// Whether it is only what the others share.
    pub(super) fn is_base(&self) -> bool {
        self.name == images::BASE
    }
}

impl Judge<'_> {
    /// The file of what it renders, and the findings.
    pub(super) fn judge(&self, environment: &Environment) -> Result<(PathBuf, Vec<String>)> {
        let name = &environment.name;
        self.render_and_judge(environment)
            .with_context(|| name.clone())
            .map(|(file, findings)| {
                let findings = findings.into_iter();
                let findings = findings.map(|finding| format!("{name}: {finding}"));
                (file, findings.collect())
            })
    }

    fn render_and_judge(&self, environment: &Environment) -> Result<(PathBuf, Vec<String>)> {
        let mut kustomize = Command::new(self.kubectl);
        let rendering = capture(kustomize.arg("kustomize").arg(&environment.folder))?;
        let file = self.scratch.join(format!("{}.yaml", environment.name));
        fs::write(&file, rendering)?;
        let manifests = Manifests::parse(&as_json(self.python, &file)?)?;
        self.validate(environment, &manifests)?;

        let mut findings = policies::differences(&manifests, self.callers);
        findings.extend(migrations::findings(&manifests, self.callers));
        findings.extend(secrets::findings(&manifests));
        findings.extend(self.settings.findings(&manifests));
        findings.extend(development::findings(&manifests, &environment.name));
        findings.extend(images::findings(
            &manifests,
            &environment.name,
            self.version,
        ));
        findings.extend(custom::findings(&manifests));
        findings.extend(custom::certificates(&manifests, self.callers));
        Ok((file, findings))
    }

    /// Kubernetes' own kinds by its schemas: the validator knows no others.
    fn validate(&self, environment: &Environment, manifests: &Manifests) -> Result<()> {
        let built_in = manifests.documents.iter();
        let built_in = built_in.filter(|document| custom::is_built_in(document));
        let text: Vec<String> = built_in.map(Value::to_string).collect();
        let file = format!("{}-built-in.yaml", environment.name);
        let file = self.scratch.join(file);
        fs::write(&file, text.join("\n---\n"))?;
        run_command(
            Command::new(self.python.join("kubernetes-validate"))
                .args(["-k", KUBERNETES, "--strict", "--quiet"])
                .arg(&file),
        )
    }
}
