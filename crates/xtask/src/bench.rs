//! `cargo xtask bench`: the services' figures on the engines of production.
//!
//! `aval bench` alone measures the embedded default. This starts a PostgreSQL whose
//! commits are on the disk when they return, and a Redis, and hands both to it.

use crate::process::{cargo, run as run_command};
use crate::servers::{Durability, Postgres, Redis};
use anyhow::Result;

/// Runs `aval bench-directory` with these arguments, on such a PostgreSQL alone.
pub(crate) fn run_directory(arguments: &[String]) -> Result<()> {
    run_on_postgres("bench-directory", arguments)
}

/// Runs `aval bench-trail` with these arguments, on such a PostgreSQL alone.
pub(crate) fn run_trail(arguments: &[String]) -> Result<()> {
    run_on_postgres("bench-trail", arguments)
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
