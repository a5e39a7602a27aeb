//! A patient who signs in and out, again and again, and software that asks whether their
//! token is good.

use std::sync::Arc;

use aval::client::{Channel, ProviderClient};
use aval_proto::identity::v1 as identity;
use aval_proto::identity::v1::session_service_client::SessionServiceClient;
use aval_testing::provider::Realm;

use super::crew::{BREATH, Caller};
use super::journal::Journal;
use super::site::Site;
use crate::scene::{Patient, fresh_id, numbered};

/// How often is asked each time.
const QUESTIONS: usize = 3;

/// The patient, and what was seen.
pub(super) struct Sessions {
    /// In a session that stays open, and ends the others.
    pub(super) patient: Patient,
    username: String,
    provider: ProviderClient,
    token_endpoint: String,
    /// Identity, as the patients' portal reaches it.
    identity: SessionServiceClient<Channel>,
    journal: Journal,
}

impl Caller for Sessions {
    fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Opens a session, asks, closes it, asks.
    async fn turn(&self) {
        let opened = self.signs_in().await;
        let good = self.asks(&opened.access_token).await;
        if !good.is_empty() {
            let is_there = good.iter().all(|active| *active);
            self.journal.note(|seen| seen.verdict.lost.count(is_there));
        }
        self.closes(&opened.session_id).await;
        let good = self.asks(&opened.access_token).await;
        self.journal.note(|seen| {
            for active in good {
                seen.verdict.let_in.count(!active);
            }
        });
        tokio::time::sleep(BREATH).await;
    }
}

impl Sessions {
    /// The patient of this number.
    pub(super) async fn open(site: &Site, number: usize) -> Arc<Self> {
        let scene = &site.scene;
        let account = numbered(number);
        Arc::new(Self {
            username: account.username.clone(),
            patient: scene.patient(account).await,
            provider: scene.provider.clone(),
            token_endpoint: scene.stack.token_endpoint(Realm::Patients),
            identity: SessionServiceClient::new(
                site.other_for(scene.stack.addresses().identity, "gateway"),
            ),
            journal: Journal::default(),
        })
    }

    async fn signs_in(&self) -> identity::ExchangeTokenResponse {
        let nonce = fresh_id();
        let signed_in = self
            .provider
            .sign_in(&self.token_endpoint, &self.username, &nonce, &[])
            .await;
        let request = signed_in.unwrap().as_patient();
        loop {
            let answer = self.identity.clone().exchange_token(request.clone()).await;
            if let Some(opened) = self.journal.answer(answer).await {
                self.confirmed("session.opened", &opened.session_id);
                return opened;
            }
        }
    }

    async fn closes(&self, session_id: &str) {
        let request = identity::CloseSessionRequest {
            session_id: session_id.to_owned(),
            request_id: fresh_id(),
        };
        loop {
            let asked = self.patient.bearer.asks(request.clone());
            let answer = self.identity.clone().close_session(asked).await;
            if self.journal.answer(answer).await.is_some() {
                self.confirmed("session.closed", session_id);
                return;
            }
        }
    }

    fn confirmed(&self, kind: &'static str, session_id: &str) {
        self.journal.note(|seen| {
            let named = seen.named.entry(kind).or_default();
            named.insert(session_id.to_owned());
        });
    }

    /// Whether the token is good, as often as there is an answer.
    async fn asks(&self, token: &str) -> Vec<bool> {
        let mut good = Vec::new();
        for _ in 0..QUESTIONS {
            let request = identity::IntrospectTokenRequest {
                token: token.to_owned(),
            };
            let answer = self.identity.clone().introspect_token(request).await;
            good.extend(self.journal.answer(answer).await.map(|told| told.active));
        }
        good
    }
}
