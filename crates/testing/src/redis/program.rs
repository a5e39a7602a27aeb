//! Where the server's program is.

use std::path::PathBuf;

use crate::not_run::say_not_run;

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
