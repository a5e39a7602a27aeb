//! `cargo xtask images`: the services as static programs, each in an image of its own, made
//! by `deploy/Containerfile` from what this machine built. It builds for many minutes and is no
//! part of CI.

mod built;
mod pack;
mod sbom;
mod twice;

use crate::not_run::NotRun;
use crate::process::{cargo, run as run_command, timed};
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use pack::Packing;
use sbom::Ingredients;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
pub(crate) use twice::run as compile_twice;

/// What is put into images.
const SERVICES: &[&str] = &["identity", "practitioner-directory", "consent", "audit"];

/// The target has a folder of its own, so that build scripts and macros, which cannot be
/// static, are built apart.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the images of these services, or of all, and sees that each is small, that it is the
/// same when it is built once more, that its program runs with nothing beside it, and that what
/// its SBOM says is what was compiled.
pub(crate) fn run(services: &[String]) -> Result<()> {
    let services = named_or_all(services)?;
    let mut not_run = NotRun::default();
    if tools::on_path(pack::BUILDAH).is_none() {
        not_run.add("the images", "buildah is not on the path");
        return not_run.close();
    }
    let workspace = Workspace::load()?;
    let programs = timed("programs", || build_programs(&workspace, &services))?;
    let ingredients = Ingredients::read(&workspace, &services)?;
    built::check(&mut build(&workspace, &services), &ingredients.packages())?;
    for service in &services {
        let says = format!("aval-{service} {}", workspace.version()?);
        let packing = Packing {
            root: &workspace.root,
            scratch: &workspace.target.join("images"),
            service,
            storage: None,
        };
        timed(service, || packing.pack_and_try(&says))?;
        let program = programs.join(format!("aval-{service}"));
        write_sbom(&workspace, &ingredients, service, Some(&program))?;
    }
    Ok(())
}

/// Writes what these services, or all, are made of when they are built together: for whoever
/// builds images elsewhere, from the same sources.
pub(crate) fn write_sboms(services: &[String]) -> Result<()> {
    let services = named_or_all(services)?;
    let workspace = Workspace::load()?;
    let ingredients = Ingredients::read(&workspace, &services)?;
    for service in &services {
        write_sbom(&workspace, &ingredients, service, None)?;
    }
    Ok(())
}

fn write_sbom(
    workspace: &Workspace,
    ingredients: &Ingredients,
    service: &str,
    program: Option<&Path>,
) -> Result<()> {
    let folder = workspace.target.join("images/sbom");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(format!("aval-{service}.cdx.json"));
    let document = ingredients.document(service, program)?;
    let text = serde_json::to_string_pretty(&document)?;
    fs::write(&file, text + "\n").with_context(|| file.display().to_string())?;
    println!("{}", file.display());
    Ok(())
}

fn named_or_all(services: &[String]) -> Result<Vec<String>> {
    for service in services {
        ensure!(
            SERVICES.contains(&service.as_str()),
            "there is no service {service}: {}",
            SERVICES.join(", ")
        );
    }
    if services.is_empty() {
        Ok(all())
    } else {
        Ok(services.to_vec())
    }
}

/// Every service.
pub(crate) fn all() -> Vec<String> {
    SERVICES.iter().map(|&name| name.to_owned()).collect()
}

/// Packs programs that are built into images, and tries each, where others find them too.
pub(crate) fn pack_all(workspace: &Workspace, programs: &Path, storage: &Path) -> Result<()> {
    let scratch = storage.join("packed");
    let inside = scratch.join("programs");
    fs::create_dir_all(&inside).with_context(|| inside.display().to_string())?;
    for service in SERVICES {
        let name = format!("aval-{service}");
        let program = programs.join(&name);
        fs::copy(&program, inside.join(&name)).with_context(|| program.display().to_string())?;
        let packing = Packing {
            root: &workspace.root,
            scratch: &scratch,
            service,
            storage: Some(storage),
        };
        packing.pack_and_try(&format!("{name} {}", workspace.version()?))?;
    }
    Ok(())
}

/// Builds what images carry; the folder that it is in.
pub(crate) fn build_programs(workspace: &Workspace, services: &[String]) -> Result<PathBuf> {
    run_command(&mut build(workspace, services))?;
    let programs = workspace.target.join("images/programs");
    fs::create_dir_all(&programs).with_context(|| programs.display().to_string())?;
    for service in services {
        let name = format!("aval-{service}");
        let program = path_of(&workspace.target, service);
        fs::copy(&program, programs.join(&name)).with_context(|| program.display().to_string())?;
    }
    Ok(programs)
}

/// Where cargo puts a service's program.
fn path_of(target: &Path, service: &str) -> PathBuf {
    let folder = target.join(TARGET).join("dist");
    folder.join(format!("aval-{service}"))
}

/// The command that builds them, as in deploy/Containerfile.
fn build(workspace: &Workspace, services: &[String]) -> Command {
    build_in(&workspace.root, services)
}

/// The same from the sources in this folder.
fn build_in(sources: &Path, services: &[String]) -> Command {
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", "dist", "--target", TARGET]);
    for service in services {
        build.args(["--package", &format!("aval-{service}")]);
    }
    build.env(
        "RUSTFLAGS",
        twice::rust_flags(sources, &twice::cargo_home()),
    );
    build.current_dir(sources);
    build
}

#[cfg(test)]
mod tests {
    use super::{SERVICES, run};
    use crate::workspace::Workspace;

    #[test]
    fn a_service_that_does_not_exist_is_named_before_anything_is_built() {
        let error = run(&["consnt".to_owned()]).expect_err("there is none");
        assert!(error.to_string().starts_with("there is no service consnt"));
    }

    #[test]
    fn every_service_of_the_workspace_has_an_image() {
        let root = Workspace::load().expect("cargo answers").root;
        let folders = std::fs::read_dir(root.join("services")).expect("a folder");
        let mut found: Vec<_> = folders
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let mut expected = SERVICES.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
