//! `cargo xtask fuzz`: what others send, made by libFuzzer, which follows the branches
//! that are reached.
//!
//! The package `aval-fuzz` is built once more, instrumented, beside the other builds; the
//! first time takes as long as they did. What is found is kept under the build folder, and so
//! is what reaches a new branch, for the next time. No part of CI: there the same targets
//! are tried with seeded inputs, by that package's tests. Needs a C++ compiler.

use crate::process::{cargo, run as run_command, timed};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What rustc makes of the code, so that libFuzzer sees where it goes.
const INSTRUMENTED: &str = "--cfg aval_fuzz -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Inputs take no longer than this.
const LONGEST_SECONDS: &str = "10";
/// The longest text that anything here reads is a token's, of 16 KiB.
const LONGEST_BYTES: &str = "20000";

/// Tries each target, or those named, for so many seconds.
pub(crate) fn run(seconds: u32, targets: &[String]) -> Result<()> {
    let workspace = Workspace::load()?;
    let folder = workspace.target.join("fuzz");
    let program = build(&folder)?;
    let sound = folder.join("sound");
    run_command(Command::new(&program).env("AVAL_FUZZ_SOUND", &sound))?;
    let every = names(&sound)?;
    let unknown = targets.iter().find(|name| !every.contains(name));
    if let Some(name) = unknown {
        bail!("no target is called {name}: there are {}", every.join(", "));
    }
    let found: Vec<_> = every
        .iter()
        .filter(|name| targets.is_empty() || targets.contains(name))
        .filter_map(|name| {
            let tried = timed(name, || try_one(&program, &folder, name, seconds));
            tried.err().map(|error| format!("{name}: {error:#}"))
        })
        .collect();
    if !found.is_empty() {
        bail!("fuzz: {}", found.join("\n"));
    }
    Ok(())
}

fn build(folder: &Path) -> Result<PathBuf> {
    let target = host()?;
    let mut build = cargo();
    build
        .args(["build", "--package", "aval-fuzz", "--bin", "aval-fuzz"])
        .args(["--profile", "fuzz"])
        // With a target named, build scripts and macros are not instrumented.
        .args(["--target", &target])
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTFLAGS", INSTRUMENTED);
    run_command(&mut build)?;
    Ok(folder.join(target).join("fuzz").join("aval-fuzz"))
}

/// The machine that the compiler runs on.
fn host() -> Result<String> {
    let said = crate::process::capture(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// The targets, by the folders of their sound inputs.
fn names(sound: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(sound)? {
        let name = entry?.file_name().into_string();
        names.push(name.ok().context("a target's name is a text")?);
    }
    names.sort();
    Ok(names)
}

fn try_one(program: &Path, folder: &Path, name: &str, seconds: u32) -> Result<()> {
    let [reached, found] = ["reached", "found"].map(|kind| folder.join(kind).join(name));
    for folder in [&reached, &found] {
        fs::create_dir_all(folder)?;
    }
    let mut fuzz = Command::new(program);
    fuzz.env("AVAL_FUZZ_TARGET", name)
        .arg(&reached)
        .arg(folder.join("sound").join(name))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={LONGEST_SECONDS}"))
        .arg(format!("-max_len={LONGEST_BYTES}"))
        .args(["-print_final_stats=1", "-verbosity=0"]);
    run_command(&mut fuzz)
}
