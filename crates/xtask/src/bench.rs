//! `cargo xtask bench`: the services' figures on the engines of production.
//!
//! `aval bench` alone measures the embedded default. This starts a PostgreSQL whose
//! commits are on the disk when they return, and a Redis, and hands both to it.

use crate::images;
use crate::process::{cargo, run as run_command};
use crate::servers::{Durability, Postgres, Redis};
use crate::workspace::Workspace;
use anyhow::Result;

/// Runs `aval bench-directory` with these arguments, on such a PostgreSQL alone.
pub(crate) fn run_directory(arguments: &[String]) -> Result<()> {
    run_on_postgres("bench-directory", arguments)
}

/// Runs `aval bench-trail` with these arguments, on such a PostgreSQL alone.
pub(crate) fn run_trail(arguments: &[String]) -> Result<()> {
    run_on_postgres("bench-trail", arguments)
}

/// Runs `aval bench-processes` with these arguments, on the programs that images carry or on
/// those of the tests.
pub(crate) fn run_processes(dist: bool, arguments: &[String]) -> Result<()> {
    let workspace = Workspace::load()?;
    let programs = if dist {
        images::build_programs(&workspace, &images::all())?
    } else {
        run_command(cargo().args(["build", "--release", "--workspace", "--bins"]))?;
        workspace.target.join("release")
    };
    let mut bench = cargo();
    bench
        .args(["run", "--release", "--quiet", "-p", "aval", "--"])
        .args(["bench-processes", "--programs"])
        .arg(programs)
        .args(arguments);
    run_command(&mut bench)
}

fn run_on_postgres(command: &str, arguments: &[String]) -> Result<()> {
    let postgres = Postgres::start(Durability::Full)?;
    let mut bench = cargo();
    bench
        .args(["run", "--release", "--quiet", "-p", "aval", "--", command])
        .args(["--postgres", &postgres.url()])
        .args(arguments);
    run_command(&mut bench)
}

/// Runs the bench with these arguments of `aval bench`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let postgres = Postgres::start(Durability::Full)?;
    let redis = Redis::start()?;
    let mut bench = cargo();
    bench
        .args(["run", "--release", "--quiet", "-p", "aval", "--", "bench"])
        .args(["--postgres", &postgres.url()])
        .args(["--redis", &redis.url()])
        .args(arguments);
    run_command(&mut bench)
}
