//! What is withheld from whom, by example and against a naive reading of the rule.

use aval_domain::document::DocumentClass;
use aval_domain::event::{EventDocument, Subject};
use aval_domain::id::DocumentId;
use aval_domain::time::Clock;
use proptest::prelude::*;

use super::*;
use crate::sample;

const AUDIENCES: [Audience; 2] = [Audience::Holder, Audience::Representative];

/// One step of a history: a setting made or taken back, or a setting of which nothing is left.
#[derive(Debug, Clone)]
struct Step {
    kind: EventKind,
    document: u8,
    visibility: &'static str,
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
        let mut event = self.sample.access(None);
        let documents = documents.iter().map(|document| EventDocument {
            id: DocumentId::parse(&name(*document)).unwrap(),
            class: DocumentClass::Report,
            document_type: None,
            permitted: true,
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
                kind: step.kind,
                recorded_at: self.now,
                event: (!step.is_erased).then_some(&event),
            });
        }
        hidden
    }
}

fn name(document: u8) -> String {
    format!("1.2.3^{document}")
}

fn set(document: u8, visibility: &'static str) -> Step {
    Step {
        kind: EventKind::MaskSet,
        document,
        visibility,
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
fn an_access_is_told_without_what_is_hidden_and_to_a_representative_not_for_that_alone() {
    let world = World::new();
    let steps = [set(1, "hidden_from_patient")];
    let alone = world.access(&[1], AccessMode::Normal);
    let both = world.access(&[1, 2], AccessMode::Normal);
    let emergency = world.access(&[1], AccessMode::BreakGlass);
    for audience in AUDIENCES {
        let hidden = world.hidden(audience, &steps);
        for (event, left) in [(&both, vec![name(2)]), (&emergency, Vec::new())] {
            let Share::Part(part) = hidden.share_of(event) else {
                panic!("not told in part");
            };
            assert_eq!(documents_in(&part), left);
            assert_eq!(
                (part.actor, part.decision),
                (event.actor.clone(), event.decision.clone())
            );
        }
        match (audience, hidden.share_of(&alone)) {
            (Audience::Holder, Share::Part(part)) => assert!(part.documents.is_empty()),
            (Audience::Representative, Share::Nothing) => {}
            (audience, share) => panic!("{audience:?} {share:?}"),
        }
    }
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
fn of_a_setting_that_was_erased_nobody_knows_what_it_hid() {
    let world = World::new();
    let erased = Told {
        source: TELLER,
        kind: EventKind::MaskSet,
        recorded_at: world.now,
        event: None,
    };
    let access = world.access(&[7], AccessMode::Normal);
    for (days, from_holder, from_representative) in
        [(0, true, true), (30, true, true), (31, false, true)]
    {
        for (audience, is_hidden) in AUDIENCES
            .into_iter()
            .zip([from_holder, from_representative])
        {
            let mut hidden = Hidden::from(audience, world.at(days));
            hidden.take(erased);
            let is_whole = hidden.share_of(&access) == Share::Whole;
            assert_eq!(is_whole, !is_hidden, "{days} {audience:?}");
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        prop::sample::select(vec![EventKind::MaskSet, EventKind::MaskRemoved]),
        0_u8..3,
        prop::sample::select(vec![
            "hidden_from_patient",
            "hidden_from_representatives",
            "masked",
            "hidden_from_one",
        ]),
        prop::option::of(-1_i64..2),
        prop::sample::select(vec![TELLER, TELLER, TELLER, "identity"]),
        prop::sample::select(vec![Outcome::Success, Outcome::Success, Outcome::Refused]),
    );
    let step = step.prop_map(
        |(kind, document, visibility, released_in, source, outcome)| Step {
            kind,
            document,
            visibility,
            released_in,
            source,
            outcome,
            is_erased: false,
        },
    );
    prop::collection::vec(step, 0..12)
}

/// Whether the document is hidden, by looking at each setting for itself: it is in force, and
/// nothing after it takes it back.
fn is_hidden(steps: &[Step], audience: Audience, document: u8) -> bool {
    let kept_from: &[&str] = match audience {
        Audience::Holder => &["hidden_from_patient"],
        Audience::Representative => &["hidden_from_patient", "hidden_from_representatives"],
    };
    let counts = |step: &&Step| {
        step.source == TELLER && step.outcome == Outcome::Success && step.document == document
    };
    steps.iter().enumerate().any(|(place, step)| {
        let is_in_force = counts(&step)
            && step.kind == EventKind::MaskSet
            && kept_from.contains(&step.visibility)
            && step.released_in.is_none_or(|days| days > 0);
        let mut later = steps[place..].iter().filter(counts);
        let is_taken_back = later.any(|later| {
            later.kind == EventKind::MaskRemoved && later.visibility == step.visibility
        });
        is_in_force && !is_taken_back
    })
}

proptest! {
    #[test]
    fn no_part_names_a_hidden_document_and_nothing_else_is_left_out(
        steps in steps(),
        asked in prop::collection::vec(0_u8..4, 0..5),
        is_emergency: bool,
    ) {
        let world = World::new();
        let mode = if is_emergency { AccessMode::BreakGlass } else { AccessMode::Normal };
        let access = world.access(&asked, mode);
        for audience in AUDIENCES {
            let hidden = world.hidden(audience, &steps);
            let left: Vec<u8> = asked
                .iter()
                .copied()
                .filter(|document| !is_hidden(&steps, audience, *document))
                .collect();
            let told = match hidden.share_of(&access) {
                Share::Whole => access.clone(),
                Share::Part(part) => *part,
                Share::Nothing => {
                    prop_assert!(left.is_empty() && !asked.is_empty());
                    prop_assert!(audience == Audience::Representative && !is_emergency);
                    continue;
                }
            };
            prop_assert_eq!(documents_in(&told), left.iter().map(|d| name(*d)).collect::<Vec<_>>());
            let otherwise_the_same = Event { documents: access.documents.clone(), ..told };
            prop_assert_eq!(otherwise_the_same, access.clone());
            for step in &steps {
                let event = world.event(step);
                let is_told = hidden.share_of(&event) == Share::Whole;
                prop_assert_eq!(is_told, !is_hidden(&steps, audience, step.document));
            }
        }
    }

    #[test]
    fn whoever_represents_is_never_told_more_than_the_patient(
        steps in steps(),
        asked in prop::collection::vec(0_u8..4, 0..5),
    ) {
        let world = World::new();
        let access = world.access(&asked, AccessMode::Normal);
        let told = AUDIENCES.map(|audience| match world.hidden(audience, &steps).share_of(&access) {
            Share::Whole => documents_in(&access),
            Share::Part(part) => documents_in(&part),
            Share::Nothing => Vec::new(),
        });
        let [holder, representative] = told;
        prop_assert!(representative.iter().all(|document| holder.contains(document)));
    }
}
