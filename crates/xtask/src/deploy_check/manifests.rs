//! The parts of rendered manifests that are judged: who may reach whom, and what is
//! mounted.

use super::workloads::Workload;
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
    pub(super) workloads: Vec<Workload>,
    /// What selects pods: its kind and name, and by which labels.
    pub(super) selectors: Vec<(String, String, Option<Labels>)>,
    /// Configuration → the texts of its files.
    pub(super) configurations: BTreeMap<String, Vec<String>>,
    /// All as they stand.
    pub(super) documents: Vec<Value>,
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
        for document in &documents {
            let kind = document["kind"].as_str().unwrap_or_default().to_owned();
            let name = document["metadata"]["name"].as_str().unwrap_or_default();
            let name = name.to_owned();
            let at = |pointer: &str| document.pointer(pointer).map(labels);
            match kind.as_str() {
                "NetworkPolicy" => {
                    let policy = NetworkPolicy::deserialize(&document["spec"])
                        .with_context(|| format!("{kind} {name}"))?;
                    manifests.policies.push(NetworkPolicy { name, ..policy });
                }
                "Deployment" | "PodDisruptionBudget" => {
                    let selector = at("/spec/selector/matchLabels");
                    manifests.selectors.push((kind, name, selector));
                }
                "ConfigMap" => {
                    manifests
                        .configurations
                        .insert(name, labels(&document["data"]).into_values().collect());
                }
                "Service" => manifests.selectors.push((kind, name, at("/spec/selector"))),
                _ => {}
            }
            manifests.workloads.extend(Workload::of(document));
        }
        manifests.documents = documents;
        Ok(manifests)
    }

    /// The deployment, or whatever kind, of this name.
    pub(super) fn workload(&self, kind: &str, name: &str) -> Option<&Workload> {
        self.workloads
            .iter()
            .find(|workload| workload.kind == kind && workload.name == name)
    }
}

impl Selector {
    /// Whether it selects every pod of the namespace.
    pub(super) fn selects_all(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether it selects pods with these labels.
    pub(super) fn matches(&self, pods: &Labels) -> bool {
        let has = |(key, value): (&String, &String)| pods.get(key) == Some(value);
        self.labels.iter().all(has)
            && self.expressions.iter().all(|expression| {
                let value = expression["key"].as_str().and_then(|key| pods.get(key));
                let among = || {
                    let values = expression["values"].as_array().into_iter().flatten();
                    value.is_some_and(|value| values.into_iter().any(|one| one == value))
                };
                match expression["operator"].as_str() {
                    Some("Exists") => value.is_some(),
                    Some("DoesNotExist") => value.is_none(),
                    Some("In") => among(),
                    Some("NotIn") => !among(),
                    _ => true,
                }
            })
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

/// The texts of an object, by their keys.
pub(super) fn labels(value: &Value) -> Labels {
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(text)
        .collect()
}
