//! IHE BALP (Basic Audit Log Patterns).
//!
//! A decision follows `AuthZconsent`: client, user, user's organization, authorizer;
//! patient, and the consent on which it rests, or the policy where it rests on none.
//! A change follows `Create`, `Update` or `Delete`, a reading `Read`, each in the form
//! for a patient where there is one: client, server and user; patient and data.

use aval_domain::access::Ground;
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use serde_json::{Value, json};

use super::coding::{
    ACT_REASON, AUTHZ_SUBTYPE, DCM, ENTITY_ROLE, ENTITY_TYPE, PARTICIPATION, PROVENANCE,
    RESOURCE_TYPE, ROLE_CLASS, SECURITY_ROLE, coding, concept,
};
use super::{Interaction, TRAIL, device, frame, kind_codings, patient_entity, person, reference};
use super::{subject, unknown};
use crate::export::Exported;

const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition";

/// The service that decides.
const AUTHORIZER: &str = "aval-consent";

pub(in crate::export) fn balp(exported: Exported<'_>) -> Value {
    let event = &exported.entry.event;
    let mut resource = frame(exported);
    let is_decision = event.kind == EventKind::AccessDecided && event.patient_id.is_some();
    if is_decision {
        decision(event, &mut resource);
    } else {
        deed(event, &mut resource);
    }
    if let Some(profile) = profile(event, is_decision) {
        resource["meta"] = json!({ "profile": [format!("{PROFILES}/IHE.BasicAudit.{profile}")] });
    }
    resource
}

/// The profile that the rendering follows; none: BALP has none for it.
fn profile(event: &Event, is_decision: bool) -> Option<&'static str> {
    if is_decision {
        return Some("AuthZconsent");
    }
    // The patterns are of successes: "failures are recorded differently".
    if event.outcome != Outcome::Success {
        return None;
    }
    let concerns_a_patient = event.patient_id.is_some();
    match (Interaction::of(event.kind), concerns_a_patient) {
        (Interaction::Create, true) => Some("PatientCreate"),
        (Interaction::Create, false) => Some("Create"),
        (Interaction::Read, true) => Some("PatientRead"),
        (Interaction::Read, false) => Some("Read"),
        (Interaction::Update, true) => Some("PatientUpdate"),
        (Interaction::Update, false) => Some("Update"),
        (Interaction::Delete, true) => Some("PatientDelete"),
        (Interaction::Delete, false) | (Interaction::Execute, _) => None,
    }
}

fn decision(event: &Event, resource: &mut Value) {
    resource["type"] = coding(DCM, "110113", "Security Alert");
    resource["subtype"] = json!([coding(
        AUTHZ_SUBTYPE,
        "AuthZ-Consent",
        "Authorization Decision using Roles and Consent",
    )]);
    let mode = event.decision.as_ref().map(|decision| decision.mode);
    let is_emergency = mode.is_some_and(aval_domain::access::AccessMode::is_emergency);
    let purpose = if is_emergency {
        concept(ACT_REASON, "ETREAT", "Emergency Treatment")
    } else {
        concept(ACT_REASON, "TREAT", "treatment")
    };
    resource["purposeOfEvent"] = json!([purpose]);
    resource["agent"] = json!([
        client(event, APPLICATION, false),
        user(event, RECIPIENT),
        organization(&event.actor),
        {
            "type": concept(SECURITY_ROLE, "authserver", "authorization server"),
            "who": device(AUTHORIZER),
            "requestor": false,
        },
    ]);
    let consent = json!({
        "what": consent(event),
        "type": coding(RESOURCE_TYPE, "Consent", "Consent"),
    });
    let entities = patient_entity(event).into_iter().chain([consent]);
    resource["entity"] = entities.collect();
}

/// The grant that permitted, or else the policy that decided.
fn consent(event: &Event) -> Value {
    let decision = event.decision.as_ref();
    let ground = decision.and_then(|decision| decision.ground);
    if let Some(Ground::Grant(grant_id) | Ground::Declaration(grant_id)) = ground {
        return reference("Consent", &grant_id);
    }
    let revision = decision.map(|decision| decision.policy_revision.as_str());
    json!({
        "type": "Consent",
        "identifier": { "value": format!("policy/{}", revision.unwrap_or_default()) },
        "display": "policy",
    })
}

fn deed(event: &Event, resource: &mut Value) {
    let (kind, subtype) = kind_codings(event);
    resource["type"] = kind;
    resource["subtype"] = subtype.into_iter().collect();
    let roles = Roles::of(Interaction::of(event.kind));
    let server = json!({
        "type": roles.server,
        "who": device(TRAIL),
        "requestor": false,
        "network": network(TRAIL),
    });
    let is_nobodys = matches!(event.actor, Actor::Service { .. });
    let mut agents = vec![client(event, roles.client, is_nobodys), server];
    if !is_nobodys {
        agents.push(user(event, roles.user));
    }
    resource["agent"] = agents.into();
    let data = json!({
        "what": subject(event),
        "type": coding(ENTITY_TYPE, "2", "System Object"),
        "role": coding(ENTITY_ROLE, "4", "Domain Resource"),
    });
    resource["entity"] = patient_entity(event).into_iter().chain([data]).collect();
}

/// What the agents are in each pattern.
struct Roles {
    client: Coded,
    server: Value,
    user: Coded,
}

type Coded = (&'static str, &'static str);

const APPLICATION: Coded = ("110150", "Application");
const SOURCE: Coded = ("110153", "Source Role ID");
const DESTINATION: Coded = ("110152", "Destination Role ID");
const RECIPIENT: Coded = ("IRCP", "information recipient");
const AUTHOR: Coded = ("AUT", "author (originator)");

impl Roles {
    /// Data goes from the source to the destination: a reading takes it to the client.
    fn of(interaction: Interaction) -> Self {
        let dicom = |(code, display): Coded| concept(DCM, code, display);
        match interaction {
            Interaction::Read => Self {
                client: DESTINATION,
                server: dicom(SOURCE),
                user: RECIPIENT,
            },
            Interaction::Delete => Self {
                client: APPLICATION,
                server: concept(PROVENANCE, "custodian", "Custodian"),
                user: AUTHOR,
            },
            Interaction::Create | Interaction::Update | Interaction::Execute => Self {
                client: SOURCE,
                server: dicom(DESTINATION),
                user: AUTHOR,
            },
        }
    }
}

/// The software that called. It is known by its certificate, which names it; what address
/// it had is not kept.
fn client(event: &Event, (code, display): Coded, is_requestor: bool) -> Value {
    json!({
        "type": concept(DCM, code, display),
        "who": device(&event.software),
        "requestor": is_requestor,
        "network": network(&event.software),
    })
}

/// A machine by its name.
fn network(name: &str) -> Value {
    json!({ "address": name, "type": "1" })
}

fn user(event: &Event, (code, display): Coded) -> Value {
    let mut agent = json!({
        "type": concept(PARTICIPATION, code, display),
        "who": person(event),
        "requestor": true,
    });
    if let Actor::Practitioner {
        display_name,
        profession,
        ..
    } = &event.actor
    {
        agent["name"] = json!(display_name);
        agent["role"] = json!([{ "text": profession.code() }]);
    }
    agent
}

fn organization(actor: &Actor) -> Value {
    let who = match actor {
        Actor::Practitioner {
            organization_id: Some(id),
            organization_name,
            ..
        } => {
            let mut who = reference("Organization", id);
            if let Some(name) = organization_name {
                who["display"] = json!(name);
            }
            who
        }
        _ => unknown("Organization"),
    };
    json!({
        "type": concept(ROLE_CLASS, "PROV", "healthcare provider"),
        "who": who,
        "requestor": false,
    })
}
