//! `cargo xtask images`: the services as static programs, each in an image of its own, made
//! by `deploy/Containerfile` from what this machine built. It builds for many minutes and is no
//! part of CI.

use crate::not_run::NotRun;
use crate::process::{capture, cargo, run as run_command, timed};
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is put into images.
const SERVICES: &[&str] = &["identity", "practitioner-directory", "consent", "audit"];

/// The target has a folder of its own, so that build scripts and macros, which cannot be
/// static, are built apart.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the images of these services, or of all, and sees that each is the same when it is
/// built once more, and that its program runs with nothing beside it.
pub(crate) fn run(services: &[String]) -> Result<()> {
    let services: Vec<String> = if services.is_empty() {
        all()
    } else {
        services.to_vec()
    };
    for service in &services {
        ensure!(
            SERVICES.contains(&service.as_str()),
            "there is no service {service}: {}",
            SERVICES.join(", ")
        );
    }
    let mut not_run = NotRun::default();
    if tools::on_path("buildah").is_none() {
        not_run.add("the images", "buildah is not on the path");
        return not_run.close();
    }
    let workspace = Workspace::load()?;
    timed("programs", || {
        build_programs(&workspace, &services).map(drop)
    })?;
    for service in &services {
        timed(service, || build_and_try(&workspace, service))?;
    }
    Ok(())
}

/// Every service.
pub(crate) fn all() -> Vec<String> {
    SERVICES.iter().map(|&name| name.to_owned()).collect()
}

/// Builds what images carry; the folder that it is in.
pub(crate) fn build_programs(workspace: &Workspace, services: &[String]) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", "dist", "--target", TARGET]);
    for service in services {
        build.args(["--package", &format!("aval-{service}")]);
    }
    // As in deploy/Containerfile.
    build.env("RUSTFLAGS", "-C target-feature=+crt-static");
    run_command(build.current_dir(&workspace.root))?;

    let programs = workspace.target.join("images/programs");
    fs::create_dir_all(&programs).with_context(|| programs.display().to_string())?;
    for service in services {
        let name = format!("aval-{service}");
        let program = workspace.target.join(TARGET).join("dist").join(&name);
        fs::copy(&program, programs.join(&name)).with_context(|| program.display().to_string())?;
    }
    Ok(programs)
}

fn build_and_try(workspace: &Workspace, service: &str) -> Result<()> {
    let image = format!("localhost/aval-{service}:dev");
    let first = build_image(workspace, service, &image)?;
    let second = build_image(workspace, service, &image)?;
    ensure!(
        first == second,
        "{image} is another one when it is built again: {first}, {second}"
    );
    let version = run_alone(&image)?;
    let expected = format!("aval-{service} {}", workspace.version()?);
    ensure!(
        version.trim() == expected,
        "{image} says that it is {version}, and not {expected}"
    );
    println!("{image} {first}");
    Ok(())
}

/// The image's identifier: the digest of its configuration, and so of everything in it.
fn build_image(workspace: &Workspace, service: &str, image: &str) -> Result<String> {
    let identifier = workspace.target.join("images").join(service);
    let mut build = Command::new("buildah");
    build.args(["bud", "--quiet", "--timestamp", "0", "--no-cache"]);
    build.args(["--build-arg", &format!("SERVICE={service}")]);
    build.args(["--tag", image, "--iidfile"]).arg(&identifier);
    build.args(["--file", "deploy/Containerfile"]);
    // The programs are in the place of the stage that would build them.
    let programs = workspace.target.join("images");
    let context = format!("build={}", programs.display());
    build.args(["--build-context", &context]);
    capture(build.arg(empty(&programs)?).current_dir(&workspace.root))?;
    let identifier = fs::read_to_string(&identifier)?;
    Ok(identifier.trim().to_owned())
}

/// Nothing of the sources is sent along.
fn empty(folder: &Path) -> Result<PathBuf> {
    let empty = folder.join("empty");
    fs::create_dir_all(&empty)?;
    Ok(empty)
}

fn run_alone(image: &str) -> Result<String> {
    let buildah = |arguments: &[&str]| capture(Command::new("buildah").args(arguments));
    let container = buildah(&["from", "--pull-never", image])?;
    let container = container.trim();
    let version = buildah(&[
        "run",
        "--isolation",
        "chroot",
        container,
        "--",
        "/service",
        "--version",
    ]);
    buildah(&["rm", container])?;
    version
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
