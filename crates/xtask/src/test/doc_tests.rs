//! The examples in the documentation, of the crates that have some.
//!
//! Running them costs seconds for each crate, with or without examples, so the
//! crates without are left out by looking at their text.

use crate::not_run::on_a_build_machine;
use crate::process::{cargo, run as run_command};
use crate::workspace::Workspace;
use anyhow::Result;
use std::fs;
use std::path::Path;

/// Runs the examples of the crates that have some.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let mut command = cargo();
    command
        .current_dir(&workspace.root)
        .args(["test", "--doc", "--release", "--quiet"]);
    if on_a_build_machine() {
        command.arg("--locked");
    }
    let mut crates = 0_usize;
    for package in workspace.libraries()? {
        if has_examples_below(&package.sources)? {
            command.args(["--package", &package.name]);
            crates += 1;
        }
    }
    println!("{crates} crates have doc-tests");
    if crates > 0 {
        // The command depends on everything: with it, cargo finds the features of the
        // whole workspace, and what it has already built.
        run_command(command.args(["--package", "aval"]))?;
    }
    Ok(())
}

fn has_examples_below(folder: &Path) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            has_examples_below(&path)?
        } else {
            path.extension().is_some_and(|extension| extension == "rs")
                && has_examples(&fs::read_to_string(&path)?)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a doc comment opens a block that rustdoc takes for Rust.
fn has_examples(source: &str) -> bool {
    let mut inside = false;
    for line in source.lines().map(str::trim_start) {
        let Some(text) = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
        else {
            inside = false;
            continue;
        };
        let Some(language) = text.trim_start().strip_prefix("```") else {
            continue;
        };
        if !inside && is_rust(language) {
            return true;
        }
        inside = !inside;
    }
    false
}

/// What stands behind the opening fence: nothing, or only words of rustdoc's own.
fn is_rust(language: &str) -> bool {
    language
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .all(|word| {
            matches!(word, "rust" | "no_run" | "should_panic" | "compile_fail")
                || word.starts_with("edition")
        })
}

#[cfg(test)]
mod tests {
    use super::has_examples;

    #[test]
    fn a_bare_or_a_rust_block_is_an_example() {
        assert!(has_examples(
            "/// Adds.\n///\n/// ```\n/// assert!(true);\n/// ```\nfn f() {}"
        ));
        assert!(has_examples("//! ```rust,no_run\n//! f();\n//! ```"));
    }

    #[test]
    fn a_block_of_another_language_and_its_closing_fence_are_none() {
        assert!(!has_examples("/// ```text\n/// a → b\n/// ```\nfn f() {}"));
        assert!(!has_examples(
            "/// ```toml\n/// a = 1\n/// ```\n/// Words.\nfn f() {}"
        ));
    }

    #[test]
    fn a_fence_in_a_string_is_none() {
        assert!(!has_examples("const FENCE: &str = \"\n```\n\";"));
    }
}
