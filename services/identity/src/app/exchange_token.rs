//! Turns a provider's tokens into an Aval token, and opens a session.

mod patient;
mod practitioner;
mod representative;

use std::collections::BTreeMap;

use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{ActivityId, PatientId, PractitionerId, SessionId};
use aval_domain::time::Timestamp;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::context::RequestContext;
use aval_runtime::token::AuthenticationStrength;

use super::{App, NextTokens, serve_sessions};
use crate::error::Error;
use crate::provider::{IdentityProvider, ProvenSignIn, SignInProof};
use crate::provider_names::NamesAtProvider;
use crate::refusal::SessionRefused;
use crate::session::{Bearer, Beyond, Person, Session};
use crate::store::{Opened, Opening};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ExchangeToken {
    /// What the provider gave.
    pub proof: SignInProof,
    /// In what capacity the person acts.
    pub capacity: Capacity,
}

/// In what capacity a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// A professional, in this practice situation or in their only one.
    Practitioner {
        /// The chosen one.
        activity_id: Option<ActivityId>,
    },
    /// A patient, for themselves.
    Patient,
    /// Somebody who acts for this patient.
    Representative {
        /// For whom.
        patient_id: PatientId,
    },
}

/// Who turned out to sign in.
struct Entrant {
    bearer: Bearer,
    /// Until when they may act in this capacity, if that ends.
    until: Option<Timestamp>,
    /// What the provider calls them.
    at_provider: NamesAtProvider,
}

/// Whom an attempt turned out to concern, for the trace of a refusal.
#[derive(Debug, Default)]
struct Concerned {
    practitioner_id: Option<PractitionerId>,
    patient_id: Option<PatientId>,
}

impl App {
    /// Signs a person in. Both outcomes are traced before they are answered; when the
    /// provider or the directory does not answer nothing was decided, and nothing is
    /// traced.
    pub async fn exchange_token(
        &self,
        cx: &RequestContext,
        command: &ExchangeToken,
    ) -> Result<NextTokens, Error> {
        serve_sessions(cx)?;
        let mut concerned = Concerned::default();
        match self.signed_in(cx, command, &mut concerned).await {
            Ok(tokens) => Ok(tokens),
            Err(Error::SessionRefused(refused)) => {
                self.trace_refusal(cx, &concerned, &refused).await?;
                Err(refused.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn signed_in(
        &self,
        cx: &RequestContext,
        command: &ExchangeToken,
        concerned: &mut Concerned,
    ) -> Result<NextTokens, Error> {
        let entrant = self.proven_entrant(cx, command, concerned).await?;
        self.open_session(cx, entrant).await
    }

    /// Who is behind the sign-in.
    async fn proven_entrant(
        &self,
        cx: &RequestContext,
        command: &ExchangeToken,
        concerned: &mut Concerned,
    ) -> Result<Entrant, Error> {
        let provider = match command.capacity {
            Capacity::Practitioner { .. } => &self.practitioners_provider,
            Capacity::Patient | Capacity::Representative { .. } => &self.patients_provider,
        };
        let proven = prove(provider.as_ref(), &command.proof, cx).await?;
        let (bearer, until) = match command.capacity {
            Capacity::Practitioner { activity_id } => {
                let bearer = self.practitioner_bearer(&proven, activity_id, concerned);
                (bearer.await?, None)
            }
            Capacity::Patient => (self.patient_bearer(&proven, concerned).await?, None),
            Capacity::Representative { patient_id } => {
                self.representative_bearer(cx, &proven, patient_id, concerned)
                    .await?
            }
        };
        let (client, names) = (provider.client(), &self.provider_names);
        let session = proven.session.as_deref();
        Ok(Entrant {
            bearer,
            until,
            at_provider: NamesAtProvider {
                subject: names.subject(client, &proven.subject),
                session: session.map(|session| names.session(client, session)),
            },
        })
    }

    async fn open_session(
        &self,
        cx: &RequestContext,
        entrant: Entrant,
    ) -> Result<NextTokens, Error> {
        let lifetimes = self.settings.sessions;
        let longest = cx.now.saturating_add(lifetimes.longest);
        let mut session = Session {
            session_id: SessionId::new(cx.now, cx.random.as_ref()),
            bearer: entrant.bearer,
            software: cx.caller.to_string(),
            thumbprint: cx.thumbprint.map(CertificateThumbprint::to_base64url),
            opened_at: cx.now,
            last_used_at: cx.now,
            lapses_at: cx.now,
            expires_at: entrant.until.map_or(longest, |until| until.min(longest)),
            generation: 0,
            at_provider: Some(entrant.at_provider),
            closed: None,
        };
        session.lapses_at = session.lapses_after(cx.now, lifetimes);
        let parallel = self.settings.parallel_sessions;
        let is_practitioner = matches!(session.bearer.person, Person::Practitioner(_));
        let is_limited = is_practitioner && parallel.beyond == Beyond::Refuse;
        let opening = Opening {
            session: &session,
            most: is_limited.then_some(parallel.most),
            trace: &|certificates| {
                let is_beyond = is_practitioner && certificates > parallel.most;
                opened_event(cx, &session, is_beyond.then_some(certificates))
            },
        };
        match self.store.open_session(&opening).await? {
            Opened::Session => {}
            Opened::TooMany => return Err(SessionRefused::TooManySessions.into()),
        }
        Ok(self.tokens_of(cx, session))
    }

    async fn trace_refusal(
        &self,
        cx: &RequestContext,
        concerned: &Concerned,
        refused: &SessionRefused,
    ) -> Result<(), Error> {
        let mut event = cx.event(EventKind::SessionRefused, Outcome::Refused);
        event.patient_id = concerned.patient_id;
        let practitioner_id = concerned.practitioner_id.as_ref();
        event.subject = practitioner_id.map(|id| Subject::new("practitioner", id));
        event.after = BTreeMap::from([("reason".to_owned(), refused.code().to_owned())]);
        self.store.trace(&event).await
    }
}

/// The trace of a sign-in; with the number of certificates from which one professional
/// is signed in at the same time, where there are more than there should be.
fn opened_event(cx: &RequestContext, session: &Session, beyond: Option<usize>) -> Event {
    let mut event = cx.event(EventKind::SessionOpened, Outcome::Success);
    event.actor = session.bearer.person.for_the_trail();
    event.patient_id = session.bearer.person.patient_id();
    event.representative = session.bearer.person.representative_for_the_trail();
    event.subject = Some(Subject::new("session", &session.session_id));
    if let Some(certificates) = beyond {
        let count = certificates.to_string();
        event.after = BTreeMap::from([("parallel_certificates".to_owned(), count)]);
    }
    event
}

async fn prove(
    provider: &dyn IdentityProvider,
    proof: &SignInProof,
    cx: &RequestContext,
) -> Result<ProvenSignIn, Error> {
    let proven = provider.prove(proof, cx.thumbprint, cx.now).await;
    proven.map_err(|refused| {
        tracing::info!(reason = %refused, "a sign-in was not proved");
        SessionRefused::of_provider(refused).map_or(Error::ProviderUnavailable, Error::from)
    })
}

/// What an accepted `acr` stands for. The provider's check has let only accepted ones
/// through; should that ever change, nobody is let in.
fn strength(
    accepted: &BTreeMap<String, AuthenticationStrength>,
    proven: &ProvenSignIn,
) -> Result<AuthenticationStrength, SessionRefused> {
    let strength = accepted.get(&proven.acr).copied();
    strength.ok_or(SessionRefused::AcrInsufficient)
}
