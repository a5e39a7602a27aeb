//! Lets somebody act for a patient.

use std::collections::BTreeMap;

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::event::{EventKind, Outcome, Subject};
use aval_domain::id::{PatientId, RepresentationId, RequestId};
use aval_domain::time::Timestamp;
use aval_runtime::context::{Denied, RequestContext};
use aval_runtime::token::{AuthenticationStrength, RepresentationKind};

use super::{App, keep_patients};
use crate::error::Error;
use crate::representation::{Representation, comes_of_age, kind_code};
use crate::store::{Added, NewRepresentation};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRepresentative {
    /// For whom.
    pub patient_id: PatientId,
    /// Who.
    pub representative_patient_id: PatientId,
    /// By which right.
    pub kind: RepresentationKind,
    /// Until when, exclusive.
    pub end_at: Option<Timestamp>,
    /// The client's name for this write.
    pub request_id: RequestId,
}

impl App {
    /// Lets somebody act for a patient. The patient mandates in person; parents and
    /// guardians are kept by the platform's own services, which saw the documents.
    pub async fn add_representative(
        &self,
        cx: &RequestContext,
        command: &AddRepresentative,
    ) -> Result<Representation, Error> {
        may_add(cx, command)?;
        let end_at = self.end_of_right(cx, command).await?;
        let new = new_representation(cx, command, end_at);
        match self.store.add_representation(&new).await? {
            Added::Representation(added) => Ok(added),
            Added::Exists => Err(Error::RepresentationExists),
        }
    }

    /// Until when the right holds, if it may be given.
    async fn end_of_right(
        &self,
        cx: &RequestContext,
        command: &AddRepresentative,
    ) -> Result<Option<Timestamp>, Error> {
        if command.representative_patient_id == command.patient_id {
            return Err(invalid(
                "representative_patient_id",
                "nobody represents themselves",
            ));
        }
        if command.end_at.is_some_and(|end| end <= cx.now) {
            return Err(invalid("end_at", "must lie ahead"));
        }
        let patient = self.store.patient(command.patient_id).await?;
        let patient = self.opened(&patient.ok_or(Error::PatientNotFound)?)?;
        let representative = self.store.patient(command.representative_patient_id);
        representative.await?.ok_or(Error::PatientNotFound)?;
        if command.kind != RepresentationKind::Parent {
            return Ok(command.end_at);
        }
        let birth_date = patient.identity.traits.birth_date;
        let of_age = comes_of_age(birth_date, self.settings.age_of_majority);
        if of_age <= cx.now {
            return Err(invalid("kind", "a parent acts for a minor"));
        }
        Ok(Some(command.end_at.map_or(of_age, |end| end.min(of_age))))
    }
}

fn may_add(cx: &RequestContext, command: &AddRepresentative) -> Result<(), Denied> {
    if cx.actor.is_none() {
        return keep_patients(cx).map(|_| ());
    }
    cx.patient_owning(command.patient_id)?.in_person()?;
    // Parental authority and guardianship are nobody's to give.
    if command.kind != RepresentationKind::Mandated {
        return Err(Denied::ActorNotAllowed);
    }
    cx.require_strength(AuthenticationStrength::Substantial)
}

fn new_representation(
    cx: &RequestContext,
    command: &AddRepresentative,
    end_at: Option<Timestamp>,
) -> NewRepresentation {
    let representation = Representation {
        representation_id: RepresentationId::new(cx.now, cx.random.as_ref()),
        patient_id: command.patient_id,
        representative_patient_id: command.representative_patient_id,
        kind: command.kind,
        started_at: cx.now,
        end_at,
        removed_at: None,
    };
    let mut event = cx.event(EventKind::RepresentativeAdded, Outcome::Success);
    event.patient_id = Some(command.patient_id);
    let representation_id = representation.representation_id;
    event.subject = Some(Subject::new("representation", &representation_id));
    event.after = facts(&representation);
    let end = command.end_at.map_or(0, Timestamp::as_micros).to_be_bytes();
    NewRepresentation {
        representation,
        event,
        request: RequestKey {
            actor: match &cx.actor {
                Some(_) => command.patient_id.to_string(),
                None => cx.caller.to_string(),
            },
            request_id: command.request_id,
            operation: "identity.add_representative",
            fingerprint: fingerprint([
                command.patient_id.as_uuid().as_bytes().as_slice(),
                command.representative_patient_id.as_uuid().as_bytes(),
                kind_code(command.kind).as_bytes(),
                &end,
            ]),
        },
    }
}

/// A right in the words of the trail.
pub(super) fn facts(representation: &Representation) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([
        (
            "representative_patient_id".to_owned(),
            representation.representative_patient_id.to_string(),
        ),
        ("kind".to_owned(), kind_code(representation.kind).to_owned()),
    ]);
    if let Some(end) = representation.end_at {
        facts.insert("end_at".to_owned(), end.to_string());
    }
    facts
}

const fn invalid(field: &'static str, rule: &'static str) -> Error {
    Error::FieldInvalid { field, rule }
}
