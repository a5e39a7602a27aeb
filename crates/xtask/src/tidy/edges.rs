//! Where the outside's types may be seen: gRPC at one edge, SQL at the other, and
//! nothing of either in between.

use super::Finding;
use super::code::without_comments_and_literals;
use super::manifest::Member;
use super::tree::Tree;

const RULE: &str = "edge";

/// A family of libraries, and the places that may know it.
struct Edge {
    /// The names of crates, as code writes them; a longer name that goes on with `_` belongs too.
    families: &'static [&'static str],
    /// The crates that may depend on it; all services also may.
    crates: &'static [&'static str],
    /// Below a service's folder, the beginnings of the paths that may import it.
    service_paths: &'static [&'static str],
}

const EDGES: &[Edge] = &[
    Edge {
        families: &["tonic", "prost", "aval_proto"],
        crates: &[
            "aval-proto",
            "aval-runtime",
            "aval",
            "aval-tests",
            "aval-power-cut",
        ],
        service_paths: &["src/grpc", "src/server.rs", "src/main.rs"],
    },
    Edge {
        families: &["sea_orm", "sea_query", "sqlx"],
        crates: &["aval-database"],
        // The conformance suites look at what a store left in its tables.
        service_paths: &["src/store/sql", "src/store/conformance"],
    },
    Edge {
        families: &["redis"],
        crates: &[],
        service_paths: &["src/cache.rs", "src/cache/redis"],
    },
];

/// A file that may import a family all the same, and why.
type Exception = (&'static str, &'static str, &'static str);

const EXCEPTIONS: &[Exception] = &[(
    "services/consent/src/app/testing.rs",
    "sea_orm",
    "the use cases' tests count the events in the outbox, which nothing else reads",
)];

/// Both the manifests and the sources keep to the edges.
pub(super) fn check(tree: &Tree, members: &[Member]) -> Vec<Finding> {
    check_except(tree, members, EXCEPTIONS)
}

fn check_except(tree: &Tree, members: &[Member], exceptions: &[Exception]) -> Vec<Finding> {
    let manifests = members.iter().flat_map(check_manifest);
    let sources = tree
        .files_ending(".rs")
        .filter_map(|(path, text)| Some((path, below_a_service(path)?, text)))
        .filter(|(_, below, _)| below.starts_with("src/"))
        .flat_map(|(path, below, text)| check_source(path, below, text, exceptions));
    manifests.chain(sources).collect()
}

fn check_manifest(member: &Member) -> Vec<Finding> {
    let is_service = member.folder.starts_with("services/");
    let mut findings = Vec::new();
    for dependency in &member.dependencies {
        let name = dependency.name.replace('-', "_");
        for edge in EDGES {
            let knows = is_service || edge.crates.contains(&member.name.as_str());
            if edge.family_of(&name).is_some() && !knows {
                findings.push(Finding {
                    path: member.path.clone(),
                    line: dependency.line,
                    rule: RULE,
                    advice: format!(
                        "{} may not know {}: take plain types of aval-domain at its border",
                        member.name, dependency.name
                    ),
                });
            }
        }
    }
    findings
}

fn check_source(path: &str, below: &str, text: &str, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in without_comments_and_literals(text).lines().enumerate() {
        for edge in EDGES {
            let Some(family) = path_roots(line).find_map(|root| edge.family_of(root)) else {
                continue;
            };
            let allowed = edge
                .service_paths
                .iter()
                .any(|start| below.starts_with(start));
            let excepted = exceptions
                .iter()
                .any(|(file, of, _)| *file == path && *of == family);
            if !allowed && !excepted {
                findings.push(Finding {
                    path: path.to_owned(),
                    line: index + 1,
                    rule: RULE,
                    advice: format!(
                        "{family} is known only below {} of a service: convert there, pass domain types here",
                        edge.service_paths.join(", ")
                    ),
                });
            }
        }
    }
    findings
}

impl Edge {
    fn family_of(&self, name: &str) -> Option<&'static str> {
        let belongs = |family: &&&str| {
            name.strip_prefix(**family)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        self.families.iter().find(belongs).copied()
    }
}

/// `services/consent/src/grpc.rs` → `src/grpc.rs`.
fn below_a_service(path: &str) -> Option<&str> {
    let (_, below) = path.strip_prefix("services/")?.split_once('/')?;
    Some(below)
}

/// The first segments of the paths on a line of code: what stands before a `::`
/// and not behind one, and what is imported whole (`use tonic;`).
fn path_roots(line: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let before_colons = line.match_indices("::").filter_map(move |(at, _)| {
        let before = &line[..at];
        let root = &before[before.trim_end_matches(is_word).len()..];
        let preceding = &before[..before.len() - root.len()];
        (!root.is_empty() && !preceding.ends_with("::")).then_some(root)
    });
    let whole = line
        .trim_start()
        .strip_prefix("use ")
        .map(|import| import.split(|c| !is_word(c)).next().unwrap_or_default());
    before_colons.chain(whole)
}

#[cfg(test)]
mod tests {
    use super::{check, check_except, path_roots};
    use crate::tidy::manifest::Member;
    use crate::tidy::tree::Tree;

    fn findings_in(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Tree::of(&[(path, text)]), &[]);
        findings.iter().map(ToString::to_string).collect()
    }

    fn findings_of_manifest(path: &str, name: &str, dependency: &str) -> usize {
        let text = format!(
            "[package]\nname = \"{name}\"\n[dependencies]\n{dependency}.workspace = true\n"
        );
        let tree = Tree::of(&[(path, &text)]);
        let members = Member::parse_all(&tree).expect("valid TOML");
        check(&tree, &members).len()
    }

    #[test]
    fn only_the_grpc_folder_of_a_service_sees_tonic() {
        let code = "use std::fmt;\nuse tonic::Status;\n";
        assert!(findings_in("services/consent/src/grpc/status.rs", code).is_empty());
        assert!(findings_in("services/consent/src/server.rs", code).is_empty());
        assert!(findings_in("services/consent/tests/api.rs", code).is_empty());
        let found = findings_in("services/consent/src/app/revoke_grant.rs", code);
        assert!(found[0].starts_with("services/consent/src/app/revoke_grant.rs:2: [edge] tonic"));
    }

    #[test]
    fn generated_types_stay_at_the_edge_too() {
        let code = "fn f(x: aval_proto::consent::v1::Grant) {}\nlet y: prost_types::Timestamp;";
        assert_eq!(findings_in("services/consent/src/grant.rs", code).len(), 2);
    }

    #[test]
    fn only_the_sql_store_of_a_service_sees_sea_orm() {
        let code = "use sea_orm::entity::prelude::*;";
        assert!(findings_in("services/audit/src/store/sql/entity/event.rs", code).is_empty());
        assert_eq!(findings_in("services/audit/src/store.rs", code).len(), 1);
    }

    #[test]
    fn words_and_comments_that_only_resemble_a_path_are_free() {
        let code = "// tonic::Status\nlet tonic = config.redis.url;\ncrate::cache::redis::open();";
        assert!(findings_in("services/consent/src/config.rs", code).is_empty());
    }

    #[test]
    fn an_exception_opens_one_file_for_one_family() {
        let path = "services/audit/src/lib.rs";
        let tree = Tree::of(&[(path, "use tonic::Status;\nuse sqlx::Row;")]);
        let findings = check_except(&tree, &[], &[(path, "tonic", "a reason")]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].advice.starts_with("sqlx"));
    }

    #[test]
    fn the_domain_may_know_neither_edge() {
        let path = "crates/domain/Cargo.toml";
        for library in [
            "tonic",
            "tonic-types",
            "prost-types",
            "sea-orm",
            "redis",
            "aval-proto",
        ] {
            assert_eq!(
                findings_of_manifest(path, "aval-domain", library),
                1,
                "{library}"
            );
        }
        assert_eq!(findings_of_manifest(path, "aval-domain", "serde"), 0);
    }

    #[test]
    fn the_runtime_speaks_grpc_and_no_sql() {
        let path = "crates/runtime/Cargo.toml";
        assert_eq!(findings_of_manifest(path, "aval-runtime", "tonic"), 0);
        assert_eq!(findings_of_manifest(path, "aval-runtime", "sea-orm"), 1);
    }

    #[test]
    fn roots_are_first_segments_only() {
        let roots: Vec<_> = path_roots("use a::b::{c::D, e};").collect();
        assert_eq!(roots, ["a", "c", "a"]);
        assert_eq!(path_roots("<T as x::Y>::f()").collect::<Vec<_>>(), ["x"]);
    }
}
