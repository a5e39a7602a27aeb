//! One human under several identifiers.
//!
//! The directory finds that two of its entries are one human, identity that two patients
//! are, and sometimes that they are two after all. What was written under either identifier
//! stays as it was written; whoever reads, reads under all identifiers of the human. So an
//! entry that leads elsewhere is all there is to remember, and taking a merge back is
//! forgetting that it does.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::PractitionerId;

/// What is told of who is whom: by the directory of professionals, by identity of patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityChange<Id = PractitionerId> {
    /// Two entries are one human: the source leads to the target from now on.
    Merged {
        /// The entry that leads to the other.
        source: Id,
        /// The entry that stays.
        target: Id,
    },
    /// The source leads nowhere any more.
    Unmerged {
        /// The entry that had been merged.
        source: Id,
    },
}

/// Which entries lead to which: of some humans, everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aliases<Id = PractitionerId> {
    leads_to: BTreeMap<Id, Id>,
}

impl<Id> IdentityChange<Id> {
    /// The same of identifiers of another type.
    pub fn map<Other>(self, convert: impl Fn(Id) -> Other) -> IdentityChange<Other> {
        match self {
            Self::Merged { source, target } => IdentityChange::Merged {
                source: convert(source),
                target: convert(target),
            },
            Self::Unmerged { source } => IdentityChange::Unmerged {
                source: convert(source),
            },
        }
    }

    /// The entries that it is about.
    pub fn entries(self) -> impl Iterator<Item = Id> {
        let (source, target) = match self {
            Self::Merged { source, target } => (source, Some(target)),
            Self::Unmerged { source } => (source, None),
        };
        std::iter::once(source).chain(target)
    }
}

impl<Id> Default for Aliases<Id> {
    fn default() -> Self {
        let leads_to = BTreeMap::new();
        Self { leads_to }
    }
}

impl<Id: Copy + Ord> Aliases<Id> {
    /// Those that are known: entries, and where each leads.
    pub fn known(leads_to: impl IntoIterator<Item = (Id, Id)>) -> Self {
        Self {
            leads_to: leads_to.into_iter().collect(),
        }
    }

    /// Takes in what is told.
    ///
    /// Only entries that lead nowhere are merged: neither did at that moment. Each
    /// change thus says all about the entries that it names: going through changes a second
    /// time ends where the first time did, and nothing ever leads back to itself.
    pub fn take(&mut self, change: IdentityChange<Id>) {
        match change {
            IdentityChange::Merged { source, target } if source == target => {}
            IdentityChange::Merged { source, target } => {
                self.leads_to.remove(&target);
                self.leads_to.insert(source, target);
            }
            IdentityChange::Unmerged { source } => {
                self.leads_to.remove(&source);
            }
        }
    }

    /// The entry that this one was merged into.
    #[must_use]
    pub fn leads_to(&self, id: Id) -> Option<Id> {
        self.leads_to.get(&id).copied()
    }

    /// The entries that lead to this one without another between them.
    #[must_use]
    pub fn leading_to(&self, id: Id) -> BTreeSet<Id> {
        let leading = self.leads_to.iter().filter(|(_, to)| **to == id);
        leading.map(|(from, _)| *from).collect()
    }

    /// Everybody who has more than one entry: each entry, and the human's present one.
    #[must_use]
    pub fn humans(&self) -> BTreeMap<Id, Id> {
        let entries = self.leads_to.iter().flat_map(|(from, to)| [*from, *to]);
        entries.map(|id| (id, self.human(id))).collect()
    }

    fn human(&self, mut id: Id) -> Id {
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

    fn id(number: u128) -> PractitionerId {
        PractitionerId::from_uuid(Uuid::from_u128(number))
    }

    fn merged(source: u128, target: u128) -> IdentityChange {
        IdentityChange::Merged {
            source: id(source),
            target: id(target),
        }
    }

    fn unmerged(source: u128) -> IdentityChange {
        IdentityChange::Unmerged { source: id(source) }
    }

    fn after(changes: &[IdentityChange]) -> Aliases {
        let mut aliases = Aliases::default();
        for change in changes {
            aliases.take(*change);
        }
        aliases
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
    fn an_entry_is_never_merged_into_itself() {
        assert_eq!(after(&[merged(1, 1)]), Aliases::default());
    }

    /// What a directory may tell: it merges entries that lead nowhere and takes back what
    /// it merged.
    fn history() -> impl Strategy<Value = Vec<IdentityChange>> {
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
        fn going_through_changes_again_from_anywhere_ends_at_the_same(
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
        fn every_entry_of_a_human_leads_to_the_same_one(history in history()) {
            let aliases = after(&history);
            let humans = aliases.humans();
            for (entry, human) in &humans {
                prop_assert_eq!(humans.get(human), Some(human));
                let next = aliases.leads_to(*entry);
                prop_assert_eq!(next.is_none(), entry == human);
                prop_assert_eq!(humans[&next.unwrap_or(*entry)], *human);
            }
        }

        #[test]
        fn whatever_is_told_nothing_leads_back_to_itself(
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
