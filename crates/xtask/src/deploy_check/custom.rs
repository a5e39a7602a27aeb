//! The kinds that are not Kubernetes' own: its schemas know nothing of them, and a field that
//! is misspelt would be dropped by a cluster in silence. So what is used of each stands in
//! [`shapes`], and anything else is a finding; and certificates name whom they must.

mod shapes;

use super::callers::Callers;
use super::images;
use super::manifests::Manifests;
use serde_json::Value;

/// The groups whose schemas the validator has.
const BUILT_IN: &[&str] = &[
    "",
    "apps",
    "autoscaling",
    "batch",
    "policy",
    "networking.k8s.io",
];

/// What a value must look like.
enum Shape {
    /// Any text but an empty one.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    Whole,
    Flag,
    /// `90s`, `720h`, `1h30m`.
    Duration,
    /// Texts by keys that are free.
    Texts,
    /// At least one of these.
    List(&'static Shape),
    /// These fields and no other.
    Fields(&'static [(&'static str, Need, Shape)]),
}

/// Whether a field may be left out.
#[derive(PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// Whether the validator of Kubernetes' own kinds knows this one.
pub(super) fn is_built_in(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    BUILT_IN.contains(&group)
}

/// One finding for each field of a foreign kind that is unknown, missing or of another form.
pub(super) fn findings(manifests: &Manifests) -> Vec<String> {
    let foreign = manifests.documents.iter().filter(|one| !is_built_in(one));
    foreign.flat_map(judge).collect()
}

fn judge(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&document["apiVersion"]), text(&document["kind"]));
    let name = text(&document["metadata"]["name"]);
    let known = shapes::KINDS
        .iter()
        .find(|(of, named, _)| *of == version && *named == kind);
    let Some((_, _, spec)) = known else {
        return vec![format!(
            "{version} {kind} {name}: no shape of this kind is known"
        )];
    };
    let mut faults = Vec::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        match key.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => shapes::METADATA.judge(value, "metadata", &mut faults),
            "spec" => spec.judge(value, "spec", &mut faults),
            other => faults.push(format!("{other} is unknown")),
        }
    }
    if document.get("spec").is_none() {
        faults.push("spec is missing".to_owned());
    }
    let faults = faults.into_iter();
    faults
        .map(|fault| format!("{kind} {name}: {fault}"))
        .collect()
}

impl Shape {
    fn judge(&self, value: &Value, place: &str, faults: &mut Vec<String>) {
        let holds = match self {
            Self::Text => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::OneOf(texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
            Self::Whole => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Duration => value.as_str().is_some_and(is_duration),
            Self::Texts => value
                .as_object()
                .is_some_and(|texts| texts.values().all(Value::is_string)),
            Self::List(of) => {
                let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
                for (number, one) in list.iter().enumerate() {
                    of.judge(one, &format!("{place}[{number}]"), faults);
                }
                !list.is_empty()
            }
            Self::Fields(fields) => {
                judge_fields(fields, value, place, faults);
                value.is_object()
            }
        };
        if !holds {
            faults.push(format!("{place} is of another form"));
        }
    }
}

fn judge_fields(
    fields: &[(&str, Need, Shape)],
    value: &Value,
    place: &str,
    faults: &mut Vec<String>,
) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        match fields.iter().find(|(name, ..)| name == key) {
            Some((_, _, shape)) => shape.judge(value, &place, faults),
            None => faults.push(format!("{place} is unknown")),
        }
    }
    for (name, need, _) in fields {
        if *need == Need::Required && value.get(name).is_none() {
            faults.push(format!("{place}.{name} is missing"));
        }
    }
}

fn is_duration(text: &str) -> bool {
    let parts = text.split_inclusive(|char: char| !char.is_ascii_digit());
    let is_part = |part: &str| {
        let number = part.trim_end_matches(['h', 'm', 's']);
        number.len() + 1 == part.len() && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    !text.is_empty()
        && parts
            .into_iter()
            .all(|part| part.len() > 1 && is_part(part))
}

/// One finding for each workload whose certificate, where this environment makes any, does
/// not have the names under which it is called and calls.
pub(super) fn certificates(manifests: &Manifests, callers: &Callers) -> Vec<String> {
    if !images::come_from_a_registry(manifests) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for workload in callers.workloads() {
        let secret = format!("{workload}-tls");
        let is_its = |document: &&Value| {
            document["kind"] == "Certificate" && document["spec"]["secretName"] == secret.as_str()
        };
        let Some(certificate) = manifests.documents.iter().find(is_its) else {
            findings.push(format!("no certificate makes the secret {secret}"));
            continue;
        };
        let only = |list: &str, name: &str| certificate["spec"][list] == serde_json::json!([name]);
        let uri = format!("spiffe://aval/{workload}");
        if !only("dnsNames", &workload) || !only("uris", &uri) {
            findings.push(format!(
                "the certificate of {secret} must have the DNS name {workload} and the URI {uri} alone"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests;
