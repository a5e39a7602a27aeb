//! Running other programs, and saying which one failed.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Cargo without the variables that `cargo run` gave to this program: some build
/// scripts watch them, and would build everything twice.
pub(crate) fn cargo() -> Command {
    without_cargo_run_variables(Command::new(
        env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
    ))
}

/// Takes the variables of `cargo run` out of what `command` inherits: for the
/// plugins, which start cargo themselves.
pub(crate) fn without_cargo_run_variables(mut command: Command) -> Command {
    let given_by_cargo_run = |name: &str| {
        name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || matches!(name, "CARGO_BIN_NAME" | "CARGO_CRATE_NAME")
    };
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(given_by_cargo_run) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command on the caller's own terminal, without input.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", display(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", display(command)))?;
    if !status.success() {
        bail!("{status}: {}", display(command));
    }
    Ok(())
}

/// Runs a command in silence and returns what it printed; its complaints are the error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", display(command)))?;
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{}: {}\n{}",
            output.status,
            display(command),
            complaints.trim_end()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed bytes that are not text", display(command)))
}

/// Runs `part` under a headline and prints how long it took, also when it failed.
pub(crate) fn timed<T>(name: &str, part: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    let start = Instant::now();
    let outcome = part();
    let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
    println!(
        "== {name}: {verdict} in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    outcome
}

fn display(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::{capture, run};
    use std::process::Command;

    #[test]
    fn a_failing_command_is_named_with_its_complaint() {
        let error = capture(Command::new("sh").args(["-c", "echo broken >&2; exit 3"]))
            .expect_err("the command fails");
        let message = error.to_string();
        assert!(
            message.contains("exit status: 3") && message.contains("broken"),
            "{message}"
        );
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("/nowhere/at-all")).expect_err("nothing to start");
        assert!(error.to_string().contains("/nowhere/at-all"));
    }

    #[test]
    fn what_a_command_prints_is_returned() {
        let printed = capture(Command::new("sh").args(["-c", "echo one; echo two >&2"]));
        assert_eq!(printed.expect("the command succeeds"), "one\n");
    }
}
