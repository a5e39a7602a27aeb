//! What only an environment for development may be told.

use super::manifests::Manifests;

/// The environment that nobody's data is in.
pub(super) const NAME: &str = "dev";

/// The ends of variables that take a protection away.
const FOR_DEVELOPMENT: [&str; 5] = [
    "__INSECURE_NETWORK",
    "__INSECURE_LOOPBACK",
    "__ACCEPT_TEST_IDENTITIES",
    "__CREATE_MISSING_KEYS",
    "__EXAMPLE_MATRIX",
];

/// One finding for each variable that another environment than [`NAME`] must not have.
pub(super) fn findings(manifests: &Manifests, environment: &str) -> Vec<String> {
    if environment == NAME {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for workload in &manifests.workloads {
        let containers = workload.containers.iter();
        for variable in containers.flat_map(|container| &container.variable_names) {
            if FOR_DEVELOPMENT.iter().any(|end| variable.ends_with(end)) {
                let name = &workload.name;
                findings.push(format!(
                    "{name} sets {variable}: it is for development only"
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_protection_is_taken_away_in_development_alone() {
        let documents = json!([{
            "kind": "Deployment",
            "metadata": {"name": "consent"},
            "spec": {"template": {"spec": {"containers": [{
                "image": "aval-consent",
                "env": [
                    {"name": "AVAL_CONSENT__DATABASE__URL", "value": "x"},
                    {"name": "AVAL_CONSENT__DATABASE__INSECURE_NETWORK", "value": "true"},
                ],
            }]}}},
        }]);
        let manifests = Manifests::parse(&documents.to_string()).expect("valid manifests");
        assert_eq!(findings(&manifests, NAME), Vec::<String>::new());
        assert_eq!(
            findings(&manifests, "production"),
            ["consent sets AVAL_CONSENT__DATABASE__INSECURE_NETWORK: it is for development only"]
        );
    }
}
