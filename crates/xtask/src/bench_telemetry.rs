//! `cargo xtask bench-telemetry`: what telling of oneself costs.
//!
//! Two programs run `aval bench --only warm-check`, one with everything that can be told (the
//! log, metrics, traces and metrics exported to a collector) and one with nothing, since a
//! process has one telemetry for all its life. They take turns: one is at rest while the other
//! is measured, and which of the two comes first alternates. What is compared is compared
//! within a pair of turns that follow each other: what the machine does to one it does to the
//! other. Where callers fill their core, the servers' processor time says more than how many
//! calls there were.

use crate::process::{cargo, run as run_command};
use crate::servers::Collector;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{fmt, fs};

/// The calls that are compared.
const CALLS: &str = "warm-check";

/// Plays so many pairs, with these arguments of `aval bench` besides.
pub(crate) fn run(pairs: u32, arguments: &[String]) -> Result<()> {
    let workspace = Workspace::load()?;
    let collector = Collector::start(&tools::rotel(&workspace)?)?;
    run_command(cargo().args(["build", "--release", "--quiet", "-p", "aval"]))?;
    let start = |name: &str, told: &[&str]| {
        let mut bench = Command::new(workspace.target.join("release/aval"));
        // The first pair is of programs that just began, and counts for nothing.
        let rounds = (pairs + 1).to_string();
        bench
            .args(["bench", "--when-told", "--only", CALLS, "--duration", "1"])
            .args(["--rounds", &rounds])
            .args(told)
            .args(arguments);
        Player::start(bench, workspace.target.join(name))
    };
    let mut with = start("bench-telling.json", &["--otlp", &collector.url()])?;
    let mut without = start("bench-silent.json", &["--without-telemetry"])?;
    for pair in 0..=pairs {
        let [first, second] = if pair % 2 == 0 {
            [&mut with, &mut without]
        } else {
            [&mut without, &mut with]
        };
        first.play()?;
        second.play()?;
    }
    let pairs: Vec<_> = with.end()?.into_iter().zip(without.end()?).collect();
    let (mut throughputs, mut times) = (Vec::new(), Vec::new());
    for (with, without) in pairs.into_iter().skip(1) {
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

/// A bench that plays a round whenever it is told to.
struct Player {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    report: PathBuf,
}

impl Player {
    fn start(mut bench: Command, report: PathBuf) -> Result<Self> {
        let mut child = bench
            .arg("--report")
            .arg(&report)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the bench")?;
        let orders = child.stdin.take().context("its input is a pipe")?;
        let answers = child.stdout.take().context("its output is a pipe")?;
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers).lines(),
            report,
        })
    }

    /// Answers once the round is played.
    fn play(&mut self) -> Result<()> {
        writeln!(self.orders).context("the bench ended before its rounds")?;
        for line in self.answers.by_ref() {
            if line?.starts_with("played") {
                return Ok(());
            }
        }
        anyhow::bail!("the bench ended within a round")
    }

    /// What each of the rounds gave.
    fn end(mut self) -> Result<Vec<Measured>> {
        drop(self.orders);
        // It tells in a table what its report says.
        for line in self.answers {
            line?;
        }
        ensure!(self.child.wait()?.success(), "the bench failed");
        rounds_of(&self.report)
    }
}

/// What one round says of the calls that are compared.
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

fn rounds_of(file: &Path) -> Result<Vec<Measured>> {
    let report: Value = serde_json::from_slice(&fs::read(file)?)?;
    measured(&report).context("the report says how many calls there were, and what they took")
}

/// Of the only contender that there is.
fn measured(report: &Value) -> Option<Vec<Measured>> {
    let rounds = report["contenders"][0]["rounds"].as_array()?;
    let of = |round: &Value| {
        Some(Measured {
            per_second: round["per_second"].as_f64()?,
            server_us: round["server_us_per_call"].as_f64()?,
        })
    };
    rounds.iter().map(of).collect()
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
    fn every_round_of_the_report_is_read() {
        let round = |per_second, server_us| {
            json!({
                "per_second": per_second,
                "server_us_per_call": server_us,
            })
        };
        let report = json!({"contenders": [
            {"name": "check", "rounds": [round(9.0, 20.0), round(7.5, 24.0)]},
        ]});
        let expected = [(9.0, 20.0), (7.5, 24.0)];
        let expected = expected.map(|(per_second, server_us)| Measured {
            per_second,
            server_us,
        });
        assert_eq!(measured(&report), Some(expected.to_vec()));
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
