//! One patient who lets a professional in and shuts them out, again and again, and that
//! professional, who asks.

use std::sync::Arc;

use aval::client::Channel;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as consent;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use aval_proto::consent::v1::grant_service_client::GrantServiceClient;
use consent::Effect;

use super::crew::Caller;
use super::journal::Journal;
use super::site::Site;
use crate::procedure::usual;
use crate::scene::{CLINIC, Patient, Professional, fresh_id, numbered};
use crate::world::practitioner;

/// How often the professional asks each time.
const QUESTIONS: usize = 3;

/// Two people, and what they saw.
pub(super) struct Lane {
    pub(super) patient: Patient,
    doctor: Professional,
    /// Consent, as the patients' portal and as the practice's software reach it.
    grants: GrantServiceClient<Channel>,
    decisions: DecisionServiceClient<Channel>,
    journal: Journal,
}

impl Caller for Lane {
    fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Lets in, asks, shuts out, asks.
    async fn turn(&self) {
        let grant = self.lets_in().await;
        self.asks(Effect::Permit).await;
        self.shuts_out(&grant).await;
        self.asks(Effect::Deny).await;
    }
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
            journal: Journal::default(),
        })
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
            if let Some(made) = self.journal.answer(answer).await {
                self.confirmed("grant.created");
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
            if let Some(revoked) = self.journal.answer(answer).await {
                let revoked = revoked.grant.unwrap();
                assert_eq!(revoked.state(), consent::GrantState::Revoked);
                self.confirmed("grant.revoked");
                return;
            }
        }
    }

    fn confirmed(&self, kind: &'static str) {
        self.journal
            .note(|seen| *seen.changed.entry(kind).or_default() += 1);
    }

    /// Asks, and is answered like this whenever there is an answer at all.
    async fn asks(&self, expected: Effect) {
        for _ in 0..QUESTIONS {
            let question = consent::AuthorizeRequest {
                question: Some(usual(&self.patient)),
                request_id: fresh_id(),
            };
            let asked = self.doctor.bearer.asks(question);
            let answer = self.decisions.clone().authorize(asked).await;
            let Some(answer) = self.journal.answer(answer).await else {
                self.journal.note(|seen| seen.undecided += 1);
                continue;
            };
            let effect = answer.decision.unwrap().effect();
            let is_right = effect == expected;
            self.journal.note(|seen| {
                if expected == Effect::Deny {
                    seen.verdict.let_in.count(is_right);
                } else {
                    seen.verdict.untrue.count(is_right);
                }
                let permitted = effect == Effect::Permit;
                let told = seen.decided.insert(answer.event_id, permitted);
                assert_eq!(told, None, "each decision has an event of its own");
            });
        }
    }
}
