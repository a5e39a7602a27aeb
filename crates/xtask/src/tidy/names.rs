//! A name says what a thing is: no drawer for odds and ends, no type named by its role in a pattern.

use super::Finding;
use super::code::without_comments_and_literals;
use super::tree::Tree;

const RULE: &str = "name";

/// Files, folders and modules that would take anything in.
const DRAWERS: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// What may be named so all the same, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "proto/aval/common/v1/",
        "the package of the words that the four services share",
    ),
    ("crates/proto/", "its modules are the packages' names"),
];

/// Endings that say nothing about what the type is.
const EMPTY_ENDINGS: &[&str] = &["Manager", "Impl", "Dto"];

/// Paths, modules and types have names that say what is in them.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let paths = tree
        .files()
        .filter(|(path, _)| !is_exception(path) && path.split('/').any(is_drawer))
        .map(|(path, _)| Finding {
            path: path.to_owned(),
            line: 1,
            rule: RULE,
            advice:
                "name the file by the one idea it holds, or move its parts to where they are used"
                    .to_owned(),
        });
    let items = tree
        .files_ending(".rs")
        .flat_map(|(path, text)| check_items(path, text));
    paths.chain(items).collect()
}

fn check_items(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in without_comments_and_literals(text).lines().enumerate() {
        let Some((keyword, name)) = declared(line) else {
            continue;
        };
        let advice = if keyword == "mod" {
            (is_drawer(name) && !is_exception(path))
                .then(|| format!("name the module by the one idea it holds, not `{name}`"))
        } else {
            EMPTY_ENDINGS
                .iter()
                .find(|ending| name.ends_with(*ending))
                .map(|ending| format!("name `{name}` by what it is: `{ending}` says nothing"))
        };
        findings.extend(advice.map(|advice| Finding {
            path: path.to_owned(),
            line: index + 1,
            rule: RULE,
            advice,
        }));
    }
    findings
}

/// The keyword and the name of an item that a line declares.
fn declared(line: &str) -> Option<(&str, &str)> {
    let mut words = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let keyword = words
        .find(|word| !matches!(*word, "pub" | "crate" | "super" | "in" | "self" | "unsafe"))?;
    matches!(keyword, "mod" | "struct" | "enum" | "trait" | "type").then_some(())?;
    Some((keyword, words.next()?))
}

fn is_drawer(segment: &str) -> bool {
    DRAWERS.contains(&segment.split('.').next().unwrap_or_default())
}

fn is_exception(path: &str) -> bool {
    EXCEPTIONS.iter().any(|(start, _)| path.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_drawer_is_found_as_file_folder_and_module() {
        assert_eq!(found("crates/runtime/src/utils.rs", ""), 1);
        assert_eq!(found("services/audit/tests/common/mod.rs", ""), 1);
        assert_eq!(found("docs/misc.md", ""), 1);
        assert_eq!(
            found("crates/runtime/src/lib.rs", "pub(crate) mod helpers {}"),
            1
        );
    }

    #[test]
    fn names_that_only_contain_such_a_word_are_free() {
        assert_eq!(
            found("crates/domain/src/commonwealth.rs", "mod utility;"),
            0
        );
    }

    #[test]
    fn the_shared_package_of_the_protos_keeps_its_name() {
        assert_eq!(found("proto/aval/common/v1/errors.proto", ""), 0);
        assert_eq!(found("proto/aval/consent/common.proto", ""), 1);
        assert_eq!(found("crates/proto/src/lib.rs", "pub mod common {"), 0);
    }

    #[test]
    fn a_type_named_by_its_pattern_is_found() {
        assert_eq!(
            found(
                "a.rs",
                "pub struct GrantManager;\n/// a struct FooImpl\ntype X = FooDto;"
            ),
            1
        );
        assert_eq!(found("a.rs", "pub(super) trait StoreImpl {}"), 1);
        assert_eq!(
            found("a.rs", "impl Manager for Implementation {}\nstruct Grant;"),
            0
        );
    }
}
