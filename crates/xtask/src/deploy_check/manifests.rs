//! The parts of rendered manifests that are judged: who may reach whom, and what is
//! mounted.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Labels that pods have, or must have to be selected.
pub(super) type Labels = BTreeMap<String, String>;

/// Everything of one environment that is judged.
#[derive(Default)]
pub(super) struct Manifests {
    pub(super) policies: Vec<NetworkPolicy>,
    /// Workload → the labels of its pods.
    pub(super) pods: BTreeMap<String, Labels>,
    /// What else selects pods: its kind and name, and by which labels.
    pub(super) selectors: Vec<(String, String, Option<Labels>)>,
    /// Workload → what its pods mount.
    pub(super) mounts: BTreeMap<String, Mounts>,
    /// Configuration → the text of its `service.toml`.
    pub(super) configurations: BTreeMap<String, String>,
}

/// What the pods of a workload mount.
#[derive(Default)]
pub(super) struct Mounts {
    /// Folders in which secrets stand.
    pub(super) secrets: Vec<String>,
    /// Configurations.
    pub(super) configurations: Vec<String>,
}

/// A network policy, by its own names.
#[derive(Deserialize)]
pub(super) struct NetworkPolicy {
    #[serde(skip)]
    pub(super) name: String,
    #[serde(rename = "podSelector")]
    pub(super) selector: Selector,
    #[serde(rename = "policyTypes", default)]
    pub(super) types: Vec<String>,
    #[serde(default)]
    pub(super) ingress: Vec<Rule>,
    #[serde(default)]
    pub(super) egress: Vec<Rule>,
}

/// What one direction lets through.
#[derive(Deserialize)]
pub(super) struct Rule {
    #[serde(alias = "from", alias = "to", default)]
    pub(super) peers: Vec<Peer>,
    /// None at all means every port.
    #[serde(default)]
    pub(super) ports: Vec<Port>,
}

/// One other side.
#[derive(Deserialize)]
pub(super) struct Peer {
    #[serde(rename = "podSelector", default)]
    pub(super) pods: Option<Selector>,
}

/// A set of pods.
#[derive(Deserialize, PartialEq, Eq)]
pub(super) struct Selector {
    #[serde(rename = "matchLabels", default)]
    pub(super) labels: Labels,
    #[serde(rename = "matchExpressions", default)]
    pub(super) expressions: Vec<Value>,
}

/// A port by name or number.
#[derive(Deserialize)]
pub(super) struct Port {
    #[serde(default)]
    pub(super) port: Option<Value>,
}

impl Manifests {
    /// Takes the manifests as one JSON list.
    pub(super) fn parse(json: &str) -> Result<Self> {
        let documents: Vec<Value> = serde_json::from_str(json).context("the rendering as JSON")?;
        let mut manifests = Self::default();
        for document in documents {
            let kind = document["kind"].as_str().unwrap_or_default().to_owned();
            let name = document["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let at = |pointer: &str| document.pointer(pointer).map(labels);
            match kind.as_str() {
                "NetworkPolicy" => {
                    let policy = NetworkPolicy::deserialize(&document["spec"])
                        .with_context(|| format!("{kind} {name}"))?;
                    manifests.policies.push(NetworkPolicy { name, ..policy });
                }
                "Deployment" => {
                    let pods = at("/spec/template/metadata/labels").unwrap_or_default();
                    manifests.pods.insert(name.clone(), pods);
                    let mounts = Mounts::of(&document["spec"]["template"]["spec"]);
                    manifests.mounts.insert(name.clone(), mounts);
                    manifests
                        .selectors
                        .push((kind, name, at("/spec/selector/matchLabels")));
                }
                "PodDisruptionBudget" => {
                    let selector = at("/spec/selector/matchLabels");
                    manifests.selectors.push((kind, name, selector));
                }
                "ConfigMap" => {
                    if let Some(text) = document["data"]["service.toml"].as_str() {
                        manifests.configurations.insert(name, text.to_owned());
                    }
                }
                "Service" => manifests.selectors.push((kind, name, at("/spec/selector"))),
                _ => {}
            }
        }
        Ok(manifests)
    }
}

impl Mounts {
    fn of(pod: &Value) -> Self {
        let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
        let containers = each(&pod["containers"]).into_iter();
        let mounted: Vec<_> = containers
            .flat_map(|container| each(&container["volumeMounts"]))
            .collect();
        let mut mounts = Self::default();
        for volume in each(&pod["volumes"]) {
            if let Some(name) = volume["configMap"]["name"].as_str() {
                mounts.configurations.push(name.to_owned());
            }
            if volume["secret"].is_object() {
                let here = mounted
                    .iter()
                    .filter(|mount| mount["name"] == volume["name"]);
                let paths = here.filter_map(|mount| mount["mountPath"].as_str());
                mounts.secrets.extend(paths.map(str::to_owned));
            }
        }
        mounts
    }
}

impl Selector {
    /// Whether it selects every pod of the namespace.
    pub(super) fn selects_all(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// The value of its only label, when that is `key` and nothing else narrows it.
    pub(super) fn only(&self, key: &str) -> Option<&str> {
        let alone = self.labels.len() == 1 && self.expressions.is_empty();
        self.labels.get(key).filter(|_| alone).map(String::as_str)
    }
}

impl Rule {
    /// Whether it opens the port of this name.
    pub(super) fn opens(&self, port: &str) -> bool {
        self.ports.is_empty()
            || self
                .ports
                .iter()
                .any(|open| open.port.as_ref().is_none_or(|open| open == port))
    }
}

fn labels(value: &Value) -> Labels {
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}
