//! The manifests, with the lines that findings point at.

use super::tree::Tree;
use anyhow::{Context, Result};
use toml::{Table, Value};

/// The root's table of dependencies.
pub(super) struct Root {
    pub(super) dependencies: Vec<Declared>,
}

/// One line of the root's table.
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) line: usize,
    /// Whether words after the entry say what it is for.
    pub(super) has_purpose: bool,
}

/// One package of the workspace.
pub(super) struct Member {
    pub(super) name: String,
    /// The folder from the root, with a closing `/`.
    pub(super) folder: String,
    /// The manifest's path from the root.
    pub(super) path: String,
    /// Whether it says `[lints] workspace = true`.
    pub(super) inherits_lints: bool,
    pub(super) dependencies: Vec<Dependency>,
}

/// One entry of a member's tables of dependencies.
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) line: usize,
    /// Only for tests.
    pub(super) development: bool,
    /// Whether it says `workspace = true`.
    pub(super) inherited: bool,
}

const ROOT: &str = "Cargo.toml";
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

impl Root {
    /// Reads the root's manifest.
    pub(super) fn parse(tree: &Tree) -> Result<Self> {
        let text = tree.text(ROOT).context("there is no root Cargo.toml")?;
        let root: Table = text.parse().context(ROOT)?;
        let declared = root
            .get("workspace")
            .and_then(|workspace| workspace.get("dependencies"));
        let dependencies = names(declared)
            .map(|(name, _)| {
                let line = line_of(text, "workspace.dependencies", name);
                let entry = text.lines().nth(line - 1).unwrap_or_default();
                Declared {
                    name: name.clone(),
                    line,
                    has_purpose: comment(entry).is_some_and(|words| !words.is_empty()),
                }
            })
            .collect();
        Ok(Self { dependencies })
    }
}

impl Member {
    /// Reads every manifest but the root's.
    pub(super) fn parse_all(tree: &Tree) -> Result<Vec<Self>> {
        tree.files_ending("/Cargo.toml")
            .map(|(path, text)| Self::parse(path, text).with_context(|| path.to_owned()))
            .collect()
    }

    fn parse(path: &str, text: &str) -> Result<Self> {
        let manifest: Table = text.parse()?;
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name")?.as_str())
            .context("no package.name")?;
        Ok(Self {
            name: name.to_owned(),
            folder: path.trim_end_matches(ROOT).to_owned(),
            path: path.to_owned(),
            inherits_lints: says_workspace(manifest.get("lints")),
            dependencies: tables(&manifest)
                .flat_map(|(name, table)| dependencies(table, text, &name))
                .collect(),
        })
    }
}

/// The tables of dependencies, those for some targets alone too, as their headers name them.
fn tables(manifest: &Table) -> impl Iterator<Item = (String, &Value)> {
    let targets = names(manifest.get("target"))
        .map(|(target, tables)| (format!("target.'{target}'."), tables.as_table()));
    std::iter::once((String::new(), Some(manifest)))
        .chain(targets)
        .flat_map(|(prefix, tables)| {
            TABLES
                .into_iter()
                .filter_map(move |table| Some((format!("{prefix}{table}"), tables?.get(table)?)))
        })
}

fn dependencies(table: &Value, text: &str, header: &str) -> Vec<Dependency> {
    names(Some(table))
        .map(|(name, value)| Dependency {
            name: name.clone(),
            line: line_of(text, header, name),
            development: header.ends_with("dev-dependencies"),
            inherited: says_workspace(Some(value)),
        })
        .collect()
}

fn names(table: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    table.and_then(Value::as_table).into_iter().flatten()
}

fn says_workspace(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")?.as_bool()) == Some(true)
}

/// The line, from 1, of a key in a table; 1 when it is written in a way not foreseen.
fn line_of(text: &str, table: &str, key: &str) -> usize {
    let mut current = "";
    for (index, line) in text.lines().enumerate() {
        if let Some(header) = line.strip_prefix('[') {
            current = header.split(']').next().unwrap_or_default();
        }
        let own_table = current
            .strip_prefix(table)
            .and_then(|rest| rest.strip_prefix('.'));
        let written = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if (current == table && written == key) || own_table == Some(key) {
            return index + 1;
        }
    }
    1
}

/// The words behind `#`, outside of strings.
fn comment(line: &str) -> Option<&str> {
    let mut in_string = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => in_string = !in_string,
            '#' if !in_string => return Some(line[at + 1..].trim()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Member, Root, comment};
    use crate::tidy::tree::Tree;

    #[test]
    fn entries_are_found_with_their_lines() {
        let tree = Tree::of(&[
            (
                "Cargo.toml",
                "[workspace.dependencies]\nhex = \"1\" # digests\nbare = \"1\"\n",
            ),
            (
                "crates/a/Cargo.toml",
                "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n\
                 hex.workspace = true\n[dev-dependencies]\nhex = \"2\"\n[build-dependencies.bare]\nworkspace = true\n",
            ),
        ]);
        let root = Root::parse(&tree).expect("valid TOML");
        let declared: Vec<_> = root
            .dependencies
            .iter()
            .map(|d| (d.name.as_str(), d.line, d.has_purpose))
            .collect();
        assert_eq!(declared, [("bare", 3, false), ("hex", 2, true)]);
        let members = Member::parse_all(&tree).expect("valid TOML");
        let found: Vec<_> = members[0]
            .dependencies
            .iter()
            .map(|d| (d.name.as_str(), d.line, d.development, d.inherited))
            .collect();
        assert_eq!(
            found,
            [
                ("hex", 6, false, true),
                ("hex", 8, true, false),
                ("bare", 9, false, true)
            ]
        );
        assert!(members[0].inherits_lints);
        assert_eq!(members[0].folder, "crates/a/");
    }

    #[test]
    fn entries_for_some_targets_alone_are_found_too() {
        let manifest = "[package]\nname = \"a\"\n[target.'cfg(unix)'.dependencies]\n\
            hex.workspace = true\n";
        let tree = Tree::of(&[("crates/a/Cargo.toml", manifest)]);
        let members = Member::parse_all(&tree).expect("valid TOML");
        let found = &members[0].dependencies[0];
        assert_eq!((found.name.as_str(), found.line), ("hex", 4));
        assert!(found.inherited && !found.development);
    }

    #[test]
    fn a_hash_in_a_string_begins_no_comment() {
        assert_eq!(comment("a = \"#1\""), None);
        assert_eq!(comment("a = \"#1\" # why"), Some("why"));
    }
}
