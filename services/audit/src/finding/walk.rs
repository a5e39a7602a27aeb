//! A walk along the log that judges each access without an explanation.
//!
//! Each is judged by the history of its patient alone, so that a step costs what there is to
//! judge in it, however many patients and professionals the log has. Whether an access is a
//! first one is said as soon as the log has it; whether an emergency was followed up, when the
//! time for it is over. By then everything that a judgement looks at is in the log, and stays:
//! whoever walks again finds the same.

use std::ops::Range;
use std::sync::Arc;

use aval_database::DatabaseError;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::time::Timestamp;
use aval_runtime::page::PageTokenInvalid;

use super::{Finding, FindingCursor};
use crate::entry::StoredEntry;
use crate::error::Error;
use crate::oversight::Search;
use crate::query::{Filter, Onward, Scope};
use crate::store::Store;
use crate::unusual::{Access, Basis, Fact, Rules, UnusualKind, unusual_from};

/// How many entries one step walks over.
const ENTRIES_PER_STEP: u64 = 4_000;

/// How many events are read at once.
const EVENTS_PER_READ: u64 = 500;

/// What walks.
pub(crate) struct Walk {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) rules: Rules,
}

/// What came of a step.
pub(crate) struct Step {
    /// What was found, each with where to go on after it.
    pub(crate) found: Vec<(Finding, FindingCursor)>,
    /// Where to go on after all of it.
    pub(crate) cursor: FindingCursor,
    /// Whether there is nothing more to look at by now.
    pub(crate) is_last: bool,
}

/// An access that nothing explains, and its place in the log.
struct Unexplained {
    log_index: u64,
    access: Access,
}

impl Walk {
    /// Where to begin: there, unless that was never given, or as far back as it is known
    /// what is usual.
    pub(crate) async fn beginning(
        &self,
        cursor: Option<FindingCursor>,
    ) -> Result<FindingCursor, Error> {
        let size = self.store.size().await?;
        let Some(cursor) = cursor else {
            let since = self.recorded(size.saturating_sub(1)).await?;
            let since = since.map(|last| last.saturating_sub(self.rules.past));
            let place = match since {
                Some(since) => self.store.place_at(since).await?,
                None => 0,
            };
            return Ok(FindingCursor {
                looked: place,
                followed_up: place,
            });
        };
        if cursor.looked > size || cursor.followed_up > cursor.looked {
            return Err(PageTokenInvalid.into());
        }
        Ok(cursor)
    }

    /// The next step from there.
    pub(crate) async fn step(&self, mut cursor: FindingCursor) -> Result<Step, Error> {
        let size = self.store.size().await?;
        let mut found = Vec::new();
        let looked = size.min(cursor.looked.saturating_add(ENTRIES_PER_STEP));
        for one in self.unexplained(cursor.looked..looked, false).await? {
            cursor.looked = one.log_index + 1;
            let finding = self.first_access(&one).await?;
            found.extend(finding.map(|finding| (finding, cursor)));
        }
        cursor.looked = looked;

        let due = self.followed_up(cursor).await?;
        let step = due.min(cursor.followed_up.saturating_add(ENTRIES_PER_STEP));
        for one in self.unexplained(cursor.followed_up..step, true).await? {
            cursor.followed_up = one.log_index + 1;
            let finding = self.emergency(&one).await?;
            found.extend(finding.map(|finding| (finding, cursor)));
        }
        cursor.followed_up = step;
        Ok(Step {
            found,
            cursor,
            is_last: looked == size && step == due,
        })
    }

    /// Below which place emergencies have had the time to be followed up.
    async fn followed_up(&self, cursor: FindingCursor) -> Result<u64, Error> {
        let last = cursor.looked.checked_sub(1);
        let known_until = match last {
            Some(last) => self.recorded(last).await?,
            None => None,
        };
        let Some(known_until) = known_until else {
            return Ok(cursor.followed_up);
        };
        let due = known_until.saturating_sub(self.rules.followed_up_after());
        // As nearly always: the next one has its time still.
        let next = self.recorded(cursor.followed_up).await?;
        if next.is_none_or(|next| next >= due) {
            return Ok(cursor.followed_up);
        }
        let place = self.store.place_at(due).await?;
        Ok(place.clamp(cursor.followed_up, cursor.looked))
    }

    async fn recorded(&self, log_index: u64) -> Result<Option<Timestamp>, Error> {
        let leaves = self.store.leaves(log_index..log_index + 1).await?;
        let leaf = leaves.first();
        Ok(leaf.map(|leaf| Timestamp::from_micros(leaf.recorded_at_micros)))
    }

    /// The accesses in this part of the log that nothing explains, in its order.
    async fn unexplained(
        &self,
        range: Range<u64>,
        emergencies_only: bool,
    ) -> Result<Vec<Unexplained>, Error> {
        let accesses = Filter {
            kinds: [EventKind::AccessDecided].into(),
            ..Filter::default()
        };
        let mut filters = vec![Filter {
            outcome: Some(Outcome::Success),
            emergency_only: true,
            ..accesses.clone()
        }];
        if !emergencies_only {
            filters.push(Filter {
                outcome: Some(Outcome::Refused),
                ..accesses
            });
        }
        let mut found = Vec::new();
        for filter in filters {
            let mut search = Search {
                filter,
                from: range.start,
                before: range.end,
                limit: EVENTS_PER_READ,
            };
            while search.before > search.from {
                let part = self.store.search(&search).await?;
                for entry in part.entries.into_iter().map(StoredEntry::open) {
                    let entry = entry?;
                    let told = Fact::told_by(&entry.event, entry.recorded_at);
                    let log_index = entry.log_index;
                    found.extend(told.into_iter().filter_map(|fact| match fact {
                        Fact::Access(access) => Some(Unexplained { log_index, access }),
                        Fact::Relation(_) => None,
                    }));
                }
                search.before = part.looked_from;
            }
        }
        let wanted = |one: &Unexplained| match one.access.basis {
            Basis::BrokenGlass => true,
            Basis::Refused => !emergencies_only,
            Basis::Explained | Basis::Contribution | Basis::RegulationCenter => false,
        };
        found.retain(wanted);
        found.sort_unstable_by_key(|one| one.log_index);
        Ok(found)
    }

    /// By what the log said when it took the access.
    async fn first_access(&self, one: &Unexplained) -> Result<Option<Finding>, Error> {
        let kind = UnusualKind::FirstAccessWithoutRelation;
        let known_until = one.access.recorded_at;
        let until = one.log_index + 1;
        self.judged(&one.access, kind, known_until, until).await
    }

    /// By what the log said when the time was over.
    async fn emergency(&self, one: &Unexplained) -> Result<Option<Finding>, Error> {
        let kind = UnusualKind::EmergencyWithoutFollowUp;
        let over = self.rules.followed_up_after();
        let known_until = one.access.recorded_at.saturating_add(over);
        let until = self.store.place_at(known_until).await?;
        self.judged(&one.access, kind, known_until, until).await
    }

    /// Whether an access is unusual in this way, by what stands below a place of the log.
    async fn judged(
        &self,
        access: &Access,
        kind: UnusualKind,
        known_until: Timestamp,
        until: u64,
    ) -> Result<Option<Finding>, Error> {
        let facts = self.facts_of(access, until).await?;
        let facts = of_humans(self.store.as_ref(), facts).await?;
        let found = unusual_from(&facts, access, kind, known_until, &self.rules);
        Ok(found.map(|found| Finding {
            id: found.id,
            kind,
            patient_id: access.patient_id,
            practitioner_id: found.practitioner_id,
            event_id: access.event_id,
            first_at: found.first_at,
        }))
    }

    /// What the patient's history tells from as far back as it is known what is usual, up to
    /// this place. What stands under another identifier that leads to theirs is theirs.
    async fn facts_of(&self, access: &Access, until: u64) -> Result<Vec<Fact>, Error> {
        let since = access.recorded_at.saturating_sub(self.rules.past);
        let mut onward = Onward {
            scope: Scope::Patient(access.patient_id),
            filter: Filter {
                kinds: Fact::KINDS.into(),
                ..Filter::default()
            },
            from: self.store.place_at(since).await?,
            limit: EVENTS_PER_READ,
        };
        let mut facts = Vec::new();
        loop {
            let page = self.store.events_from(&onward).await?;
            let is_last = (page.len() as u64) < onward.limit;
            for entry in page.into_iter().map(StoredEntry::open) {
                let mut entry = entry?;
                if entry.log_index >= until {
                    return Ok(facts);
                }
                onward.from = entry.log_index + 1;
                entry.event.patient_id = Some(access.patient_id);
                facts.extend(Fact::told_by(&entry.event, entry.recorded_at));
            }
            if is_last {
                return Ok(facts);
            }
        }
    }
}

/// What these facts are of humans: whatever somebody did under another identifier is theirs.
pub(crate) async fn of_humans(
    store: &dyn Store,
    facts: Vec<Fact>,
) -> Result<Vec<Fact>, DatabaseError> {
    let ids = facts.iter().filter_map(Fact::practitioner_id).collect();
    let known_as = store.humans(&ids).await?;
    if known_as.is_empty() {
        return Ok(facts);
    }
    let of_humans = facts.into_iter().map(|fact| fact.of_humans(&known_as));
    Ok(of_humans.collect())
}
