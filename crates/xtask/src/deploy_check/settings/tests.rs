//! Two services with a sample each, and a workload that is told something.

use super::*;
use serde_json::{Value, json};

const SAMPLE: &str = "migrate_on_start = false\n\
    [grpc.tls]\n\
    client_ca = \"a\"\n\
    [telemetry]\n\
    # otlp_endpoint = \"https://collector:4317\"\n\
    # [telemetry.otlp_tls] as [grpc.tls]\n\
    # [grpc] is where a = b would be.\n\
    # [telemetry.more]\n\
    # inner = 1\n\
    level = \"info\"\n\
    # last = 1\n";

fn settings() -> Settings {
    let known = [("consent", SAMPLE), ("practitioner-directory", "a = 1")];
    let known = known.map(|(service, text)| (service.to_owned(), sample::keys(text)));
    let files = [
        (
            "deploy/one.yaml",
            "- {name: AVAL_CONSENT__TELEMETRY__LEVL, value: a}",
        ),
        ("deploy/two.yaml", "name: AVAL_CONSENT__TELEMETRY__LEVEL"),
    ];
    let named = files.map(|(file, text)| (file.to_owned(), named_in(text)));
    Settings {
        known: known.into(),
        named: named.into(),
    }
}

fn found_in(container: &Value) -> Vec<String> {
    let documents = json!([
        {
            "kind": "ConfigMap",
            "metadata": {"name": "told-7h"},
            "data": {"TELEMETRY__LEVEL": "info", "TELEMETRY__COLOUR": "red"},
        },
        {
            "kind": "Deployment",
            "metadata": {"name": "one"},
            "spec": {"template": {"spec": {"initContainers": [container]}}},
        },
    ]);
    settings().findings(&Manifests::parse(&documents.to_string()).expect("valid manifests"))
}

fn found(variable: &str) -> Vec<String> {
    found_in(&json!({
        "image": "registry.example/aval-consent:1",
        "env": [{"name": variable, "value": "x"}],
    }))
}

#[test]
fn what_the_sample_documents_may_be_set_commented_out_or_not() {
    for variable in [
        "AVAL_CONSENT__MIGRATE_ON_START",
        "AVAL_CONSENT__GRPC__TLS__CLIENT_CA",
        "AVAL_CONSENT__TELEMETRY__LEVEL",
        "AVAL_CONSENT__TELEMETRY__OTLP_ENDPOINT",
        "AVAL_CONSENT__TELEMETRY__OTLP_TLS__CLIENT_CA",
        "AVAL_CONSENT__TELEMETRY__MORE",
        "AVAL_CONSENT__TELEMETRY__MORE__INNER",
        "AVAL_CONSENT__TELEMETRY__LAST",
        "AVAL_CONSENT_CONFIG",
        "OTEL_TRACES_SAMPLER",
    ] {
        assert_eq!(found(variable), Vec::<String>::new(), "{variable}");
    }
}

#[test]
fn a_misspelt_variable_is_found_with_its_workload_and_its_file() {
    assert_eq!(
        found("AVAL_CONSENT__TELEMETRY__LEVL"),
        [
            "one sets AVAL_CONSENT__TELEMETRY__LEVL in deploy/one.yaml: \
             services/consent/config/consent.toml documents no telemetry.levl"
        ]
    );
    for variable in [
        "AVAL_CONSENT__TELEMETRY_LEVEL",
        "AVAL_CONSENT__LEVEL",
        "AVAL_CONSENT__TELEMETRY__MORE__LEVEL",
        "AVAL_CONSENT__TELEMETRY__OTLP_TLS__CA",
        "AVAL_CONSENT__",
    ] {
        assert_eq!(found(variable).len(), 1, "{variable}");
    }
}

#[test]
fn a_variable_of_another_service_or_of_none_is_found() {
    assert_eq!(
        found("AVAL_PRACTITIONER_DIRECTORY__A"),
        ["one sets AVAL_PRACTITIONER_DIRECTORY__A: aval-consent does not read it"]
    );
    for variable in ["AVAL_CONSENT_TELEMETRY__LEVEL", "AVAL_CONSNT__A", "AVAL_A"] {
        assert!(found(variable)[0].ends_with("no service reads it"));
    }
}

#[test]
fn a_configuration_that_becomes_variables_is_read_too() {
    let found = found_in(&json!({
        "image": "aval-consent",
        "envFrom": [{"prefix": "AVAL_CONSENT__", "configMapRef": {"name": "told-7h"}}],
    }));
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("documents no telemetry.colour"));
}

#[test]
fn the_strengths_of_a_provider_are_named_by_operators() {
    assert!(is_named_by_operators("patients_provider.acr_values.eidas1"));
    assert!(!is_named_by_operators("patients_provider.acr_valeus"));
}
