//! Whether every secret file that is to be read is mounted, and provided by somebody.

use super::images;
use super::manifests::Manifests;
use super::migrations::DATABASE;
use super::workloads::Workload;
use std::collections::{BTreeMap, BTreeSet};

/// Secret → its keys.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// One finding for each secret file that is read and not mounted or not provided, for each
/// that is provided and not read, and for each secret whose value stands in the manifests.
pub(super) fn findings(manifests: &Manifests) -> Vec<String> {
    let mut findings = Vec::new();
    let mut read = Keys::new();
    for workload in &manifests.workloads {
        findings.extend(without_files(manifests, workload));
        for file in files_of(manifests, workload) {
            match mounted(workload, file) {
                Some((secret, key)) => {
                    read.entry(secret).or_default().insert(key);
                }
                None => findings.push(format!(
                    "{} reads {file}, which is not mounted",
                    workload.name
                )),
            }
        }
    }
    // Whoever takes the images from nowhere is given the secrets by hand.
    if images::come_from_a_registry(manifests) {
        findings.extend(in_clear(manifests));
        findings.extend(unlike(&read, &provided(manifests)));
    }
    findings
}

/// Secrets that stand in the manifests themselves.
fn in_clear(manifests: &Manifests) -> impl Iterator<Item = String> {
    let documents = manifests.documents.iter();
    let secrets = documents.filter(|document| document["kind"] == "Secret");
    secrets.map(|secret| {
        let name = secret["metadata"]["name"].as_str().unwrap_or_default();
        format!("the secret {name} stands here for everybody to read: for development only")
    })
}

/// What keeps a workload's settings out of this check.
fn without_files(manifests: &Manifests, workload: &Workload) -> Vec<String> {
    let mut findings = Vec::new();
    let runs_ours = workload
        .containers
        .iter()
        .any(|container| images::is_ours(&container.image));
    if runs_ours && texts_of(manifests, workload).next().is_none() {
        findings.push(format!("{} mounts no service.toml", workload.name));
    }
    if workload
        .containers
        .iter()
        .any(|container| container.has_secret_variables)
    {
        findings.push(format!(
            "{} has a secret in a variable: secrets are files",
            workload.name
        ));
    }
    findings
}

/// Each file once. A migration has the whole configuration, and goes to its database only.
fn files_of<'a>(manifests: &'a Manifests, workload: &'a Workload) -> BTreeSet<&'a str> {
    let files = workload.secret_files(texts_of(manifests, workload));
    let only_the_database = workload.kind == "Job";
    files
        .filter(|file| !only_the_database || file.starts_with(DATABASE))
        .collect()
}

fn texts_of<'a>(
    manifests: &'a Manifests,
    workload: &'a Workload,
) -> impl Iterator<Item = &'a String> {
    let mounted = workload.configurations.iter();
    mounted
        .filter_map(|name| manifests.configurations.get(name))
        .flatten()
}

/// The secret and the key behind a file.
fn mounted(workload: &Workload, file: &str) -> Option<(String, String)> {
    workload.secrets.iter().find_map(|(secret, folder)| {
        let key = file
            .strip_prefix(folder.trim_end_matches('/'))?
            .strip_prefix('/')?;
        Some((secret.clone(), key.to_owned()))
    })
}

/// What the manifests have made.
fn provided(manifests: &Manifests) -> Keys {
    let mut provided = Keys::new();
    for document in &manifests.documents {
        let spec = &document["spec"];
        let (secret, keys): (_, Vec<_>) = match document["kind"].as_str() {
            Some("Certificate") => {
                let files = ["tls.crt", "tls.key", "ca.crt"].map(str::to_owned);
                (&spec["secretName"], files.to_vec())
            }
            Some("ExternalSecret") => {
                let data = spec["data"].as_array().into_iter().flatten();
                let keys = data.filter_map(|one| Some(one["secretKey"].as_str()?.to_owned()));
                (&document["metadata"]["name"], keys.collect())
            }
            _ => continue,
        };
        let secret = secret.as_str().unwrap_or_default().to_owned();
        provided.entry(secret).or_default().extend(keys);
    }
    provided
}

fn unlike(read: &Keys, provided: &Keys) -> Vec<String> {
    let has = |keys: &Keys, secret: &String, key: &String| {
        keys.get(secret).is_some_and(|keys| keys.contains(key))
    };
    let mut findings = Vec::new();
    for (secret, key) in each(read) {
        if !has(provided, secret, key) {
            findings.push(format!("nothing provides {key} of the secret {secret}"));
        }
    }
    for (secret, key) in each(provided) {
        // An authority is read by cert-manager itself.
        let is_for_a_pod = read.contains_key(secret) || !secret.ends_with("-authority");
        if is_for_a_pod && !has(read, secret, key) {
            findings.push(format!("nobody reads {key} of the secret {secret}"));
        }
    }
    findings
}

fn each(keys: &Keys) -> impl Iterator<Item = (&String, &String)> {
    keys.iter()
        .flat_map(|(secret, keys)| keys.iter().map(move |key| (secret, key)))
}

#[cfg(test)]
mod tests;
