//! What a use case knows about the call it serves: who calls, for whom, and when.
//!
//! A use case takes a [`RequestContext`] first and asks it for permission; that is
//! the only way to an actor, so no path can skip it.

mod actor;
mod denied;

pub use crate::telemetry::TraceId;
pub use actor::{Actor, PatientActor, PractitionerActivity, PractitionerActor, Representative};
pub use denied::Denied;

use std::sync::Arc;

use aval_domain::event::{self, Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::Random;
use aval_domain::time::{Clock, Timestamp};
use tonic::Status;

use crate::caller::{CallerId, CertificateThumbprint};
use crate::environment::Environment;
use crate::status::Refusal;
use crate::token::AuthenticationStrength;

/// The context of one call.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// When the call arrived. One call has one time.
    pub now: Timestamp,
    /// The calling software.
    pub caller: CallerId,
    /// The thumbprint of its certificate; `None` on a listener in clear.
    pub thumbprint: Option<CertificateThumbprint>,
    /// The person whose token came with the call.
    pub actor: Option<Arc<Actor>>,
    /// When that token ends: a stream that goes on longer is cut off then.
    pub token_expires_at: Option<Timestamp>,
    /// The distributed trace that the call belongs to.
    pub trace_id: Option<TraceId>,
    /// Makes identifiers.
    pub random: Arc<dyn Random>,
    /// Tells the time, for what goes on after the call arrived.
    pub clock: Arc<dyn Clock>,
}

impl RequestContext {
    /// The context that the server stored with a request.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<&Self, Status> {
        let stored = request.extensions().get::<Arc<Self>>();
        stored
            .map(AsRef::as_ref)
            .ok_or_else(|| missing_context().into())
    }

    /// The context that the server stored with a request, and the request's message.
    pub fn open<T>(request: tonic::Request<T>) -> Result<(Arc<Self>, T), Status> {
        let (_, mut extensions, message) = request.into_parts();
        let stored = extensions
            .remove::<Arc<Self>>()
            .ok_or_else(missing_context)?;
        Ok((stored, message))
    }

    /// Stores the context with a request, as the server does: for calling a handler
    /// without a server.
    pub fn store<T>(self, request: &mut tonic::Request<T>) {
        request.extensions_mut().insert(Arc::new(self));
    }

    /// A context without a person: for in-process callers and for tests.
    #[must_use]
    pub fn for_service(environment: &Environment, caller: CallerId) -> Self {
        Self {
            now: environment.clock.now(),
            caller,
            thumbprint: None,
            actor: None,
            token_expires_at: None,
            trace_id: None,
            random: Arc::clone(&environment.random),
            clock: Arc::clone(&environment.clock),
        }
    }

    /// A context with this person, called by `insecure-loopback`: for tests.
    #[must_use]
    pub fn for_actor(environment: &Environment, actor: Actor) -> Self {
        Self {
            actor: Some(Arc::new(actor)),
            ..Self::for_service(environment, CallerId::insecure_loopback())
        }
    }

    /// A context with this patient acting for themselves, strongly authenticated: for
    /// tests.
    #[must_use]
    pub fn for_patient(environment: &Environment, patient_id: PatientId) -> Self {
        let now = environment.clock.now();
        let actor = Actor::patient(patient_id, environment.random.as_ref(), now);
        Self::for_actor(environment, actor)
    }

    /// A context with this practitioner: for tests.
    #[must_use]
    pub fn for_practitioner(environment: &Environment, practitioner: PractitionerActor) -> Self {
        Self::for_actor(environment, Actor::Practitioner(practitioner))
    }

    /// The patient who acts, themselves or through a representative.
    pub fn patient(&self) -> Result<&PatientActor, Denied> {
        match self.actor.as_deref() {
            Some(Actor::Patient(patient)) => Ok(patient),
            Some(Actor::Practitioner(_)) => Err(Denied::ActorNotAllowed),
            None => Err(Denied::TokenMissing),
        }
    }

    /// The patient who acts, if what is acted upon is theirs.
    pub fn patient_owning(&self, patient_id: PatientId) -> Result<&PatientActor, Denied> {
        let patient = self.patient()?;
        if patient.patient_id != patient_id {
            return Err(Denied::ActorNotAllowed);
        }
        Ok(patient)
    }

    /// The practitioner who acts.
    pub fn practitioner(&self) -> Result<&PractitionerActor, Denied> {
        match self.actor.as_deref() {
            Some(Actor::Practitioner(practitioner)) => Ok(practitioner),
            Some(Actor::Patient(_)) => Err(Denied::ActorNotAllowed),
            None => Err(Denied::TokenMissing),
        }
    }

    /// The person who acts, whoever they are.
    pub fn person(&self) -> Result<&Actor, Denied> {
        self.actor.as_deref().ok_or(Denied::TokenMissing)
    }

    /// The calling software, if it is one of these and acts for no person.
    pub fn service_caller(&self, allowed: &[&str]) -> Result<&CallerId, Denied> {
        if self.actor.is_some() {
            return Err(Denied::ActorNotAllowed);
        }
        if !allowed.contains(&self.caller.as_str()) {
            return Err(Denied::CallerNotAllowed);
        }
        Ok(&self.caller)
    }

    /// Refuses a person who signed in less firmly than this.
    pub fn require_strength(&self, least: AuthenticationStrength) -> Result<(), Denied> {
        if self.person()?.strength() < least {
            return Err(Denied::AuthenticationTooWeak);
        }
        Ok(())
    }

    /// Who acts, in the words of the trail: the person, or the calling software.
    #[must_use]
    pub fn trail_actor(&self) -> event::Actor {
        match self.actor.as_deref() {
            Some(actor) => actor.for_the_trail(),
            None => event::Actor::Service {
                name: self.caller.to_string(),
            },
        }
    }

    /// An event of this call: who, when, by which software, in which trace. A patient's
    /// own record is filled in; the rest is set by field.
    #[must_use]
    pub fn event(&self, kind: EventKind, outcome: Outcome) -> Event {
        let event_id = EventId::new(self.now, self.random.as_ref());
        let software = self.caller.as_str();
        let mut event = Event::new(
            event_id,
            self.now,
            kind,
            outcome,
            self.trail_actor(),
            software,
        );
        event.trace_id = self.trace_id.map(|trace_id| trace_id.to_string());
        if let Some(Actor::Patient(patient)) = self.actor.as_deref() {
            event.patient_id = Some(patient.patient_id);
            event.representative = patient.representative.as_ref().map(Into::into);
        }
        event
    }
}

/// A request that no server of ours accepted: a defect, never an open door.
fn missing_context() -> Refusal {
    Refusal::new(
        aval_proto::common::v1::ErrorReason::Internal,
        "the request reached its handler without a context",
    )
}

#[cfg(test)]
mod tests;
