//! Every kind of event in both languages, for both readers.

use std::fmt::Write as _;

use aval_domain::access::{
    AccessMode, Action, DenialReason, Effect, Ground, GroundHolder, GroundKind, GroundTerms,
};
use aval_domain::document::DocumentClass;
use aval_domain::event::{
    Actor, Event, EventDocument, EventKind, Outcome, Representative, Subject,
};
use aval_domain::id::{CareEpisodeId, DocumentId, GrantId, RepresentationId};
use aval_domain::time::{Clock, Timestamp};
use uuid::Uuid;

use super::*;
use crate::sample;

const READERS: [(&str, Reader); 2] = [("holder", Reader::Holder), ("other", Reader::SomebodyElse)];

/// What each kind of event carries, as its producer would write it.
fn told(sample: &sample::Events, kind: EventKind) -> Event {
    let patient_id = sample.patient_id();
    let mut event = sample.access(Some(patient_id));
    event.kind = kind;
    event.documents.clear();
    event.decision = None;
    let is_of_professional = matches!(
        kind,
        EventKind::GrantRequested
            | EventKind::GrantDeclared
            | EventKind::CareEpisodeOpened
            | EventKind::CareEpisodeClosed
            | EventKind::TrailRead
            | EventKind::TrailExported
    );
    let is_of_platform = [
        "patient.",
        "patients.",
        "directory.",
        "policy.",
        "trail.",
        "grant.expired",
    ]
    .iter()
    .any(|start| kind.code().starts_with(start));
    if !is_of_professional {
        event.actor = Actor::Patient { patient_id };
    }
    if is_of_platform && !is_of_professional {
        let name = match kind.code().split('.').next() {
            Some("patient" | "patients") => "identity",
            Some("directory") => "practitioner-directory",
            Some("trail") => "audit",
            Some("policy") => "operator",
            _ => "consent",
        };
        event.actor = Actor::Service {
            name: name.to_owned(),
        };
    }
    let values = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    event.after = values(&[
        ("grantee_name", "Dr Ousmane DIALLO"),
        ("document_classes", "10,31"),
        ("until_at", "2027-03-01T22:30:00Z"),
        ("purpose", "suivi après opération"),
        ("visibility", "hidden_from_one"),
        ("opposes_break_glass", "true"),
        ("opposes_regulation_center", "false"),
        ("matrix_revision", "2027.1+example"),
        ("example", "true"),
        ("effective_at", "2027-01-01T00:00:00+01:00"),
    ]);
    event.before = values(&[("document_classes", "10"), ("visibility", "masked")]);
    event
}

fn access(sample: &sample::Events, ground: Option<Ground>, reason: Option<DenialReason>) -> Event {
    let mut event = sample.access(Some(sample.patient_id()));
    let document = |id: &str, class, permitted| EventDocument {
        id: DocumentId::parse(id).unwrap(),
        class,
        document_type: None,
        permitted,
    };
    let permitted = reason.is_none();
    event.documents = vec![
        document("1.2.3^1", DocumentClass::Imaging, permitted),
        document("1.2.3^2", DocumentClass::Report, permitted),
        document("1.2.3^3", DocumentClass::Report, false),
    ];
    let decision = event.decision.as_mut().unwrap();
    (decision.ground, decision.reason) = (ground, reason);
    let is_given = ground.and_then(Ground::reference).is_some();
    decision.ground_terms = is_given.then_some(GroundTerms {
        holder: GroundHolder::Practitioner,
        // The first of March 2027, in Paris alone.
        since: Timestamp::from_micros(1_803_855_600_000_000),
    });
    if reason.is_some() {
        decision.effect = Effect::Deny;
        event.outcome = Outcome::Refused;
    }
    event
}

fn rendered(title: &str, event: &Event) -> String {
    let mut text = String::new();
    for (name, reader) in READERS {
        let Sentences { french, english } = Sentences::of(event, reader);
        writeln!(text, "{title} [{name}]\n  {french}\n  {english}").unwrap();
    }
    text
}

#[test]
fn every_kind_is_told_in_both_languages() {
    let sample = sample::Events::new(1);
    let text: String = EventKind::ALL
        .iter()
        .map(|kind| rendered(kind.code(), &told(&sample, *kind)))
        .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn every_ground_and_every_denial_is_told() {
    let sample = sample::Events::new(1);
    let mut text = String::new();
    for kind in GroundKind::ALL {
        let id = Uuid::from_u128(7);
        let ground =
            Ground::from_parts(*kind, None).or_else(|| Ground::from_parts(*kind, Some(id)));
        let mut event = access(&sample, ground, None);
        let decision = event.decision.as_mut().unwrap();
        match kind {
            GroundKind::BreakGlass => {
                decision.mode = AccessMode::BreakGlass;
                decision.emergency_reason = Some("patient inconscient".to_owned());
            }
            GroundKind::RegulationCenter => decision.mode = AccessMode::RegulationCenter,
            GroundKind::Contribution => decision.action = Action::Contribute,
            GroundKind::Grant => decision.purpose = Some("consultation".to_owned()),
            GroundKind::OwnRecord => {
                let patient_id = event.patient_id.unwrap();
                event.actor = Actor::Patient { patient_id };
            }
            _ => {}
        }
        text.push_str(&rendered(kind.code(), &event));
    }
    for reason in DenialReason::ALL {
        let mut event = access(&sample, None, Some(*reason));
        if reason.code().starts_with("EMERGENCY") {
            event.decision.as_mut().unwrap().mode = AccessMode::BreakGlass;
        }
        text.push_str(&rendered(reason.code(), &event));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_unusual_is_told_as_well() {
    let sample = sample::Events::new(1);
    let mut text = String::new();

    let mut failed = access(&sample, None, None);
    failed.outcome = Outcome::Failure;
    text.push_str(&rendered("a technical failure", &failed));

    let mut bare = access(&sample, Some(Ground::TreatingDoctor), None);
    bare.documents.clear();
    text.push_str(&rendered("no document named", &bare));

    for ground in [
        Ground::Grant(GrantId::from_uuid(Uuid::from_u128(7))),
        Ground::Declaration(GrantId::from_uuid(Uuid::from_u128(7))),
        Ground::CareEpisode(CareEpisodeId::from_uuid(Uuid::from_u128(7))),
    ] {
        let mut older = access(&sample, Some(ground), None);
        older.decision.as_mut().unwrap().ground_terms = None;
        text.push_str(&rendered("a ground whose beginning is not known", &older));
    }

    let grant = Ground::Grant(GrantId::from_uuid(Uuid::from_u128(7)));
    let mut to_all = access(&sample, Some(grant), None);
    let terms = to_all.decision.as_mut().unwrap().ground_terms.as_mut();
    terms.unwrap().holder = GroundHolder::Organization;
    text.push_str(&rendered("a grant to the organization", &to_all));
    if let Actor::Practitioner {
        organization_name, ..
    } = &mut to_all.actor
    {
        *organization_name = None;
    }
    text.push_str(&rendered("a grant to one without a name", &to_all));

    let mut undecided = bare.clone();
    undecided.decision = None;
    text.push_str(&rendered("no decision", &undecided));

    let mut nameless = told(&sample, EventKind::GrantRevoked);
    nameless.after.clear();
    nameless.before.clear();
    text.push_str(&rendered("no name", &nameless));

    for (name, id) in [
        ("practitioner_id", "1"),
        ("organization_id", "2"),
        ("rpps", "3"),
    ] {
        let mut identified = told(&sample, EventKind::BlockCreated);
        identified.after = [(name.to_owned(), id.to_owned())].into();
        text.push_str(&rendered("a number alone", &identified));
    }

    let mut became_known = told(&sample, EventKind::GrantUpdated);
    let identified = |name: &str| [(name.to_owned(), "1".to_owned())].into();
    (became_known.before, became_known.after) = (identified("rpps"), identified("practitioner_id"));
    text.push_str(&rendered("a professional became known", &became_known));

    for visibility in [
        "masked",
        "revealed_to_one",
        "hidden_from_patient",
        "hidden_from_representatives",
    ] {
        let mut masked = told(&sample, EventKind::MaskSet);
        masked
            .after
            .insert("visibility".to_owned(), visibility.to_owned());
        text.push_str(&rendered(visibility, &masked));
    }

    let mut stranger = told(&sample, EventKind::SessionRefused);
    stranger.actor = Actor::Service {
        name: "gateway".to_owned(),
    };
    text.push_str(&rendered("a stranger refused", &stranger));

    let mut garbled = told(&sample, EventKind::GrantUpdated);
    let garbage = |name: &str| (name.to_owned(), "GARBAGE_CODE".to_owned());
    garbled.after = ["document_classes", "until_at", "visibility"]
        .map(garbage)
        .into();
    garbled.before.clear();
    text.push_str(&rendered("values that cannot be read", &garbled));

    let mut open_ended = told(&sample, EventKind::GrantUpdated);
    open_ended.before = std::mem::take(&mut open_ended.after);
    text.push_str(&rendered("an end taken away", &open_ended));

    let mut represented = told(&sample, EventKind::GrantCreated);
    let now = sample.clock.now();
    represented.representative = Some(Representative {
        patient_id: sample.patient_id(),
        representation_id: RepresentationId::new(now, &sample.random),
    });
    text.push_str(&rendered("a representative", &represented));

    let mut one = told(&sample, EventKind::TrailRead);
    one.subject = Some(Subject::new("event", &"1"));
    text.push_str(&rendered("an event opened by an auditor", &one));
    one.after.clear();
    text.push_str(&rendered("one event read", &one));

    let mut refused = told(&sample, EventKind::RecordOpened);
    refused.outcome = Outcome::Refused;
    text.push_str(&rendered("a refused act", &refused));
    insta::assert_snapshot!(text);
}

#[test]
fn who_has_several_identifiers_is_told_of_their_own_acts_under_each() {
    let sample = sample::Events::new(1);
    for kind in EventKind::ALL {
        let mut event = told(&sample, *kind);
        if !matches!(event.actor, Actor::Patient { .. }) {
            continue;
        }
        let own = Sentences::of(&event, Reader::Holder);
        let patient_id = sample.patient_id();
        event.actor = Actor::Patient { patient_id };
        let under_another = Sentences::of(&event, Reader::Holder);
        let family = kind.code().split_once('.').map(|(family, _)| family);
        let may_be_of_another = matches!(family, Some("representative" | "session"));
        assert_eq!(own != under_another, may_be_of_another, "{kind:?}");
        let of_another = under_another.english.starts_with("Another person");
        assert_eq!(of_another, may_be_of_another, "{kind:?}");
    }
}

#[test]
fn no_sentence_shows_a_code() {
    let sample = sample::Events::new(1);
    let grounds = GroundKind::ALL.iter().map(|kind| {
        let id = Some(Uuid::from_u128(7));
        Ground::from_parts(*kind, None).or_else(|| Ground::from_parts(*kind, id))
    });
    let denials = DenialReason::ALL.iter().copied();
    let kinds = EventKind::ALL.iter().map(|kind| told(&sample, *kind));
    let events = kinds
        .chain(grounds.map(|ground| access(&sample, ground, None)))
        .chain(denials.map(|reason| access(&sample, None, Some(reason))));
    for event in events {
        for (_, reader) in READERS {
            let Sentences { french, english } = Sentences::of(&event, reader);
            for sentence in [french, english] {
                let looks_like_a_code = |word: &str| word.contains('_') || word.contains('^');
                let words = || sentence.split(|c: char| c.is_whitespace() || "(),;:.".contains(c));
                assert!(!words().any(looks_like_a_code), "{sentence}");
                let is_kind = |word: &str| EventKind::from_code(word).is_some();
                assert!(!sentence.split_whitespace().any(is_kind), "{sentence}");
                assert!(
                    !words().any(|word| Uuid::try_parse(word).is_ok()),
                    "{sentence}"
                );
            }
        }
    }
}
