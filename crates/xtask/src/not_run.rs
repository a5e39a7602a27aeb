//! The ledger of what a task could not do on this machine.

use anyhow::{Result, bail};

/// Parts that were left out, each with the reason. A part left out is never silent.
#[derive(Default)]
pub(crate) struct NotRun(Vec<String>);

impl NotRun {
    /// Notes that `part` did not run because of `reason`.
    pub(crate) fn add(&mut self, part: &str, reason: impl std::fmt::Display) {
        self.0.push(format!("{part} ({reason:#})"));
    }

    /// Prints the ledger; a part that did not run is an error on a build machine.
    pub(crate) fn close(self) -> Result<()> {
        self.print_and_judge(on_a_build_machine())
    }

    fn print_and_judge(self, strict: bool) -> Result<()> {
        for part in &self.0 {
            println!("not run: {part}");
        }
        if strict && !self.0.is_empty() {
            bail!(
                "{} part(s) did not run, and CI=true allows none",
                self.0.len()
            );
        }
        Ok(())
    }
}

/// Whether `CI=true`: no part may be left out, and `Cargo.lock` may not change.
pub(crate) fn on_a_build_machine() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

#[cfg(test)]
mod tests {
    use super::NotRun;

    fn with_one_part() -> NotRun {
        let mut not_run = NotRun::default();
        not_run.add("tests on PostgreSQL", "no server");
        not_run
    }

    #[test]
    fn a_part_left_out_fails_on_a_build_machine_only() {
        assert!(with_one_part().print_and_judge(true).is_err());
        assert!(with_one_part().print_and_judge(false).is_ok());
    }

    #[test]
    fn an_empty_ledger_passes_everywhere() {
        assert!(NotRun::default().print_and_judge(true).is_ok());
    }
}
