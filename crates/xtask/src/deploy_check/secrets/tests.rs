//! One workload that mounts a certificate, a configuration, and what is said of it.

use super::*;
use serde_json::{Value, json};

fn documents(service_toml: &str) -> Vec<Value> {
    vec![
        json!({
            "kind": "ConfigMap",
            "metadata": {"name": "consent-7h"},
            "data": {"service.toml": service_toml},
        }),
        json!({
            "kind": "Deployment",
            "metadata": {"name": "consent"},
            "spec": {"template": {"spec": {
                "containers": [{"image": "registry.example/aval-consent:1", "volumeMounts": [
                    {"name": "config", "mountPath": "/etc/aval"},
                    {"name": "tls", "mountPath": "/run/secrets/tls"},
                ]}],
                "volumes": [
                    {"name": "config", "configMap": {"name": "consent-7h"}},
                    {"name": "tls", "secret": {"secretName": "consent-tls"}},
                ],
            }}},
        }),
        json!({
            "kind": "Certificate",
            "metadata": {"name": "consent-tls"},
            "spec": {"secretName": "consent-tls"},
        }),
    ]
}

const CERTIFICATE: &str = "a = \"/run/secrets/tls/tls.crt\"\nb = \"/run/secrets/tls/tls.key\"\n\
                           url = \"postgres://a?sslrootcert=/run/secrets/tls/ca.crt&b=c\"\n";

fn found(documents: &[Value]) -> Vec<String> {
    let text = Value::from(documents.to_vec()).to_string();
    findings(&Manifests::parse(&text).expect("valid manifests"))
}

#[test]
fn a_secret_that_is_mounted_and_provided_is_no_finding() {
    let text = format!("{CERTIFICATE}# /run/secrets/never/read\n");
    assert_eq!(found(&documents(&text)), Vec::<String>::new());
}

#[test]
fn a_secret_that_is_not_mounted_is_a_finding_and_so_is_a_neighbour_of_one() {
    let text =
        format!("{CERTIFICATE}a = \"/run/secrets/pages/a.key\"\nb = '/run/secrets/tls-old/b.key'");
    assert_eq!(
        found(&documents(&text)),
        [
            "consent reads /run/secrets/pages/a.key, which is not mounted",
            "consent reads /run/secrets/tls-old/b.key, which is not mounted"
        ]
    );
}

#[test]
fn files_in_variables_and_arguments_count_as_those_in_the_configuration() {
    let mut documents = documents(CERTIFICATE);
    let container = &mut documents[1]["spec"]["template"]["spec"]["containers"][0];
    container["args"] = json!(["cat /run/secrets/one/a"]);
    container["env"] = json!([{"name": "A", "value": "/run/secrets/two/b"}]);
    assert_eq!(
        found(&documents),
        [
            "consent reads /run/secrets/one/a, which is not mounted",
            "consent reads /run/secrets/two/b, which is not mounted"
        ]
    );
}

#[test]
fn a_key_that_nothing_provides_and_one_that_nobody_reads_are_findings() {
    let mut documents = documents(&format!(
        "{CERTIFICATE}\nk = \"/run/secrets/tls/other.key\""
    ));
    documents.push(json!({
        "kind": "ExternalSecret",
        "metadata": {"name": "consent"},
        "spec": {"data": [{"secretKey": "page-tokens.key"}]},
    }));
    assert_eq!(
        found(&documents),
        [
            "nothing provides other.key of the secret consent-tls",
            "nobody reads page-tokens.key of the secret consent"
        ]
    );
    documents.remove(2);
    assert_eq!(found(&documents).len(), 5, "nothing of the certificate");
}

#[test]
fn what_is_built_on_the_machine_is_given_its_secrets_by_hand() {
    let mut documents = documents(CERTIFICATE);
    documents.pop();
    let image = "/spec/template/spec/containers/0/image";
    *documents[1].pointer_mut(image).expect("there is one") = json!("localhost/aval-consent:dev");
    assert_eq!(found(&documents), Vec::<String>::new());
}

#[test]
fn a_secret_in_the_manifests_is_for_development_only() {
    let mut documents = documents(CERTIFICATE);
    documents.push(json!({"kind": "Secret", "metadata": {"name": "redis"}, "data": {}}));
    assert_eq!(
        found(&documents),
        ["the secret redis stands here for everybody to read: for development only"]
    );
    let image = "/spec/template/spec/containers/0/image";
    *documents[1].pointer_mut(image).expect("there is one") = json!("localhost/aval-consent:dev");
    assert_eq!(found(&documents), Vec::<String>::new());
}

#[test]
fn a_secret_in_a_variable_is_a_finding() {
    let mut documents = documents(CERTIFICATE);
    documents[1]["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]);
    assert_eq!(
        found(&documents),
        ["consent has a secret in a variable: secrets are files"]
    );
}

#[test]
fn a_service_without_configuration_is_a_finding() {
    let mut documents = documents(CERTIFICATE);
    documents[0]["metadata"]["name"] = json!("another");
    assert!(found(&documents).contains(&"consent mounts no service.toml".to_owned()));
}

#[test]
fn a_migration_reads_nothing_but_what_leads_to_its_database() {
    let password = "\np = '/run/secrets/database/password'\n";
    let mut documents = documents(&format!("{CERTIFICATE}{password}"));
    documents[1]["kind"] = json!("Job");
    let found = found(&documents);
    let of_the_job: Vec<_> = found
        .iter()
        .filter(|finding| finding.starts_with("consent "))
        .collect();
    assert_eq!(
        of_the_job,
        ["consent reads /run/secrets/database/password, which is not mounted"]
    );
}
