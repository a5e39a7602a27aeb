//! The events of a history: those that are told, and what is left of those that were erased.

use std::collections::{BTreeSet, HashMap};

use aval_domain::event::Event;
use aval_domain::id::PatientId;
use aval_merkle_log::leaf::{LeafContent, leaf_hash};
use aval_merkle_log::receipt::Evidence;
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
    /// What of it is told to whoever reads.
    Withheld(Box<WithheldEntry>),
}

/// An event of which something is kept from whoever reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithheldEntry {
    /// Its place in the log, from 0.
    pub log_index: u64,
    /// What its leaf says.
    pub leaf: LeafContent,
    /// What is told, without the documents that are hidden from the reader; none: nothing is.
    pub part: Option<Event>,
}

impl Listed {
    /// Its place in the log.
    #[must_use]
    pub const fn log_index(&self) -> u64 {
        match self {
            Self::Told(entry) => entry.log_index,
            Self::Erased(erased) => erased.stored.log_index,
            Self::Withheld(withheld) => withheld.log_index,
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
            Self::Withheld(withheld) => &withheld.leaf,
        }
    }

    /// What a receipt of it proves, and the salt that this takes. Of an event that is not all
    /// told that is its place alone: its canonical bytes would tell the rest.
    #[must_use]
    pub fn evidence(&self) -> (Option<[u8; 32]>, Evidence<'_>) {
        match self {
            Self::Told(entry) => (Some(entry.salt.0), Evidence::Event(&entry.canonical)),
            Self::Erased(_) | Self::Withheld(_) => (None, Evidence::LeafOnly),
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
