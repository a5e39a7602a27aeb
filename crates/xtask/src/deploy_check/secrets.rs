//! Whether every secret file that a service is told to read is mounted in its pods.

use super::manifests::Manifests;

/// Below this folder, and nowhere else, secrets are mounted.
const SECRETS: &str = "/run/secrets/";

/// One finding for each secret file that a workload's configuration names and its pods
/// do not mount.
pub(super) fn missing(manifests: &Manifests) -> Vec<String> {
    let mut findings = Vec::new();
    for (workload, mounts) in &manifests.mounts {
        let texts: Vec<_> = mounts
            .configurations
            .iter()
            .filter_map(|name| manifests.configurations.get(name))
            .collect();
        if texts.is_empty() {
            findings.push(format!("{workload} mounts no service.toml"));
        }
        for file in texts.into_iter().flat_map(|text| named_in(text)) {
            let is_below = |folder: &String| {
                let rest = file.strip_prefix(folder.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.starts_with('/'))
            };
            if !mounts.secrets.iter().any(is_below) {
                findings.push(format!("{workload} reads {file}, which is not mounted"));
            }
        }
    }
    findings
}

/// The secret files that a configuration names, also inside of addresses.
fn named_in(text: &str) -> impl Iterator<Item = &str> {
    let settings = text.lines().filter(|line| !line.starts_with('#'));
    let places = settings.flat_map(|line| {
        line.match_indices(SECRETS)
            .map(move |(begin, _)| &line[begin..])
    });
    places.map(|rest| {
        let end = rest.find(['"', '&', '\'']).unwrap_or(rest.len());
        &rest[..end]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workload that mounts one secret and this configuration.
    fn manifests(service_toml: &str) -> Manifests {
        let documents = serde_json::json!([
            {
                "kind": "ConfigMap",
                "metadata": {"name": "consent-7h"},
                "data": {"service.toml": service_toml},
            },
            {
                "kind": "Deployment",
                "metadata": {"name": "consent"},
                "spec": {"template": {"spec": {
                    "containers": [{"volumeMounts": [
                        {"name": "config", "mountPath": "/etc/aval"},
                        {"name": "tls", "mountPath": "/run/secrets/tls"},
                    ]}],
                    "volumes": [
                        {"name": "config", "configMap": {"name": "consent-7h"}},
                        {"name": "tls", "secret": {"secretName": "consent-tls"}},
                    ],
                }}},
            },
        ]);
        Manifests::parse(&documents.to_string()).unwrap()
    }

    #[test]
    fn a_secret_that_is_mounted_is_no_finding() {
        let text = "key = \"/run/secrets/tls/tls.key\"\n# /run/secrets/never/read\n\
                    url = \"postgres://a?sslrootcert=/run/secrets/tls/ca.crt&b=c\"\n";
        assert_eq!(missing(&manifests(text)), Vec::<String>::new());
    }

    #[test]
    fn a_secret_that_is_not_mounted_is_a_finding_and_so_is_a_neighbour_of_one() {
        let text = "a = \"/run/secrets/pages/a.key\"\nb = \"/run/secrets/tls-old/b.key\"\n";
        assert_eq!(
            missing(&manifests(text)),
            [
                "consent reads /run/secrets/pages/a.key, which is not mounted",
                "consent reads /run/secrets/tls-old/b.key, which is not mounted"
            ]
        );
    }

    #[test]
    fn a_workload_without_configuration_is_a_finding() {
        let mut manifests = manifests("");
        manifests.configurations.clear();
        assert_eq!(missing(&manifests), ["consent mounts no service.toml"]);
    }
}
