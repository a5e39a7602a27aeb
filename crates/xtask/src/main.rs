//! Developers' tasks: `cargo xtask <task>` is the only entry, on a laptop as in CI.
//!
//! `lint` and `deploy-check` say what is wrong with the text, `test` says what is
//! wrong with the programs, `fuzz` looks for more of that, `bench` says how fast they are,
//! `images` packs them, and `kube-play` runs those. Each task is one file; a part that a machine cannot run is counted and printed, and is a failure when `CI=true`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its user"
)]

mod bench;
mod bench_telemetry;
mod deploy_check;
mod faults;
mod fuzz;
mod images;
mod kube_play;
mod lint;
mod not_run;
mod process;
mod servers;
mod test;
mod tidy;
mod tools;
mod workspace;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Developers' tasks of Aval.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test against SQLite and a throw-away PostgreSQL.
    Test {
        /// Passed on to `cargo nextest run`, for a part of the tests: `-- -p aval-consent revoking`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Play what goes wrong on a cluster, one scenario after the other, and write what callers
    /// saw into `docs/reliability.md`.
    Faults {
        /// With what images carry: static, built with the profile `dist`.
        #[arg(long)]
        dist: bool,
        /// Only those whose names match this expression; the rows of the others are those of
        /// the last time.
        #[arg(long)]
        only: Option<String>,
    },
    /// Try what others send with inputs that libFuzzer makes. Needs a C++ compiler; no part of CI.
    Fuzz {
        /// How long each target is tried.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only these targets.
        targets: Vec<String>,
    },
    /// Run `aval bench` on a PostgreSQL that writes durably and a Redis, both thrown away afterwards.
    Bench {
        /// Passed on to `aval bench`: `-- --rounds 3 --only check`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run `aval bench-directory` on a PostgreSQL that writes durably, thrown away afterwards.
    BenchDirectory {
        /// Passed on to `aval bench-directory`: `-- --people 1950000`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run `aval bench` with everything that the services tell of themselves and with nothing, in turns.
    BenchTelemetry {
        /// How many pairs of turns.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..100))]
        pairs: u32,
        /// Passed on to `aval bench`: `-- --callers 32`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run `aval bench-processes`: how soon each service's program is ready, and how much memory it holds.
    BenchProcesses {
        /// Measures what images carry: static, built with the profile `dist`.
        #[arg(long)]
        dist: bool,
        /// Passed on to `aval bench-processes`: `-- --rounds 3`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run `aval bench-trail` on a PostgreSQL that writes durably, thrown away afterwards.
    BenchTrail {
        /// Passed on to `aval bench-trail`: `-- --sizes 100000,5000000 --only history`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Check the text: fmt, tidy, clippy, doc, deny, buf; cheapest first, stopping at the first that fails.
    Lint {
        /// Only these steps.
        steps: Vec<lint::Step>,
    },
    /// Check the house's invariants that no compiler knows.
    Tidy,
    /// Render and validate `deploy/`, compare its network policies with the callers allowed, and test its alerts.
    DeployCheck {
        /// Write the alerts anew for Prometheus' operator first.
        #[arg(long)]
        write: bool,
    },
    /// Build the services' images, twice, and run each, with an SBOM beside each. Needs buildah; no part of CI.
    Images {
        /// Only of these services.
        services: Vec<String>,
    },
    /// Compile a service's program as images carry it, from what is committed, in two
    /// folders, and compare. Builds for many minutes; no part of CI.
    CompileTwice {
        /// Which.
        #[arg(default_value = "practitioner-directory")]
        service: String,
    },
    /// Play the environment dev with podman, with the services' images and real calls. Needs podman and root; no part of CI.
    KubePlay {
        /// A folder of static programs that are built already; by default they are built.
        #[arg(long)]
        programs: Option<PathBuf>,
    },
    /// Write what the services' programs are made of: an SBOM in `CycloneDX` for each.
    Sbom {
        /// Only of these services.
        services: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Test { arguments } => test::run(&arguments),
        Task::Faults { dist, only } => faults::run(dist, only.as_deref()),
        Task::Fuzz { seconds, targets } => fuzz::run(seconds, &targets),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::BenchDirectory { arguments } => bench::run_directory(&arguments),
        Task::BenchTelemetry { pairs, arguments } => bench_telemetry::run(pairs, &arguments),
        Task::BenchProcesses { dist, arguments } => bench::run_processes(dist, &arguments),
        Task::BenchTrail { arguments } => bench::run_trail(&arguments),
        Task::Lint { steps } => lint::run(&steps),
        Task::Tidy => tidy::run(),
        Task::DeployCheck { write } => deploy_check::run(write),
        Task::Images { services } => images::run(&services),
        Task::CompileTwice { service } => images::compile_twice(service),
        Task::KubePlay { programs } => kube_play::run(programs.as_deref()),
        Task::Sbom { services } => images::write_sboms(&services),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
