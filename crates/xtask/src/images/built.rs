//! Whether what is said to be compiled into programs is what cargo compiled for them.

use super::TARGET;
use super::sbom::Package;
use crate::process::capture;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// What cargo says of each thing that it built.
#[derive(Deserialize)]
struct Message {
    package_id: Option<String>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Has cargo, with a command that has run already, name everything that it compiled for the
/// target, and compares.
pub(super) fn check(build: &mut Command, said: &BTreeSet<Package>) -> Result<()> {
    let messages = capture(build.args(["--message-format", "json"]))?;
    let compiled = compiled_for_the_target(&messages)?;
    let names = |packages: Vec<&Package>| {
        let names = packages
            .iter()
            .map(|package| format!("{} {}", package.name, package.version));
        names.collect::<Vec<_>>().join(", ")
    };
    let unsaid = names(compiled.difference(said).collect());
    ensure!(unsaid.is_empty(), "compiled, and not said to be: {unsaid}");
    let missing = names(said.difference(&compiled).collect());
    ensure!(missing.is_empty(), "said to be compiled: {missing}");
    Ok(())
}

/// What is compiled for the machine that builds, as macros and build scripts are, is in another
/// folder.
fn compiled_for_the_target(messages: &str) -> Result<BTreeSet<Package>> {
    let mut compiled = BTreeSet::new();
    for line in messages.lines() {
        let message: Message = serde_json::from_str(line)?;
        let is_linked = |file: &PathBuf| {
            let is_for_the_target = file.iter().any(|part| part == TARGET);
            // A library, or a program.
            is_for_the_target && file.extension().is_none_or(|ending| ending == "rlib")
        };
        if let Some(id) = &message.package_id
            && message.filenames.iter().any(is_linked)
        {
            compiled.insert(package_of(id).with_context(|| format!("cargo built {id}"))?);
        }
    }
    Ok(compiled)
}

/// `registry+https://…#serde@1.0.229`, or `path+file:///…/one#0.1.0` of a folder with its name.
fn package_of(id: &str) -> Option<Package> {
    let (place, of_place) = id.rsplit_once('#')?;
    let folder = place.rsplit('/').next()?;
    let (name, version) = of_place.split_once('@').unwrap_or((folder, of_place));
    Some(Package {
        name: name.to_owned(),
        version: version.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::compiled_for_the_target;

    #[test]
    fn what_is_compiled_for_the_target_is_told_from_macros_and_build_scripts() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"registry+https://x/index#serde@1.0.1+a","filenames":["/t/x86_64-unknown-linux-gnu/dist/deps/libserde-1.rlib","/t/x86_64-unknown-linux-gnu/dist/deps/libserde-1.rmeta"]}
{"reason":"compiler-artifact","package_id":"registry+https://x/index#serde_derive@1.0.1","filenames":["/t/dist/deps/libserde_derive-1.so"]}
{"reason":"compiler-artifact","package_id":"registry+https://x/index#cc@1.0.0","filenames":["/t/dist/deps/libcc-1.rlib"]}
{"reason":"compiler-artifact","package_id":"path+file:///w/services/audit#aval-audit@0.1.0","filenames":["/t/x86_64-unknown-linux-gnu/dist/aval-audit"]}
{"reason":"build-script-executed","package_id":"registry+https://x/index#libc@0.2.1"}
{"reason":"build-finished","success":true}
"#;
        let compiled = compiled_for_the_target(messages).expect("they are messages");
        let names: Vec<_> = compiled.iter().map(|package| &*package.name).collect();
        assert_eq!(names, ["aval-audit", "serde"]);
    }
}
