//! Putting the searches, by several callers at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::questions::{Question, Typed};
use crate::client::Software;
use crate::language::say;
use crate::output::Rows;

/// What came of the searches of one kind.
#[derive(Debug, Clone)]
struct Outcome {
    /// In microseconds.
    latencies: Histogram<u64>,
    /// On the first page.
    found: u64,
    /// As the first of it.
    first: u64,
}

/// Asks everything, each caller the next question once it is answered.
pub(super) async fn ask(
    portal: &Software,
    questions: Vec<Question>,
    callers: u32,
) -> anyhow::Result<Rows> {
    let waiting = Arc::new(Mutex::new(questions.into_iter()));
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        let (portal, waiting) = (portal.clone(), Arc::clone(&waiting));
        asking.spawn(async move {
            let mut answered = Vec::new();
            while let Some(question) = next(&waiting) {
                answered.push(answer(&portal, &question).await?);
            }
            anyhow::Ok(answered)
        });
    }
    let mut outcomes: BTreeMap<Typed, Outcome> = BTreeMap::new();
    while let Some(answered) = asking.join_next().await {
        for (typed, elapsed, place) in answered?? {
            outcomes
                .entry(typed)
                .or_insert_with(Outcome::none)
                .note(elapsed, place);
        }
    }
    let mut rows = Rows::new(vec![
        ("typed", say("saisie", "typed")),
        ("searches", say("recherches", "searches")),
        ("found", say("trouvés", "found")),
        ("first", say("en premier", "as the first")),
        ("p50_ms", say("p50 ms", "p50 ms")),
        ("p99_ms", say("p99 ms", "p99 ms")),
        ("most_ms", say("au plus ms", "most ms")),
    ]);
    for (typed, outcome) in &outcomes {
        rows.push(outcome.row(typed.name()));
    }
    let mut all = Outcome::none();
    for outcome in outcomes.values() {
        all.add(outcome);
    }
    rows.push(all.row("all"));
    Ok(rows)
}

fn next(waiting: &Mutex<std::vec::IntoIter<Question>>) -> Option<Question> {
    waiting.lock().ok()?.next()
}

/// How long it took, and where on the first page the person stands who is meant.
async fn answer(
    portal: &Software,
    question: &Question,
) -> anyhow::Result<(Typed, Duration, Option<usize>)> {
    let begun = Instant::now();
    let answer = portal
        .directory()
        .search_practitioners(question.request.clone())
        .await?;
    let elapsed = begun.elapsed();
    let place = answer.into_inner().matches.iter().position(|matched| {
        let person = matched.practitioner.iter();
        let mut numbers = person.flat_map(|person| &person.identifiers);
        numbers.any(|number| number.value == question.meant)
    });
    Ok((question.typed, elapsed, place))
}

impl Outcome {
    fn none() -> Self {
        let latencies = Histogram::new(3).expect("three digits are a precision");
        Self {
            latencies,
            found: 0,
            first: 0,
        }
    }

    fn note(&mut self, elapsed: Duration, place: Option<usize>) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.latencies
            .record(micros)
            .expect("a histogram that resizes holds every latency");
        self.found += u64::from(place.is_some());
        self.first += u64::from(place == Some(0));
    }

    fn add(&mut self, other: &Self) {
        self.latencies
            .add(&other.latencies)
            .expect("a histogram that resizes holds what another one holds");
        self.found += other.found;
        self.first += other.first;
    }

    fn row(&self, typed: &str) -> Vec<Value> {
        let milliseconds = |micros: u64| json!(Duration::from_micros(micros).as_secs_f64() * 1e3);
        vec![
            json!(typed),
            json!(self.latencies.len()),
            json!(self.found),
            json!(self.first),
            milliseconds(self.latencies.value_at_quantile(0.5)),
            milliseconds(self.latencies.value_at_quantile(0.99)),
            milliseconds(self.latencies.max()),
        ]
    }
}
