//! The alerts as Prometheus' operator takes them. Kustomize cannot put a file into a field, so
//! each file of rules is written once more, as a `PrometheusRule`, and must stay equal.

use super::read;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where the rules stand, and where they are written, below `deploy/`.
const RULES: &str = "monitoring/rules";
const WRITTEN: &str = "components/prometheus-operator/rules";

/// Writes what is not there or not equal, and takes away what has no source.
pub(super) fn write(deploy: &Path) -> Result<()> {
    let (sources, written) = (deploy.join(RULES), deploy.join(WRITTEN));
    fs::create_dir_all(&written).with_context(|| written.display().to_string())?;
    let names = names(&sources)?;
    for name in &names {
        let path = written.join(name);
        fs::write(&path, rendered(name, &read(&sources.join(name))?))
            .with_context(|| path.display().to_string())?;
    }
    for name in self::names(&written)?.difference(&names) {
        fs::remove_file(written.join(name))?;
    }
    Ok(())
}

/// One finding for each file that is missing, unlike its source, or without one.
pub(super) fn findings(deploy: &Path) -> Result<Vec<String>> {
    let (sources, written) = (deploy.join(RULES), deploy.join(WRITTEN));
    let mut findings = Vec::new();
    for name in names(&sources)?.union(&names(&written)?) {
        let expected = fs::read_to_string(sources.join(name)).ok();
        let expected = expected.map(|rules| rendered(name, &rules));
        if fs::read_to_string(written.join(name)).ok() != expected {
            findings.push(format!(
                "deploy/{WRITTEN}/{name} is not what deploy/{RULES}/{name} says: \
                 write it with `cargo xtask deploy-check --write`"
            ));
        }
    }
    Ok(findings)
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut names = BTreeSet::new();
    for entry in entries {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// A file of rules is the `spec` to the letter: it is moved in by two columns.
fn rendered(name: &str, rules: &str) -> String {
    let stem = name.trim_end_matches(".yaml");
    let mut text = format!(
        "# Written by `cargo xtask deploy-check --write` from deploy/{RULES}/{name}.\n\
         apiVersion: monitoring.coreos.com/v1\n\
         kind: PrometheusRule\n\
         metadata:\n  name: aval-{stem}\n\
         spec:\n"
    );
    for line in rules.lines() {
        if !line.is_empty() {
            text.push_str("  ");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own with one file of rules, written.
    fn deploy(test: &str) -> std::path::PathBuf {
        let name = format!("xtask-rules-{}-{test}", std::process::id());
        let deploy = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&deploy);
        fs::create_dir_all(deploy.join(RULES)).expect("a folder");
        fs::write(
            deploy.join(RULES).join("a.yaml"),
            "# A\ngroups:\n\n  - name: a\n",
        )
        .expect("a file");
        write(&deploy).expect("it is written");
        deploy
    }

    #[test]
    fn what_was_written_is_equal_and_is_the_rules_as_a_resource() {
        let deploy = deploy("equal");
        assert_eq!(findings(&deploy).expect("read"), Vec::<String>::new());
        let written = fs::read_to_string(deploy.join(WRITTEN).join("a.yaml")).expect("a file");
        assert!(written.contains("\n  name: aval-a\nspec:\n  # A\n  groups:\n\n    - name: a\n"));
        fs::remove_dir_all(deploy).expect("it is ours");
    }

    #[test]
    fn a_rule_that_changed_and_a_file_too_many_are_found_until_they_are_written() {
        let deploy = deploy("changed");
        fs::write(deploy.join(RULES).join("a.yaml"), "groups: []\n").expect("a file");
        fs::write(deploy.join(RULES).join("new.yaml"), "groups: []\n").expect("a file");
        fs::write(deploy.join(WRITTEN).join("old.yaml"), "").expect("a file");
        assert_eq!(findings(&deploy).expect("read").len(), 3);
        write(&deploy).expect("it is written");
        assert_eq!(findings(&deploy).expect("read"), Vec::<String>::new());
        fs::remove_dir_all(deploy).expect("it is ours");
    }
}
