//! `cargo xtask kube-play`: the environment `dev` as it renders, with the images that operators
//! get, as pods of podman. What a cluster would make of the manifests is made here
//! ([`cluster`], [`secrets`]); then the databases are migrated, every service is waited for as
//! the kubelet would, calls are made as from outside ([`CALLS`]), and every service is told to
//! stop and must have ended by itself in time.

mod cluster;
mod podman;
mod probe;
mod secrets;
mod stand_in;

use crate::deploy_check;
use crate::images;
use crate::not_run::NotRun;
use crate::process::{capture, timed};
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use cluster::{Pod, Role};
use podman::Podman;
use secrets::Secrets;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The environment that is played.
const OVERLAY: &str = "deploy/overlays/dev";
/// What a client needs that is generated from the protos, and the calls that it makes.
const REQUIREMENTS: &str = "tests/end_to_end/generated_clients/requirements.txt";
const CALLS: &str = "crates/xtask/src/kube_play/calls.py";
/// Who calls from outside, with a certificate each.
const CALLERS: [&str; 2] = ["operator", "gateway"];
/// How long anything may take that only has to happen.
const PATIENCE: Duration = Duration::from_mins(1);
/// `terminationGracePeriodSeconds` of every pod.
const GRACE_SECONDS: u32 = 40;

/// Plays it; with `programs`, a folder of static programs that are there already.
pub(crate) fn run(programs: Option<&Path>) -> Result<()> {
    let mut not_run = NotRun::default();
    let workspace = Workspace::load()?;
    let folder = workspace.target.join("kube-play");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let mut podman = match prepare(&folder) {
        Ok(podman) => podman,
        Err(reason) => {
            not_run.add("playing the environment dev", reason);
            return not_run.close();
        }
    };
    let played = play(&workspace, &folder, &mut podman, programs);
    if played.is_err() {
        podman.print_logs();
    }
    drop(podman);
    // The images are there no more, nor the keys.
    fs::remove_dir_all(&folder)?;
    played
}

/// What is needed, and a first pod's worth of proof that podman can run something here.
fn prepare(folder: &Path) -> Result<Podman> {
    for program in ["podman", "buildah", "kubectl", "openssl"] {
        ensure!(
            tools::on_path(program).is_some(),
            "{program} is not on the path"
        );
    }
    ensure!(
        tools::running_as_root(),
        "only root may give pods a network of their own"
    );
    let podman = Podman::new(folder)?;
    stand_in::build(&podman, &folder.join("stand-in"))?;
    podman.try_one(stand_in::REDIS, &["redis-server", "--version"])?;
    Ok(podman)
}

fn play(
    workspace: &Workspace,
    folder: &Path,
    podman: &mut Podman,
    programs: Option<&Path>,
) -> Result<()> {
    let programs = match programs {
        Some(programs) => programs.to_owned(),
        None => timed("programs", || {
            images::build_programs(workspace, &images::all())
        })?,
    };
    timed("images", || {
        images::pack_all(workspace, &programs, podman.storage())
    })?;
    let documents = timed("manifests", || {
        deploy_check::rendered(workspace, &workspace.root.join(OVERLAY))
    })?;
    let secrets = Secrets::make(&documents, &folder.join("keys"), &CALLERS)?;
    let documents = [&documents, secrets.documents()].concat();
    let pods = cluster::pods(&documents, podman.network(), &folder.join("files"))?;
    podman.provide(&documents);

    timed("stores", || bring_up(podman, &pods, Role::Store))?;
    timed("migrations", || migrate(podman, &pods))?;
    timed("services", || bring_up(podman, &pods, Role::Service))?;
    timed("calls", || call(workspace, folder, &pods, &secrets))?;
    timed("stopping", || stop(podman, &pods))
}

/// Starts the pods of this role, all at once, and waits until each is ready and alive.
fn bring_up(podman: &Podman, pods: &[Pod], role: Role) -> Result<()> {
    let of_role = || pods.iter().filter(|pod| pod.role == role);
    for pod in of_role() {
        podman.play(pod)?;
    }
    for pod in of_role() {
        let begun = Instant::now();
        for probe in &pod.probes {
            while let Err(reason) = probe.ask(podman, pod) {
                ensure!(begun.elapsed() < PATIENCE, "{}: {reason:#}", pod.name);
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        println!("{} is ready", pod.name);
    }
    Ok(())
}

/// Each in turn, as a job does: tried again when it failed.
fn migrate(podman: &Podman, pods: &[Pod]) -> Result<()> {
    for pod in pods.iter().filter(|pod| pod.role == Role::Migration) {
        podman.play(pod)?;
        let code = podman.wait(pod)?;
        ensure!(code == 0, "{} ended with {code}", pod.name);
        println!("{} is done", pod.name);
    }
    Ok(())
}

/// Makes the calls with a client that is generated from the protos, as an integrator's is.
fn call(workspace: &Workspace, folder: &Path, pods: &[Pod], secrets: &Secrets) -> Result<()> {
    let requirements = workspace.root.join(REQUIREMENTS);
    let python = tools::python_with(workspace, "generated-clients", &requirements)?;
    let generated = folder.join("generated");
    generate(&python, &workspace.root.join("proto"), &generated)?;
    let mut calls = Command::new(&python);
    calls.arg(workspace.root.join(CALLS));
    calls.env("PYTHONPATH", &generated);
    calls.env("KEYS", secrets.folder());
    for pod in pods.iter().filter(|pod| pod.role == Role::Service) {
        let variable = pod.name.replace('-', "_").to_uppercase();
        calls.env(variable, format!("{}:8443", pod.address));
    }
    print!("{}", capture(&mut calls)?);
    Ok(())
}

fn generate(python: &Path, protos: &Path, into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    let mut files = Vec::new();
    protos_below(protos, &mut files)?;
    let mut generator = Command::new(python);
    generator.args(["-m", "grpc_tools.protoc"]);
    generator.arg(format!("-I{}", protos.display()));
    for kind in ["python", "grpc_python"] {
        generator.arg(format!("--{kind}_out={}", into.display()));
    }
    capture(generator.args(files)).map(drop)
}

fn protos_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos_below(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// Tells each service to stop: it must end by itself, in order, within the time it is given.
fn stop(podman: &Podman, pods: &[Pod]) -> Result<()> {
    for pod in pods.iter().filter(|pod| pod.role == Role::Service) {
        podman.stop(pod, GRACE_SECONDS)?;
        let code = podman.wait(pod)?;
        ensure!(
            code == 0,
            "{} ended with {code} when it was told to",
            pod.name
        );
    }
    Ok(())
}
