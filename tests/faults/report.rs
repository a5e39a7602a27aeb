//! What callers saw, as a row of `docs/reliability.md`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use tonic::Code;

use super::journal::{Seen, Share, Verdict};

/// The environment variable that names the folder in which each scenario leaves its row.
pub(super) const FOLDER_VARIABLE: &str = "AVAL_FAULTS_FOLDER";

/// A scenario that was played.
pub(super) struct Played {
    /// What it is called in the table, and where in it.
    pub(super) title: &'static str,
    /// What the callers of each service saw.
    pub(super) seen: Vec<(&'static str, Vec<Seen>)>,
    pub(super) verdict: Verdict,
    /// When everything was whole again.
    pub(super) mended: Instant,
}

impl Played {
    /// What the callers of consent saw.
    pub(super) fn of_consent(self) -> Vec<Seen> {
        let mut services = self.seen.into_iter();
        let consent = services.find(|(service, _)| *service == "consent");
        consent.expect("consent is always called").1
    }

    /// Leaves the row where it was asked for.
    pub(super) fn leave(&self, test: &str) {
        let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
            return;
        };
        let row = self.row().to_string();
        std::fs::write(Path::new(&folder).join(format!("{test}.json")), row).unwrap();
    }

    fn row(&self) -> serde_json::Value {
        let services = self.seen.iter().filter(|(_, seen)| !seen.is_empty());
        let services: BTreeMap<_, _> = services
            .map(|(service, seen)| (service, of_a_service(seen)))
            .collect();
        let share = |share: Share| serde_json::json!({ "wrong": share.wrong, "of": share.of });
        serde_json::json!({
            "title": self.title,
            "services": services,
            "lost": share(self.verdict.lost),
            "let_in": share(self.verdict.let_in),
            "untraced": share(self.verdict.untraced),
            "untrue": share(self.verdict.untrue),
            "recovered_after_ms": millis(self.recovered_after()),
        })
    }

    /// How long after everything was whole again everybody had been answered, with no failure
    /// any more.
    fn recovered_after(&self) -> Duration {
        let of_one = |seen: &Seen| {
            let failed = seen.calls.iter().filter(|(_, code)| *code != Code::Ok);
            let last = failed.map(|(at, _)| *at).max();
            let since = last.unwrap_or(self.mended).max(self.mended);
            let mut after = seen.calls.iter().filter(|(at, _)| *at > since);
            after.next().map(|(at, _)| *at - self.mended)
        };
        let everybody = self.seen.iter().flat_map(|(_, seen)| seen);
        everybody.filter_map(of_one).max().unwrap_or_default()
    }
}

fn of_a_service(seen: &[Seen]) -> serde_json::Value {
    let mut codes = BTreeMap::<String, usize>::new();
    for (_, code) in seen.iter().flat_map(|seen| &seen.calls) {
        *codes.entry(format!("{code:?}")).or_default() += 1;
    }
    let answered = codes.remove("Ok").unwrap_or_default();
    serde_json::json!({
        "answered": answered,
        "failed": codes,
        "longest_wait_ms": millis(longest_wait(seen)),
    })
}

/// The longest time in which some caller had no answer.
fn longest_wait(seen: &[Seen]) -> Duration {
    let of_one = |seen: &Seen| {
        let answered = seen.calls.iter().filter(|(_, code)| *code == Code::Ok);
        let times: Vec<_> = answered.map(|(at, _)| *at).collect();
        let between = times.windows(2).map(|pair| pair[1] - pair[0]);
        between.max().unwrap_or_default()
    };
    seen.iter().map(of_one).max().unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_was_wrong_of_how_much_and_when_everybody_was_answered_again() {
        let begun = Instant::now();
        let at = |millis| begun + Duration::from_millis(millis);
        let mut one = Seen {
            calls: vec![
                (at(10), Code::Ok),
                (at(300), Code::Unavailable),
                (at(900), Code::Unavailable),
                (at(950), Code::Ok),
            ],
            ..Seen::default()
        };
        one.verdict.let_in.count(true);
        one.verdict.let_in.count(false);
        let other = Seen {
            calls: vec![(at(20), Code::Ok), (at(820), Code::Ok)],
            ..Seen::default()
        };
        let played = Played {
            title: "audit killed",
            verdict: one.verdict,
            seen: vec![
                ("consent", vec![one]),
                ("audit", vec![other]),
                ("identity", vec![]),
            ],
            mended: at(800),
        };
        assert_eq!(
            played.row(),
            serde_json::json!({
                "title": "audit killed",
                "services": {
                    "consent": {
                        "answered": 2, "failed": { "Unavailable": 2 }, "longest_wait_ms": 940,
                    },
                    "audit": { "answered": 2, "failed": {}, "longest_wait_ms": 800 },
                },
                "lost": { "wrong": 0, "of": 0 },
                "let_in": { "wrong": 1, "of": 2 },
                "untraced": { "wrong": 0, "of": 0 },
                "untrue": { "wrong": 0, "of": 0 },
                "recovered_after_ms": 150,
            })
        );
        assert!(!played.verdict.is_clean());
    }
}
