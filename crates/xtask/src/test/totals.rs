//! What nextest counted, from the report that `.config/nextest.toml` asks it for.

use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fmt;
use std::fs;
use std::path::PathBuf;

/// The figures of one run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Totals {
    run: u64,
    failed: u64,
}

impl Totals {
    /// Removes the report of an earlier run, lest it be taken for this one's.
    pub(super) fn forget(workspace: &Workspace) {
        // Most often there is none.
        let _ = fs::remove_file(report(workspace));
    }

    /// Reads the report; there is none when the tests did not build.
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let report = fs::read_to_string(report(workspace)).context("nextest left no report")?;
        Self::parse(&report).context("the report of nextest has no totals")
    }

    fn parse(report: &str) -> Option<Self> {
        let (_, rest) = report.split_once("<testsuites ")?;
        let (root, _) = rest.split_once('>')?;
        let figure = |name: &str| -> Option<u64> {
            let (_, value) = root.split_once(&format!("{name}=\""))?;
            value.split_once('"')?.0.parse().ok()
        };
        Some(Self {
            run: figure("tests")?,
            failed: figure("failures")? + figure("errors")?,
        })
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tests run, {} failed", self.run, self.failed)
    }
}

/// Nextest writes it below the root, wherever cargo builds.
fn report(workspace: &Workspace) -> PathBuf {
    workspace.root.join("target/nextest/default/junit.xml")
}

#[cfg(test)]
mod tests {
    use super::Totals;

    #[test]
    fn failures_and_errors_both_count_as_failed() {
        let report = "<?xml version=\"1.0\"?>\n<testsuites name=\"nextest-run\" tests=\"12\" \
                      failures=\"2\" errors=\"1\" time=\"0.1\">\n<testsuite tests=\"3\">";
        assert_eq!(Totals::parse(report), Some(Totals { run: 12, failed: 3 }));
    }

    #[test]
    fn a_report_without_its_root_is_refused() {
        assert_eq!(Totals::parse("<testsuite tests=\"3\">"), None);
    }
}
