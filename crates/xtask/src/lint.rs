//! `cargo xtask lint`: everything that can be said about the text without running it.

use crate::not_run::{NotRun, on_a_build_machine};
use crate::process::{cargo, run as run_command, timed, without_cargo_run_variables};
use crate::tidy;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::Result;
use clap::ValueEnum;
use std::process::Command;

/// One kind of check; the order of the variants is the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// The layout of the Rust text.
    Fmt,
    /// The house's invariants.
    Tidy,
    /// The compiler's and clippy's warnings, raised to errors.
    Clippy,
    /// The documentation and its links.
    Doc,
    /// Licences, sources and bans of the dependencies.
    Deny,
    /// The protos' style and layout.
    Buf,
}

/// Runs the steps asked for, or all of them, up to the first that fails.
pub(crate) fn run(steps: &[Step]) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut not_run = NotRun::default();
    for step in Step::value_variants() {
        if steps.is_empty() || steps.contains(step) {
            let name = format!("{step:?}").to_lowercase();
            timed(&name, || step.run(&workspace, &mut not_run))?;
        }
    }
    not_run.close()
}

impl Step {
    fn run(self, workspace: &Workspace, not_run: &mut NotRun) -> Result<()> {
        match self {
            Self::Fmt => run_command(cargo().args(["fmt", "--all", "--check"])),
            Self::Tidy => tidy::run(),
            Self::Clippy => {
                let mut clippy = cargo_unchanged_on_a_build_machine("clippy");
                clippy.args([
                    "--workspace",
                    "--all-targets",
                    "--release",
                    "--",
                    "-D",
                    "warnings",
                ]);
                run_command(&mut clippy)
            }
            Self::Doc => {
                let mut doc = cargo_unchanged_on_a_build_machine("doc");
                doc.args(["--workspace", "--no-deps", "--release"]);
                run_command(doc.env("RUSTDOCFLAGS", "-Dwarnings"))
            }
            Self::Deny => deny(workspace),
            Self::Buf => buf(workspace, not_run),
        }
    }
}

/// A cargo command that may not touch `Cargo.lock` when `CI=true`.
fn cargo_unchanged_on_a_build_machine(command: &str) -> Command {
    let mut cargo = cargo();
    cargo.arg(command);
    if on_a_build_machine() {
        cargo.arg("--locked");
    }
    cargo
}

fn deny(workspace: &Workspace) -> Result<()> {
    let program = tools::plugin(workspace, &tools::DENY)?;
    let mut deny = without_cargo_run_variables(Command::new(program));
    deny.current_dir(&workspace.root);
    if on_a_build_machine() {
        deny.arg("--locked");
    }
    run_command(deny.args([
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

fn buf(workspace: &Workspace, not_run: &mut NotRun) -> Result<()> {
    let buf = match tools::buf(workspace) {
        Ok(buf) => buf,
        Err(error) => {
            not_run.add("buf", error);
            return Ok(());
        }
    };
    let buf = || {
        let mut command = Command::new(&buf);
        command.current_dir(&workspace.root);
        command
    };
    run_command(buf().args(["lint", "proto"]))?;
    run_command(buf().args(["format", "proto", "--diff", "--exit-code"]))
}
