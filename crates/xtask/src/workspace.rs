//! Where the workspace stands and what is in it, as cargo itself sees it.

use crate::process::{self, cargo};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The folders and packages that the tasks work on.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// The build folder; `CARGO_TARGET_DIR` is already taken into account.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    packages: Vec<Package>,
}

/// A package with a library.
pub(crate) struct Library {
    /// The package's name.
    pub(crate) name: String,
    /// The folder of its `lib.rs`.
    pub(crate) sources: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let metadata =
            process::capture(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&metadata).context("cargo metadata printed something else")
    }

    /// Where tools that the machine lacks are installed, once for all runs.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The version that all packages have.
    pub(crate) fn version(&self) -> Result<&str> {
        let first = self.packages.first().context("no package")?;
        Ok(&first.version)
    }

    /// The packages that other packages can use, and that can have doc-tests.
    pub(crate) fn libraries(&self) -> Result<Vec<Library>> {
        let is_library = |target: &&Target| target.kind.iter().any(|kind| kind == "lib");
        self.packages
            .iter()
            .filter_map(|package| Some((package, package.targets.iter().find(is_library)?)))
            .map(|(package, library)| {
                let sources = library.src_path.parent().map(Path::to_path_buf);
                Ok(Library {
                    name: package.name.clone(),
                    sources: sources.with_context(|| format!("{} has no folder", package.name))?,
                })
            })
            .collect()
    }
}
