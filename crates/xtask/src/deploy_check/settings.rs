//! Whether what containers are told in variables is a setting of their programs: a key that
//! the sample of the service's configuration documents.

mod sample;

use super::manifests::Manifests;
use super::workloads::Container;
use super::{images, read};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Our variables, and nobody else's, begin with it.
const OURS: &str = "AVAL_";

/// Sections in which operators name the keys.
const NAMED_BY_OPERATORS: [&str; 2] = [
    "patients_provider.acr_values",
    "practitioners_provider.acr_values",
];

/// What can be set, and where something is.
pub(super) struct Settings {
    /// Service → the keys of its sample.
    known: BTreeMap<String, BTreeSet<String>>,
    /// File → the variables of ours that it names.
    named: BTreeMap<String, BTreeSet<String>>,
}

impl Settings {
    /// Reads the samples of all services, and every file below `deploy/`.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut known = BTreeMap::new();
        let services = root.join("services");
        for entry in fs::read_dir(&services).with_context(|| services.display().to_string())? {
            let service = entry?.file_name().to_string_lossy().into_owned();
            let text = read(&root.join(sample_of(&service)))?;
            known.insert(service, sample::keys(&text));
        }
        let mut named = BTreeMap::new();
        name_below(&root.join("deploy"), root, &mut named)?;
        Ok(Self { known, named })
    }

    /// One finding for each variable of a container that its program does not know.
    pub(super) fn findings(&self, manifests: &Manifests) -> Vec<String> {
        let mut findings = Vec::new();
        for workload in &manifests.workloads {
            for container in &workload.containers {
                for variable in variables(manifests, container) {
                    let wrong = self.wrong(&container.image, &variable);
                    findings.extend(wrong.map(|wrong| {
                        let files = self.files_with(&variable);
                        format!("{} sets {variable}{files}: {wrong}", workload.name)
                    }));
                }
            }
        }
        findings
    }

    fn wrong(&self, image: &str, variable: &str) -> Option<String> {
        let rest = variable.strip_prefix(OURS)?;
        let mut services = self.known.iter();
        let read_by = services.find_map(|(service, keys)| {
            let own = rest.strip_prefix(&service.to_uppercase().replace('-', "_"))?;
            let is_own = own.starts_with("__") || own == "_CONFIG";
            is_own.then_some((service, keys, own))
        });
        let Some((service, keys, own)) = read_by else {
            return Some("no service reads it".to_owned());
        };
        if let Some(other) = images::service(image).filter(|other| other != service) {
            return Some(format!("aval-{other} does not read it"));
        }
        // What is left is the name of the file.
        let key = own.strip_prefix("__")?;
        let key = key.to_ascii_lowercase().replace("__", ".");
        let is_known = keys.contains(&key) || is_named_by_operators(&key);
        (!is_known).then(|| format!("{} documents no {key}", sample_of(service)))
    }

    /// Where a variable is named, as far as it stands in files as it is.
    fn files_with(&self, variable: &str) -> String {
        let files = self.named.iter();
        let files = files.filter(|(_, variables)| variables.contains(variable));
        let files: Vec<&str> = files.map(|(file, _)| file.as_str()).collect();
        if files.is_empty() {
            return String::new();
        }
        format!(" in {}", files.join(", "))
    }
}

fn sample_of(service: &str) -> String {
    format!("services/{service}/config/{service}.toml")
}

fn is_named_by_operators(key: &str) -> bool {
    key.rsplit_once('.')
        .is_some_and(|(section, _)| NAMED_BY_OPERATORS.contains(&section))
}

/// The names of a container's variables, from wherever they come.
fn variables(manifests: &Manifests, container: &Container) -> Vec<String> {
    let mut names = container.variable_names.clone();
    for (configuration, prefix) in &container.variables_of {
        let document = manifests.documents.iter().find(|document| {
            document["kind"] == "ConfigMap" && document["metadata"]["name"] == **configuration
        });
        let keys = document.and_then(|document| document["data"].as_object());
        let keys = keys.into_iter().flat_map(|data| data.keys());
        names.extend(keys.map(|key| format!("{prefix}{key}")));
    }
    names
}

/// Gathers which files name which of our variables.
fn name_below(
    folder: &Path,
    root: &Path,
    named: &mut BTreeMap<String, BTreeSet<String>>,
) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            name_below(&path, root, named)?;
            continue;
        }
        if path.extension().is_none_or(|kind| kind != "yaml") {
            continue;
        }
        let file = path.strip_prefix(root).unwrap_or(&path);
        named.insert(file.display().to_string(), named_in(&read(&path)?));
    }
    Ok(())
}

fn named_in(text: &str) -> BTreeSet<String> {
    let of_a_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    text.split(|char| !of_a_name(char))
        .filter(|word| word.starts_with(OURS))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
