//! This process' own memory of entries.

use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::entry::{AccessKey, Entry};
use super::knowledge::Generation;

/// An entry, and the life of the database in which it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// What was read.
    pub(super) entry: Entry,
    /// The generation that was the present one before it was read.
    pub(super) generation: Generation,
}

/// The entries that are asked for most, up to a number of bytes.
pub(super) struct LocalTier(Cache<AccessKey, Arc<Kept>, Bytes>);

/// About what an entry weighs on average: an open record, five grants, two settings.
const USUAL_BYTES: u64 = 1_000;

/// An entry weighs what it takes in memory.
#[derive(Debug, Clone)]
struct Bytes;

impl LocalTier {
    /// An empty one that takes about this many bytes.
    pub(super) fn new(largest_bytes: u64) -> Self {
        let usual_entries = usize::try_from(largest_bytes / USUAL_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(usual_entries, largest_bytes, Bytes))
    }

    pub(super) fn get(&self, key: &AccessKey) -> Option<Arc<Kept>> {
        self.0.get(key)
    }

    pub(super) fn put(&self, key: AccessKey, kept: Arc<Kept>) {
        self.0.insert(key, kept);
    }
}

impl Weighter<AccessKey, Arc<Kept>> for Bytes {
    fn weight(&self, _: &AccessKey, kept: &Arc<Kept>) -> u64 {
        kept.entry.weight() as u64
    }
}

/// Without the entries: they speak of patients.
impl fmt::Debug for LocalTier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LocalTier")
            .field("entries", &self.0.len())
            .finish()
    }
}
