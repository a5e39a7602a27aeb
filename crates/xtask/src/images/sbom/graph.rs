//! Which packages are compiled into which program, as cargo resolves it.

use crate::process::{capture, cargo};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A package by its name and its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// Packages, what each says of its licence, and which others each is compiled with.
#[derive(Debug, Default)]
pub(super) struct Graph {
    licences: BTreeMap<Package, String>,
    uses: BTreeMap<Package, BTreeSet<Package>>,
}

impl Graph {
    /// Asks cargo what it compiles for this target when it builds these packages together:
    /// no tests', no build scripts', and no macros' packages, which are not in the programs.
    pub(super) fn of(root: &Path, packages: &[String], target: &str) -> Result<Self> {
        let mut tree = cargo();
        tree.args(["tree", "--locked", "--target", target])
            .args(["--edges", "normal,no-proc-macro", "--prefix", "depth"])
            .args(["--format", " {p}|{l}|"]);
        for package in packages {
            tree.args(["--package", package]);
        }
        Self::parse(&capture(tree.current_dir(root))?)
    }

    /// Each line is a package below the last one that is less deep. What is below a package
    /// is printed once.
    fn parse(tree: &str) -> Result<Self> {
        let mut graph = Self::default();
        let mut above: Vec<Package> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let (depth, package, licence) =
                parse_line(line).with_context(|| format!("cargo tree printed {line:?}"))?;
            ensure!(depth <= above.len(), "cargo tree skipped a depth: {line:?}");
            above.truncate(depth);
            if let Some(user) = above.last() {
                let used = graph.uses.entry(user.clone()).or_default();
                used.insert(package.clone());
            }
            graph.licences.insert(package.clone(), licence);
            above.push(package);
        }
        Ok(graph)
    }

    /// The only package of this name, which is one of the workspace's.
    pub(super) fn named(&self, name: &str) -> Result<&Package> {
        let mut packages = self.licences.keys();
        let found = packages.find(|package| package.name == name);
        found.with_context(|| format!("cargo compiles no {name}"))
    }

    /// What is compiled in with this package, and itself.
    pub(super) fn within<'a>(&'a self, package: &'a Package) -> BTreeSet<&'a Package> {
        let mut within = BTreeSet::new();
        let mut next = vec![package];
        while let Some(package) = next.pop() {
            if within.insert(package) {
                next.extend(self.used_by(package));
            }
        }
        within
    }

    /// What this package uses itself.
    pub(super) fn used_by(&self, package: &Package) -> impl Iterator<Item = &Package> {
        self.uses.get(package).into_iter().flatten()
    }

    /// What it says of its licence, which may be nothing.
    pub(super) fn licence_of(&self, package: &Package) -> &str {
        self.licences.get(package).map_or("", String::as_str)
    }

    /// Every package.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.licences.keys()
    }
}

/// `2 serde v1.0.229 (somewhere)|MIT OR Apache-2.0| (*)`.
fn parse_line(line: &str) -> Option<(usize, Package, String)> {
    let (depth, rest) = line.split_once(' ')?;
    let (package, rest) = rest.split_once('|')?;
    let (licence, _) = rest.split_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let package = Package {
        name: name.to_owned(),
        version: version.to_owned(),
    };
    // An older way of writing it.
    let licence = licence.replace('/', " OR ");
    Some((depth.parse().ok()?, package, licence))
}

#[cfg(test)]
mod tests {
    use super::Graph;

    const TREE: &str = "\
0 one v0.1.0 (/somewhere/one)|Apache-2.0|
1 shared v1.2.3|MIT/Apache-2.0|
2 deep v4.5.6-rc.1||

0 other v0.1.0 (/somewhere/other)|Apache-2.0|
1 shared v1.2.3|MIT/Apache-2.0| (*)
1 shared v2.0.0|MIT|
";

    #[test]
    fn what_is_below_a_package_is_in_everything_that_uses_it() {
        let graph = Graph::parse(TREE).expect("it is a tree");
        let within = |name| {
            let root = graph.named(name).expect("it is there");
            let within = graph.within(root);
            let shown = within
                .iter()
                .map(|package| format!("{} {}", package.name, package.version));
            shown.collect::<Vec<_>>()
        };
        let one = ["deep 4.5.6-rc.1", "one 0.1.0", "shared 1.2.3"];
        assert_eq!(within("one"), one);
        let other = [
            "deep 4.5.6-rc.1",
            "other 0.1.0",
            "shared 1.2.3",
            "shared 2.0.0",
        ];
        assert_eq!(within("other"), other);
        let shared = graph.named("shared").expect("it is there");
        assert_eq!(graph.licence_of(shared), "MIT OR Apache-2.0");
    }

    #[test]
    fn something_else_is_an_error() {
        assert!(Graph::parse("0 one|MIT|").is_err());
        assert!(Graph::parse("1 one v0.1.0|MIT|").is_err());
    }
}
