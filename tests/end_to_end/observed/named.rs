//! What `deploy/monitoring` asks for, by name. (`cargo xtask deploy-check` reads the same
//! files with the whole grammar, and compares them with the sources.)

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::prometheus::monitoring;

/// The metrics of ours that alerts and dashboards name.
pub(super) fn metrics() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in texts("rules").chain(texts("dashboards")) {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = text.split(|c| !is_of_word(c)).map(str::to_owned);
        names.extend(words.filter(|word| is_metric(word)));
    }
    assert!(names.len() > 30, "the names are not found: {names:?}");
    names
}

/// The names of the alerts.
pub(super) fn alerts() -> BTreeSet<String> {
    let named = |text: String| {
        let lines = text.lines();
        let names = lines.filter_map(|line| line.trim_start().strip_prefix("- alert:"));
        names.map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    };
    texts("rules").flat_map(named).collect()
}

fn is_metric(word: &str) -> bool {
    let ours = ["aval_", "rpc_server_", "rpc_client_"];
    ours.iter().any(|prefix| word.starts_with(prefix))
}

fn texts(folder: &str) -> impl Iterator<Item = String> {
    let files = fs::read_dir(monitoring().join(folder)).unwrap();
    let paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths
        .into_iter()
        .map(|path| fs::read_to_string(path).unwrap())
}
