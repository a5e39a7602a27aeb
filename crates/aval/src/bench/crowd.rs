//! Callers of `Authorize` beyond what the servers can answer: what each of them saw.
//!
//! Apart from the turns of `aval bench`, which have one process: the scenario of an overload
//! uses it against programs, which is why it is here, where it is compiled to be fast. Callers
//! that are slow would be what is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use aval_runtime::config::TlsFiles;
use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tonic::client::GrpcService;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::contender::connections;
use crate::client::{Bearer, Channel};
use crate::demo::request_id;

/// Somebody who asks the same again and again.
#[derive(Debug, Clone)]
pub struct Asking {
    /// In whose name.
    pub bearer: Bearer,
    /// What.
    pub question: proto::AccessQuestion,
    /// What every decision must be.
    pub expected: proto::Effect,
    /// By what way.
    pub way: Way,
}

/// How a caller's calls reach the servers.
#[derive(Debug, Clone)]
pub enum Way {
    /// Over bare connections, in turns: whoever calls so is told nothing twice.
    Bare(Vec<tonic::transport::Channel>),
    /// Over our own channel, which holds calls back from a peer that has too many.
    Own(Channel),
}

impl Way {
    /// One bare connection to each of these, showing them this certificate.
    pub async fn bare(addresses: &[SocketAddr], files: &TlsFiles) -> anyhow::Result<Self> {
        let mut opened = Vec::new();
        for address in addresses {
            opened.extend(connections::open(*address, files, 1).await?);
        }
        Ok(Self::Bare(opened))
    }
}

/// How often they ask.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many at once, each again as soon as it is answered or refused.
    AtOnce(usize),
    /// So many calls a second by all, whatever becomes of those before.
    EachSecond(u32),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How long each decision took that was given, the shortest first.
    pub times: Vec<Duration>,
    /// How many calls a server refused for want of room, and said when to come back.
    pub refused: usize,
    /// How many were not sent, because a server had refused so many.
    pub held_back: usize,
    /// How many were due and not made, because so many were waiting already.
    pub not_made: usize,
    /// What ended otherwise: as what must not be.
    pub wrong: Vec<String>,
}

/// Beyond, a caller that is paced waits: its own memory is not what is measured.
const MOST_UNDER_WAY: usize = 4_096;

/// Asks for so long, those who ask in turns, and waits for the last answers.
#[must_use = "a future does nothing before it is awaited"]
pub fn crowd(
    asking: Vec<Asking>,
    pace: Pace,
    during: Duration,
) -> BoxFuture<'static, anyhow::Result<Outcome>> {
    let asking: Vec<_> = asking.into_iter().map(Arc::new).collect();
    // Apart from whatever else the caller's task does.
    let calling = tokio::spawn(async move {
        match pace {
            Pace::AtOnce(callers) => at_once(&asking, callers, during).await,
            Pace::EachSecond(rate) => each_second(&asking, rate, during).await,
        }
    });
    Box::pin(async move {
        let mut outcome = calling.await??;
        outcome.times.sort_unstable();
        Ok(outcome)
    })
}

async fn at_once(
    asking: &[Arc<Asking>],
    callers: usize,
    during: Duration,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let mut calling = JoinSet::new();
    for (number, one) in asking.iter().cycle().take(callers).enumerate() {
        let one = Arc::clone(one);
        calling.spawn(async move {
            let mut outcome = Outcome::default();
            let mut turn = number;
            while begun.elapsed() < during {
                one.ask(turn).await.count(&mut outcome);
                turn += 1;
            }
            outcome
        });
    }
    let mut all = Outcome::default();
    while let Some(ended) = calling.join_next().await {
        all.merge(ended?);
    }
    Ok(all)
}

async fn each_second(
    asking: &[Arc<Asking>],
    rate: u32,
    during: Duration,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let under_way = Arc::new(AtomicUsize::new(0));
    let mut calling = JoinSet::new();
    let mut all = Outcome::default();
    let people = asking.len();
    let mut made = 0_usize;
    let mut tick = interval(Duration::from_millis(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while begun.elapsed() < during {
        tick.tick().await;
        let due = begun.elapsed().as_micros() * u128::from(rate) / 1_000_000;
        let due = usize::try_from(due)?;
        for turn in made..due {
            if under_way.load(Ordering::Relaxed) >= MOST_UNDER_WAY {
                all.not_made += 1;
                continue;
            }
            let one = Arc::clone(&asking[turn % people]);
            under_way.fetch_add(1, Ordering::Relaxed);
            let under_way = Arc::clone(&under_way);
            calling.spawn(async move {
                let ended = one.ask(turn / people).await;
                under_way.fetch_sub(1, Ordering::Relaxed);
                ended
            });
        }
        made = made.max(due);
        while let Some(ended) = calling.try_join_next() {
            ended?.count(&mut all);
        }
    }
    while let Some(ended) = calling.join_next().await {
        ended?.count(&mut all);
    }
    Ok(all)
}

/// How a call ended.
enum Ended {
    Decided(Duration),
    Refused,
    HeldBack,
    Wrong(String),
}

impl Ended {
    fn count(self, outcome: &mut Outcome) {
        match self {
            Self::Decided(time) => outcome.times.push(time),
            Self::Refused => outcome.refused += 1,
            Self::HeldBack => outcome.held_back += 1,
            Self::Wrong(what) => outcome.wrong.push(what),
        }
    }

    /// A refusal says that there is no room, and when to come back; everything else is wrong.
    fn of_refusal(status: &Status) -> Self {
        let says_when = status
            .get_details_retry_info()
            .is_some_and(|retry| retry.retry_delay.is_some());
        if status.code() != Code::ResourceExhausted || !says_when {
            return Self::Wrong(format!("{status:?}"));
        }
        if status.message() == aval_runtime::channel::HELD_BACK {
            return Self::HeldBack;
        }
        Self::Refused
    }
}

impl Outcome {
    fn merge(&mut self, other: Self) {
        self.times.extend(other.times);
        self.refused += other.refused;
        self.held_back += other.held_back;
        self.not_made += other.not_made;
        self.wrong.extend(other.wrong);
    }
}

impl Asking {
    async fn ask(&self, turn: usize) -> Ended {
        let begun = Instant::now();
        let answer = match &self.way {
            Way::Own(channel) => self.ask_through(channel.clone()).await,
            Way::Bare(channels) => {
                let channel = channels[turn % channels.len()].clone();
                self.ask_through(channel).await
            }
        };
        match answer {
            Ok(effect) if effect == self.expected => Ended::Decided(begun.elapsed()),
            Ok(effect) => Ended::Wrong(format!("{effect:?} instead of {:?}", self.expected)),
            Err(status) => Ended::of_refusal(&status),
        }
    }

    async fn ask_through<T>(&self, way: T) -> Result<proto::Effect, Status>
    where
        T: GrpcService<tonic::body::Body>,
        T::Error: Into<tonic::codegen::StdError>,
        T::ResponseBody: tonic::codegen::Body<Data = tonic::codegen::Bytes> + Send + 'static,
        <T::ResponseBody as tonic::codegen::Body>::Error: Into<tonic::codegen::StdError> + Send,
    {
        let request = self.bearer.asks(proto::AuthorizeRequest {
            question: Some(self.question.clone()),
            request_id: request_id(),
        });
        let answer = DecisionServiceClient::new(way).authorize(request).await?;
        let decision = answer.into_inner().decision.unwrap_or_default();
        Ok(decision.effect())
    }
}
