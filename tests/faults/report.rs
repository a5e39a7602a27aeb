//! What callers saw, as a row of `docs/reliability.md`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tonic::Code;

use super::lane::Seen;

/// The environment variable that names the folder in which each scenario leaves its row.
pub(super) const FOLDER_VARIABLE: &str = "AVAL_FAULTS_FOLDER";

/// A scenario that was played.
pub(super) struct Played<'a> {
    /// What it is called in the table, and where in it.
    pub(super) title: &'a str,
    pub(super) seen: &'a [Seen],
    pub(super) events: usize,
    /// When everything was whole again.
    pub(super) mended: Instant,
}

impl Played<'_> {
    /// Leaves the row where it was asked for.
    pub(super) fn leave(&self, test: &str) {
        let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
            return;
        };
        let row = self.row().to_string();
        std::fs::write(Path::new(&folder).join(format!("{test}.json")), row).unwrap();
    }

    fn row(&self) -> serde_json::Value {
        let mut codes = BTreeMap::<String, usize>::new();
        for (_, code) in self.seen.iter().flat_map(|seen| &seen.calls) {
            *codes.entry(format!("{code:?}")).or_default() += 1;
        }
        let answered = codes.remove("Ok").unwrap_or_default();
        let decided: usize = self.seen.iter().map(|seen| seen.decided.len()).sum();
        let of_each = self.seen.iter().flat_map(|seen| seen.changed.values());
        let changed: usize = of_each.sum();
        serde_json::json!({
            "title": self.title,
            "answered": answered,
            "failed": codes,
            "decided": decided,
            "changed": changed,
            "events": self.events,
            "longest_stall_ms": millis(self.longest_stall()),
            "recovered_after_ms": millis(self.recovered_after()),
        })
    }

    /// The longest time in which some caller had no answer.
    fn longest_stall(&self) -> Duration {
        let of_one = |seen: &Seen| {
            let answered = seen.calls.iter().filter(|(_, code)| *code == Code::Ok);
            let times: Vec<_> = answered.map(|(at, _)| *at).collect();
            let between = times.windows(2).map(|pair| pair[1] - pair[0]);
            between.max().unwrap_or_default()
        };
        self.seen.iter().map(of_one).max().unwrap_or_default()
    }

    /// How long after everything was whole again the last call failed.
    fn recovered_after(&self) -> Duration {
        let failed = self.seen.iter().flat_map(|seen| &seen.calls);
        let failed = failed
            .filter(|(_, code)| *code != Code::Ok)
            .map(|(at, _)| *at);
        let last = failed.max().unwrap_or(self.mended);
        last.saturating_duration_since(self.mended)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
