//! `cargo xtask test`: every test, with the servers that the tests need.
//!
//! PostgreSQL and Redis are started for the run and are gone after it; PgBouncer is there for
//! tests that start their own. Another server
//! that tests come to need is one more file beside `servers/postgres.rs` and one more
//! variable below. The client in Python and the OpenID provider in JavaScript have their
//! packages installed once; Prometheus and a collector are fetched once, for a test to start.

mod doc_tests;
mod totals;

use crate::not_run::{NotRun, on_a_build_machine};
use crate::process::{run as run_command, timed, without_cargo_run_variables};
use crate::servers::{Durability, Postgres, Redis};
use crate::tools;
use crate::workspace::Workspace;
use anyhow::Result;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use totals::Totals;

/// Where the tests look for the PostgreSQL they may fill and empty.
const POSTGRES_URL: &str = "AVAL_TEST_POSTGRES_URL";

/// Where tests that break a PostgreSQL of their own look for its programs.
const POSTGRES_PROGRAMS: &str = "AVAL_TEST_POSTGRES_PROGRAMS";

/// Where tests that pool sessions look for the program that does.
const PGBOUNCER: &str = "AVAL_TEST_PGBOUNCER";

/// Where the tests look for a single Redis server.
const REDIS_URL: &str = "AVAL_TEST_REDIS_URL";
/// Where they look for the masters of a Redis Cluster, with commas between.
const REDIS_CLUSTER_URLS: &str = "AVAL_TEST_REDIS_CLUSTER_URLS";

/// Where the test of the Python client looks for the Python that has its packages.
const PYTHON: &str = "AVAL_TEST_PYTHON";
/// What that client needs.
const PYTHON_REQUIREMENTS: &str = "tests/end_to_end/generated_clients/requirements.txt";

/// Where the tests of the certified OpenID provider look for its packages.
const OPENID_PROVIDER: &str = "AVAL_TEST_OPENID_PROVIDER";
/// The folder that says which.
const OPENID_PROVIDER_PACKAGES: &str = "services/identity/tests/certified_provider";

/// Where the test of what operators see looks for Prometheus and for a collector.
const PROMETHEUS: &str = "AVAL_TEST_PROMETHEUS";
const COLLECTOR: &str = "AVAL_TEST_ROTEL";

/// Runs the tests; with `arguments`, the part of them that nextest selects by these.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    run_with(arguments, &[])
}

/// The same with these variables.
pub(crate) fn run_with(arguments: &[String], variables: &[(&str, &OsStr)]) -> Result<()> {
    let workspace = Workspace::load()?;
    let nextest = tools::plugin(&workspace, &tools::NEXTEST)?;
    let mut not_run = NotRun::default();
    let mut tests = without_cargo_run_variables(Command::new(nextest));
    tests
        .current_dir(&workspace.root)
        .args(["nextest", "run", "--release", "--no-fail-fast"]);
    if on_a_build_machine() {
        tests.arg("--locked");
    }
    if !names_packages(arguments) {
        tests.arg("--workspace");
    }
    tests.args(arguments).envs(variables.iter().copied());

    let postgres = start_postgres(&mut not_run);
    if let Some(server) = &postgres {
        tests.env(POSTGRES_URL, server.url());
        tests.env(POSTGRES_PROGRAMS, server.programs());
    }
    if let Some(program) = pgbouncer(&mut not_run) {
        tests.env(PGBOUNCER, program);
    }
    if let Err(error) = tools::iproute2() {
        not_run.add("tests in a network of their own", error);
    }
    let redis = start_redis(&mut not_run);
    if let Some(servers) = &redis {
        tests.env(REDIS_URL, servers.url());
        tests.env(REDIS_CLUSTER_URLS, servers.cluster_urls());
    }
    if let Some(python) = python_for_clients(&workspace, &mut not_run) {
        tests.env(PYTHON, python);
    }
    if let Some(packages) = openid_provider(&workspace, &mut not_run) {
        tests.env(OPENID_PROVIDER, packages);
    }
    let prometheus = || tools::unpacked(&workspace, &tools::PROMETHEUS);
    if let Some(program) = program(PROMETHEUS, "Prometheus", prometheus, &mut not_run) {
        tests.env(PROMETHEUS, program);
    }
    let collector = || tools::rotel(&workspace);
    if let Some(program) = program(COLLECTOR, "a collector", collector, &mut not_run) {
        tests.env(COLLECTOR, program);
    }
    Totals::forget(&workspace);
    let tested = timed("tests", || run_command(&mut tests));
    let documented = if arguments.is_empty() {
        timed("doc-tests", || doc_tests::run(&workspace))
    } else {
        not_run.add("doc-tests", "only a part was asked for");
        Ok(())
    };
    drop((postgres, redis));

    let totals = Totals::read(&workspace);
    if let Ok(totals) = &totals {
        println!("test: {totals}");
    }
    let complete = not_run.close();
    tested.and(documented).and(totals.map(drop)).and(complete)
}

/// The server of this run, unless the caller brought one along.
fn start_postgres(not_run: &mut NotRun) -> Option<Postgres> {
    if env::var_os(POSTGRES_URL).is_some() {
        println!("PostgreSQL: the one that {POSTGRES_URL} names");
        return None;
    }
    match Postgres::start(Durability::None) {
        Ok(server) => {
            println!("PostgreSQL: {}", server.url());
            Some(server)
        }
        Err(error) => {
            not_run.add("tests on PostgreSQL", error);
            None
        }
    }
}

/// The program of the tests that pool sessions, unless the caller brought one along.
fn pgbouncer(not_run: &mut NotRun) -> Option<PathBuf> {
    if env::var_os(PGBOUNCER).is_some() {
        return None;
    }
    tools::pgbouncer()
        .map_err(|error| not_run.add("tests through PgBouncer", error))
        .ok()
}

/// The servers of this run, unless the caller brought both kinds along.
fn start_redis(not_run: &mut NotRun) -> Option<Redis> {
    if env::var_os(REDIS_URL).is_some() && env::var_os(REDIS_CLUSTER_URLS).is_some() {
        println!("Redis: those that {REDIS_URL} and {REDIS_CLUSTER_URLS} name");
        return None;
    }
    match Redis::start() {
        Ok(servers) => {
            println!("Redis: {}", servers.url());
            println!("Redis Cluster: {}", servers.cluster_urls());
            Some(servers)
        }
        Err(error) => {
            not_run.add("tests on Redis", error);
            None
        }
    }
}

/// The Python of the client that is generated from the protos, unless the caller brought
/// one along.
fn python_for_clients(workspace: &Workspace, not_run: &mut NotRun) -> Option<PathBuf> {
    if env::var_os(PYTHON).is_some() {
        return None;
    }
    let requirements = workspace.root.join(PYTHON_REQUIREMENTS);
    tools::python_with(workspace, "generated-clients", &requirements)
        .map_err(|error| not_run.add("the Python client", error))
        .ok()
}

/// The packages of the certified OpenID provider, unless the caller brought them along.
fn openid_provider(workspace: &Workspace, not_run: &mut NotRun) -> Option<PathBuf> {
    if env::var_os(OPENID_PROVIDER).is_some() {
        return None;
    }
    let wanted = workspace.root.join(OPENID_PROVIDER_PACKAGES);
    tools::node_packages(workspace, "openid-provider", &wanted)
        .map_err(|error| not_run.add("the certified OpenID provider", error))
        .ok()
}

/// A program for a test that starts it by itself, unless the caller brought one along.
fn program(
    variable: &str,
    name: &str,
    find: impl FnOnce() -> Result<PathBuf>,
    not_run: &mut NotRun,
) -> Option<PathBuf> {
    if env::var_os(variable).is_some() {
        return None;
    }
    find()
        .map_err(|error| not_run.add(&format!("the test with {name}"), error))
        .ok()
}

fn names_packages(arguments: &[String]) -> bool {
    arguments
        .iter()
        .any(|argument| argument == "-p" || argument.starts_with("--package"))
}

#[cfg(test)]
mod tests {
    use super::names_packages;

    #[test]
    fn a_filter_alone_still_means_the_whole_workspace() {
        assert!(!names_packages(&["revoking".to_owned()]));
        assert!(names_packages(&[
            "-p".to_owned(),
            "aval-consent".to_owned()
        ]));
        assert!(names_packages(&["--package=aval-consent".to_owned()]));
    }
}
