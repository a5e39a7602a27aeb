//! Which caller may call which gRPC service, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::CallerId;
use crate::config::GrpcConfig;

/// gRPC service → the callers that may call it. What is not listed nobody may
/// call.
///
/// An entry is a caller's name, or `software/*`: every caller whose name begins with
/// that segment, so that a new practice's software needs a certificate and no change
/// of the list. A star stands for whole names only, and never alone.
///
/// Health and reflection are open to every caller with a verified certificate.
///
/// ```
/// use aval_runtime::caller::{Allowlist, CallerId};
///
/// let allowlist = Allowlist::parse(
///     "[services]\n'aval.consent.v1.DecisionService' = ['records']",
/// )?;
/// let records = CallerId::parse("records")?;
/// assert!(allowlist.allows("aval.consent.v1.DecisionService", &records));
/// assert!(!allowlist.allows("aval.consent.v1.GrantService", &records));
/// assert!(allowlist.allows("grpc.health.v1.Health", &records));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowlist {
    services: BTreeMap<String, BTreeSet<String>>,
}

/// Why an allowlist is refused.
#[derive(Debug, thiserror::Error)]
pub enum AllowlistError {
    /// The file cannot be read.
    #[error("the allowlist {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The text is not an allowlist.
    #[error("the allowlist is malformed: {0}")]
    Malformed(String),
}

/// What every verified caller may call.
const OPEN_TO_ALL: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    services: BTreeMap<String, Vec<String>>,
}

impl Allowlist {
    /// The list that a listener's configuration names; nobody when it names none.
    pub fn of_listener(config: &GrpcConfig) -> Result<Self, AllowlistError> {
        config
            .callers
            .as_deref()
            .map_or_else(|| Ok(Self::default()), Self::load)
    }

    /// Reads a file like `deploy/base/callers.toml`.
    pub fn load(path: &Path) -> Result<Self, AllowlistError> {
        let text = std::fs::read_to_string(path).map_err(|source| AllowlistError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads the text of such a file. A caller's name that could stand in no
    /// certificate is an error, not an entry without effect.
    pub fn parse(text: &str) -> Result<Self, AllowlistError> {
        let file: File = crate::config::from_toml(text)
            .map_err(|error| AllowlistError::Malformed(error.to_string()))?;
        let mut allowlist = Self::default();
        for (service, callers) in file.services {
            for caller in callers {
                // What stands before the star is itself a well-formed name.
                let name = caller.strip_suffix(EVERY_NAME_BELOW).unwrap_or(&caller);
                CallerId::parse(name).map_err(|_| {
                    AllowlistError::Malformed(format!("{service} lists a malformed caller name"))
                })?;
                allowlist = allowlist.with_entry(&service, caller);
            }
        }
        Ok(allowlist)
    }

    /// The same list, and this caller may call this service.
    #[must_use]
    pub fn with(self, service: &str, caller: &CallerId) -> Self {
        self.with_entry(service, caller.as_str().to_owned())
    }

    /// Whether this caller may call the gRPC service of this full name.
    #[must_use]
    pub fn allows(&self, service: &str, caller: &CallerId) -> bool {
        is_open_to_all(service)
            || self.services.get(service).is_some_and(|callers| {
                let name = caller.as_str();
                callers.contains(name) || callers.iter().any(|entry| covers(entry, name))
            })
    }

    /// The services that somebody may call, with who may, as listed.
    pub fn entries(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        self.services
            .iter()
            .map(|(service, callers)| (service.as_str(), callers.iter().map(String::as_str)))
    }

    fn with_entry(mut self, service: &str, entry: String) -> Self {
        self.services
            .entry(service.to_owned())
            .or_default()
            .insert(entry);
        self
    }
}

/// How an entry ends that stands for every name below a segment.
const EVERY_NAME_BELOW: &str = "/*";

/// Whether an entry with a star covers a name.
fn covers(entry: &str, name: &str) -> bool {
    let segment = entry.strip_suffix(EVERY_NAME_BELOW);
    let rest = segment.and_then(|segment| name.strip_prefix(segment));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a service is one that every verified caller may call, without a person.
pub(crate) fn is_open_to_all(service: &str) -> bool {
    OPEN_TO_ALL.contains(&service)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRANTS: &str = "aval.consent.v1.GrantService";

    fn caller(name: &str) -> CallerId {
        CallerId::parse(name).unwrap()
    }

    #[test]
    fn an_empty_or_missing_list_lets_nobody_in() {
        for text in [
            "",
            "[services]",
            "[services]\n'aval.consent.v1.GrantService' = []",
        ] {
            let allowlist = Allowlist::parse(text).unwrap();
            assert!(!allowlist.allows(GRANTS, &caller("records")), "{text}");
        }
    }

    #[test]
    fn a_caller_may_call_what_it_is_listed_under_and_nothing_else() {
        let allowlist = Allowlist::default().with(GRANTS, &caller("portal"));
        assert!(allowlist.allows(GRANTS, &caller("portal")));
        assert!(!allowlist.allows(GRANTS, &caller("porta")));
        assert!(!allowlist.allows(GRANTS, &caller("portal2")));
        assert!(!allowlist.allows("aval.consent.v1.GrantServiceX", &caller("portal")));
        assert!(!allowlist.allows("", &caller("portal")));
    }

    #[test]
    fn a_star_covers_the_names_below_its_segment_and_no_other() {
        let text = "[services]\n'aval.consent.v1.GrantService' = ['software/*']";
        let allowlist = Allowlist::parse(text).unwrap();
        for (name, allowed) in [
            ("software/clinic-a", true),
            ("software/clinic-a/desk", true),
            ("software", false),
            ("softwares/clinic-a", false),
            ("other/software/clinic-a", false),
            ("records", false),
        ] {
            assert_eq!(allowlist.allows(GRANTS, &caller(name)), allowed, "{name}");
        }
    }

    #[test]
    fn health_and_reflection_are_open() {
        for service in OPEN_TO_ALL {
            assert!(Allowlist::default().allows(service, &caller("anybody")));
        }
        assert!(!Allowlist::default().allows("grpc.health.v1.Healthy", &caller("anybody")));
    }

    #[test]
    fn a_name_that_no_certificate_can_carry_is_an_error() {
        for text in [
            "'a' = ['records ']",
            "'a' = ['*']",
            "'a' = ['/*']",
            "'a' = ['soft*']",
            "'a' = ['software/*/x']",
            "'a' = ['']",
            "'a' = 'records'",
        ] {
            assert!(
                Allowlist::parse(&format!("[services]\n{text}")).is_err(),
                "{text}"
            );
        }
        assert!(Allowlist::parse("[service]").is_err());
    }

    proptest! {
        #[test]
        fn parsing_is_total(text in ".{0,200}") {
            let _ = Allowlist::parse(&text);
        }
    }
}
