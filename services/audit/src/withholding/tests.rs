//! What is withheld from whom, by example.

use aval_domain::document::DocumentClass;
use aval_domain::event::{EventDocument, Subject};
use aval_domain::id::DocumentId;
use aval_domain::time::Clock;
use uuid::Uuid;

use super::*;
use crate::sample;

mod properties;

const AUDIENCES: [Audience; 2] = [Audience::Holder, Audience::Representative];

/// One step of a history: a setting made or taken back, or a setting of which nothing is left.
#[derive(Debug, Clone)]
struct Step {
    kind: EventKind,
    document: u8,
    visibility: &'static str,
    /// Under which of the patient's identifiers.
    under: u128,
    /// In how many days the document is shown by itself.
    released_in: Option<i64>,
    source: &'static str,
    outcome: Outcome,
    is_erased: bool,
}

struct World {
    sample: sample::Events,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let sample = sample::Events::new(1);
        let now = sample.clock.now();
        Self { sample, now }
    }

    fn at(&self, days: i64) -> Timestamp {
        Timestamp::from_micros(self.now.as_micros() + days * 86_400_000_000)
    }

    fn event(&self, step: &Step) -> Event {
        let mut event = self.sample.of_service(step.kind);
        event.outcome = step.outcome;
        event.subject = Some(Subject::new("document", &name(step.document)));
        let mut fields = BTreeMap::from([("visibility".to_owned(), step.visibility.to_owned())]);
        if let Some(days) = step.released_in {
            fields.insert("release_at".to_owned(), self.at(days).to_string());
        }
        match step.kind {
            EventKind::MaskRemoved => event.before = fields,
            _ => event.after = fields,
        }
        event
    }

    fn access(&self, documents: &[u8], mode: AccessMode) -> Event {
        let documents: Vec<_> = documents.iter().map(|document| (*document, true)).collect();
        self.access_that_permits(&documents, mode)
    }

    fn access_that_permits(&self, documents: &[(u8, bool)], mode: AccessMode) -> Event {
        let mut event = self.sample.access(None);
        let documents = documents.iter().map(|(document, permitted)| EventDocument {
            id: DocumentId::parse(name(*document)).unwrap(),
            class: DocumentClass::Report,
            document_type: None,
            permitted: *permitted,
        });
        event.documents = documents.collect();
        event.decision.as_mut().unwrap().mode = mode;
        event
    }

    fn hidden(&self, audience: Audience, steps: &[Step]) -> Hidden {
        let mut hidden = Hidden::from(audience, self.now);
        for step in steps {
            let event = self.event(step);
            hidden.take(Told {
                source: step.source,
                under: under(step.under),
                kind: step.kind,
                recorded_at: self.now,
                event: (!step.is_erased).then_some(&event),
            });
        }
        hidden
    }
}

fn under(number: u128) -> PatientId {
    PatientId::from_uuid(Uuid::from_u128(number))
}

fn name(document: u8) -> String {
    format!("1.2.3^{document}")
}

fn set(document: u8, visibility: &'static str) -> Step {
    Step {
        kind: EventKind::MaskSet,
        document,
        visibility,
        under: 1,
        released_in: (visibility == "hidden_from_patient").then_some(30),
        source: TELLER,
        outcome: Outcome::Success,
        is_erased: false,
    }
}

fn removed(document: u8, visibility: &'static str) -> Step {
    Step {
        kind: EventKind::MaskRemoved,
        ..set(document, visibility)
    }
}

fn documents_in(event: &Event) -> Vec<String> {
    let documents = event.documents.iter();
    documents.map(|document| document.id.to_string()).collect()
}

#[test]
fn the_setting_that_hides_a_document_is_withheld_from_whom_it_hides_it_and_from_nobody_else() {
    let world = World::new();
    for (visibility, from_holder, from_representative) in [
        ("hidden_from_patient", true, true),
        ("hidden_from_representatives", false, true),
        ("masked", false, false),
        ("hidden_from_one", false, false),
        ("revealed_to_one", false, false),
    ] {
        let made = set(1, visibility);
        for (audience, is_withheld) in AUDIENCES
            .into_iter()
            .zip([from_holder, from_representative])
        {
            let hidden = world.hidden(audience, std::slice::from_ref(&made));
            let share = hidden.share_of(&world.event(&made));
            let expected = if is_withheld {
                Share::Nothing
            } else {
                Share::Whole
            };
            assert_eq!(share, expected, "{visibility} {audience:?}");
            // Whatever else is set on it tells that it is there.
            let mask = world.event(&set(1, "masked"));
            assert_eq!(
                hidden.share_of(&mask),
                expected,
                "{visibility} {audience:?}"
            );
            let of_another = world.event(&set(2, "masked"));
            assert_eq!(hidden.share_of(&of_another), Share::Whole);
        }
    }
}

#[test]
fn an_access_is_told_without_the_documents_that_are_hidden() {
    let world = World::new();
    let steps = [set(1, "hidden_from_patient")];
    let alone = world.access(&[1], AccessMode::Normal);
    let both = world.access(&[1, 2], AccessMode::Normal);
    for audience in AUDIENCES {
        let hidden = world.hidden(audience, &steps);
        for (event, left) in [(&alone, vec![]), (&both, vec![name(2)])] {
            let Share::Part(part) = hidden.share_of(event) else {
                panic!("not told in part");
            };
            assert_eq!(documents_in(&part), left);
            assert_eq!(
                (part.actor, part.decision),
                (event.actor.clone(), event.decision.clone())
            );
        }
    }
}

#[test]
fn a_representative_is_not_told_of_an_access_that_secrets_alone_explain() {
    let world = World::new();
    let steps = [
        set(1, "hidden_from_representatives"),
        set(3, "hidden_from_patient"),
    ];
    let hidden = world.hidden(Audience::Representative, &steps);
    for (asked, is_told) in [
        (&[(1, true)][..], false),
        // What is left was not permitted, and the access was.
        (&[(1, true), (2, false)], false),
        (&[(1, true), (2, true)], true),
        (&[(1, false), (3, true)], true),
        (&[(3, true)], true),
    ] {
        let mut event = world.access_that_permits(asked, AccessMode::Normal);
        let share = hidden.share_of(&event);
        assert_eq!(share != Share::Nothing, is_told, "{asked:?}");
        // In an emergency all are told at once.
        event.decision.as_mut().unwrap().mode = AccessMode::BreakGlass;
        assert!(matches!(hidden.share_of(&event), Share::Part(_)));
        let of_patient = world.hidden(Audience::Holder, &steps);
        assert_ne!(of_patient.share_of(&event), Share::Nothing);
    }
    let mut refused = world.access_that_permits(&[(1, false), (2, false)], AccessMode::Normal);
    refused.outcome = Outcome::Refused;
    assert!(matches!(hidden.share_of(&refused), Share::Part(_)));
}

#[test]
fn what_was_announced_or_has_waited_its_month_is_told() {
    let world = World::new();
    let hiding = set(1, "hidden_from_patient");
    let announced = [hiding.clone(), removed(1, "hidden_from_patient")];
    let released = [Step {
        released_in: Some(0),
        ..hiding.clone()
    }];
    for steps in [&announced[..], &released[..]] {
        let hidden = world.hidden(Audience::Holder, steps);
        assert_eq!(hidden.share_of(&world.event(&hiding)), Share::Whole);
        let access = world.access(&[1], AccessMode::Normal);
        assert_eq!(hidden.share_of(&access), Share::Whole);
    }
    // Shown to the patient, and still not to who represents them.
    let both = [&announced[..], &[set(1, "hidden_from_representatives")]].concat();
    let hidden = world.hidden(Audience::Representative, &both);
    assert_eq!(hidden.share_of(&world.event(&hiding)), Share::Nothing);
}

#[test]
fn a_setting_is_taken_back_under_the_identifier_under_which_it_stands() {
    let world = World::new();
    let hiding = set(1, "hidden_from_patient");
    let elsewhere = |step: Step| Step { under: 2, ..step };
    let access = world.access(&[1], AccessMode::Normal);
    let back = removed(1, "hidden_from_patient");
    for (steps, is_hidden) in [
        (vec![hiding.clone(), elsewhere(back.clone())], true),
        (
            vec![elsewhere(hiding.clone()), hiding.clone(), back.clone()],
            true,
        ),
        (vec![elsewhere(hiding.clone()), elsewhere(back)], false),
    ] {
        let hidden = world.hidden(Audience::Holder, &steps);
        assert_eq!(hidden.share_of(&access) != Share::Whole, is_hidden);
    }
}

#[test]
fn a_hiding_that_does_not_say_when_it_ends_ends_within_a_month() {
    let world = World::new();
    let hiding = Step {
        released_in: None,
        ..set(1, "hidden_from_patient")
    };
    let event = world.event(&hiding);
    for (days, is_hidden) in [(0, true), (30, true), (31, false)] {
        let mut hidden = Hidden::from(Audience::Holder, world.at(days));
        hidden.take(Told {
            source: TELLER,
            under: under(1),
            kind: hiding.kind,
            recorded_at: world.now,
            event: Some(&event),
        });
        assert_eq!(
            hidden.share_of(&event) == Share::Nothing,
            is_hidden,
            "{days}"
        );
    }
}

#[test]
fn of_a_setting_that_was_erased_nobody_knows_what_it_hid() {
    let world = World::new();
    let erased = Told {
        source: TELLER,
        under: under(1),
        kind: EventKind::MaskSet,
        recorded_at: world.now,
        event: None,
    };
    let events = [
        world.access(&[7], AccessMode::Normal),
        world.event(&set(7, "masked")),
    ];
    for (days, from_holder) in [(0, true), (30, true), (31, false)] {
        for (audience, is_hidden) in AUDIENCES.into_iter().zip([from_holder, true]) {
            let mut hidden = Hidden::from(audience, world.at(days));
            hidden.take(erased);
            for event in &events {
                let expected = Event {
                    documents: Vec::new(),
                    subject: None,
                    ..event.clone()
                };
                let expected = if is_hidden {
                    Share::Part(Box::new(expected))
                } else {
                    Share::Whole
                };
                assert_eq!(hidden.share_of(event), expected, "{days} {audience:?}");
            }
        }
    }
}
