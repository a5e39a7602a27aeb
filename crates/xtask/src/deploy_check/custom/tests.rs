//! A certificate and its issuer, and what is wrong with them.

use super::*;
use serde_json::json;

fn certificate() -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "consent-tls", "namespace": "aval"},
        "spec": {
            "secretName": "consent-tls",
            "dnsNames": ["consent"],
            "uris": ["spiffe://aval/consent"],
            "duration": "720h",
            "renewBefore": "1h30m",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["server auth"],
            "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": "aval"},
        },
    })
}

fn manifests(documents: &[Value]) -> Manifests {
    Manifests::parse(&Value::from(documents.to_vec()).to_string()).expect("valid manifests")
}

fn found(document: Value) -> Vec<String> {
    findings(&manifests(&[document]))
}

fn found_with(pointer: &str, value: Value) -> Vec<String> {
    let mut document = certificate();
    *document.pointer_mut(pointer).expect("it is there") = value;
    found(document)
}

#[test]
fn a_kind_as_it_must_be_and_those_of_kubernetes_are_no_findings() {
    let own = json!({"apiVersion": "apps/v1", "kind": "Deployment", "anything": 1});
    let service = json!({"apiVersion": "v1", "kind": "Service"});
    let found = findings(&manifests(&[certificate(), own, service]));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_kind_of_which_nothing_is_known_is_found_and_so_is_another_version() {
    let foreign = json!({"apiVersion": "a.example/v1", "kind": "B", "metadata": {"name": "c"}});
    assert_eq!(
        found(foreign),
        ["a.example/v1 B c: no shape of this kind is known"]
    );
    let mut document = certificate();
    document["apiVersion"] = json!("cert-manager.io/v1alpha2");
    assert_eq!(found(document).len(), 1);
}

#[test]
fn a_field_that_is_misspelt_is_found_twice() {
    let mut document = certificate();
    let spec = document["spec"].as_object_mut().expect("it is one");
    let name = spec.remove("secretName").expect("it is there");
    spec.insert("secretname".to_owned(), name);
    assert_eq!(
        found(document),
        [
            "Certificate consent-tls: spec.secretname is unknown",
            "Certificate consent-tls: spec.secretName is missing"
        ]
    );
}

#[test]
fn values_of_another_form_are_found_where_they_stand() {
    for (pointer, value, place) in [
        ("/spec/secretName", json!(""), "spec.secretName"),
        ("/spec/dnsNames", json!("consent"), "spec.dnsNames"),
        ("/spec/dnsNames", json!([]), "spec.dnsNames"),
        ("/spec/uris/0", json!(1), "spec.uris[0]"),
        ("/spec/duration", json!("30d"), "spec.duration"),
        ("/spec/duration", json!("h"), "spec.duration"),
        ("/spec/duration", json!("720"), "spec.duration"),
        ("/spec/privateKey", json!(["ECDSA"]), "spec.privateKey"),
        (
            "/spec/privateKey/size",
            json!("256"),
            "spec.privateKey.size",
        ),
        (
            "/spec/issuerRef/kind",
            json!("Isuer"),
            "spec.issuerRef.kind",
        ),
    ] {
        let found = found_with(pointer, value);
        let expected = format!("Certificate consent-tls: {place} is of another form");
        assert!(found.contains(&expected), "{found:?}");
    }
}

#[test]
fn what_stands_beside_spec_is_judged_too() {
    let mut document = certificate();
    document["data"] = json!({});
    document["metadata"]["label"] = json!({});
    document.as_object_mut().expect("it is one").remove("spec");
    assert_eq!(
        found(document),
        [
            "Certificate consent-tls: data is unknown",
            "Certificate consent-tls: metadata.label is unknown",
            "Certificate consent-tls: spec is missing"
        ]
    );
}

fn certificates_found(certificate: Option<Value>) -> Vec<String> {
    let deployment = json!({
        "kind": "Deployment",
        "metadata": {"name": "consent"},
        "spec": {"template": {"spec": {"containers": [{"image": "r.example/aval-consent:1"}]}}},
    });
    let documents: Vec<Value> = certificate.into_iter().chain([deployment]).collect();
    let table = "[services]\n\"aval.consent.v1.GrantService\" = []\n";
    let callers = Callers::parse(table).expect("valid TOML");
    certificates(&manifests(&documents), &callers)
}

#[test]
fn a_certificate_names_its_workload_and_nothing_else() {
    assert_eq!(
        certificates_found(Some(certificate())),
        Vec::<String>::new()
    );
    let mut document = certificate();
    document["spec"]["uris"] = json!(["spiffe://aval/consent", "spiffe://aval/audit"]);
    assert_eq!(certificates_found(Some(document)).len(), 1);
    let mut document = certificate();
    document["spec"]["dnsNames"] = json!(["audit"]);
    assert_eq!(certificates_found(Some(document)).len(), 1);
}

#[test]
fn a_workload_without_a_certificate_is_found() {
    assert_eq!(
        certificates_found(None),
        ["no certificate makes the secret consent-tls"]
    );
}
