//! An event as a FHIR R4 `AuditEvent`, in the two forms that are asked for.
//!
//! One event, two renderings, because the profiles cannot both be met by one resource:
//! IHE BALP wants the software, the person, their organization and the service that
//! decided as agents; ANS `TdE` allows two at most, and one subtype.
//!
//! What was refused or failed has the same form and names no BALP profile where that
//! profile is of successes alone.

mod balp;
mod coding;
mod reading;
mod tde;

pub(super) use balp::balp;
pub(super) use reading::{differing, extension};
pub(super) use tde::{PROFILE as TDE_PROFILE, tde};

use aval_domain::event::{Actor, Event, EventKind, Outcome};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Exported;
use coding::{DCM, EVENT_TYPE, INTERACTION, coding};

/// Where the extensions that carry the evidence are named.
const EXTENSIONS: &str = "https://aval.local/fhir/StructureDefinition";

/// The name of the service that keeps the trail.
const TRAIL: &str = "aval-audit";

/// What was done, in the words of FHIR's interactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interaction {
    Create,
    Read,
    Update,
    Delete,
    /// None of the four: something was decided, or somebody signed in.
    Execute,
}

impl Interaction {
    const fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::GrantCreated
            | EventKind::GrantRequested
            | EventKind::GrantDeclared
            | EventKind::BlockCreated
            | EventKind::MaskSet
            | EventKind::RecordOpened
            | EventKind::TreatingDoctorAdded
            | EventKind::CareEpisodeOpened
            | EventKind::PatientRegistered
            | EventKind::RepresentativeAdded => Self::Create,
            EventKind::TrailRead | EventKind::TrailExported => Self::Read,
            EventKind::BlockRemoved
            | EventKind::MaskRemoved
            | EventKind::TreatingDoctorRemoved
            | EventKind::RepresentativeRemoved
            | EventKind::TrailPruned
            | EventKind::TrailErased => Self::Delete,
            EventKind::AccessDecided
            | EventKind::SessionOpened
            | EventKind::SessionRefused
            | EventKind::SessionClosed
            | EventKind::TrailAlert => Self::Execute,
            EventKind::GrantApproved
            | EventKind::GrantDeclined
            | EventKind::GrantUpdated
            | EventKind::GrantRevoked
            | EventKind::GrantExpired
            | EventKind::RecordClosed
            | EventKind::RecordReopened
            | EventKind::RecordEmergencySettingsChanged
            | EventKind::CareEpisodeClosed
            | EventKind::PatientIdentityUpdated
            | EventKind::PatientsMerged
            | EventKind::PatientsUnmerged
            | EventKind::DirectoryImportApplied
            | EventKind::DirectoryImportSuspended
            | EventKind::DirectoryImportRejected
            | EventKind::DirectoryPractitionersMerged
            | EventKind::DirectoryPractitionersUnmerged
            | EventKind::DirectoryAttachmentOverrideEnded
            | EventKind::DirectoryAttachmentOverridden
            | EventKind::PolicyMatrixLoaded => Self::Update,
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Execute => "E",
        }
    }

    /// The interaction's code; none for what is no interaction.
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Create => Some("create"),
            Self::Read => Some("read"),
            Self::Update => Some("update"),
            Self::Delete => Some("delete"),
            Self::Execute => None,
        }
    }
}

/// `type` and `subtype` of an event that is no decision.
fn kind_codings(event: &Event) -> (Value, Option<Value>) {
    match event.kind {
        EventKind::SessionOpened | EventKind::SessionRefused => (
            coding(DCM, "110114", "User Authentication"),
            Some(coding(DCM, "110122", "Login")),
        ),
        EventKind::SessionClosed => (
            coding(DCM, "110114", "User Authentication"),
            Some(coding(DCM, "110123", "Logout")),
        ),
        EventKind::AccessDecided | EventKind::TrailAlert => {
            (coding(DCM, "110113", "Security Alert"), None)
        }
        kind => {
            let code = Interaction::of(kind).code();
            (
                coding(EVENT_TYPE, "rest", "Restful Operation"),
                code.map(|code| coding(INTERACTION, code, code)),
            )
        }
    }
}

/// What every rendering has: when, how it ended, who says so, and the evidence.
fn frame(exported: Exported<'_>) -> Value {
    let entry = exported.entry;
    let event = &entry.event;
    let mut resource = json!({
        "resourceType": "AuditEvent",
        "id": event.event_id.to_string(),
        "extension": [
            {
                "url": format!("{EXTENSIONS}/canonical-event"),
                "valueBase64Binary": STANDARD.encode(&entry.canonical),
            },
            {
                "url": format!("{EXTENSIONS}/receipt"),
                "valueBase64Binary": STANDARD.encode(exported.receipt.format()),
            },
        ],
        "action": Interaction::of(event.kind).action(),
        "period": { "start": event.occurred_at.to_string() },
        "recorded": entry.recorded_at.to_string(),
        "outcome": outcome(event.outcome),
        "source": {
            "observer": device(TRAIL),
            "type": [coding("http://terminology.hl7.org/CodeSystem/security-source-type", "6", "Security Server")],
        },
    });
    let reason = event.decision.as_ref().and_then(|decision| decision.reason);
    if let Some(reason) = reason {
        resource["outcomeDesc"] = json!(reason.code());
    }
    resource
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "0",
        Outcome::Failure => "4",
        Outcome::Refused => "8",
    }
}

/// A thing of ours: identified, and at no address.
fn reference(resource_type: &str, id: &impl ToString) -> Value {
    json!({
        "type": resource_type,
        "identifier": {
            "system": "urn:ietf:rfc:3986",
            "value": format!("urn:uuid:{}", id.to_string()),
        },
    })
}

/// A piece of software, by the name in its certificate.
fn device(name: &str) -> Value {
    json!({ "type": "Device", "identifier": { "value": name }, "display": name })
}

/// Somebody whom the event does not name.
fn unknown(resource_type: &str) -> Value {
    json!({
        "extension": [{
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }],
        "type": resource_type,
    })
}

/// Who acted: a representative under their own name before the patient for whom they did.
fn person(event: &Event) -> Value {
    if let Some(representative) = &event.representative {
        return reference("RelatedPerson", &representative.patient_id);
    }
    match &event.actor {
        Actor::Patient { patient_id } => reference("Patient", patient_id),
        Actor::Practitioner {
            practitioner_id,
            display_name,
            ..
        } => {
            let mut who = reference("Practitioner", practitioner_id);
            who["display"] = json!(display_name);
            who
        }
        Actor::Service { name } => device(name),
    }
}

/// The patient whom the event concerns, as an entity.
fn patient_entity(event: &Event) -> Option<Value> {
    let patient_id = event.patient_id.as_ref()?;
    Some(json!({
        "what": reference("Patient", patient_id),
        "type": coding(coding::ENTITY_TYPE, "1", "Person"),
        "role": coding(coding::ENTITY_ROLE, "1", "Patient"),
    }))
}

/// What was acted upon, beside the patient.
fn subject(event: &Event) -> Value {
    match &event.subject {
        Some(subject) => json!({
            "identifier": { "value": subject.id },
            "display": subject.kind,
        }),
        None => {
            json!({ "identifier": { "value": event.event_id.to_string() }, "display": "event" })
        }
    }
}
