//! ANS `TdE` (Traçabilité d'événements): at most one subtype and two agents, each with
//! somebody in it, and a beginning.

use aval_domain::event::Actor;
use serde_json::{Value, json};

use super::coding::{ENTITY_ROLE, ENTITY_TYPE, coding};
use super::{device, frame, kind_codings, patient_entity, person, subject};
use crate::export::Exported;

pub(in crate::export) const PROFILE: &str =
    "https://interop.esante.gouv.fr/ig/fhir/tde/StructureDefinition/tde-auditevent";

pub(in crate::export) fn tde(exported: Exported<'_>) -> Value {
    let event = &exported.entry.event;
    let (kind, subtype) = kind_codings(event);
    let mut resource = frame(exported);
    resource["meta"] = json!({ "profile": [PROFILE] });
    resource["type"] = kind;
    if let Some(subtype) = subtype {
        resource["subtype"] = json!([subtype]);
    }
    let is_service = matches!(event.actor, Actor::Service { .. });
    let software = json!({ "who": device(&event.software), "requestor": is_service });
    let mut agents = vec![software];
    if !is_service {
        let mut user = json!({ "who": person(event), "requestor": true });
        if let Actor::Practitioner { display_name, .. } = &event.actor {
            user["name"] = json!(display_name);
        }
        agents.insert(0, user);
    }
    resource["agent"] = agents.into();
    let data = json!({
        "what": subject(event),
        "type": coding(ENTITY_TYPE, "2", "System Object"),
        "role": coding(ENTITY_ROLE, "4", "Domain Resource"),
    });
    resource["entity"] = patient_entity(event).into_iter().chain([data]).collect();
    resource
}
