//! Whether every workload has the job that migrates its database: the same program with the
//! same settings, as the role that may change the schema, and with a way to PostgreSQL alone.

use super::callers::Callers;
use super::manifests::{Manifests, Rule};
use super::policies::{CALLER, NAME};
use super::workloads::Workload;

/// Where a workload finds the password of its database, and its migration another one.
pub(super) const DATABASE: &str = "/run/secrets/database";

/// One finding for each thing in which a migration is not as it must be.
pub(super) fn findings(manifests: &Manifests, callers: &Callers) -> Vec<String> {
    let mut findings = Vec::new();
    for workload in callers.workloads() {
        let name = format!("{workload}-migrate");
        let service = manifests.workload("Deployment", &workload);
        let Some((job, service)) = manifests.workload("Job", &name).zip(service) else {
            findings.push(format!(
                "{workload} has no job {name} beside its deployment"
            ));
            continue;
        };
        let mut wrong = unlike(job, service);
        wrong.extend(secrets(job, service, &workload));
        if job.labels.get(NAME) != Some(&name) || job.labels.contains_key(CALLER) {
            wrong.push(format!(
                "its pods need the label {NAME}: {name}, and none of {CALLER}"
            ));
        }
        wrong.extend(ways(manifests, job));
        findings.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
    }
    findings
}

/// The same image and configuration, and another task.
fn unlike(job: &Workload, service: &Workload) -> Vec<String> {
    let images = |of: &Workload| -> Vec<String> {
        of.containers.iter().map(|one| one.image.clone()).collect()
    };
    let task = job.containers.first().and_then(|one| one.arguments.first());
    let known = |name: &String| service.configurations.contains(name);
    let rules = [
        (
            images(job) == images(service),
            "its image is not the service's",
        ),
        (
            task.is_some_and(|task| task == "migrate"),
            "it does not migrate",
        ),
        (
            !job.configurations.is_empty() && job.configurations.iter().all(known),
            "its configuration is not the service's",
        ),
    ];
    let broken = rules.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, wrong)| wrong.to_owned()).collect()
}

/// One secret, which the service does not have.
fn secrets(job: &Workload, service: &Workload, workload: &str) -> Vec<String> {
    let migrator = format!("{workload}-migrator");
    // A secret that is generated has a hash at its end.
    let is_migrator = |secret: &String| {
        let rest = secret.strip_prefix(&migrator);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let mut wrong = Vec::new();
    let its_own = [DATABASE.to_owned()];
    let folders: Vec<_> = job
        .secrets
        .iter()
        .map(|(_, folder)| folder.clone())
        .collect();
    if folders != its_own || !job.secrets.iter().all(|(secret, _)| is_migrator(secret)) {
        wrong.push(format!(
            "it must mount {migrator} at {DATABASE}, and no other secret"
        ));
    }
    if service
        .secrets
        .iter()
        .any(|(secret, _)| is_migrator(secret))
    {
        wrong.push(format!("the service mounts {migrator} too"));
    }
    wrong
}

/// Out to PostgreSQL, to whoever resolves names, and nowhere else; in from nowhere.
fn ways(manifests: &Manifests, job: &Workload) -> Vec<String> {
    let policies = manifests
        .policies
        .iter()
        .filter(|policy| policy.selector.matches(&job.labels));
    let (mut wrong, mut reaches) = (Vec::new(), false);
    for policy in policies {
        if !policy.ingress.is_empty() {
            wrong.push(format!("the policy {} lets somebody in", policy.name));
        }
        for rule in &policy.egress {
            if leads_to_postgresql(rule) {
                reaches = true;
            } else if !opens_only(rule, 53) {
                wrong.push(format!(
                    "the policy {} leads elsewhere than to postgresql:5432",
                    policy.name
                ));
            }
        }
    }
    if !reaches {
        wrong.push("no policy leads to postgresql:5432".to_owned());
    }
    wrong
}

fn leads_to_postgresql(rule: &Rule) -> bool {
    let is_postgresql = |pods: &super::manifests::Selector| pods.only(NAME) == Some("postgresql");
    let mut peers = rule.peers.iter();
    !rule.peers.is_empty()
        && peers.all(|peer| peer.pods.as_ref().is_some_and(is_postgresql))
        && opens_only(rule, 5432)
}

fn opens_only(rule: &Rule, number: u64) -> bool {
    let is_it = |port: &serde_json::Value| port.as_u64() == Some(number);
    let mut ports = rule.ports.iter();
    !rule.ports.is_empty() && ports.all(|open| open.port.as_ref().is_some_and(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const JOB: usize = 1;
    const POLICY: usize = 2;

    fn pods(name: &str, argument: &str, secret: &str) -> Value {
        json!({
            "metadata": {"labels": {NAME: name}},
            "spec": {
                "containers": [{
                    "image": "aval-consent",
                    "args": [argument],
                    "volumeMounts": [{"name": "database", "mountPath": DATABASE}],
                }],
                "volumes": [
                    {"name": "config", "configMap": {"name": "consent-7h"}},
                    {"name": "database", "secret": {"secretName": secret}},
                ],
            },
        })
    }

    fn in_order() -> Vec<Value> {
        vec![
            json!({"kind": "Deployment", "metadata": {"name": "consent"},
                "spec": {"template": pods("consent", "serve", "consent-database")}}),
            json!({"kind": "Job", "metadata": {"name": "consent-migrate"},
                "spec": {"template": pods("consent-migrate", "migrate", "consent-migrator-h5")}}),
            json!({"kind": "NetworkPolicy", "metadata": {"name": "consent-migrate"}, "spec": {
                "podSelector": {"matchLabels": {NAME: "consent-migrate"}},
                "egress": [{
                    "to": [{"podSelector": {"matchLabels": {NAME: "postgresql"}}}],
                    "ports": [{"port": 5432}],
                }],
            }}),
            json!({"kind": "NetworkPolicy", "metadata": {"name": "resolve-names"}, "spec": {
                "podSelector": {},
                "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53}]}],
            }}),
        ]
    }

    fn found(documents: &[Value]) -> Vec<String> {
        let table = "[services]\n\"aval.consent.v1.GrantService\" = []\n";
        let callers = Callers::parse(table).expect("valid TOML");
        let text = Value::from(documents.to_vec()).to_string();
        findings(&Manifests::parse(&text).expect("valid manifests"), &callers)
    }

    /// What is found when `value` stands at `pointer` of one document.
    fn found_with(document: usize, pointer: &str, value: Value) -> Vec<String> {
        let mut documents = in_order();
        *documents[document]
            .pointer_mut(pointer)
            .expect("it is there") = value;
        found(&documents)
    }

    #[test]
    fn a_migration_as_it_must_be_is_no_finding() {
        assert_eq!(found(&in_order()), Vec::<String>::new());
    }

    #[test]
    fn a_workload_without_a_migration_is_found() {
        let mut documents = in_order();
        documents.remove(JOB);
        assert_eq!(
            found(&documents),
            ["consent has no job consent-migrate beside its deployment"]
        );
    }

    #[test]
    fn another_program_task_or_configuration_is_found() {
        let pod = "/spec/template/spec";
        for (pointer, value, wrong) in [
            (
                "/containers/0/image",
                json!("aval-audit"),
                "its image is not the service's",
            ),
            (
                "/containers/0/args",
                json!(["serve"]),
                "it does not migrate",
            ),
            (
                "/volumes/0/configMap/name",
                json!("other"),
                "its configuration is not the service's",
            ),
        ] {
            let found = found_with(JOB, &format!("{pod}{pointer}"), value);
            assert_eq!(found, [format!("consent-migrate: {wrong}")]);
        }
    }

    #[test]
    fn the_roles_of_service_and_migration_may_not_be_mixed() {
        let secret = "/spec/template/spec/volumes/1/secret/secretName";
        assert_eq!(
            found_with(JOB, secret, json!("consent-database")),
            [
                "consent-migrate: it must mount consent-migrator at /run/secrets/database, and no other secret"
            ]
        );
        assert_eq!(
            found_with(0, secret, json!("consent-migrator")),
            ["consent-migrate: the service mounts consent-migrator too"]
        );
    }

    #[test]
    fn pods_that_are_taken_for_the_services_are_found() {
        let labels = json!({NAME: "consent", CALLER: "consent"});
        let found = found_with(JOB, "/spec/template/metadata/labels", labels);
        assert_eq!(
            found.len(),
            2,
            "the label, and no way to PostgreSQL: {found:?}"
        );
    }

    #[test]
    fn a_way_elsewhere_one_in_and_none_at_all_are_found() {
        let anywhere = json!([{"ports": [{"port": 5432}]}]);
        let found = found_with(POLICY, "/spec/egress", anywhere);
        assert_eq!(
            found,
            [
                "consent-migrate: the policy consent-migrate leads elsewhere than to postgresql:5432",
                "consent-migrate: no policy leads to postgresql:5432"
            ]
        );
        let port = "/spec/egress/0/ports/0/port";
        assert_eq!(found_with(POLICY, port, json!(443)).len(), 2);
        let mut documents = in_order();
        documents[POLICY]["spec"]["ingress"] = json!([{}]);
        assert_eq!(
            super::tests::found(&documents),
            ["consent-migrate: the policy consent-migrate lets somebody in"]
        );
    }

    #[test]
    fn a_policy_of_every_caller_does_not_lead_a_migration_anywhere() {
        let mut documents = in_order();
        documents.push(
            json!({"kind": "NetworkPolicy", "metadata": {"name": "send"}, "spec": {
                "podSelector": {"matchExpressions": [{"key": CALLER, "operator": "Exists"}]},
                "egress": [{"ports": [{"port": 4317}]}],
            }}),
        );
        assert_eq!(found(&documents), Vec::<String>::new());
    }
}
