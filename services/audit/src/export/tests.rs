mod csv;
mod reading;

use aval_domain::access::{AccessMode, DenialReason, Effect, Ground};
use aval_domain::event::{Actor, EventKind, Outcome, Representative, Subject};
use aval_domain::id::{GrantId, RepresentationId};
use aval_domain::time::Clock as _;
use aval_merkle_log::leaf::{LeafContent, PatientLink, leaf_hash};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::tree::Frontier;
use serde_json::Value;

use super::*;
use crate::checkpoint_key::CheckpointKey;
use crate::sample::Events;

const NEEDLE: &str = "patient inconscient, suspicion d'infarctus";

/// An entry of a log of one, with its receipt.
fn exported_as(event: aval_domain::event::Event, format: Format, is_first: bool) -> String {
    let sample = Events::new(9);
    let sealed = sample.sealed(event);
    let patient_id = sealed.event.patient_id;
    let leaf = LeafContent {
        event_id: *sealed.event.event_id.as_uuid().as_bytes(),
        patient: patient_id.map(|id| PatientLink::first(*id.as_uuid().as_bytes())),
        recorded_at_micros: sample.clock.now().as_micros(),
        commitment: sealed.commitment,
    };
    let mut tree = Frontier::new();
    tree.append(leaf_hash(&leaf)).unwrap();
    let signer = aval_merkle_log::note::Signer::from_seed("audit.example/trail", &[7; 32]);
    let key = CheckpointKey::new(signer.unwrap(), Vec::new());
    let note = key.sign(tree.size(), tree.root(), None).unwrap();
    let receipt = Receipt {
        leaf: leaf.clone(),
        salt: Some(sealed.salt.0),
        index: 0,
        path: Vec::new(),
        checkpoint: SignedNote::parse(note.as_bytes()).unwrap(),
    };
    let entry = Entry {
        log_index: 0,
        recorded_at: sample.clock.now(),
        event: sealed.event.clone(),
        leaf,
        canonical: sealed.canonical.clone(),
        salt: sealed.salt,
    };
    let exported = Exported {
        entry: &entry,
        receipt: &receipt,
        reader: Reader::Holder,
    };
    format.event(exported, is_first)
}

fn resource(event: &aval_domain::event::Event, format: Format) -> Value {
    serde_json::from_str(&exported_as(event.clone(), format, true)).unwrap()
}

/// Every kind of event, by everybody who causes events, with every outcome.
fn events() -> Vec<aval_domain::event::Event> {
    let sample = Events::new(3);
    let (patient, other) = (sample.patient_id(), sample.patient_id());
    let mut events = Vec::new();
    for kind in EventKind::ALL.iter().copied() {
        let by_doctor = sample.access(Some(patient)).actor;
        let by_service = Actor::Service {
            name: "consent".to_owned(),
        };
        for actor in [
            Actor::Patient {
                patient_id: patient,
            },
            by_doctor,
            by_service,
        ] {
            for outcome in [Outcome::Success, Outcome::Refused, Outcome::Failure] {
                for whose in [Some(patient), None] {
                    let mut event = sample.of_service(kind);
                    (event.patient_id, event.outcome) = (whose, outcome);
                    event.actor = actor.clone();
                    event.subject = Some(Subject::new("grant", &"1"));
                    if matches!(actor, Actor::Patient { .. }) {
                        event.representative = Some(Representative {
                            patient_id: other,
                            representation_id: RepresentationId::new(
                                sample.clock.now(),
                                &sample.random,
                            ),
                        });
                    }
                    if kind == EventKind::AccessDecided {
                        event.decision = sample.access(whose).decision;
                        let decision = event.decision.as_mut().unwrap();
                        decision.emergency_reason = Some(NEEDLE.to_owned());
                        decision.purpose = Some(NEEDLE.to_owned());
                        if outcome == Outcome::Refused {
                            decision.effect = Effect::Deny;
                            (decision.reason, decision.ground) =
                                (Some(DenialReason::NoGrant), None);
                        }
                    }
                    events.push(event);
                }
            }
        }
    }
    events
}

fn list<'a>(resource: &'a Value, field: &str) -> &'a [Value] {
    resource[field].as_array().map_or(&[], Vec::as_slice)
}

/// The agents or entities of this type.
fn of_type<'a>(resource: &'a Value, field: &str, code: &str) -> Vec<&'a Value> {
    let has_type = |one: &&Value| {
        let kind = &one["type"];
        kind["code"] == code || kind["coding"][0]["code"] == code
    };
    list(resource, field).iter().filter(has_type).collect()
}

/// What FHIR R4 demands of every `AuditEvent`.
fn assert_base(resource: &Value) {
    assert_eq!(resource["resourceType"], "AuditEvent");
    assert!(resource["type"]["code"].is_string());
    assert!(resource["recorded"].is_string());
    assert!(resource["source"]["observer"]["identifier"]["value"].is_string());
    assert!(!list(resource, "agent").is_empty());
    for agent in list(resource, "agent") {
        assert!(agent["requestor"].is_boolean(), "{agent}");
    }
    let requestors = list(resource, "agent").iter();
    assert_eq!(
        requestors
            .filter(|agent| agent["requestor"] == true)
            .count(),
        1
    );
}

#[test]
fn the_tde_rendering_keeps_the_profile_s_cardinalities() {
    for event in events() {
        for format in [Format::TdeNdjson, Format::TdeBundle] {
            let text = exported_as(event.clone(), format, true);
            let read: Value = serde_json::from_str(&text).unwrap();
            let resource = if format == Format::TdeBundle {
                &read["resource"]
            } else {
                &read
            };
            assert_base(resource);
            assert!(list(resource, "subtype").len() <= 1);
            assert!(resource["period"]["start"].is_string());
            assert!((1..=2).contains(&list(resource, "agent").len()));
            for agent in list(resource, "agent") {
                assert!(agent["who"].is_object(), "{agent}");
            }
        }
    }
}

#[test]
fn a_decision_in_the_balp_rendering_keeps_the_profile_s_cardinalities() {
    let mut seen = 0;
    for event in events() {
        if event.kind != EventKind::AccessDecided || event.patient_id.is_none() {
            continue;
        }
        seen += 1;
        let resource = resource(&event, Format::BalpNdjson);
        assert_base(&resource);
        let profile = resource["meta"]["profile"][0].as_str().unwrap();
        assert!(profile.ends_with("/IHE.BasicAudit.AuthZconsent"));
        assert_eq!(resource["type"]["code"], "110113");
        assert_eq!(resource["subtype"][0]["code"], "AuthZ-Consent");
        assert_eq!(resource["action"], "E");
        assert_eq!(
            resource["outcome"] == "0",
            event.outcome == Outcome::Success
        );
        let is_denied = event.decision.as_ref().unwrap().reason.is_some();
        assert_eq!(resource["outcomeDesc"].is_string(), is_denied);
        for (code, forbidden) in [
            (
                "110150",
                &["role", "altId", "name", "location", "media", "purposeOfUse"][..],
            ),
            ("IRCP", &["altId", "location", "media", "network"]),
            (
                "PROV",
                &[
                    "role", "altId", "name", "location", "policy", "media", "network",
                ],
            ),
            (
                "authserver",
                &[
                    "role", "altId", "name", "location", "policy", "media", "network",
                ],
            ),
        ] {
            let agents = of_type(&resource, "agent", code);
            assert_eq!(agents.len(), 1, "{code}");
            assert!(agents[0]["who"].is_object(), "{code}");
            for field in forbidden {
                assert!(agents[0][field].is_null(), "{code}.{field}");
            }
        }
        assert!(of_type(&resource, "agent", "110150")[0]["network"].is_object());
        // The entities are a closed list.
        let patients = of_type(&resource, "entity", "1");
        let consents = of_type(&resource, "entity", "Consent");
        assert_eq!((patients.len(), consents.len()), (1, 1));
        assert_eq!(list(&resource, "entity").len(), 2);
        assert_eq!(patients[0]["what"]["type"], "Patient");
        assert_eq!(patients[0]["role"]["code"], "1");
        assert!(resource["modifierExtension"].is_null());
    }
    assert!(seen > 5);
}

/// A pattern: action, subtype, client, server, and what the user is.
type Pattern = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[test]
fn a_deed_in_the_balp_rendering_keeps_the_cardinalities_of_its_pattern() {
    let patterns: [(&str, Pattern); 4] = [
        ("Create", ("C", "create", "110153", "110152", "AUT")),
        ("Read", ("R", "read", "110152", "110153", "IRCP")),
        ("Update", ("U", "update", "110153", "110152", "AUT")),
        ("Delete", ("D", "delete", "110150", "custodian", "AUT")),
    ];
    let mut seen = [0; 4];
    for event in events() {
        let resource = resource(&event, Format::BalpNdjson);
        assert_base(&resource);
        let Some(profile) = resource["meta"]["profile"][0].as_str() else {
            continue;
        };
        let profile = profile.rsplit('.').next().unwrap();
        let concerns_a_patient = profile.starts_with("Patient");
        let name = profile.trim_start_matches("Patient");
        let Some(which) = patterns.iter().position(|(pattern, _)| *pattern == name) else {
            assert_eq!(profile, "AuthZconsent");
            continue;
        };
        seen[which] += 1;
        let (action, subtype, client, server, user) = patterns[which].1;
        assert_eq!(resource["type"]["code"], "rest");
        assert_eq!(resource["action"], action);
        assert_eq!(list(&resource, "subtype").len(), 1);
        assert_eq!(resource["subtype"][0]["code"], subtype);
        assert_eq!(resource["outcome"], "0");
        for code in [client, server] {
            let agents = of_type(&resource, "agent", code);
            assert_eq!(agents.len(), 1, "{code}");
            assert!(agents[0]["who"].is_object() && agents[0]["network"].is_object());
        }
        let users = of_type(&resource, "agent", user);
        let is_service = matches!(event.actor, Actor::Service { .. });
        assert_eq!(users.len(), usize::from(!is_service));
        assert_eq!(list(&resource, "agent").len(), 2 + users.len());
        for user in users {
            assert!(user["who"].is_object() && user["network"].is_null());
        }
        assert_eq!(of_type(&resource, "entity", "2").len(), 1);
        let patients = of_type(&resource, "entity", "1").len();
        assert_eq!(patients, usize::from(concerns_a_patient));
        assert_eq!(event.patient_id.is_some(), concerns_a_patient);
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn what_people_wrote_about_the_patient_is_in_no_field_but_the_evidence() {
    for event in events() {
        for format in [Format::BalpNdjson, Format::TdeNdjson, Format::Csv] {
            let text = exported_as(event.clone(), format, true);
            assert!(!text.contains("infarctus"), "{format:?}: {text}");
        }
    }
}

#[test]
fn an_emergency_is_for_emergency_treatment_and_a_grant_is_the_consent() {
    let sample = Events::new(4);
    let mut event = sample.access(Some(sample.patient_id()));
    let grant = GrantId::new(sample.clock.now(), &sample.random);
    event.decision.as_mut().unwrap().ground = Some(Ground::Grant(grant));
    let normal = resource(&event, Format::BalpNdjson);
    let consent = &of_type(&normal, "entity", "Consent")[0]["what"]["identifier"]["value"];
    assert_eq!(*consent, format!("urn:uuid:{grant}"));
    assert_eq!(normal["purposeOfEvent"][0]["coding"][0]["code"], "TREAT");
    let decision = event.decision.as_mut().unwrap();
    (decision.mode, decision.ground) = (AccessMode::BreakGlass, Some(Ground::BreakGlass));
    let emergency = resource(&event, Format::BalpNdjson);
    let consent = &of_type(&emergency, "entity", "Consent")[0]["what"]["display"];
    assert_eq!(*consent, "policy");
    assert_eq!(
        emergency["purposeOfEvent"][0]["coding"][0]["code"],
        "ETREAT"
    );
}

#[test]
fn bundles_are_one_json_object() {
    for format in [Format::BalpBundle, Format::TdeBundle] {
        let mut text = format.beginning();
        for (position, event) in events().into_iter().take(3).enumerate() {
            text.push_str(&exported_as(event, format, position == 0));
        }
        text.push_str(format.end());
        let bundle: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(bundle["resourceType"], "Bundle");
        assert_eq!(list(&bundle, "entry").len(), 3);
        let empty = format.beginning() + format.end();
        assert!(serde_json::from_str::<Value>(&empty).is_ok());
    }
}
