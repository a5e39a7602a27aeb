//! Closing sessions among many, while doctors ask consent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aval_proto::audit::v1::ListEventsRequest;
use aval_proto::common::v1 as common;
use aval_proto::consent::v1::{AccessQuestion, CheckRequest};
use aval_proto::identity::v1::{CloseSessionRequest, ListSessionsRequest};
use aval_proto::practitioner_directory::v1::GetFreshnessRequest;
use aval_testing::provider::Realm;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{IdentityBenchArguments, populate};
use crate::bench::people::People;
use crate::bench::spread::Spread;
use crate::client::{Bearer, ProviderClient, Software};
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;
use crate::stack::Stack;

/// How often a service is asked whether it still takes a token.
const ASKED_EVERY: Duration = Duration::from_millis(20);
/// It must not take one for so long: the bound and some more.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(15);
const SERVICES: [Service; 4] = [
    Service::Identity,
    Service::Directory,
    Service::Consent,
    Service::Audit,
];

/// The throughput of `Check` before, among the open sessions, and while some of them are
/// closed; and how long each service took the tokens of those.
pub(super) async fn measure(
    stack: &Stack,
    people: &People,
    arguments: &IdentityBenchArguments,
) -> anyhow::Result<(Rows, Rows)> {
    let doctors = Doctors::new(stack, people)?;
    let span = Duration::from_secs(arguments.duration.into());
    let load = Load {
        patients: people
            .patients
            .iter()
            .map(|one| one.patient_id.clone())
            .collect(),
        callers: arguments.callers,
    };
    // Connections are open and everything is remembered afterwards.
    load.throughput(&doctors, tokio::time::sleep(span)).await?;
    let before = load.throughput(&doctors, tokio::time::sleep(span)).await?;
    populate(stack, arguments.sessions).await?;
    let among = load.throughput(&doctors, tokio::time::sleep(span)).await?;
    let closing = doctors.close(arguments.closings);
    let (during, taken) = load.throughput_and(&doctors, closing).await?;
    let taken = taken?;

    let mut throughput = Rows::new(vec![
        ("what", say("quoi", "what")),
        ("sessions", say("sessions ouvertes", "open sessions")),
        (
            "checks_per_second",
            say("Check par seconde", "Check per second"),
        ),
        ("of_before", say("par rapport à avant", "of before")),
    ]);
    for (what, sessions, checks) in [
        ("before", 0, before),
        ("among open sessions", arguments.sessions, among),
        ("while sessions are closed", arguments.sessions, during),
    ] {
        let share = (checks / before * 1000.0).round() / 1000.0;
        let checks = checks.round();
        throughput.push(vec![
            json!(what),
            json!(sessions),
            json!(checks),
            json!(share),
        ]);
    }
    let mut closings = Rows::new(vec![
        ("service", say("service", "service")),
        ("closings", say("fermetures", "closings")),
        ("median_ms", say("ms (médiane)", "ms (median)")),
        ("longest_ms", say("ms au plus", "ms at most")),
    ]);
    for (service, times) in SERVICES.iter().zip(taken) {
        closings.push(row(*service, &times)?);
    }
    Ok((throughput, closings))
}

fn row(service: Service, times: &[Duration]) -> anyhow::Result<Vec<Value>> {
    let spread = Spread::of(times.iter().map(|time| time.as_secs_f64() * 1e3));
    let spread = spread.context("nothing was closed")?;
    Ok(vec![
        json!(service.name()),
        json!(times.len()),
        json!(spread.median.round()),
        json!(spread.highest.round()),
    ])
}

/// Doctors who sign in, ask, and sign out.
struct Doctors {
    software: Software,
    provider: ProviderClient,
    sign_in: String,
    username: String,
}

impl Doctors {
    fn new(stack: &Stack, people: &People) -> anyhow::Result<Self> {
        Ok(Self {
            software: stack.software("records")?,
            provider: stack.provider_client()?,
            sign_in: stack.token_endpoint(Realm::Professionals),
            username: people.doctor_account.clone(),
        })
    }

    /// A new session: its identifier and its token.
    async fn session(&self) -> anyhow::Result<(String, Bearer)> {
        let nonce = request_id();
        let tokens = self
            .provider
            .sign_in(&self.sign_in, &self.username, &nonce, &[]);
        let request = tokens.await?.as_practitioner("");
        let answer = self.software.sessions().exchange_token(request).await;
        let answer = answer.context("the doctor is not signed in")?.into_inner();
        Ok((answer.session_id, Bearer::new(&answer.access_token)?))
    }

    /// Opens sessions and closes them, one after the other; how long each service took
    /// their tokens after that.
    async fn close(&self, closings: u32) -> anyhow::Result<[Vec<Duration>; 4]> {
        let mut taken = [const { Vec::new() }; 4];
        for _ in 0..closings {
            let (session_id, bearer) = self.session().await?;
            for service in SERVICES {
                ensure!(
                    self.takes(service, &bearer).await?,
                    "{} does not take a new token",
                    service.name()
                );
            }
            let request = bearer.asks(CloseSessionRequest {
                session_id,
                request_id: request_id(),
            });
            self.software.sessions().close_session(request).await?;
            let closed = Instant::now();
            let waits = SERVICES.map(|service| self.until_refused(service, &bearer, closed));
            let waits = futures::future::try_join_all(waits).await?;
            for (times, wait) in taken.iter_mut().zip(waits) {
                times.push(wait);
            }
        }
        Ok(taken)
    }

    async fn until_refused(
        &self,
        service: Service,
        bearer: &Bearer,
        closed: Instant,
    ) -> anyhow::Result<Duration> {
        let mut taken = Duration::ZERO;
        while self.takes(service, bearer).await? {
            taken = closed.elapsed();
            ensure!(
                taken < GIVEN_UP_AFTER,
                "{} goes on taking a closed session's token",
                service.name()
            );
            tokio::time::sleep(ASKED_EVERY).await;
        }
        Ok(taken)
    }

    /// Whether a service takes this token, whatever else it says of the call.
    async fn takes(&self, service: Service, bearer: &Bearer) -> anyhow::Result<bool> {
        let software = &self.software;
        let answered: Result<(), Status> = match service {
            Service::Identity => {
                let request = bearer.asks(ListSessionsRequest::default());
                software.sessions().list_sessions(request).await.map(drop)
            }
            Service::Directory => {
                let request = bearer.asks(GetFreshnessRequest::default());
                software.directory().get_freshness(request).await.map(drop)
            }
            Service::Consent => {
                let request = bearer.asks(CheckRequest::default());
                software.decisions().check(request).await.map(drop)
            }
            Service::Audit => {
                let request = bearer.asks(ListEventsRequest::default());
                software.trail().list_events(request).await.map(drop)
            }
        };
        match answered.as_ref().map_err(Status::code) {
            Err(Code::Unauthenticated) => Ok(false),
            Ok(()) | Err(Code::InvalidArgument | Code::PermissionDenied | Code::NotFound) => {
                Ok(true)
            }
            Err(_) => Ok(answered.map(|()| true)?),
        }
    }
}

/// One of the four.
#[derive(Debug, Clone, Copy)]
enum Service {
    Identity,
    Directory,
    Consent,
    Audit,
}

impl Service {
    const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Directory => "practitioner-directory",
            Self::Consent => "consent",
            Self::Audit => "audit",
        }
    }
}

/// Those who ask consent.
struct Load {
    patients: Arc<[String]>,
    callers: u32,
}

impl Load {
    /// Checks a second while this goes on.
    async fn throughput(
        &self,
        doctors: &Doctors,
        meanwhile: impl Future<Output = ()>,
    ) -> anyhow::Result<f64> {
        Ok(self.throughput_and(doctors, meanwhile).await?.0)
    }

    /// The same, and what came of it.
    async fn throughput_and<T>(
        &self,
        doctors: &Doctors,
        meanwhile: impl Future<Output = T>,
    ) -> anyhow::Result<(f64, T)> {
        let (_, bearer) = doctors.session().await?;
        let (answered, is_over) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let mut asking = JoinSet::new();
        for caller in 0..self.callers {
            let asker = Asker {
                software: doctors.software.clone(),
                bearer: bearer.clone(),
                patients: Arc::clone(&self.patients),
                answered: Arc::clone(&answered),
                is_over: Arc::clone(&is_over),
            };
            asking.spawn(asker.ask(usize::try_from(caller)?));
        }
        let begun = Instant::now();
        let came_of_it = meanwhile.await;
        let elapsed = begun.elapsed();
        let answered = answered.load(Ordering::Relaxed);
        is_over.store(true, Ordering::Relaxed);
        while let Some(asked) = asking.join_next().await {
            asked??;
        }
        // Fewer than a float counts.
        let answered = f64::from(u32::try_from(answered)?);
        Ok((answered / elapsed.as_secs_f64(), came_of_it))
    }
}

struct Asker {
    software: Software,
    bearer: Bearer,
    patients: Arc<[String]>,
    answered: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Asker {
    async fn ask(self, first: usize) -> anyhow::Result<()> {
        let mut decisions = self.software.decisions();
        for patient_id in self
            .patients
            .iter()
            .cycle()
            .skip(first % self.patients.len())
        {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            let question = AccessQuestion {
                patient_id: patient_id.clone(),
                action: common::AccessAction::Consult.into(),
                mode: common::AccessMode::Normal.into(),
                purpose: "consultation".to_owned(),
                ..AccessQuestion::default()
            };
            let request = self.bearer.asks(CheckRequest {
                question: Some(question),
            });
            decisions.check(request).await?;
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
