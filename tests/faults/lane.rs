//! One patient who lets a professional in and shuts them out, again and again, and that
//! professional, who asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aval::client::Channel;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as consent;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use aval_proto::consent::v1::grant_service_client::GrantServiceClient;
use consent::Effect;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

use super::site::Site;
use crate::procedure::usual;
use crate::scene::{CLINIC, Patient, Professional, fresh_id, numbered};
use crate::world::practitioner;

/// How often the professional asks each time.
const QUESTIONS: usize = 3;
/// How long a change that did not get through waits until it is made again.
const PAUSE: Duration = Duration::from_millis(50);

/// Two people, and what they saw.
pub(super) struct Lane {
    pub(super) patient: Patient,
    doctor: Professional,
    /// Consent, as the patients' portal and as the practice's software reach it.
    grants: GrantServiceClient<Channel>,
    decisions: DecisionServiceClient<Channel>,
    turns: AtomicUsize,
    seen: Mutex<Seen>,
}

/// What callers saw, and what they were told for good.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    /// When each call ended, and how.
    pub(super) calls: Vec<(Instant, Code)>,
    /// The decisions that were given: their events, and whether they permitted.
    pub(super) decided: BTreeMap<String, bool>,
    /// How often a decision was asked for and not given.
    pub(super) undecided: usize,
    /// The changes that were confirmed, by the kind of their event.
    pub(super) changed: BTreeMap<&'static str, usize>,
}

impl Lane {
    /// The people of this number, signed in.
    pub(super) async fn open(site: &Site, number: usize) -> Arc<Self> {
        let scene = &site.scene;
        Arc::new(Self {
            patient: scene.patient(numbered(number)).await,
            doctor: scene
                .professional(&scene.cast.generalist, &scene.clinic)
                .await,
            grants: GrantServiceClient::new(site.consent_for("gateway")),
            decisions: DecisionServiceClient::new(site.consent_for(CLINIC)),
            turns: AtomicUsize::new(0),
            seen: Mutex::default(),
        })
    }

    /// Lets in, asks, shuts out, asks; until it is over.
    pub(super) async fn run(self: Arc<Self>, over: CancellationToken) {
        while !over.is_cancelled() {
            let grant = self.lets_in().await;
            self.asks(Effect::Permit).await;
            self.shuts_out(&grant).await;
            self.asks(Effect::Deny).await;
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the whole was gone through.
    pub(super) fn turns(&self) -> usize {
        self.turns.load(Ordering::Relaxed)
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    async fn lets_in(&self) -> consent::Grant {
        let request = consent::CreateGrantRequest {
            patient_id: self.patient.patient_id.clone(),
            grantee: Some(practitioner(&self.doctor.practitioner_id)),
            document_classes: vec![DocumentClass::Report.into()],
            period: None,
            request_id: fresh_id(),
        };
        loop {
            let asked = self.patient.bearer.asks(request.clone());
            let answer = self.grants.clone().create_grant(asked).await;
            if let Some(made) = self.confirmed("grant.created", answer).await {
                return made.grant.unwrap();
            }
        }
    }

    async fn shuts_out(&self, grant: &consent::Grant) {
        let request = consent::RevokeGrantRequest {
            grant_id: grant.grant_id.clone(),
            etag: grant.etag.clone(),
            request_id: fresh_id(),
        };
        loop {
            let asked = self.patient.bearer.asks(request.clone());
            let answer = self.grants.clone().revoke_grant(asked).await;
            if let Some(revoked) = self.confirmed("grant.revoked", answer).await {
                let revoked = revoked.grant.unwrap();
                assert_eq!(revoked.state(), consent::GrantState::Revoked);
                return;
            }
        }
    }

    /// What was confirmed; nothing, after a pause, if the change must be made again.
    async fn confirmed<T>(
        &self,
        kind: &'static str,
        answer: Result<Response<T>, Status>,
    ) -> Option<T> {
        let Some(answer) = self.notes(answer) else {
            tokio::time::sleep(PAUSE).await;
            return None;
        };
        let mut seen = self.seen.lock().unwrap();
        *seen.changed.entry(kind).or_default() += 1;
        Some(answer)
    }

    /// Asks, and is answered like this whenever there is an answer at all.
    async fn asks(&self, expected: Effect) {
        for _ in 0..QUESTIONS {
            let question = consent::AuthorizeRequest {
                question: Some(usual(&self.patient)),
                request_id: fresh_id(),
            };
            let asked: Request<_> = self.doctor.bearer.asks(question);
            let Some(answer) = self.notes(self.decisions.clone().authorize(asked).await) else {
                self.seen.lock().unwrap().undecided += 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let decision = answer.decision.unwrap();
            assert_eq!(decision.effect(), expected, "{decision:?}");
            let permitted = expected == Effect::Permit;
            let mut seen = self.seen.lock().unwrap();
            let told = seen.decided.insert(answer.event_id, permitted);
            assert_eq!(told, None, "each decision has an event of its own");
        }
    }

    /// Notes how a call ended; its answer, if it got one. A failure is one that says to try
    /// again, and nothing else.
    fn notes<T>(&self, ended: Result<Response<T>, Status>) -> Option<T> {
        let code = ended.as_ref().err().map_or(Code::Ok, Status::code);
        self.seen.lock().unwrap().calls.push((Instant::now(), code));
        let may_be = [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::ResourceExhausted,
        ];
        match ended {
            Ok(answer) => Some(answer.into_inner()),
            Err(status) => {
                assert!(may_be.contains(&code), "{status:?}");
                None
            }
        }
    }
}
