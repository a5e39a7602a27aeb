//! Ends somebody's right to act for a patient.

use aval_domain::event::{EventKind, Outcome, Subject};
use aval_domain::id::RepresentationId;
use aval_runtime::context::{Actor, Denied, RequestContext};
use aval_runtime::token::RepresentationKind;

use super::add_representative::facts;
use super::close_session::closing_event;
use super::{App, keep_patients};
use crate::error::Error;
use crate::representation::Representation;
use crate::session::{Closed, Closing};
use crate::store::Removal;

impl App {
    /// Ends a representation at once, and the sessions that rest on it. Removing it twice
    /// answers the same again.
    pub async fn remove_representative(
        &self,
        cx: &RequestContext,
        representation_id: RepresentationId,
    ) -> Result<Representation, Error> {
        may_ask(cx)?;
        let known = self.store.representation(representation_id).await?;
        let known = known.ok_or(Error::RepresentationNotFound)?;
        may_remove(cx, &known)?;
        let mut event = cx.event(EventKind::RepresentativeRemoved, Outcome::Success);
        event.patient_id = Some(known.patient_id);
        event.subject = Some(Subject::new("representation", &representation_id));
        event.before = facts(&known);
        let why = Closing::RepresentationEnded;
        let removal = Removal {
            representation_id,
            event,
            closed: Closed { at: cx.now, why },
            trace: &|session| closing_event(cx, session, why),
        };
        let removed = self.store.remove_representation(&removal).await?;
        let removed = removed.ok_or(Error::RepresentationNotFound)?;
        for session in removed.sessions {
            self.verifier.close_session(session);
        }
        Ok(removed.representation)
    }
}

/// Whether the call may ask for the end of any representation at all.
fn may_ask(cx: &RequestContext) -> Result<(), Denied> {
    match cx.actor {
        Some(_) => cx.patient().map(|_| ()),
        None => keep_patients(cx).map(|_| ()),
    }
}

/// The patient takes a mandate back in person, the representative lays any right down;
/// parental authority and guardianship end by the platform's own services. Of somebody
/// else's nobody learns that it exists.
fn may_remove(cx: &RequestContext, known: &Representation) -> Result<(), Error> {
    let Some(Actor::Patient(patient)) = cx.actor.as_deref() else {
        return Ok(());
    };
    if let Some(representative) = patient.representative {
        let is_own = representative.representation_id == known.representation_id;
        return match (is_own, patient.patient_id == known.patient_id) {
            (true, _) => Ok(()),
            (false, true) => Err(Denied::MandateInsufficient.into()),
            (false, false) => Err(Error::RepresentationNotFound),
        };
    }
    if patient.patient_id == known.representative_patient_id {
        return Ok(());
    }
    if patient.patient_id != known.patient_id {
        return Err(Error::RepresentationNotFound);
    }
    if known.kind != RepresentationKind::Mandated {
        return Err(Denied::ActorNotAllowed.into());
    }
    Ok(())
}
