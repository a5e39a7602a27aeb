//! Putting the searches, by several callers at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aval_proto::practitioner_directory::v1::PractitionerMatch;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::questions::{Meant, Question};
use super::typing::Typed;
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
    /// Among the first three of it.
    among_three: u64,
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
        (
            "among_three",
            say("parmi les 3 premiers", "among the first 3"),
        ),
        ("first", say("en premier", "as the first")),
        ("share", say("% parmi 3", "% among 3")),
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
    let mut wrong = Outcome::none();
    for (typed, outcome) in &outcomes {
        if matches!(typed, Typed::Wrong(_)) {
            wrong.add(outcome);
        }
    }
    rows.push(wrong.row("one slip"));
    rows.push(all.row("all"));
    Ok(rows)
}

/// In hundredths, to a tenth.
#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer searches than a float counts"
)]
fn share(part: u64, whole: u64) -> f64 {
    (part as f64 * 1000.0 / whole.max(1) as f64).round() / 10.0
}

fn next(waiting: &Mutex<std::vec::IntoIter<Question>>) -> Option<Question> {
    waiting.lock().ok()?.next()
}

/// How long it took, and where on the first page somebody stands who may be meant.
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
    let matches = answer.into_inner().matches;
    let place = matches.iter().position(|one| question.meant.is(one));
    Ok((question.typed, elapsed, place))
}

impl Meant {
    /// Whether it is this one, or somebody of the very same names: the profession and the
    /// town that the question says do not tell those apart either.
    fn is(&self, matched: &PractitionerMatch) -> bool {
        matched.practitioner.iter().any(|person| {
            let mut numbers = person.identifiers.iter();
            let is_named_so =
                person.family_name == self.family_name && person.given_name == self.given_name;
            is_named_so || numbers.any(|number| number.value == self.number)
        })
    }
}

impl Outcome {
    fn none() -> Self {
        let latencies = Histogram::new(3).expect("three digits are a precision");
        Self {
            latencies,
            found: 0,
            among_three: 0,
            first: 0,
        }
    }

    fn note(&mut self, elapsed: Duration, place: Option<usize>) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.latencies
            .record(micros)
            .expect("a histogram that resizes holds every latency");
        self.found += u64::from(place.is_some());
        self.among_three += u64::from(place.is_some_and(|place| place < 3));
        self.first += u64::from(place == Some(0));
    }

    fn add(&mut self, other: &Self) {
        self.latencies
            .add(&other.latencies)
            .expect("a histogram that resizes holds what another one holds");
        self.found += other.found;
        self.among_three += other.among_three;
        self.first += other.first;
    }

    fn row(&self, typed: &str) -> Vec<Value> {
        let milliseconds = |micros: u64| json!(Duration::from_micros(micros).as_secs_f64() * 1e3);
        vec![
            json!(typed),
            json!(self.latencies.len()),
            json!(self.found),
            json!(self.among_three),
            json!(self.first),
            json!(share(self.among_three, self.latencies.len())),
            milliseconds(self.latencies.value_at_quantile(0.5)),
            milliseconds(self.latencies.value_at_quantile(0.99)),
            milliseconds(self.latencies.max()),
        ]
    }
}
