//! One human under several identifiers.
//!
//! Identity finds that two of its patients are one human, and sometimes that they are two
//! after all; both stand in the log, as events of both histories. What was recorded under
//! either identifier stays as it was recorded; whoever reads for the human reads under all
//! of theirs. So a patient who leads to another is all there is to remember, and taking a
//! merge back is forgetting that they do.

use std::collections::{BTreeMap, BTreeSet};

use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::PatientId;

/// The producer that knows who is whom. Nobody else's events lead anywhere: they would
/// open one patient's history to another.
pub const TELLER: &str = "identity";

/// The kinds of events that tell of it.
pub const KINDS: [EventKind; 2] = [EventKind::PatientsMerged, EventKind::PatientsUnmerged];

/// What an event tells of who is whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientChange {
    /// Two patients are one human: the source leads to the target from now on.
    Merged {
        /// Who leads to the other.
        source: PatientId,
        /// Who stays.
        target: PatientId,
    },
    /// The source leads nowhere any more.
    Unmerged {
        /// Who had been merged.
        source: PatientId,
    },
}

/// Who leads to whom: of some humans, everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aliases {
    leads_to: BTreeMap<PatientId, PatientId>,
}

impl PatientChange {
    /// What an event of this producer tells; nothing, if the producer is not the one that
    /// knows.
    #[must_use]
    pub fn told_by(producer: &str, event: &Event) -> Option<Self> {
        (producer == TELLER).then(|| Self::in_event(event))?
    }

    /// What the event tells, whoever delivered it. The same event stands in the history of
    /// each of the two, and both tell the same; one that stands elsewhere, or does not say
    /// clearly of whom it speaks, tells nothing.
    #[must_use]
    pub fn in_event(event: &Event) -> Option<Self> {
        if event.outcome != Outcome::Success {
            return None;
        }
        let named = |field| event.after.get(field)?.parse::<PatientId>().ok();
        let source = named("source_patient_id")?;
        let target = named("target_patient_id")?;
        let stands_with = event.patient_id?;
        if source == target || ![source, target].contains(&stands_with) {
            return None;
        }
        match event.kind {
            EventKind::PatientsMerged => Some(Self::Merged { source, target }),
            EventKind::PatientsUnmerged => Some(Self::Unmerged { source }),
            _ => None,
        }
    }

    /// The patients whom it is about.
    pub fn patients(self) -> impl Iterator<Item = PatientId> {
        let (source, target) = match self {
            Self::Merged { source, target } => (source, Some(target)),
            Self::Unmerged { source } => (source, None),
        };
        std::iter::once(source).chain(target)
    }
}

impl Aliases {
    /// Those that are known: patients, and to whom each leads.
    pub fn known(leads_to: impl IntoIterator<Item = (PatientId, PatientId)>) -> Self {
        Self {
            leads_to: leads_to.into_iter().collect(),
        }
    }

    /// Takes in what an event tells.
    ///
    /// Identity merges only patients who lead nowhere, so that neither did at that moment.
    /// Each event thus says all about the patients whom it names: going through events a
    /// second time ends where the first time did, and nobody ever leads back to themselves.
    pub fn take(&mut self, change: PatientChange) {
        match change {
            PatientChange::Merged { source, target } if source == target => {}
            PatientChange::Merged { source, target } => {
                self.leads_to.remove(&target);
                self.leads_to.insert(source, target);
            }
            PatientChange::Unmerged { source } => {
                self.leads_to.remove(&source);
            }
        }
    }

    /// The patient whom this one was merged into.
    #[must_use]
    pub fn leads_to(&self, id: PatientId) -> Option<PatientId> {
        self.leads_to.get(&id).copied()
    }

    /// Those who lead to this patient without another between them.
    #[must_use]
    pub fn leading_to(&self, id: PatientId) -> BTreeSet<PatientId> {
        let leading = self.leads_to.iter().filter(|(_, to)| **to == id);
        leading.map(|(from, _)| *from).collect()
    }

    /// Everybody who has more than one identifier: each of them, and the human's present
    /// one.
    #[must_use]
    pub fn humans(&self) -> BTreeMap<PatientId, PatientId> {
        let all = self.leads_to.iter().flat_map(|(from, to)| [*from, *to]);
        all.map(|id| (id, self.human(id))).collect()
    }

    fn human(&self, mut id: PatientId) -> PatientId {
        while let Some(next) = self.leads_to(id) {
            id = next;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::sample;

    fn id(number: u128) -> PatientId {
        PatientId::from_uuid(Uuid::from_u128(number))
    }

    fn merged(source: u128, target: u128) -> PatientChange {
        PatientChange::Merged {
            source: id(source),
            target: id(target),
        }
    }

    fn unmerged(source: u128) -> PatientChange {
        PatientChange::Unmerged { source: id(source) }
    }

    fn after(changes: &[PatientChange]) -> Aliases {
        let mut aliases = Aliases::default();
        for change in changes {
            aliases.take(*change);
        }
        aliases
    }

    #[test]
    fn both_copies_of_an_event_tell_the_same_and_only_identity_s() {
        let sample = sample::Events::new(1);
        let (source, target) = (sample.patient_id(), sample.patient_id());
        let merged = PatientChange::Merged { source, target };
        let unmerged = PatientChange::Unmerged { source };
        for (kind, told) in [
            (EventKind::PatientsMerged, merged),
            (EventKind::PatientsUnmerged, unmerged),
        ] {
            for event in sample.of_two(kind, source, target) {
                assert_eq!(PatientChange::told_by("identity", &event), Some(told));
                for other in ["consent", "audit", "practitioner-directory", "Identity", ""] {
                    assert_eq!(PatientChange::told_by(other, &event), None);
                }
            }
        }
    }

    #[test]
    fn an_event_that_does_not_say_clearly_of_whom_it_speaks_tells_nothing() {
        let sample = sample::Events::new(1);
        let (source, target) = (sample.patient_id(), sample.patient_id());
        let [clear, _] = sample.of_two(EventKind::PatientsMerged, source, target);
        assert!(PatientChange::in_event(&clear).is_some());
        let with = |change: &dyn Fn(&mut Event)| {
            let mut event = clear.clone();
            change(&mut event);
            PatientChange::in_event(&event)
        };
        let set = |field: &'static str, value: &'static str| {
            with(&move |event| {
                event.after.insert(field.to_owned(), value.to_owned());
            })
        };
        for field in ["source_patient_id", "target_patient_id"] {
            assert_eq!(with(&|event| drop(event.after.remove(field))), None);
            for value in ["", "nobody", "00000000-0000-0000-0000-00000000000", "'; --"] {
                assert_eq!(set(field, value), None, "{field} {value}");
            }
        }
        assert_eq!(with(&|event| event.patient_id = None), None);
        let third = sample.patient_id();
        assert_eq!(with(&|event| event.patient_id = Some(third)), None);
        assert_eq!(with(&|event| event.outcome = Outcome::Refused), None);
        let kind = EventKind::PatientIdentityUpdated;
        assert_eq!(with(&|event| event.kind = kind), None);
        let [itself, _] = sample.of_two(EventKind::PatientsMerged, source, source);
        assert_eq!(PatientChange::in_event(&itself), None);
    }

    #[test]
    fn a_chain_leads_to_its_end_and_is_taken_back_link_by_link() {
        let chain = [merged(1, 2), merged(2, 3)];
        let three = [(id(1), id(3)), (id(2), id(3)), (id(3), id(3))];
        assert_eq!(after(&chain).humans(), three.into());
        assert_eq!(after(&chain).leading_to(id(3)), [id(2)].into());
        let split = after(&[chain[0], chain[1], unmerged(2)]);
        assert_eq!(split.humans(), [(id(1), id(2)), (id(2), id(2))].into());
        let nobody = after(&[chain[0], chain[1], unmerged(2), unmerged(1)]);
        assert_eq!(nobody, Aliases::default());
    }

    #[test]
    fn nobody_is_merged_into_themselves() {
        assert_eq!(after(&[merged(1, 1)]), Aliases::default());
    }

    /// What identity may tell: it merges patients who lead nowhere and takes back what it
    /// merged.
    fn history() -> impl Strategy<Value = Vec<PatientChange>> {
        vec((1_u128..=5, 1_u128..=5, any::<bool>()), 0..20).prop_map(|wishes| {
            let (mut told, mut aliases) = (Vec::new(), Aliases::default());
            for (source, target, is_undo) in wishes {
                let free = |number| aliases.leads_to(id(number)).is_none();
                let change = if is_undo && !free(source) {
                    unmerged(source)
                } else if source != target && free(source) && free(target) {
                    merged(source, target)
                } else {
                    continue;
                };
                aliases.take(change);
                told.push(change);
            }
            told
        })
    }

    proptest! {
        #[test]
        fn going_through_events_again_from_anywhere_ends_at_the_same(
            history in history(),
            from in any::<prop::sample::Index>(),
        ) {
            let expected = after(&history);
            let mut again = expected.clone();
            for change in &history[from.index(history.len() + 1)..] {
                again.take(*change);
            }
            prop_assert_eq!(again, expected);
        }

        #[test]
        fn whatever_is_told_nobody_leads_back_to_themselves(
            told in vec((1_u128..=5, 1_u128..=5, any::<bool>()), 0..20),
        ) {
            let changes: Vec<_> = told
                .into_iter()
                .map(|(source, target, undo)| if undo { unmerged(source) } else { merged(source, target) })
                .collect();
            let humans = after(&changes).humans();
            prop_assert!(humans.values().all(|human| humans[human] == *human));
        }
    }
}
