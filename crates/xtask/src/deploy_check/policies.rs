//! Compares the network policies with the table of callers, both ways: whom a
//! workload lets in, and whom it may call.

use super::callers::Callers;
use super::manifests::{Labels, Manifests, NetworkPolicy, Rule};
use std::collections::BTreeSet;

/// The label that names a workload's pods.
pub(super) const NAME: &str = "app.kubernetes.io/name";

/// The label under which pods are admitted as a caller.
pub(super) const CALLER: &str = "aval/caller";

/// The port of the calls; named, so that a policy cannot mean another one by mistake.
const GRPC: &str = "grpc";

/// Its number, which a policy must not use in its place.
const GRPC_NUMBER: u64 = 8443;

/// What the policies open and the table does not, and the reverse.
pub(super) fn differences(manifests: &Manifests, callers: &Callers) -> Vec<String> {
    let workloads = callers.workloads();
    let mut findings = Vec::new();
    if !manifests.policies.iter().any(denies_all) {
        findings
            .push("no network policy denies everything to every pod in both directions".to_owned());
    }
    findings.extend(strangers(manifests, &workloads));
    for workload in &workloads {
        findings.extend(labels_and_selectors(manifests, workload));
        findings.extend(ingress(manifests, callers, workload));
        findings.extend(egress(manifests, callers, &workloads, workload));
    }
    findings
}

fn denies_all(policy: &NetworkPolicy) -> bool {
    let both = ["Ingress", "Egress"]
        .into_iter()
        .all(|way| policy.types.iter().any(|of| of == way));
    policy.selector.selects_all() && both && policy.ingress.is_empty() && policy.egress.is_empty()
}

/// A policy that selects anything else than one workload opens the port for all it selects.
fn strangers(manifests: &Manifests, workloads: &BTreeSet<String>) -> Vec<String> {
    manifests
        .policies
        .iter()
        .filter(|policy| {
            policy
                .selector
                .only(NAME)
                .is_none_or(|name| !workloads.contains(name))
        })
        .filter(|policy| policy.ingress.iter().chain(&policy.egress).any(opens_grpc))
        .map(|policy| {
            format!(
                "the policy {} opens {GRPC} without selecting one workload by {NAME}",
                policy.name
            )
        })
        .collect()
}

fn labels_and_selectors(manifests: &Manifests, workload: &str) -> Vec<String> {
    let Some(deployment) = manifests.workload("Deployment", workload) else {
        return vec![format!("{workload} has callers and no deployment")];
    };
    let labelled = |key: &str| {
        deployment
            .labels
            .get(key)
            .is_some_and(|value| value == workload)
    };
    let mut findings: Vec<String> = [NAME, CALLER]
        .into_iter()
        .filter(|key| !labelled(key))
        .map(|key| format!("{workload}: its pods need the label {key}: {workload}"))
        .collect();
    let own = Labels::from([(NAME.to_owned(), workload.to_owned())]);
    for kind in ["Deployment", "Service", "PodDisruptionBudget"] {
        let selects_own = manifests.selectors.iter().any(|(of, name, labels)| {
            of == kind && name == workload && labels.as_ref() == Some(&own)
        });
        if !selects_own {
            findings.push(format!(
                "{workload}: its {kind} must select exactly {NAME}: {workload}"
            ));
        }
    }
    findings
}

fn ingress(manifests: &Manifests, callers: &Callers, workload: &str) -> Vec<String> {
    let rules = policies_of(manifests, workload).flat_map(|policy| &policy.ingress);
    let (admitted, mut findings) = named_peers(rules, CALLER, &format!("{workload} admits"));
    let admitted: BTreeSet<&str> = admitted.iter().map(String::as_str).collect();
    let allowed = callers.of_workload(workload);
    for caller in admitted.difference(&allowed) {
        findings.push(format!(
            "{workload} admits {caller}, whom deploy/base/callers.toml does not list"
        ));
    }
    for caller in allowed.difference(&admitted) {
        findings.push(format!(
            "{workload} does not admit {caller}, whom deploy/base/callers.toml lists"
        ));
    }
    findings
}

fn egress(
    manifests: &Manifests,
    callers: &Callers,
    workloads: &BTreeSet<String>,
    workload: &str,
) -> Vec<String> {
    let rules = policies_of(manifests, workload).flat_map(|policy| &policy.egress);
    let (reached, mut findings) = named_peers(rules, NAME, &format!("{workload} may call"));
    for callee in workloads {
        let may_call = callers.of_workload(callee).contains(workload);
        match (may_call, reached.contains(callee)) {
            (true, false) => findings.push(format!(
                "{workload} is a caller of {callee} and cannot reach it"
            )),
            (false, true) => findings.push(format!(
                "{workload} can reach {callee} and is not its caller"
            )),
            _ => {}
        }
    }
    findings
}

fn policies_of<'a>(
    manifests: &'a Manifests,
    workload: &'a str,
) -> impl Iterator<Item = &'a NetworkPolicy> {
    manifests
        .policies
        .iter()
        .filter(move |policy| policy.selector.only(NAME) == Some(workload))
}

/// The names behind `key` of all peers that the rules open the port to; a peer
/// named otherwise, or none at all, is a finding.
fn named_peers<'a>(
    rules: impl Iterator<Item = &'a Rule>,
    key: &str,
    who: &str,
) -> (BTreeSet<String>, Vec<String>) {
    let mut names = BTreeSet::new();
    let mut findings = Vec::new();
    for rule in rules.filter(|rule| opens_grpc(rule)) {
        if rule.peers.is_empty() {
            findings.push(format!("{who} anybody at {GRPC}: name the peers"));
        }
        for peer in &rule.peers {
            match peer.pods.as_ref().and_then(|pods| pods.only(key)) {
                Some(name) => {
                    names.insert(name.to_owned());
                }
                None => findings.push(format!(
                    "{who} a peer at {GRPC} that is not named by {key} alone"
                )),
            }
        }
    }
    (names, findings)
}

fn opens_grpc(rule: &Rule) -> bool {
    let by_number = |open: &serde_json::Value| open.as_u64() == Some(GRPC_NUMBER);
    rule.opens(GRPC)
        || rule
            .ports
            .iter()
            .any(|open| open.port.as_ref().is_some_and(by_number))
}

#[cfg(test)]
mod tests;
