//! Reading people one by one: beside a call of which nothing comes, and while an import
//! is applied.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aval_proto::consent::v1::CheckRequest;
use aval_proto::practitioner_directory::v1::GetPractitionerRequest;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::questions::Question;
use super::rounded;
use crate::bench::contender::serve_bare;
use crate::bench::pki;
use crate::client::{Addresses, Software};
use crate::language::say;
use crate::output::Rows;
use crate::stack::Layout;

/// How long each is called.
const FOR: Duration = Duration::from_secs(5);

/// How many different people are read.
const PEOPLE: usize = 500;

/// What the callers call.
#[derive(Debug, Clone)]
enum Called {
    /// `GetPractitioner`, of these in turn.
    Practitioner(Software, Arc<[String]>),
    /// The bare server.
    Nothing(Software),
}

/// Calls, and how long each took, in microseconds.
#[derive(Debug)]
pub(super) struct Calls {
    latencies: Histogram<u64>,
    elapsed: Duration,
}

/// What reads people and nothing else.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    called: Called,
    callers: u32,
}

impl Readers {
    /// Those who read the people whom these searches find.
    pub(super) async fn of(
        portal: &Software,
        questions: &[Question],
        callers: u32,
    ) -> anyhow::Result<Self> {
        let mut ids = Vec::new();
        for question in questions.iter().take(PEOPLE) {
            let mut directory = portal.directory();
            let answer = directory.search_practitioners(question.request.clone());
            let matches = answer.await?.into_inner().matches;
            let found = matches.into_iter().next().and_then(|one| one.practitioner);
            ids.extend(found.map(|practitioner| practitioner.practitioner_id));
        }
        anyhow::ensure!(!ids.is_empty(), "nobody was found");
        let called = Called::Practitioner(portal.clone(), ids.into());
        Ok(Self { called, callers })
    }

    /// Those who call a server without a layer, of the same authority, that answers
    /// nothing.
    pub(super) async fn of_nothing(layout: &Layout, callers: u32) -> anyhow::Result<Self> {
        let pki = pki::open(&layout.pki())?;
        let bare: SocketAddr = serve_bare(&pki::files(&pki, "consent")?).await?;
        let everywhere = Addresses {
            directory: bare,
            identity: bare,
            consent: bare,
            audit: bare,
        };
        let software = Software::new(&everywhere, &pki::files(&pki, "gateway")?)?;
        let called = Called::Nothing(software);
        Ok(Self { called, callers })
    }

    /// Calls for a while.
    pub(super) async fn call(&self) -> anyhow::Result<Calls> {
        let is_over = Arc::new(AtomicBool::new(false));
        let calling = tokio::spawn(self.clone().call_until(Arc::clone(&is_over)));
        tokio::time::sleep(FOR).await;
        is_over.store(true, Ordering::Relaxed);
        calling.await?
    }

    /// Calls until the work is done, whose outcome it answers too.
    pub(super) async fn call_during<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<(T, Calls)> {
        let is_over = Arc::new(AtomicBool::new(false));
        let calling = tokio::spawn(self.clone().call_until(Arc::clone(&is_over)));
        let done = work.await;
        is_over.store(true, Ordering::Relaxed);
        Ok((done?, calling.await??))
    }

    async fn call_until(self, is_over: Arc<AtomicBool>) -> anyhow::Result<Calls> {
        let begun = Instant::now();
        let mut calling = JoinSet::new();
        for caller in 0..self.callers as usize {
            let (called, is_over) = (self.called.clone(), Arc::clone(&is_over));
            calling.spawn(async move {
                let mut latencies = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    called.call(caller * PEOPLE + latencies.len()).await?;
                    latencies.push(begun.elapsed());
                }
                anyhow::Ok(latencies)
            });
        }
        let mut latencies = Histogram::new(3)?;
        while let Some(called) = calling.join_next().await {
            for latency in called?? {
                latencies.record(u64::try_from(latency.as_micros())?)?;
            }
        }
        let elapsed = begun.elapsed();
        Ok(Calls { latencies, elapsed })
    }
}

impl Called {
    async fn call(&self, turn: usize) -> anyhow::Result<()> {
        match self {
            Self::Practitioner(software, ids) => {
                let request = GetPractitionerRequest {
                    practitioner_id: ids[turn % ids.len()].clone(),
                };
                software.directory().get_practitioner(request).await?;
            }
            Self::Nothing(software) => {
                software.decisions().check(CheckRequest::default()).await?;
            }
        }
        Ok(())
    }
}

/// The table, to be filled.
pub(super) fn table() -> Rows {
    Rows::new(vec![
        ("called", say("appelé", "called")),
        ("calls", say("appels", "calls")),
        ("per_second", say("par seconde", "per second")),
        ("p50_ms", say("p50 ms", "p50 ms")),
        ("p99_ms", say("p99 ms", "p99 ms")),
        ("most_ms", say("au plus ms", "most ms")),
    ])
}

impl Calls {
    pub(super) fn row(&self, called: &str) -> Vec<Value> {
        let milliseconds = |micros: u64| {
            let seconds = Duration::from_micros(micros).as_secs_f64();
            json!(rounded(seconds * 1e3))
        };
        let count = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        let per_second = f64::from(count) / self.elapsed.as_secs_f64();
        vec![
            json!(called),
            json!(count),
            json!(per_second.round()),
            milliseconds(self.latencies.value_at_quantile(0.5)),
            milliseconds(self.latencies.value_at_quantile(0.99)),
            milliseconds(self.latencies.max()),
        ]
    }
}
