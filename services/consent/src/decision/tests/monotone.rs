//! Taking something back, or shutting somebody out, never permits more.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::id::DocumentId;
use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

use super::worlds::{Case, block, case, emergency_case, instant, open_case, visibility};
use crate::decision::{BlockBasis, Decision, Policy, VisibilityBasis};
use crate::matrix::Matrix;
use crate::visibility::VisibilityKind;

/// How many worlds are restricted.
const WORLDS: u32 = 20_000;

/// Something that a patient, a professional or an operator does so that less is open.
#[derive(Debug, Clone)]
enum Restriction {
    Block(BlockBasis),
    ShutOutWhoCares(Index, BlockBasis),
    Hide(VisibilityBasis),
    StopRevealing,
    TakeClassAway(Index, DocumentClass),
    EndGrantBy(Index, Timestamp),
    BeginGrantAt(Index, Timestamp),
    Revoke(Index),
    EndEpisodeBy(Index, Timestamp),
    CloseEpisode(Index),
    RemoveTreatingDoctor,
    OpposeEmergencies,
    CloseRecord,
    EmptyMatrix,
    Strictness,
}

/// So many there are.
const KINDS: usize = 15;
/// Each kind takes something away in at least so many worlds. It did in eighty or more
/// when they were counted.
const AT_LEAST: u32 = 10;

#[test]
fn no_restriction_ever_permits_more_and_each_takes_something_away() {
    let took_away = RefCell::new(BTreeMap::<String, u32>::new());
    let mut runner = TestRunner::new(ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(WORLDS)
    });
    let held = runner.run(
        &(
            prop_oneof![case(), open_case(), emergency_case()],
            vec(restriction(), 1..=4),
        ),
        |(mut case, restrictions)| {
            let mut before = case.decide();
            for restriction in &restrictions {
                restriction.apply(&mut case);
                let after = case.decide();
                prop_assert!(permits_no_more(&after, &before), "{restriction:?}");
                if !permits_no_more(&before, &after) {
                    *took_away
                        .borrow_mut()
                        .entry(restriction.name())
                        .or_default() += 1;
                }
                before = after;
            }
            Ok(())
        },
    );
    if let Err(difference) = held {
        panic!("{difference}");
    }
    let took_away = took_away.into_inner();
    assert_eq!(took_away.len(), KINDS, "{took_away:?}");
    assert!(
        took_away.values().all(|times| *times >= AT_LEAST),
        "{took_away:?}"
    );
}

/// Whether `less` permits nothing that `more` does not.
fn permits_no_more(less: &Decision, more: &Decision) -> bool {
    let has = |id: &DocumentId| more.permitted_documents.contains(id);
    (!less.is_permit() || more.is_permit())
        && less.permitted_documents.iter().all(has)
        && more.permitted_classes.contains_all(less.permitted_classes)
}

fn restriction() -> impl Strategy<Value = Restriction> {
    use Restriction::*;
    let hiding = visibility().prop_filter("it hides", |setting| {
        setting.kind != VisibilityKind::RevealedToOne
    });
    let which = any::<Index>;
    let class = select(DocumentClass::ALL.to_vec());
    prop_oneof![
        block().prop_map(Block),
        (which(), block()).prop_map(|(which, block)| ShutOutWhoCares(which, block)),
        hiding.prop_map(Hide),
        Just(StopRevealing),
        (which(), class).prop_map(|(which, class)| TakeClassAway(which, class)),
        (which(), instant()).prop_map(|(which, end)| EndGrantBy(which, end)),
        (which(), instant()).prop_map(|(which, from)| BeginGrantAt(which, from)),
        which().prop_map(Revoke),
        (which(), instant()).prop_map(|(which, end)| EndEpisodeBy(which, end)),
        which().prop_map(CloseEpisode),
        Just(RemoveTreatingDoctor),
        Just(OpposeEmergencies),
        Just(CloseRecord),
        Just(EmptyMatrix),
        Just(Strictness),
    ]
}

impl Restriction {
    fn apply(&self, case: &mut Case) {
        let basis = &mut case.basis;
        match self {
            Self::Block(block) => basis.blocks.push(*block),
            Self::ShutOutWhoCares(which, block) => {
                if let Some(episode) = some_mut(*which, &mut basis.care_episodes) {
                    episode.blocks.push(*block);
                }
            }
            Self::Hide(setting) => basis.visibilities.push(setting.clone()),
            Self::StopRevealing => basis
                .visibilities
                .retain(|setting| setting.kind != VisibilityKind::RevealedToOne),
            Self::TakeClassAway(which, class) => {
                if let Some(grant) = some_mut(*which, &mut basis.grants) {
                    grant.classes = DocumentClasses::without(grant.classes, *class);
                }
            }
            Self::EndGrantBy(which, end) => {
                if let Some(grant) = some_mut(*which, &mut basis.grants) {
                    grant.period = ending_by(grant.period, *end);
                }
            }
            Self::BeginGrantAt(which, from) => {
                if let Some(grant) = some_mut(*which, &mut basis.grants) {
                    let from = grant.period.from().max(*from);
                    grant.period = Period::new(from, grant.period.until()).unwrap_or(grant.period);
                }
            }
            Self::Revoke(which) => remove_some(*which, &mut basis.grants),
            Self::EndEpisodeBy(which, end) => {
                if let Some(episode) = some_mut(*which, &mut basis.care_episodes) {
                    episode.period = ending_by(episode.period, *end);
                }
            }
            Self::CloseEpisode(which) => remove_some(*which, &mut basis.care_episodes),
            Self::RemoveTreatingDoctor => basis.treating_doctor = false,
            Self::OpposeEmergencies => {
                if let Some(record) = &mut basis.record {
                    record.opposes_break_glass = true;
                    record.opposes_regulation_center = true;
                }
            }
            Self::CloseRecord => {
                if let Some(record) = &mut basis.record {
                    record.open = false;
                }
            }
            Self::EmptyMatrix => {
                let empty = Matrix::parse("revision = 'empty'").expect("it is one");
                case.policy = Policy::with_switches(
                    empty,
                    case.policy.block_beats_break_glass(),
                    case.policy.emergency_shows_masked(),
                );
            }
            Self::Strictness => {
                case.policy = Policy::new(case.policy.matrix().clone());
            }
        }
    }

    /// The word before the values.
    fn name(&self) -> String {
        let shown = format!("{self:?}");
        shown
            .split(|letter: char| !letter.is_alphabetic())
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

/// A period that begins only after the end stays as it is.
fn ending_by(period: Period, end: Timestamp) -> Period {
    let end = period.until().map_or(end, |until| until.min(end));
    Period::new(period.from(), Some(end)).unwrap_or(period)
}

fn some_mut<T>(which: Index, all: &mut [T]) -> Option<&mut T> {
    (!all.is_empty()).then(|| which.get_mut(all))
}

fn remove_some<T>(which: Index, all: &mut Vec<T>) {
    if !all.is_empty() {
        all.remove(which.index(all.len()));
    }
}
