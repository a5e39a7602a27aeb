//! The running consent service, with people whose records are asked for.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aval_consent::config::Config;
use aval_consent::store::sql::population;
use aval_domain::time::{Clock, SystemClock, Timestamp};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use aval_testing::provider::Realm;
use tokio::sync::Mutex;

use super::arguments::BenchArguments;
use super::contender::{Credentials, GrpcContender, Questions};
use super::lineup::CALLER;
use super::people::{self, People};
use super::portal::Portal;
use super::revocations::WhileRevoking;
use super::threads::Threads;
use crate::client::{Bearer, ProviderClient, Software};
use crate::demo::request_id;
use crate::stack::{Stack, StackConfig};

/// The four services on the servers' thread, a doctor, and patients who granted them
/// access.
pub(crate) struct ConsentService {
    stack: Arc<Stack>,
    people: People,
    questions: Questions,
    of_many_documents: Questions,
    about_strangers: Questions,
    doctor: Arc<SignedInDoctor>,
    turn_lasts: Duration,
}

impl ConsentService {
    /// Starts the stack in this folder and fills it through its own interfaces.
    pub(crate) async fn start(
        folder: &Path,
        arguments: &BenchArguments,
        threads: &Threads,
    ) -> anyhow::Result<Self> {
        let config = StackConfig {
            consent_remembers: Some(REMEMBERED_BYTES),
            ..StackConfig::on_free_ports(folder)?.with_engines(arguments.engines.clone())
        };
        let stack = threads.servers().spawn(async move {
            let stack = Arc::new(Stack::start(config).await?);
            let portal = Portal::of(&stack)?;
            let people = people::fill(&stack, &portal).await?;
            anyhow::Ok((stack, people))
        });
        let (stack, people) = stack.await?.context("the services do not start")?;
        let doctor = people.doctor.parse()?;
        let config = Config::load(Some(&stack.layout().config("consent")))?;
        population::write(
            &config.database,
            arguments.patients,
            doctor,
            SystemClock.now(),
        )
        .await
        .context("the patients are not written")?;
        let known = || people.patients.iter().map(|one| one.patient_id.clone());
        let strangers = population::some_of(arguments.patients, MOST_STRANGERS);
        Ok(Self {
            questions: questions(known(), &documents()),
            of_many_documents: questions(known(), &many_documents()),
            about_strangers: questions(strangers.map(|id| id.to_string()), &documents()),
            doctor: Arc::new(SignedInDoctor::new(&stack, &people)?),
            people,
            turn_lasts: arguments.load().duration().unwrap_or_default(),
            stack,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.stack.addresses().consent
    }

    /// One for each patient, all of them to be permitted.
    pub(crate) fn questions(&self) -> Questions {
        self.questions.clone()
    }

    /// The same, each of 200 documents: as many as one question may name.
    pub(crate) fn questions_of_many_documents(&self) -> Questions {
        self.of_many_documents.clone()
    }

    /// About patients of whom nothing is remembered: there are more of them than the cache
    /// holds.
    pub(crate) fn questions_about_strangers(&self) -> Questions {
        self.about_strangers.clone()
    }

    /// These calls, with patients who grant and revoke meanwhile. Call it inside of the
    /// callers' run time.
    pub(crate) fn while_revoking(&self, calls: GrpcContender) -> anyhow::Result<WhileRevoking> {
        let portal = Portal::of(&self.stack)?;
        Ok(WhileRevoking::new(
            calls,
            portal,
            &self.people,
            self.turn_lasts,
        ))
    }

    /// The doctor's tokens.
    pub(crate) fn credentials(&self) -> Arc<dyn Credentials> {
        Arc::clone(&self.doctor) as Arc<dyn Credentials>
    }

    /// Lets the services finish what they have, and stops them.
    pub(crate) async fn stop(self) {
        drop(self.doctor);
        if let Some(stack) = Arc::into_inner(self.stack) {
            stack.stop().await;
        }
    }
}

/// Enough for the patients who are asked about again and again, and for less than a tenth
/// of the others.
const REMEMBERED_BYTES: u64 = 512 * 1024;
/// About so many strangers are asked about in turn.
const MOST_STRANGERS: u32 = 50_000;

/// What is asked for: two reports and a prescription, of classes that the grants cover.
const DOCUMENTS: [(&str, common::DocumentClass, &str); 3] = [
    (
        "cr-consultation-1",
        common::DocumentClass::Report,
        "11488-4",
    ),
    (
        "cr-hospitalisation-2",
        common::DocumentClass::Report,
        "34112-3",
    ),
    (
        "ordonnance-3",
        common::DocumentClass::Prescription,
        "57833-6",
    ),
];

fn documents() -> Vec<common::DocumentRef> {
    DOCUMENTS.map(document).to_vec()
}

fn many_documents() -> Vec<common::DocumentRef> {
    let numbered = DOCUMENTS.iter().cycle().take(200).enumerate();
    let many = numbered.map(|(number, &(id, class, kind))| {
        let id = format!("{id}-{number}");
        document((&id, class, kind))
    });
    many.collect()
}

fn document((id, class, kind): (&str, common::DocumentClass, &str)) -> common::DocumentRef {
    common::DocumentRef {
        document_id: id.to_owned(),
        document_class: class.into(),
        document_type: kind.to_owned(),
        ..common::DocumentRef::default()
    }
}

fn questions(
    patients: impl Iterator<Item = String>,
    documents: &[common::DocumentRef],
) -> Questions {
    let questions = patients.map(|patient_id| proto::AccessQuestion {
        patient_id,
        action: common::AccessAction::Consult.into(),
        mode: common::AccessMode::Normal.into(),
        documents: documents.to_vec(),
        emergency_reason: String::new(),
        purpose: "consultation".to_owned(),
    });
    Questions {
        questions: questions.collect(),
        expected: proto::Effect::Permit,
    }
}

/// The doctor, who signs in again when their token ends soon.
#[derive(Debug)]
struct SignedInDoctor {
    software: Software,
    provider: ProviderClient,
    token_endpoint: String,
    username: String,
    current: Mutex<Option<(Bearer, Timestamp)>>,
}

/// A token must last for a turn and its warm-up: the longest that can be asked for,
/// and some more.
const MUST_LAST: Duration = Duration::from_secs(150);

impl SignedInDoctor {
    fn new(stack: &Stack, people: &People) -> anyhow::Result<Self> {
        Ok(Self {
            software: stack.software(CALLER)?,
            provider: stack.provider_client()?,
            token_endpoint: stack.token_endpoint(Realm::Professionals),
            username: people.doctor_account.clone(),
            current: Mutex::new(None),
        })
    }

    async fn sign_in(&self) -> anyhow::Result<(Bearer, Timestamp)> {
        let (endpoint, nonce) = (&self.token_endpoint, request_id());
        let tokens = self.provider.sign_in(endpoint, &self.username, &nonce, &[]);
        let request = tokens.await?.as_practitioner("");
        let answer = self
            .software
            .sessions()
            .exchange_token(request)
            .await?
            .into_inner();
        let end = answer.expire_at.context("a token has an end")?;
        let end = Timestamp::from_unix_parts(end.seconds, end.nanos)?;
        Ok((Bearer::new(&answer.access_token)?, end))
    }
}

#[tonic::async_trait]
impl Credentials for SignedInDoctor {
    async fn bearer(&self) -> anyhow::Result<Bearer> {
        let mut current = self.current.lock().await;
        let enough = SystemClock.now().saturating_add(MUST_LAST);
        if let Some((bearer, end)) = &*current
            && *end > enough
        {
            return Ok(bearer.clone());
        }
        let (bearer, end) = self
            .sign_in()
            .await
            .context("the doctor is not signed in")?;
        *current = Some((bearer.clone(), end));
        Ok(bearer)
    }
}
