//! `cargo xtask bench-telemetry`: what telling of oneself costs.
//!
//! `aval bench --only check` in pairs, one with everything that can be told (the log, metrics,
//! traces and metrics exported to a collector) and one with nothing, since a process has one
//! telemetry for all its life. What is compared is compared within a pair, and which of the
//! two comes first alternates: what the machine does to a pair it does to both.

use crate::process::{capture, cargo, run as run_command};
use crate::servers::Collector;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::Path;

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
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        let measure = |told: &[&str]| measure(&file, told, arguments);
        let (with, without) = if pair % 2 == 0 {
            let with = measure(&everything)?;
            (with, measure(&nothing)?)
        } else {
            let without = measure(&nothing)?;
            (measure(&everything)?, without)
        };
        println!("{with:.0} calls a second with everything, {without:.0} with nothing");
        ratios.push(with / without);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "telemetry leaves {:.3} of the throughput ({:.3} to {:.3})",
        median(&ratios),
        ratios.first().copied().unwrap_or_default(),
        ratios.last().copied().unwrap_or_default(),
    );
    Ok(())
}

/// How many calls a second there were.
fn measure(file: &Path, told: &[&str], arguments: &[String]) -> Result<f64> {
    let mut bench = cargo();
    bench
        .args(["run", "--release", "--quiet", "-p", "aval", "--", "bench"])
        .args(["--only", CALLS, "--rounds", "3", "--report"])
        .arg(file)
        .args(told)
        .args(arguments);
    capture(&mut bench)?;
    let report: Value = serde_json::from_slice(&fs::read(file)?)?;
    calls_a_second(&report).context("the report says how many calls there were")
}

fn calls_a_second(report: &Value) -> Option<f64> {
    let contenders = report["contenders"].as_array()?;
    let mut of_name = contenders.iter().filter(|one| one["name"] == CALLS);
    of_name.next()?["per_second"]["median"].as_f64()
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
    use super::{calls_a_second, median};
    use serde_json::json;

    #[test]
    fn the_calls_of_the_one_that_is_compared_are_read() {
        let report = json!({"contenders": [
            {"name": "bare", "per_second": {"median": 9.0}},
            {"name": "check", "per_second": {"median": 7.5}},
        ]});
        assert_eq!(calls_a_second(&report), Some(7.5));
        assert_eq!(calls_a_second(&json!({"contenders": []})), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[0.9, 0.95, 1.0]) - 0.95).abs() < 1e-9);
        assert!((median(&[0.9, 1.0]) - 0.95).abs() < 1e-9);
    }
}
