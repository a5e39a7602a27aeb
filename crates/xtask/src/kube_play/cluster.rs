//! What a cluster makes of workloads, and podman does not: pods, each with an address under
//! which the others know it.
//!
//! What a pod's containers run, with which arguments, variables, files, users and rights, stays
//! as it renders. What is changed is what podman cannot do:
//!
//! - one pod for each workload, since it knows no replicas and no jobs;
//! - names and addresses in each pod's hosts file, since it knows no services;
//! - probes are asked by this program: podman would run `curl` inside of the container, where
//!   there is none;
//! - ports are not named: it would open each on the machine;
//! - a single file of a configuration is mounted from the machine: it knows no `subPath`;
//! - so are secrets, with the rights and the group that the cluster would give their files:
//!   podman 4.3 leaves them in base64, and everybody may read them;
//! - stores come from [`stand_in`].

use super::probe::Probe;
use super::stand_in;
use crate::process::capture;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

/// What a pod is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Store,
    Migration,
    Service,
}

/// One pod of one container.
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) address: String,
    pub(super) container: String,
    /// What says that it is ready, then what says that it is alive.
    pub(super) probes: Vec<Probe>,
    /// As podman plays it.
    pub(super) manifest: Value,
}

/// The pods of every deployment and job. `network` is what its addresses begin with; into
/// `files` go those that are mounted alone.
pub(super) fn pods(documents: &[Value], network: &str, files: &Path) -> Result<Vec<Pod>> {
    let workloads: Vec<&Value> = documents
        .iter()
        .filter(|document| document["kind"] == "Deployment" || document["kind"] == "Job")
        .collect();
    let addresses: Vec<(String, String)> = (10..)
        .zip(&workloads)
        .map(|(last, workload)| (name_of(workload), format!("{network}{last}")))
        .collect();
    let hosts: Vec<Value> = addresses
        .iter()
        .map(|(name, address)| json!({ "ip": address, "hostnames": [name] }))
        .collect();
    workloads
        .into_iter()
        .zip(&addresses)
        .map(|(workload, (name, address))| {
            let mut pod = pod(workload, name, address).with_context(|| name.clone())?;
            let spec = &mut pod.manifest["spec"];
            spec["hostAliases"] = hosts.clone().into();
            mount_single_files(spec, documents, files).with_context(|| name.clone())?;
            mount_secrets(spec, documents, &files.join(name)).with_context(|| name.clone())?;
            Ok(pod)
        })
        .collect()
}

fn name_of(document: &Value) -> String {
    let name = document["metadata"]["name"].as_str();
    name.unwrap_or_default().to_owned()
}

fn pod(workload: &Value, name: &str, address: &str) -> Result<Pod> {
    let template = &workload["spec"]["template"];
    let mut spec = template["spec"].clone();
    let containers = spec["containers"].as_array_mut();
    let containers = containers.context("it has containers")?;
    ensure!(
        containers.len() == 1,
        "it has another number of containers than one"
    );
    let container = &mut containers[0];
    let probes = Probe::of(container)?;
    let described = container
        .as_object_mut()
        .context("a container is an object")?;
    for key in ["livenessProbe", "readinessProbe", "lifecycle", "ports"] {
        described.remove(key);
    }
    let of_store = stand_in::of(container["image"].as_str().unwrap_or_default());
    let role = match (&workload["kind"], of_store) {
        (kind, None) if kind == "Job" => Role::Migration,
        (_, None) => Role::Service,
        (_, Some(image)) => {
            container["image"] = image.into();
            Role::Store
        }
    };
    container["imagePullPolicy"] = "Never".into();
    let container = name_of(&json!({ "metadata": container }));
    Ok(Pod {
        name: name.to_owned(),
        role,
        address: address.to_owned(),
        // As podman calls it.
        container: format!("{name}-{container}"),
        probes,
        manifest: json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name, "labels": template["metadata"]["labels"] },
            "spec": spec,
        }),
    })
}

/// Replaces what mounts one file of a configuration by that file, written to the machine.
fn mount_single_files(spec: &mut Value, documents: &[Value], files: &Path) -> Result<()> {
    let mut wanted = BTreeMap::new();
    for mount in spec["containers"][0]["volumeMounts"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let object = mount.as_object_mut().context("a mount is an object")?;
        if let Some(file) = object.remove("subPath") {
            let file = file.as_str().context("a path is a text")?.to_owned();
            wanted.insert(object["name"].as_str().unwrap_or_default().to_owned(), file);
        }
    }
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        let Some(file) = wanted.remove(volume["name"].as_str().unwrap_or_default()) else {
            continue;
        };
        let configuration = &volume["configMap"]["name"];
        let is_it = |document: &&Value| {
            document["kind"] == "ConfigMap" && document["metadata"]["name"] == *configuration
        };
        let text = documents
            .iter()
            .find(is_it)
            .and_then(|document| document["data"][&file].as_str())
            .with_context(|| format!("{configuration} has no {file}"))?;
        let folder = files.join(configuration.as_str().unwrap_or_default());
        fs::create_dir_all(&folder)?;
        let path = folder.join(&file);
        fs::write(&path, text)?;
        // Whoever the container runs as.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
        *volume = json!({
            "name": volume["name"],
            "hostPath": { "path": path, "type": "File" },
        });
    }
    ensure!(wanted.is_empty(), "no volume is named {wanted:?}");
    Ok(())
}

/// Replaces each secret by a folder of the machine with its files.
fn mount_secrets(spec: &mut Value, documents: &[Value], folder: &Path) -> Result<()> {
    let group = spec["securityContext"]["fsGroup"].as_u64();
    let group = group.map(u32::try_from).transpose()?;
    for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
        let Some(secret) = volume.get("secret") else {
            continue;
        };
        let name = secret["secretName"]
            .as_str()
            .context("a secret has a name")?;
        let is_it = |document: &&Value| {
            document["kind"] == "Secret" && document["metadata"]["name"] == name
        };
        let found = documents.iter().find(is_it);
        let found = found.with_context(|| format!("there is no secret {name}"))?;
        let mode = u32::try_from(secret["defaultMode"].as_u64().unwrap_or(0o644))?;
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        for (form, is_encoded) in [("data", true), ("stringData", false)] {
            for (file, text) in found[form].as_object().into_iter().flatten() {
                let text = text.as_str().context("a secret holds texts")?;
                let path = folder.join(file);
                fs::write(&path, text)?;
                if is_encoded {
                    // What is long goes on in the next line.
                    fs::write(&path, text.split_whitespace().collect::<String>())?;
                    let mut openssl = Command::new("openssl");
                    let decoded = capture(openssl.args(["base64", "-d", "-A", "-in"]).arg(&path))?;
                    fs::write(&path, decoded)?;
                }
                fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
                chown(&path, None, group)?;
            }
        }
        *volume = json!({
            "name": volume["name"],
            "hostPath": { "path": folder, "type": "Directory" },
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Role, pods};
    use serde_json::{Value, json};

    fn documents() -> Vec<Value> {
        let container = json!({
            "name": "service",
            "image": "localhost/aval-consent:dev",
            "args": ["serve"],
            "ports": [{ "name": "ops", "containerPort": 9090 }],
            "readinessProbe": { "httpGet": { "path": "/ready", "port": "ops" } },
            "volumeMounts": [
                { "name": "config", "mountPath": "/etc/aval/service.toml", "subPath": "service.toml" },
                { "name": "tls", "mountPath": "/run/secrets/tls" },
            ],
        });
        let deployment = |name: &str, container: Value| {
            json!({
                "kind": "Deployment",
                "metadata": { "name": name },
                "spec": { "template": {
                    "metadata": { "labels": { "app": name } },
                    "spec": {
                        "containers": [container],
                        "volumes": [
                            { "name": "config", "configMap": { "name": "consent-1" } },
                            { "name": "tls", "secret": { "secretName": "consent-tls" } },
                        ],
                    },
                }},
            })
        };
        let store = json!({ "name": "redis", "image": "docker.io/library/redis:8.0.2-bookworm" });
        vec![
            deployment("consent", container),
            deployment("redis", store),
            json!({ "kind": "ConfigMap", "metadata": { "name": "consent-1" },
                "data": { "service.toml": "[grpc]\n" } }),
            json!({ "kind": "Secret", "metadata": { "name": "consent-tls" },
                "stringData": { "tls.key": "a key" } }),
        ]
    }

    #[test]
    fn a_workload_becomes_a_pod_that_runs_the_same_under_its_own_address() {
        let files = std::env::temp_dir().join(format!("aval-cluster-{}", std::process::id()));
        let pods = pods(&documents(), "10.1.2.", &files).expect("they are pods");
        let consent = &pods[0];
        assert_eq!(consent.role, Role::Service);
        assert_eq!(consent.address, "10.1.2.10");
        assert_eq!(consent.container, "consent-service");
        assert_eq!(consent.probes.len(), 1);
        let spec = &consent.manifest["spec"];
        assert_eq!(
            spec["hostAliases"][1],
            json!({ "ip": "10.1.2.11", "hostnames": ["redis"] })
        );
        let container = &spec["containers"][0];
        assert_eq!(container["args"], json!(["serve"]));
        assert_eq!(container["image"], "localhost/aval-consent:dev");
        assert_eq!(container.get("ports"), None);
        assert_eq!(container["volumeMounts"][0].get("subPath"), None);
        let file = spec["volumes"][0]["hostPath"]["path"]
            .as_str()
            .expect("a file");
        let text = std::fs::read_to_string(file).expect("it is written");
        std::fs::remove_dir_all(&files).expect("they are removed");
        assert_eq!(text, "[grpc]\n");
        let folder = spec["volumes"][1]["hostPath"]["path"].as_str();
        assert!(folder.expect("a folder").ends_with("consent/consent-tls"));
        assert_eq!(pods[1].role, Role::Store);
    }

    #[test]
    fn a_file_that_no_configuration_has_is_an_error() {
        let mut documents = documents();
        documents.truncate(2);
        let error = pods(&documents, "10.1.2.", &std::env::temp_dir()).err();
        let said = format!("{:#}", error.expect("there is no such file"));
        assert!(said.contains("service.toml"), "{said}");
    }
}
