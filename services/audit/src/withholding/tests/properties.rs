//! The rule against a naive reading of it, on histories at random.

use proptest::prelude::*;

use super::*;

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
        1_u128..3,
        prop::option::of(-1_i64..2),
        prop::sample::select(vec![TELLER, TELLER, TELLER, "identity"]),
        prop::sample::select(vec![Outcome::Success, Outcome::Success, Outcome::Refused]),
    );
    let step = step.prop_map(
        |(kind, document, visibility, under, released_in, source, outcome)| Step {
            kind,
            document,
            visibility,
            under,
            released_in,
            source,
            outcome,
            is_erased: false,
        },
    );
    prop::collection::vec(step, 0..12)
}

/// Whether a setting of one of these names hides the document, by looking at each for itself: it
/// is in force, and nothing after it takes it back.
fn is_hidden_by(steps: &[Step], names: &[&str], document: u8) -> bool {
    let counts = |step: &&Step| {
        step.source == TELLER && step.outcome == Outcome::Success && step.document == document
    };
    steps.iter().enumerate().any(|(place, step)| {
        let never_ends = step.visibility == "hidden_from_representatives";
        let is_in_force = counts(&step)
            && step.kind == EventKind::MaskSet
            && names.contains(&step.visibility)
            && (never_ends || step.released_in.is_none_or(|days| days > 0));
        let mut later = steps[place..].iter().filter(counts);
        let is_taken_back = later.any(|later| {
            later.kind == EventKind::MaskRemoved
                && (later.visibility, later.under) == (step.visibility, step.under)
        });
        is_in_force && !is_taken_back
    })
}

fn is_hidden(steps: &[Step], audience: Audience, document: u8) -> bool {
    let names: &[&str] = match audience {
        Audience::Holder => &["hidden_from_patient"],
        Audience::Representative => &["hidden_from_patient", "hidden_from_representatives"],
    };
    is_hidden_by(steps, names, document)
}

proptest! {
    #[test]
    fn no_part_names_a_hidden_document_and_nothing_else_is_left_out(
        steps in steps(),
        asked in prop::collection::vec((0_u8..4, any::<bool>()), 0..5),
        is_emergency: bool,
    ) {
        let world = World::new();
        let mode = if is_emergency { AccessMode::BreakGlass } else { AccessMode::Normal };
        let access = world.access_that_permits(&asked, mode);
        let is_secret =
            |document: u8| is_hidden_by(&steps, &["hidden_from_representatives"], document);
        for audience in AUDIENCES {
            let hidden = world.hidden(audience, &steps);
            let left: Vec<u8> = asked
                .iter()
                .map(|(document, _)| *document)
                .filter(|document| !is_hidden(&steps, audience, *document))
                .collect();
            let told = match hidden.share_of(&access) {
                Share::Whole => access.clone(),
                Share::Part(part) => *part,
                Share::Nothing => {
                    prop_assert!(audience == Audience::Representative && !is_emergency);
                    prop_assert!(asked.iter().any(|(document, _)| is_secret(*document)));
                    let mut others = asked.iter().filter(|(document, _)| !is_secret(*document));
                    prop_assert!(!others.any(|(_, permitted)| *permitted));
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
        asked in prop::collection::vec((0_u8..4, any::<bool>()), 0..5),
        is_emergency: bool,
    ) {
        let world = World::new();
        let mode = if is_emergency { AccessMode::BreakGlass } else { AccessMode::Normal };
        let mut events: Vec<Event> = steps.iter().map(|step| world.event(step)).collect();
        events.push(world.access_that_permits(&asked, mode));
        let [holder, representative] = AUDIENCES.map(|audience| world.hidden(audience, &steps));
        for event in &events {
            let told = |hidden: &Hidden| match hidden.share_of(event) {
                Share::Whole => Some(documents_in(event)),
                Share::Part(part) => Some(documents_in(&part)),
                Share::Nothing => None,
            };
            let (of_holder, of_representative) = (told(&holder), told(&representative));
            let Some(of_representative) = of_representative else {
                continue;
            };
            let of_holder = of_holder.unwrap();
            prop_assert!(of_representative.iter().all(|document| of_holder.contains(document)));
        }
    }
}
