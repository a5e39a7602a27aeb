//! The tests and the command are built from the same libraries with the same features.
//!
//! A dependency of the tests alone that adds a feature to a library gives the command
//! another build of that library, and of everything above it: minutes of each run.

use super::Finding;
use crate::process::{capture, cargo};
use anyhow::Result;
use std::collections::BTreeSet;

const RULE: &str = "one build";

/// What is built besides the tests: the package, as cargo is asked to run it.
const COMMAND: &str = "aval";

/// Each library that the command is built with is one that the tests are built with.
pub(super) fn check() -> Result<Vec<Finding>> {
    let tests = libraries(&["--workspace", "--edges", "normal,build,dev"])?;
    let command = libraries(&["--package", COMMAND, "--edges", "normal,build"])?;
    Ok(differences(&tests, &command))
}

/// A library and its features, one a line.
fn libraries(selection: &[&str]) -> Result<String> {
    let mut tree = cargo();
    tree.args(["tree", "--prefix", "none", "--format", "{p} {f}"]);
    capture(tree.args(selection))
}

fn differences(tests: &str, command: &str) -> Vec<Finding> {
    let of_tests = lines(tests);
    let alone = lines(command);
    alone
        .difference(&of_tests)
        .map(|library| Finding {
            path: "Cargo.toml".to_owned(),
            line: 1,
            rule: RULE,
            advice: format!(
                "the tests build {} with other features than `{library}`: declare it once more \
                 with theirs, as regex-syntax",
                library.split(' ').next().unwrap_or_default()
            ),
        })
        .collect()
}

/// Without the mark of what was printed before.
fn lines(tree: &str) -> BTreeSet<&str> {
    tree.lines()
        .map(|line| line.trim_end().trim_end_matches(" (*)").trim_end())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn a_library_with_the_same_features_is_built_once() {
        let tests = "rand v0.9.5 default,std\nhex v0.4.3 \nproptest v1.12.0 std\n";
        let command = "hex v0.4.3\nrand v0.9.5 default,std (*)\n";
        assert_eq!(differences(tests, command), []);
    }

    #[test]
    fn a_feature_that_only_the_tests_have_is_found() {
        let found = differences("rand v0.9.5 default,std\n", "rand v0.9.5 std\n");
        assert_eq!(found.len(), 1);
        let shown = found[0].to_string();
        assert!(
            shown.starts_with("Cargo.toml:1: [one build] the tests build rand with other"),
            "{shown}"
        );
    }
}
