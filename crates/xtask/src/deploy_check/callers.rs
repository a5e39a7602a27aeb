//! The table of callers, and the gRPC services that the protos declare.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// gRPC service → callers, as in `deploy/base/callers.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Callers {
    services: BTreeMap<String, BTreeSet<String>>,
}

impl Callers {
    /// Reads the table.
    pub(super) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("deploy/base/callers.toml")
    }

    /// Whoever may call some gRPC service of a workload: `practitioner-directory`
    /// serves the package `aval.practitioner_directory.v1`, and later versions.
    pub(super) fn of_workload(&self, workload: &str) -> BTreeSet<&str> {
        let package = format!("aval.{}.", workload.replace('-', "_"));
        self.services
            .iter()
            .filter(|(service, _)| service.starts_with(&package))
            .flat_map(|(_, callers)| callers.iter().map(|caller| label_of(caller)))
            .collect()
    }

    /// The workloads with a service in the table.
    pub(super) fn workloads(&self) -> BTreeSet<String> {
        self.services
            .keys()
            .filter_map(|service| service.strip_prefix("aval.")?.split('.').next())
            .map(|package| package.replace('_', "-"))
            .collect()
    }

    /// What the protos declare and the table lacks, and the reverse.
    pub(super) fn differences_from(&self, declared: &BTreeSet<String>) -> Vec<String> {
        let listed: BTreeSet<&String> = self.services.keys().collect();
        let unlisted = declared
            .iter()
            .filter(|service| !listed.contains(service))
            .map(|service| {
                format!(
                    "deploy/base/callers.toml: say who may call {service} (an empty list: nobody)"
                )
            });
        let unknown = listed
            .iter()
            .filter(|service| !declared.contains(**service))
            .map(|service| {
                format!("deploy/base/callers.toml: no proto declares {service}: remove it")
            });
        unlisted.chain(unknown).collect()
    }
}

/// The label of a caller's pods: `software` for `software/*`, which stands for every
/// name below that segment.
fn label_of(caller: &str) -> &str {
    caller.strip_suffix("/*").unwrap_or(caller)
}

/// The full names of the gRPC services in the protos below a folder.
pub(super) fn declared_below(folder: &Path) -> Result<BTreeSet<String>> {
    let mut declared = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            declared.extend(declared_below(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            declared.extend(declared_in(&fs::read_to_string(&path)?));
        }
    }
    Ok(declared)
}

/// buf's layout puts `package` and each `service` at the beginning of a line.
fn declared_in(proto: &str) -> Vec<String> {
    let named = |keyword: &'static str| {
        proto
            .lines()
            .filter_map(move |line| line.strip_prefix(keyword))
            .filter_map(|rest| rest.split([' ', ';', '{']).find(|word| !word.is_empty()))
    };
    let package = named("package ").next().unwrap_or_default();
    named("service ")
        .map(|service| format!("{package}.{service}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Callers, declared_in};
    use std::collections::BTreeSet;

    const TABLE: &str = "[services]\n\
        \"aval.consent.v1.GrantService\" = [\"gateway\"]\n\
        \"aval.consent.v1.DecisionService\" = [\"records\", \"gateway\"]\n\
        \"aval.practitioner_directory.v1.DirectoryService\" = [\"consent\"]\n";

    #[test]
    fn a_workload_is_called_by_the_callers_of_all_its_services() {
        let callers = Callers::parse(TABLE).expect("valid TOML");
        assert_eq!(
            callers.of_workload("consent"),
            BTreeSet::from(["gateway", "records"])
        );
        assert_eq!(
            callers.of_workload("practitioner-directory"),
            BTreeSet::from(["consent"])
        );
        assert!(callers.of_workload("cons").is_empty());
        assert_eq!(
            callers.workloads().into_iter().collect::<Vec<_>>(),
            ["consent", "practitioner-directory"]
        );
    }

    #[test]
    fn a_service_without_a_line_and_a_line_without_a_service_are_found() {
        let callers = Callers::parse("[services]\n\"aval.a.v1.Old\" = []\n").expect("valid TOML");
        let found = callers.differences_from(&BTreeSet::from(["aval.a.v1.New".to_owned()]));
        assert_eq!(found.len(), 2);
        assert!(
            found[0].contains("who may call aval.a.v1.New")
                && found[1].contains("no proto declares aval.a.v1.Old")
        );
    }

    #[test]
    fn a_table_that_agrees_with_the_protos_is_in_order() {
        let callers = Callers::parse("[services]\n\"aval.a.v1.New\" = []\n").expect("valid TOML");
        assert!(
            callers
                .differences_from(&BTreeSet::from(["aval.a.v1.New".to_owned()]))
                .is_empty()
        );
    }

    #[test]
    fn services_are_read_with_their_package() {
        let proto = "syntax = \"proto3\";\npackage aval.a.v1;\n// service Talk is cheap\nservice One {\n}\nservice Two {}\n";
        assert_eq!(declared_in(proto), ["aval.a.v1.One", "aval.a.v1.Two"]);
    }
}
