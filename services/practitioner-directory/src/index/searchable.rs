//! Everybody of one revision: an index of the whole directory as it was, and one of those
//! who changed since.

use std::collections::HashSet;
use std::sync::Arc;

use aval_domain::id::PractitionerId;

use super::{Among, Building, Pass, PeopleIndex, Searched};
use crate::search::{PractitionerPosition, PractitionerSearch};

/// People as they are at one revision.
#[derive(Debug, Clone)]
pub struct Searchable {
    whole: Arc<PeopleIndex>,
    /// The ranks of those in it who changed since.
    left: Arc<HashSet<u32>>,
    /// These as they are now.
    recent: Arc<PeopleIndex>,
}

impl Searchable {
    /// The directory as it was when it was indexed whole.
    #[must_use]
    pub fn of(whole: Arc<PeopleIndex>) -> Self {
        Self {
            whole,
            left: Arc::default(),
            recent: Arc::default(),
        }
    }

    /// The same where these changed since: all of them, each as they are now, or `None` where
    /// the entry leads to another one. `None` of more than there are numbers for.
    #[must_use]
    pub fn with<'a>(
        &self,
        changed: impl Iterator<Item = (PractitionerId, Option<&'a Searched>)>,
    ) -> Option<Self> {
        let mut ids = HashSet::new();
        let mut building = Building::default();
        for (id, somebody) in changed {
            ids.insert(id);
            if let Some(somebody) = somebody {
                building.take(somebody);
            }
        }
        let ranks = self.whole.people.iter().zip(0..);
        let left = ranks.filter_map(|(id, rank)| ids.contains(id).then_some(rank));
        Some(Self {
            whole: Arc::clone(&self.whole),
            left: Arc::new(left.collect()),
            recent: Arc::new(building.finish()?),
        })
    }

    /// How many people the index of the whole directory has.
    #[must_use]
    pub fn len_of_whole(&self) -> usize {
        self.whole.len()
    }

    /// The first of those who answer in this pass, in the order of the answer.
    #[must_use]
    pub fn hits(
        &self,
        search: &PractitionerSearch,
        pass: Pass,
        after: Option<&PractitionerPosition>,
        among: Among<'_>,
        wanted: usize,
    ) -> Vec<PractitionerPosition> {
        let mut hits = self
            .whole
            .hits(search, pass, after, among, &self.left, wanted);
        if self.recent.is_empty() {
            return hits;
        }
        let nobody = HashSet::new();
        let recent = self
            .recent
            .hits(search, pass, after, among, &nobody, wanted);
        hits.extend(recent);
        hits.sort_unstable();
        hits.truncate(wanted);
        hits
    }

    /// Whether somebody else who practises bears this one's name.
    #[must_use]
    pub fn has_homonym(&self, of: &PractitionerPosition) -> bool {
        let other = |id: &PractitionerId| *id != of.id;
        let whole = self.whole.bearers(&of.sort_name);
        let mut whole = whole.filter(|(rank, _)| !self.left.contains(rank));
        whole.any(|(_, id)| other(&id))
            || self.recent.bearers(&of.sort_name).any(|(_, id)| other(&id))
    }

    /// What everybody is searched by.
    #[cfg(test)]
    pub(crate) fn everybody(&self) -> Vec<super::tests::Seen> {
        let whole = (0..).take(self.whole.len());
        let whole = whole.filter(|rank| !self.left.contains(rank));
        let mut seen: Vec<_> = whole.map(|rank| self.whole.seen(rank)).collect();
        seen.extend((0..).take(self.recent.len()).map(|at| self.recent.seen(at)));
        seen.sort_unstable();
        seen
    }
}

impl PeopleIndex {
    /// Those who practise under this name.
    fn bearers(&self, sort_name: &str) -> impl Iterator<Item = (u32, PractitionerId)> + '_ {
        let ranks = self.names.all_of(sort_name);
        let active = ranks.filter(|rank| self.active[*rank as usize]);
        active.map(|rank| (rank, self.people[rank as usize]))
    }
}
