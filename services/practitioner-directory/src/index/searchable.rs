//! Everybody of one revision: an index of the whole directory as it was, and one of those
//! who changed since.

use std::collections::HashSet;
use std::ops::Range;
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

/// Where somebody who is found stands beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Their place in the index of the whole directory, if they did not change since.
    pub rank: Option<u32>,
    /// Whether somebody else who practises bears their name.
    pub has_homonym: bool,
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

    /// Where somebody who was found stands beside those who bear their name.
    #[must_use]
    pub fn standing(&self, of: &PractitionerPosition) -> Standing {
        let (whole, recent) = (&self.whole, &self.recent);
        let ranks = whole.names.all_of(&of.sort_name);
        let rank = whole.rank_among(ranks.clone(), of.id);
        let other = |id: PractitionerId| id != of.id;
        let mut bearers = whole.practising(ranks);
        let mut recent_bearers = recent.practising(recent.names.all_of(&of.sort_name));
        Standing {
            rank: rank.filter(|rank| !self.left.contains(rank)),
            has_homonym: bearers.any(|(rank, id)| other(id) && !self.left.contains(&rank))
                || recent_bearers.any(|(_, id)| other(id)),
        }
    }

    /// Those of these ranks who did not change since the directory was indexed whole.
    #[must_use]
    pub fn unchanged(&self, ranks: Range<u32>) -> Vec<(u32, PractitionerId)> {
        let ranks = ranks.filter(|rank| !self.left.contains(rank));
        let people = ranks.filter_map(|rank| Some((rank, *self.whole.people.get(rank as usize)?)));
        people.collect()
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
    /// Those of these ranks who practise.
    fn practising(&self, ranks: Range<u32>) -> impl Iterator<Item = (u32, PractitionerId)> + '_ {
        let active = ranks.filter(|rank| self.active[*rank as usize]);
        active.map(|rank| (rank, self.people[rank as usize]))
    }

    /// Somebody's own among those of one name.
    fn rank_among(&self, ranks: Range<u32>, id: PractitionerId) -> Option<u32> {
        let namesakes = &self.people[ranks.start as usize..ranks.end as usize];
        let place = namesakes.binary_search(&id).ok()?;
        Some(ranks.start + u32::try_from(place).ok()?)
    }
}
