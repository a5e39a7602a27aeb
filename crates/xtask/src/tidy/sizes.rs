//! One idea a file: about 150 lines, and never more than a reader can hold.

use super::Finding;
use super::tree::Tree;

const RULE: &str = "size";

/// Tests at the bottom of the file included.
const MOST_LINES: usize = 400;

/// What is written for readers line by line.
const KINDS: &[&str] = &[".rs", ".proto", ".py", ".sh"];

/// A longer file and why its parts belong together.
type Exception = (&'static str, &'static str);

const EXCEPTIONS: &[Exception] = &[];

/// No file is longer, and no exception outlives its reason.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_except(tree, EXCEPTIONS)
}

fn check_except(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let too_long = tree
        .files()
        .filter(|(path, text)| is_too_long(path, text))
        .filter(|(path, _)| !exceptions.iter().any(|(excepted, _)| excepted == path))
        .map(|(path, text)| {
            let lines = text.lines().count();
            finding(
                path,
                MOST_LINES + 1,
                format!("{lines} lines, at most {MOST_LINES}: split it by its ideas"),
            )
        });
    let stale = exceptions
        .iter()
        .filter(|(path, _)| !tree.text(path).is_some_and(|text| is_too_long(path, text)))
        .map(|(path, _)| finding(path, 1, "needs no exception any more: remove it".to_owned()));
    too_long.chain(stale).collect()
}

fn is_too_long(path: &str, text: &str) -> bool {
    KINDS.iter().any(|kind| path.ends_with(kind)) && text.lines().count() > MOST_LINES
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
    use super::{MOST_LINES, check, check_except};
    use crate::tidy::tree::Tree;

    #[test]
    fn one_line_too_many_is_found() {
        let longest = "x\n".repeat(MOST_LINES);
        assert!(check(&Tree::of(&[("a.rs", &longest)])).is_empty());
        let longer = "x\n".repeat(MOST_LINES + 1);
        assert_eq!(
            check(&Tree::of(&[("a.rs", &longer), ("a.proto", &longer)])).len(),
            2
        );
    }

    #[test]
    fn documents_and_lock_files_may_be_long() {
        let long = "x\n".repeat(MOST_LINES + 1);
        assert!(check(&Tree::of(&[("LICENSE", &long), ("docs/guide.md", &long)])).is_empty());
    }

    #[test]
    fn an_exception_holds_only_while_it_is_needed() {
        let long = "x\n".repeat(MOST_LINES + 1);
        let exceptions = [("a.rs", "one table")];
        assert!(check_except(&Tree::of(&[("a.rs", &long)]), &exceptions).is_empty());
        assert_eq!(
            check_except(&Tree::of(&[("a.rs", "x\n")]), &exceptions).len(),
            1
        );
    }
}
