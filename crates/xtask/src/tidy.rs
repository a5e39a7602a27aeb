//! `cargo xtask tidy`: the house's invariants that no compiler knows.
//!
//! Each rule is a pure function from the tree's text, or from what cargo says of the
//! dependencies, to findings, with its data (who may, and the exceptions with their
//! reasons) at the top of its file.

mod attributes;
mod code;
mod dependencies;
mod direction;
mod edges;
mod manifest;
mod names;
mod one_build;
mod sizes;
mod tree;

use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::fmt;
use tree::Tree;

/// One place that breaks a rule, and what to do about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: [{}] {}",
            self.path, self.line, self.rule, self.advice
        )
    }
}

/// Applies every rule to the files that git knows or would take.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::load(&Workspace::load()?.root)?;
    let mut findings = findings(&tree)?;
    findings.extend(one_build::check()?);
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy: {} finding(s)", findings.len());
    }
    println!("tidy: {} files in order", tree.len());
    Ok(())
}

fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let root = manifest::Root::parse(tree)?;
    let members = manifest::Member::parse_all(tree)?;
    let mut findings = Vec::new();
    findings.extend(names::check(tree));
    findings.extend(sizes::check(tree));
    findings.extend(attributes::check(tree));
    findings.extend(direction::check(&members));
    findings.extend(edges::check(tree, &members));
    findings.extend(dependencies::check(tree, &root, &members));
    findings.sort();
    Ok(findings)
}
