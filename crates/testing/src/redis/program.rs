//! Where the server's program is.

use std::io::Write;
use std::path::PathBuf;

/// The environment variable that names the server's program; else it is looked for on
/// the path.
pub const SERVER_VARIABLE: &str = "AVAL_TEST_REDIS_SERVER";

/// The program, or word that `test` did not run.
pub(super) fn find_or_say(test: &str) -> Option<PathBuf> {
    let found = find();
    if found.is_none() {
        say_not_run(test, "there is no redis-server");
    }
    found
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(SERVER_VARIABLE) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)))
        .find(|candidate| candidate.is_file())
}

/// Says on standard error that `test` did not run, and why.
///
/// # Panics
/// In CI, where a promise that nobody checked is a failure.
pub fn say_not_run(test: &str, reason: &str) {
    let message = format!("{test}: not run: {reason}");
    assert!(std::env::var_os("CI").is_none(), "{message}");
    // Past the test harness, which hides what passing tests print. Nobody reads
    // a standard error that cannot be written to.
    let _ = writeln!(std::io::stderr(), "{message}");
}
