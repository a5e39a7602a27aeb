//! What is left of events that were erased, among those that were not.

use std::collections::{BTreeSet, HashMap};

use aval_domain::id::PatientId;
use aval_merkle_log::leaf::{LeafContent, leaf_hash};
use uuid::Uuid;

use super::App;
use crate::entry::{Altered, Entry, StoredErased};
use crate::erasure::ErasedEntry;
use crate::error::Error;
use crate::store::Sequence;

/// An event of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// As the log holds it.
    Told(Box<Entry>),
    /// What is left of it, and why.
    Erased(Box<ErasedEntry>),
}

impl Listed {
    /// Its place in the log.
    #[must_use]
    pub const fn log_index(&self) -> u64 {
        match self {
            Self::Told(entry) => entry.log_index,
            Self::Erased(erased) => erased.stored.log_index,
        }
    }

    /// Whose history it is in.
    #[must_use]
    pub fn patient_id(&self) -> Option<PatientId> {
        let id = self.leaf().patient_id();
        id.map(|id| PatientId::from_uuid(Uuid::from_bytes(id)))
    }

    /// What its leaf says.
    #[must_use]
    pub const fn leaf(&self) -> &LeafContent {
        match self {
            Self::Told(entry) => &entry.leaf,
            Self::Erased(erased) => &erased.stored.leaf,
        }
    }
}

/// One list of both, in this order, as long as either was asked to be. What was told before
/// it was erased is told.
pub(super) fn joined(
    entries: Vec<Entry>,
    erased: Vec<ErasedEntry>,
    order: Sequence,
    limit: u64,
) -> Vec<Listed> {
    let told = entries
        .into_iter()
        .map(|entry| Listed::Told(Box::new(entry)));
    let mut all: Vec<Listed> = told
        .chain(
            erased
                .into_iter()
                .map(|left| Listed::Erased(Box::new(left))),
        )
        .collect();
    all.sort_by_key(Listed::log_index);
    all.dedup_by_key(|event| event.log_index());
    if order == Sequence::NewestFirst {
        all.reverse();
    }
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    all
}

impl App {
    /// What a reader learns of these rows: of each, the event that says that it was erased.
    /// A row that no event accounts for is not shown as erased.
    pub(super) async fn explained(
        &self,
        rows: Vec<StoredErased>,
    ) -> Result<Vec<ErasedEntry>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let by: BTreeSet<u64> = rows.iter().map(|row| row.erased_by).collect();
        let by: Vec<u64> = by.into_iter().collect();
        let mut erasures: HashMap<u64, Entry> = HashMap::new();
        for stored in self.store.entries_at(&by).await? {
            let entry = stored.open()?;
            erasures.insert(entry.log_index, entry);
        }
        let mut explained = Vec::with_capacity(rows.len());
        for row in rows {
            if leaf_hash(&row.leaf) != row.leaf_hash {
                let log_index = row.log_index;
                return Err(Altered {
                    log_index,
                    what: "leaf",
                }
                .into());
            }
            let by = erasures.get(&row.erased_by);
            explained.push(ErasedEntry::of(row, by)?);
        }
        Ok(explained)
    }
}
