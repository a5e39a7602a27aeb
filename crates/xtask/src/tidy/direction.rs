//! Which of our crates may depend on which: services → runtime → database → domain.

use super::Finding;
use super::manifest::Member;

const RULE: &str = "direction";

/// What a service stands on. No service depends on another: they meet through proto.
const BELOW_A_SERVICE: &[&str] = &[
    "aval-database",
    "aval-domain",
    "aval-merkle-log",
    "aval-proto",
    "aval-runtime",
];

/// What the command binds together.
const EVERYTHING: &[&str] = &[
    "aval-audit",
    "aval-consent",
    "aval-database",
    "aval-domain",
    "aval-identity",
    "aval-merkle-log",
    "aval-practitioner-directory",
    "aval-proto",
    "aval-runtime",
    "aval-testing",
];

/// What the tests from end to end stand on: the stack that the command starts, from
/// outside, and the services' schemas, which they bring to where a later version would.
const THE_COMMAND: &[&str] = &[
    "aval",
    "aval-audit",
    "aval-consent",
    "aval-database",
    "aval-domain",
    "aval-identity",
    "aval-merkle-log",
    "aval-practitioner-directory",
    "aval-proto",
    "aval-runtime",
    "aval-testing",
];

/// What the tests of a power cut stand on: one service's contract, from outside its program.
const A_CALLER: &[&str] = &[
    "aval-domain",
    "aval-merkle-log",
    "aval-proto",
    "aval-runtime",
    "aval-testing",
];

/// Whatever reads what others send.
const WHAT_READS: &[&str] = &[
    "aval-audit",
    "aval-consent",
    "aval-domain",
    "aval-identity",
    "aval-merkle-log",
    "aval-practitioner-directory",
    "aval-runtime",
    "aval-testing",
];

const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("aval-domain", &[]),
    ("aval-merkle-log", &[]),
    ("aval-proto", &[]),
    ("aval-database", &["aval-domain"]),
    (
        "aval-runtime",
        &["aval-database", "aval-domain", "aval-proto"],
    ),
    ("aval-testing", &["aval-domain"]),
    ("aval-identity", BELOW_A_SERVICE),
    ("aval-practitioner-directory", BELOW_A_SERVICE),
    ("aval-consent", BELOW_A_SERVICE),
    ("aval-audit", BELOW_A_SERVICE),
    ("aval", EVERYTHING),
    ("aval-tests", THE_COMMAND),
    ("aval-fuzz", WHAT_READS),
    ("aval-power-cut", A_CALLER),
    ("xtask", &[]),
];

/// What is made for tests; whoever it is itself made of may not test with it.
const FOR_TESTS: &str = "aval-testing";

/// Every dependency between our crates goes the way the table says.
pub(super) fn check(members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(check_member).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let Some(allowed) = allowed(&member.name) else {
        return vec![Finding {
            path: member.path.clone(),
            line: 1,
            rule: RULE,
            advice: format!(
                "{} has no place yet: say in crates/xtask/src/tidy/direction.rs what it may depend on",
                member.name
            ),
        }];
    };
    let ours = |name: &str| name == "aval" || name.starts_with("aval-");
    let for_its_tests = |name: &str| name == FOR_TESTS && !is_below_the_test_crate(&member.name);
    member
        .dependencies
        .iter()
        .filter(|dependency| ours(&dependency.name))
        .filter(|dependency| !allowed.contains(&dependency.name.as_str()))
        .filter(|dependency| !(dependency.development && for_its_tests(&dependency.name)))
        .map(|dependency| Finding {
            path: member.path.clone(),
            line: dependency.line,
            rule: RULE,
            advice: format!(
                "{} may not depend on {}: move what it needs to a crate below both, or meet through proto",
                member.name, dependency.name
            ),
        })
        .collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    let (_, allowed) = MAY_DEPEND_ON
        .iter()
        .find(|(crate_name, _)| *crate_name == name)?;
    Some(allowed)
}

fn is_below_the_test_crate(name: &str) -> bool {
    name == FOR_TESTS || allowed(FOR_TESTS).is_some_and(|below| below.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::manifest::Member;
    use crate::tidy::tree::Tree;

    fn advice_for(name: &str, tables: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{name}\"\n{tables}");
        let tree = Tree::of(&[("crates/x/Cargo.toml", &manifest)]);
        let members = Member::parse_all(&tree).expect("valid TOML");
        check(&members)
            .into_iter()
            .map(|finding| finding.advice)
            .collect()
    }

    #[test]
    fn a_service_may_stand_on_the_runtime() {
        let tables = "[dependencies]\naval-runtime.workspace = true\nserde.workspace = true\n";
        assert!(advice_for("aval-consent", tables).is_empty());
    }

    #[test]
    fn a_service_may_not_depend_on_another_even_in_its_tests() {
        let advice = advice_for(
            "aval-consent",
            "[dev-dependencies]\naval-audit.workspace = true\n",
        );
        assert!(
            advice[0].starts_with("aval-consent may not depend on aval-audit"),
            "{advice:?}"
        );
    }

    #[test]
    fn the_test_crate_serves_tests_only() {
        let tables = "[dev-dependencies]\naval-testing.workspace = true\n";
        assert!(advice_for("aval-consent", tables).is_empty());
        let tables = "[dependencies]\naval-testing.workspace = true\n";
        assert_eq!(advice_for("aval-consent", tables).len(), 1);
    }

    #[test]
    fn what_the_test_crate_is_made_of_may_not_test_with_it() {
        let tables = "[dev-dependencies]\naval-testing.workspace = true\n";
        assert_eq!(advice_for("aval-domain", tables).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert!(advice_for("aval-new", "")[0].contains("has no place yet"));
    }
}
