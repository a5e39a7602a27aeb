//! What each program is made of, as a `CycloneDX` document (an SBOM): every package that is
//! compiled into it, with its licence and the checksum under which it was fetched, and what
//! the toolchain links in besides.
//!
//! It says nothing of when it was made: of the same sources, and with the same toolchain, it
//! is the same.

mod graph;

pub(crate) use graph::Package;

use super::TARGET;
use crate::process::capture;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use graph::Graph;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What programs are made of that are built together.
pub(crate) struct Ingredients {
    graph: Graph,
    /// Of what was fetched: by it, whoever wants to knows that it was the same.
    checksums: BTreeMap<Package, String>,
    toolchain: Vec<Value>,
}

impl Ingredients {
    /// Of these services, for the target of images.
    pub(crate) fn read(workspace: &Workspace, services: &[String]) -> Result<Self> {
        let packages: Vec<_> = services.iter().map(|name| format!("aval-{name}")).collect();
        Ok(Self {
            graph: Graph::of(&workspace.root, &packages, TARGET)?,
            checksums: checksums(&workspace.root.join("Cargo.lock"))?,
            toolchain: toolchain()?,
        })
    }

    /// Every package that is compiled into any of them.
    pub(crate) fn packages(&self) -> BTreeSet<Package> {
        self.graph.packages().cloned().collect()
    }

    /// The document of a service; of this very program, if there is one.
    pub(crate) fn document(&self, service: &str, program: Option<&Path>) -> Result<Value> {
        let root = self.graph.named(&format!("aval-{service}"))?;
        let within = self.graph.within(root);
        let others = within.iter().filter(|package| **package != root);
        let mut components: Vec<_> = others
            .map(|package| self.component("library", package))
            .collect();
        components.extend(self.toolchain.iter().cloned());
        let dependencies = within.iter().map(|package| {
            let used: Vec<_> = self.graph.used_by(package).map(reference).collect();
            json!({"ref": reference(package), "dependsOn": used})
        });
        let mut made = self.component("application", root);
        if let Some(program) = program {
            made["hashes"] = json!([{"alg": "SHA-256", "content": sha_256(program)?}]);
        }
        Ok(json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": made},
            "components": components,
            "dependencies": dependencies.collect::<Vec<_>>(),
        }))
    }

    fn component(&self, kind: &str, package: &Package) -> Value {
        let mut component = json!({
            "type": kind,
            "bom-ref": reference(package),
            "name": package.name,
            "version": package.version,
            "purl": reference(package),
        });
        let licence = self.graph.licence_of(package);
        if !licence.is_empty() {
            component["licenses"] = json!([{"expression": licence}]);
        }
        if let Some(checksum) = self.checksums.get(package) {
            component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        }
        component
    }
}

/// The package URL, by which others know it.
fn reference(package: &Package) -> String {
    // Of what a version may have, this alone means something else in a URL.
    let version = package.version.replace('+', "%2B");
    format!("pkg:cargo/{}@{version}", package.name)
}

/// What is linked in and is no package: the toolchain's own libraries, and since the programs
/// are static, those of C.
fn toolchain() -> Result<Vec<Value>> {
    let second_word = |mut command: Command| -> Result<String> {
        let said = capture(&mut command)?;
        let word = said.split_whitespace().nth(1).map(str::to_owned);
        word.with_context(|| format!("no version: {said}"))
    };
    let mut rustc = Command::new("rustc");
    rustc.arg("--version");
    let mut libc = Command::new("getconf");
    libc.arg("GNU_LIBC_VERSION");
    let gcc = capture(Command::new("cc").arg("-dumpfullversion"))?;
    let parts = [
        ("rust-std", second_word(rustc)?, "MIT OR Apache-2.0"),
        ("glibc", second_word(libc)?, "LGPL-2.1-or-later"),
        (
            "libgcc",
            gcc.trim().to_owned(),
            "GPL-3.0-or-later WITH GCC-exception-3.1",
        ),
    ];
    let component = |(name, version, licence): (&str, String, &str)| {
        json!({
            "type": "library",
            "bom-ref": format!("{name}@{version}"),
            "name": name,
            "version": version,
            "licenses": [{"expression": licence}],
        })
    };
    Ok(parts.into_iter().map(component).collect())
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

fn checksums(lock: &Path) -> Result<BTreeMap<Package, String>> {
    let text = fs::read_to_string(lock).with_context(|| lock.display().to_string())?;
    let lock: Lock = toml::from_str(&text)?;
    let checksum = |locked: Locked| {
        let package = Package {
            name: locked.name,
            version: locked.version,
        };
        Some((package, locked.checksum?))
    };
    Ok(lock.package.into_iter().filter_map(checksum).collect())
}

pub(super) fn sha_256(file: &Path) -> Result<String> {
    let said = capture(Command::new("sha256sum").arg(file))?;
    let digest = said.split_whitespace().next().map(str::to_owned);
    digest.with_context(|| format!("no digest: {said}"))
}

#[cfg(test)]
mod tests {
    use super::{Ingredients, Package};
    use crate::images::all;
    use crate::workspace::Workspace;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn names(document: &Value) -> BTreeSet<&str> {
        let components = document["components"].as_array().expect("a list").iter();
        let names = components.map(|component| component["name"].as_str().expect("a name"));
        names.collect()
    }

    #[test]
    fn a_service_is_made_of_what_is_compiled_into_it_and_of_nothing_else() {
        let workspace = Workspace::load().expect("cargo answers");
        let made = Ingredients::read(&workspace, &all()).expect("cargo says what it compiles");
        let document = made.document("consent", None).expect("it is a service");
        assert_eq!(document["metadata"]["component"]["name"], "aval-consent");
        let names = names(&document);
        for inside in ["aval-runtime", "tonic", "libsqlite3-sys", "redis", "glibc"] {
            assert!(names.contains(inside), "{inside}");
        }
        // Tests', macros', build scripts', another system's, another service's.
        for outside in [
            "proptest",
            "aval-testing",
            "serde_derive",
            "protox",
            "windows-sys",
            "aval-audit",
            "xtask",
        ] {
            assert!(!names.contains(outside), "{outside}");
        }
    }

    #[test]
    fn whatever_was_fetched_has_its_checksum_and_its_licence() {
        let workspace = Workspace::load().expect("cargo answers");
        let made = Ingredients::read(&workspace, &all()).expect("cargo says what it compiles");
        for service in all() {
            let document = made.document(&service, None).expect("it is a service");
            let components = document["components"].as_array().expect("a list");
            assert!(components.len() > 100, "{service}: {}", components.len());
            for component in components {
                let name = component["name"].as_str().expect("a name");
                assert!(component["licenses"].is_array(), "{name}");
                let is_ours = name.starts_with("aval-");
                if component["purl"].is_string() && !is_ours {
                    assert!(component["hashes"].is_array(), "{name}");
                }
            }
            let again = Ingredients::read(&workspace, &all()).expect("cargo says it again");
            assert_eq!(again.document(&service, None).expect("again"), document);
        }
    }

    #[test]
    fn a_version_with_metadata_is_a_package_url_all_the_same() {
        let package = Package {
            name: "zstd-sys".to_owned(),
            version: "2.0.16+zstd.1.5.7".to_owned(),
        };
        let url = "pkg:cargo/zstd-sys@2.0.16%2Bzstd.1.5.7";
        assert_eq!(super::reference(&package), url);
    }
}
