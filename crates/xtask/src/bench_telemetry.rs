//! `cargo xtask bench-telemetry`: what telling of oneself costs.
//!
//! `aval bench --only check` in pairs, one with everything that can be told (the log, metrics,
//! traces and metrics exported to a collector) and one with nothing, since a process has one
//! telemetry for all its life. What is compared is compared within a pair, and which of the
//! two comes first alternates: what the machine does to a pair it does to both. Where the
//! machine does other things meanwhile, the servers' processor time says more than how many
//! calls there were.

use crate::process::{capture, cargo, run as run_command};
use crate::servers::Collector;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;
use std::{fmt, fs};

/// The calls that are compared.
const CALLS: &str = "check";

/// Plays so many pairs, with these arguments of `aval bench` besides.
pub(crate) fn run(pairs: u32, arguments: &[String]) -> Result<()> {
    let workspace = Workspace::load()?;
    let collector = Collector::start(&tools::rotel(&workspace)?)?;
    let url = collector.url();
    let everything = ["--otlp", &url];
    let nothing = ["--without-telemetry"];
    // Built before anything is measured.
    run_command(cargo().args(["build", "--release", "--quiet", "-p", "aval"]))?;
    let file = workspace.target.join("bench-telemetry.json");
    let (mut throughputs, mut times) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let measure = |told: &[&str]| measure(&file, told, arguments);
        let (with, without) = if pair % 2 == 0 {
            let with = measure(&everything)?;
            (with, measure(&nothing)?)
        } else {
            let without = measure(&nothing)?;
            (measure(&everything)?, without)
        };
        println!("{with} with everything, {without} with nothing");
        throughputs.push(with.per_second / without.per_second);
        times.push(with.server_us / without.server_us);
    }
    println!("telemetry leaves {} of the throughput", spread(throughputs));
    println!(
        "calls take {} times the servers' processor time",
        spread(times)
    );
    Ok(())
}

/// What one run says of the calls that are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    per_second: f64,
    server_us: f64,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (per_second, server_us) = (self.per_second, self.server_us);
        write!(f, "{per_second:.0} calls a second of {server_us:.1} µs")
    }
}

fn measure(file: &Path, told: &[&str], arguments: &[String]) -> Result<Measured> {
    let mut bench = cargo();
    bench
        .args(["run", "--release", "--quiet", "-p", "aval", "--", "bench"])
        .args(["--only", CALLS, "--rounds", "3", "--report"])
        .arg(file)
        .args(told)
        .args(arguments);
    capture(&mut bench)?;
    let report: Value = serde_json::from_slice(&fs::read(file)?)?;
    measured(&report).context("the report says how many calls there were, and what they took")
}

fn measured(report: &Value) -> Option<Measured> {
    let contenders = report["contenders"].as_array()?;
    let calls = contenders.iter().find(|one| one["name"] == CALLS)?;
    Some(Measured {
        per_second: calls["per_second"]["median"].as_f64()?,
        server_us: calls["server_us_per_call"]["median"].as_f64()?,
    })
}

/// The one in the middle, and the first and the last.
fn spread(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    let least = ratios.first().copied().unwrap_or_default();
    let most = ratios.last().copied().unwrap_or_default();
    format!("{:.3} ({least:.3} to {most:.3})", median(&ratios))
}

/// Of sorted values; with an even number of them, halfway between the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, measured, median, spread};
    use serde_json::json;

    #[test]
    fn the_calls_of_the_one_that_is_compared_are_read() {
        let of = |per_second, server_us| {
            json!({
                "per_second": {"median": per_second},
                "server_us_per_call": {"median": server_us},
            })
        };
        let named = |name, mut one: serde_json::Value| {
            one["name"] = json!(name);
            one
        };
        let report = json!({"contenders": [
            named("bare", of(9.0, 20.0)),
            named("check", of(7.5, 24.0)),
        ]});
        let expected = Measured {
            per_second: 7.5,
            server_us: 24.0,
        };
        assert_eq!(measured(&report), Some(expected));
        assert_eq!(measured(&json!({"contenders": []})), None);
    }

    #[test]
    fn a_spread_names_the_middle_and_both_ends() {
        assert_eq!(spread(vec![1.0, 0.9, 0.95]), "0.950 (0.900 to 1.000)");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[0.9, 0.95, 1.0]) - 0.95).abs() < 1e-9);
        assert!((median(&[0.9, 1.0]) - 0.95).abs() < 1e-9);
    }
}
