//! Every dependency stands once in the root with what it is for, and is used.

use super::Finding;
use super::code::{has_word, without_comments_and_literals};
use super::manifest::{Member, Root};
use super::tree::Tree;
use std::collections::BTreeSet;

const RULE: &str = "dependency";

/// A member, a dependency that its own text does not name, and why it stays.
type Exception = (&'static str, &'static str, &'static str);

const NOT_NAMED: &[Exception] = &[
    ("aval-proto", "prost", "the generated code names it"),
    ("aval-proto", "prost-types", "the generated code names it"),
    ("aval-proto", "tonic", "the generated code names it"),
    ("aval-proto", "tonic-prost", "the generated code names it"),
    (
        "aval-runtime",
        "crossbeam-utils",
        "gives the command and the tests one build",
    ),
    (
        "aval-runtime",
        "rand-of-telemetry",
        "gives the command and the tests one build",
    ),
    (
        "aval-runtime",
        "regex-syntax",
        "gives the command and the tests one build",
    ),
    (
        "aval-runtime",
        "sha2-of-sqlx",
        "gives the command and the tests one build",
    ),
    (
        "aval-database",
        "sqlx",
        "chooses the TLS provider that sea-orm leaves open",
    ),
    (
        "aval-testing",
        "flate2",
        "chooses the compressor that zip leaves open",
    ),
];

/// Members with lints of their own, and why.
const OWN_LINTS: &[(&str, &str)] = &[(
    "aval-power-cut",
    "takes the place of functions of the C library, which have no safe form",
)];

/// Declared once and with a purpose, inherited by members, named by their code;
/// lints are inherited too.
pub(super) fn check(tree: &Tree, root: &Root, members: &[Member]) -> Vec<Finding> {
    let mut findings = check_root(root, members);
    for member in members {
        findings.extend(check_inheritance(member));
        findings.extend(check_use(tree, member, NOT_NAMED));
    }
    findings
}

fn check_root(root: &Root, members: &[Member]) -> Vec<Finding> {
    let used: BTreeSet<&str> = members
        .iter()
        .flat_map(|member| &member.dependencies)
        .map(|dependency| dependency.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for declared in &root.dependencies {
        let mut add = |advice: String| {
            findings.push(finding("Cargo.toml", declared.line, advice));
        };
        if !declared.has_purpose {
            add(format!(
                "say what {} is for in a comment on its line",
                declared.name
            ));
        }
        if !used.contains(declared.name.as_str()) {
            add(format!("no member depends on {}: remove it", declared.name));
        }
    }
    findings
}

fn check_inheritance(member: &Member) -> Vec<Finding> {
    let mut findings: Vec<Finding> = member
        .dependencies
        .iter()
        .filter(|dependency| !dependency.inherited)
        .map(|dependency| {
            let name = &dependency.name;
            finding(
                &member.path,
                dependency.line,
                format!(
                    "write `{name}.workspace = true`, and the rest of it in the root Cargo.toml"
                ),
            )
        })
        .collect();
    let has_its_own = OWN_LINTS.iter().any(|(name, _)| *name == member.name);
    if !member.inherits_lints && !has_its_own {
        findings.push(finding(
            &member.path,
            1,
            "write `[lints]` `workspace = true`".to_owned(),
        ));
    }
    findings
}

fn check_use(tree: &Tree, member: &Member, exceptions: &[Exception]) -> Vec<Finding> {
    let code: String = tree
        .files_ending(".rs")
        .filter(|(path, _)| path.starts_with(&member.folder))
        .map(|(_, text)| without_comments_and_literals(text))
        .collect();
    let mut findings = Vec::new();
    for dependency in &member.dependencies {
        let named = has_word(&code, &dependency.name.replace('-', "_"));
        let excepted = exceptions
            .iter()
            .any(|(of, name, _)| *of == member.name && *name == dependency.name);
        if !named && !excepted {
            let advice = format!("{} never names {}: remove it", member.name, dependency.name);
            findings.push(finding(&member.path, dependency.line, advice));
        }
    }
    findings
}

fn finding(path: &str, line: usize, advice: String) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        rule: RULE,
        advice,
    }
}

#[cfg(test)]
mod tests {
    use super::{check, check_use};
    use crate::tidy::manifest::{Member, Root};
    use crate::tidy::tree::Tree;

    const ROOT: &str = "[workspace.dependencies]\nhex = \"0.4\" # digests for people\n";
    const MEMBER: &str = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\nhex.workspace = true\n";
    const CODE: &str = "fn f() { hex::encode(b\"x\"); }";

    fn advice(root: &str, member: &str, code: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("Cargo.toml", root),
            ("crates/a/Cargo.toml", member),
            ("crates/a/src/lib.rs", code),
        ]);
        let root = Root::parse(&tree).expect("valid TOML");
        let members = Member::parse_all(&tree).expect("valid TOML");
        check(&tree, &root, &members)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_declared_inherited_and_named_is_in_order() {
        assert_eq!(advice(ROOT, MEMBER, CODE), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_without_a_purpose_is_found() {
        let found = advice(&ROOT.replace("# digests for people", "#"), MEMBER, CODE);
        assert_eq!(
            found,
            ["Cargo.toml:2: [dependency] say what hex is for in a comment on its line"]
        );
    }

    #[test]
    fn a_declared_dependency_that_no_member_has_is_found() {
        let root = format!("{ROOT}time = \"0.3\" # dates\n");
        assert_eq!(
            advice(&root, MEMBER, CODE),
            ["Cargo.toml:3: [dependency] no member depends on time: remove it"]
        );
    }

    #[test]
    fn a_member_with_a_version_of_its_own_is_found() {
        let member = MEMBER.replace("hex.workspace = true", "hex = \"0.3\"");
        let found = advice(ROOT, &member, CODE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .starts_with("crates/a/Cargo.toml:6: [dependency] write `hex.workspace = true`")
        );
    }

    #[test]
    fn a_member_without_the_lints_is_found() {
        let member = MEMBER.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(
            advice(ROOT, &member, CODE),
            ["crates/a/Cargo.toml:1: [dependency] write `[lints]` `workspace = true`"]
        );
    }

    #[test]
    fn a_dependency_that_only_a_comment_names_is_found() {
        let found = advice(ROOT, MEMBER, "// hex::encode");
        assert_eq!(
            found,
            ["crates/a/Cargo.toml:6: [dependency] a never names hex: remove it"]
        );
    }

    #[test]
    fn a_reasoned_exception_needs_no_name() {
        let tree = Tree::of(&[("crates/a/Cargo.toml", MEMBER)]);
        let members = Member::parse_all(&tree).expect("valid TOML");
        assert!(check_use(&tree, &members[0], &[("a", "hex", "a reason")]).is_empty());
        assert_eq!(check_use(&tree, &members[0], &[]).len(), 1);
    }
}
