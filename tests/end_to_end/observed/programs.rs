//! Where the programs are that operators watch services with.

use std::path::PathBuf;

use aval_testing::not_run::say_not_run;

/// The program that this variable names, or else the one of this name on the path; without
/// either it is said that `test` did not run.
pub(super) fn find_or_say(test: &str, variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
        candidates.find(|candidate| candidate.is_file())
    });
    if found.is_none() {
        say_not_run(test, &format!("there is no {name}"));
    }
    found
}
