//! One professional under several identifiers.
//!
//! The directory finds that two of its entries are one human, and sometimes that they are two
//! after all; both stand in the log, as events that concern no patient. What was recorded
//! under either identifier stays as it was recorded; whoever asks for a professional's acts is
//! shown those under all of theirs. There are few such events, and nobody's reading waits for
//! them: so they are read from the log itself, and what was read is remembered.

use std::collections::HashMap;

use aval_domain::aliases::{Aliases, IdentityChange};
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::PractitionerId;

/// The producer that knows which professionals are one human. Nobody else's events lead
/// anywhere: they would show one professional's acts to another.
pub const TELLER: &str = "practitioner-directory";

/// The kinds of events that tell of it.
pub const KINDS: [EventKind; 2] = [
    EventKind::DirectoryPractitionersMerged,
    EventKind::DirectoryPractitionersUnmerged,
];

/// What an event tells, if it does so clearly; who delivered it is for the caller to know.
#[must_use]
pub fn in_event(event: &Event) -> Option<IdentityChange> {
    if event.outcome != Outcome::Success {
        return None;
    }
    let named = |field| event.after.get(field)?.parse::<PractitionerId>().ok();
    let source = named("source_practitioner_id")?;
    let target = named("target_practitioner_id")?;
    if source == target {
        return None;
    }
    match event.kind {
        EventKind::DirectoryPractitionersMerged => Some(IdentityChange::Merged { source, target }),
        EventKind::DirectoryPractitionersUnmerged => Some(IdentityChange::Unmerged { source }),
        _ => None,
    }
}

/// Under what a professional is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifiers {
    /// Those whose acts are this one's own: those that lead to it, and its own. Of whoever
    /// leads elsewhere it is their own alone, so that a token from before a merge sees no more
    /// than it did.
    pub own: Vec<PractitionerId>,
    /// All of the human's.
    pub of_human: Vec<PractitionerId>,
}

impl Identifiers {
    /// Of whoever has one.
    #[must_use]
    pub fn alone(id: PractitionerId) -> Self {
        Self {
            own: vec![id],
            of_human: vec![id],
        }
    }
}

/// Which professionals are one human, as far as was told.
#[derive(Debug, Clone, Default)]
pub struct Professionals {
    aliases: Aliases,
    /// Of everybody who has more than one: the human's present identifier.
    humans: HashMap<PractitionerId, PractitionerId>,
    /// And all identifiers of that human, in order.
    identifiers: HashMap<PractitionerId, Vec<PractitionerId>>,
}

impl Professionals {
    /// Takes in what is told next.
    pub fn take(&mut self, changes: impl IntoIterator<Item = IdentityChange>) {
        for change in changes {
            self.aliases.take(change);
        }
        self.humans = self.aliases.humans().into_iter().collect();
        self.identifiers.clear();
        for (id, human) in &self.humans {
            self.identifiers.entry(*human).or_default().push(*id);
        }
        for ids in self.identifiers.values_mut() {
            ids.sort_unstable();
        }
    }

    /// The human's present identifier.
    #[must_use]
    pub fn human(&self, id: PractitionerId) -> PractitionerId {
        self.humans.get(&id).copied().unwrap_or(id)
    }

    /// Every identifier of the human who has this one.
    #[must_use]
    pub fn of_human(&self, id: PractitionerId) -> Vec<PractitionerId> {
        let all = self.identifiers.get(&self.human(id));
        all.cloned().unwrap_or_else(|| vec![id])
    }

    /// Those of these who are known under another identifier by now, and under which.
    #[must_use]
    pub fn led_elsewhere(
        &self,
        ids: impl IntoIterator<Item = PractitionerId>,
    ) -> HashMap<PractitionerId, PractitionerId> {
        let humans = ids.into_iter().map(|id| (id, self.human(id)));
        humans.filter(|(id, human)| id != human).collect()
    }

    /// Whether nobody has more than one.
    #[must_use]
    pub fn are_all_alone(&self) -> bool {
        self.humans.is_empty()
    }

    /// Under what this one is known.
    #[must_use]
    pub fn known_as(&self, id: PractitionerId) -> Identifiers {
        let of_human = self.of_human(id);
        let own = if self.human(id) == id {
            of_human.clone()
        } else {
            vec![id]
        };
        Identifiers { own, of_human }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_human_is_known_by_each_of_their_identifiers_until_they_are_two_again() {
        let sample = sample::Events::new(1);
        let mut ids = [0; 4].map(|_| sample.practitioner_id());
        ids.sort_unstable();
        let [a, b, c, other] = ids;
        let mut known = Professionals::default();
        assert_eq!(known.of_human(a), [a]);
        assert!(known.are_all_alone());
        let merged = |source, target| IdentityChange::Merged { source, target };
        known.take([merged(a, b), merged(b, c)]);
        for id in [a, b, c] {
            assert_eq!((known.human(id), known.of_human(id)), (c, vec![a, b, c]));
        }
        let own = |known: &Professionals, id| known.known_as(id).own;
        assert_eq!(own(&known, c), [a, b, c]);
        assert_eq!((own(&known, a), own(&known, b)), (vec![a], vec![b]));
        assert_eq!(known.known_as(a).of_human, [a, b, c]);
        assert_eq!(known.known_as(other), Identifiers::alone(other));
        assert!(!known.are_all_alone());
        assert_eq!(known.led_elsewhere([a, c, other]), [(a, c)].into());
        known.take([IdentityChange::Unmerged { source: b }]);
        assert_eq!((own(&known, b), own(&known, c)), (vec![a, b], vec![c]));
        known.take([IdentityChange::Unmerged { source: a }]);
        assert_eq!((own(&known, a), own(&known, b)), (vec![a], vec![b]));
    }

    #[test]
    fn an_event_that_does_not_say_clearly_of_whom_it_speaks_tells_nothing() {
        let sample = sample::Events::new(1);
        let (source, target) = (sample.practitioner_id(), sample.practitioner_id());
        let [merged, unmerged] = KINDS.map(|kind| sample.of_professionals(kind, source, target));
        let told = Some(IdentityChange::Merged { source, target });
        assert_eq!(in_event(&merged), told);
        assert_eq!(
            in_event(&unmerged),
            Some(IdentityChange::Unmerged { source })
        );
        let with = |change: &dyn Fn(&mut Event)| {
            let mut event = merged.clone();
            change(&mut event);
            in_event(&event)
        };
        assert_eq!(with(&|event| event.outcome = Outcome::Refused), None);
        let kind = EventKind::PatientsMerged;
        assert_eq!(with(&|event| event.kind = kind), None);
        for field in ["source_practitioner_id", "target_practitioner_id"] {
            assert_eq!(with(&|event| drop(event.after.remove(field))), None);
            for value in ["", "nobody", &format!("{target} ")] {
                let value = value.to_owned();
                let altered = with(&|event| {
                    event.after.insert(field.to_owned(), value.clone());
                });
                assert_eq!(altered, None, "{field} {value}");
            }
        }
        let itself = sample.of_professionals(KINDS[0], source, source);
        assert_eq!(in_event(&itself), None);
    }
}
