//! Two workloads: `consent` calls `audit`, `gateway` calls `consent`.

use super::super::callers::Callers;
use super::super::manifests::Manifests;
use super::differences;
use serde_json::{Value, json};

const TABLE: &str = "[services]\n\
    \"aval.consent.v1.GrantService\" = [\"gateway\"]\n\
    \"aval.audit.v1.TrailService\" = [\"consent\"]\n";

fn workload(name: &str, admits: &[&str], calls: &[&str]) -> Vec<Value> {
    let own = json!({"app.kubernetes.io/name": name});
    let named =
        |kind: &str, spec: Value| json!({"kind": kind, "metadata": {"name": name}, "spec": spec});
    let peers = |key: &str, names: &[&str]| -> Vec<Value> {
        names
            .iter()
            .map(|name| json!({"podSelector": {"matchLabels": {key: name}}}))
            .collect()
    };
    let port = json!([{"port": "grpc"}]);
    vec![
        named(
            "Deployment",
            json!({
                "selector": {"matchLabels": own},
                "template": {"metadata": {"labels": {"app.kubernetes.io/name": name, "aval/caller": name}}},
            }),
        ),
        named("Service", json!({"selector": own})),
        named(
            "PodDisruptionBudget",
            json!({"selector": {"matchLabels": own}}),
        ),
        named(
            "NetworkPolicy",
            json!({
                "podSelector": {"matchLabels": own},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": peers("aval/caller", admits), "ports": port}],
                "egress": [{"to": peers("app.kubernetes.io/name", calls), "ports": port}],
            }),
        ),
    ]
}

fn deny_all() -> Value {
    json!({
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny-all"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    })
}

/// `audit` lists `consent` without `to`, for it calls nobody.
fn in_order() -> Vec<Value> {
    let mut audit = workload("audit", &["consent"], &[]);
    audit[3]["spec"]["egress"] = json!([]);
    [
        workload("consent", &["gateway"], &["audit"]),
        audit,
        vec![deny_all()],
    ]
    .concat()
}

fn found(documents: &[Value]) -> Vec<String> {
    let callers = Callers::parse(TABLE).expect("valid TOML");
    let manifests =
        Manifests::parse(&Value::from(documents.to_vec()).to_string()).expect("valid manifests");
    differences(&manifests, &callers)
}

const CONSENT_POLICY: usize = 3;
const AUDIT_POLICY: usize = 7;
const DENY_ALL: usize = 8;

#[test]
fn policies_that_equal_the_table_are_in_order() {
    assert_eq!(found(&in_order()), Vec::<String>::new());
}

#[test]
fn a_caller_too_many_and_one_too_few_are_found() {
    let mut documents = in_order();
    let peer = "/spec/ingress/0/from/0/podSelector/matchLabels/aval~1caller";
    *documents[CONSENT_POLICY]
        .pointer_mut(peer)
        .expect("the policy has a peer") = json!("records");
    assert_eq!(
        found(&documents),
        [
            "consent admits records, whom deploy/base/callers.toml does not list",
            "consent does not admit gateway, whom deploy/base/callers.toml lists",
        ]
    );
}

#[test]
fn a_way_out_that_is_missing_or_unwanted_is_found() {
    let mut documents = in_order();
    documents[CONSENT_POLICY]["spec"]["egress"] = json!([]);
    documents[AUDIT_POLICY]["spec"]["egress"] = json!([{"to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "consent"}}}], "ports": [{"port": 8443}]}]);
    assert_eq!(
        found(&documents),
        [
            "audit can reach consent and is not its caller",
            "consent is a caller of audit and cannot reach it",
        ]
    );
}

#[test]
fn a_rule_without_peers_or_without_ports_opens_too_much() {
    let mut documents = in_order();
    documents[AUDIT_POLICY]["spec"]["ingress"][0]["from"] = json!([]);
    assert!(found(&documents).contains(&"audit admits anybody at grpc: name the peers".to_owned()));
    let mut documents = in_order();
    documents[AUDIT_POLICY]["spec"]["ingress"] = json!([{"from": [{"namespaceSelector": {}}]}]);
    let found = found(&documents);
    assert!(
        found[0].contains("not named by aval/caller alone"),
        "{found:?}"
    );
}

#[test]
fn a_peer_narrowed_by_another_label_is_found() {
    let mut documents = in_order();
    let labels =
        &mut documents[AUDIT_POLICY]["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"];
    labels["app.kubernetes.io/name"] = json!("audit");
    assert!(found(&documents)[0].contains("not named by aval/caller alone"));
}

#[test]
fn the_policy_that_denies_everything_may_not_be_missing_or_one_sided() {
    let mut documents = in_order();
    documents[DENY_ALL]["spec"]["policyTypes"] = json!(["Ingress"]);
    assert_eq!(found(&documents).len(), 1);
    documents.pop();
    assert_eq!(found(&documents).len(), 1);
}

#[test]
fn a_policy_for_every_pod_may_not_open_the_port() {
    let mut documents = in_order();
    let mut policy = deny_all();
    policy["spec"]["egress"] = json!([{"to": [{"namespaceSelector": {}}]}]);
    documents.push(policy);
    assert!(found(&documents)[0].contains("without selecting one workload"));
}

#[test]
fn pods_and_selectors_carry_the_workloads_name() {
    let mut documents = in_order();
    documents[0]["spec"]["template"]["metadata"]["labels"]["aval/caller"] = json!("other");
    documents[2]["spec"] = json!({"maxUnavailable": 1});
    assert_eq!(
        found(&documents),
        [
            "consent: its pods need the label aval/caller: consent",
            "consent: its PodDisruptionBudget must select exactly app.kubernetes.io/name: consent",
        ]
    );
}

#[test]
fn a_workload_with_callers_needs_a_deployment() {
    let documents = in_order().split_off(4);
    assert!(found(&documents).contains(&"consent has callers and no deployment".to_owned()));
}
