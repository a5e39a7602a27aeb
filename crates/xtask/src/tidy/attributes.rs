//! Nothing is silenced, left out or left open.

use super::Finding;
use super::code::without_comments_and_literals;
use super::tree::Tree;

const RULE: &str = "unfinished";

/// What code may not contain, and what to write in its place.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "#[allow(",
        "use `#[expect(…, reason = \"…\")]`: it complains when it is no longer needed",
    ),
    (
        "#![allow(",
        "use `#![expect(…, reason = \"…\")]`: it complains when it is no longer needed",
    ),
    (
        "#[ignore",
        "a test runs or does not exist; what needs a server asks `cargo xtask test` for it",
    ),
    ("todo!(", "finish it, or leave it out"),
    ("unimplemented!(", "finish it, or leave it out"),
];

/// The same inside of `cfg_attr(…)`.
const FORBIDDEN_WHEN_CONDITIONAL: &[&str] = &["allow(", "ignore"];

/// No code is silenced, ignored or unfinished.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files_ending(".rs")
        .flat_map(|(path, text)| check_source(path, text))
        .collect()
}

fn check_source(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in without_comments_and_literals(text).lines().enumerate() {
        let conditional = line.split_once("cfg_attr(").is_some_and(|(_, attribute)| {
            FORBIDDEN_WHEN_CONDITIONAL
                .iter()
                .any(|word| attribute.contains(word))
        });
        let advice = FORBIDDEN
            .iter()
            .find(|(text, _)| line.contains(text))
            .map(|(text, advice)| format!("no `{}`: {advice}", text.trim_end_matches('(')))
            .or_else(|| {
                conditional.then(|| "no exception that depends on how it is built".to_owned())
            });
        findings.extend(advice.map(|advice| Finding {
            path: path.to_owned(),
            line: index + 1,
            rule: RULE,
            advice,
        }));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn lines_found(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("a.rs", text)]))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn silenced_ignored_and_unfinished_code_is_found() {
        assert_eq!(
            lines_found("#![allow(dead_code)]\n#[allow(unused)]\nfn f() { todo!() }"),
            [1, 2, 3]
        );
        assert_eq!(
            lines_found("#[test]\n#[ignore = \"slow\"]\nfn f() { unimplemented!(\"x\") }"),
            [2, 3]
        );
    }

    #[test]
    fn a_condition_hides_nothing() {
        assert_eq!(lines_found("#[cfg_attr(test, allow(dead_code))]"), [1]);
        assert_eq!(lines_found("#[cfg_attr(windows, ignore)]"), [1]);
        assert!(lines_found("#[cfg_attr(test, derive(Debug))]").is_empty());
    }

    #[test]
    fn an_expectation_with_a_reason_is_welcome() {
        assert!(
            lines_found("#[expect(dead_code, reason = \"no #[allow(dead_code)]\")]").is_empty()
        );
    }

    #[test]
    fn words_about_it_are_free() {
        assert!(lines_found("// todo!() was here\nlet x = \"#[ignore]\";").is_empty());
    }
}
