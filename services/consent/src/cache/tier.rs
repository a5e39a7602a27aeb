//! This process' own memory of entries.

use std::sync::Arc;
use std::time::Duration;

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

/// The most recently used entries, up to a number of bytes.
#[derive(Debug, Clone)]
pub(super) struct LocalTier(moka::sync::Cache<AccessKey, Arc<Kept>>);

/// Entries that nobody asks for are let go.
const IDLE: Duration = Duration::from_mins(30);

impl LocalTier {
    /// An empty one that takes about this many bytes.
    pub(super) fn new(largest_bytes: u64) -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(largest_bytes)
            .weigher(|_, kept: &Arc<Kept>| u32::try_from(kept.entry.weight()).unwrap_or(u32::MAX))
            .time_to_idle(IDLE)
            .build();
        Self(cache)
    }

    pub(super) fn get(&self, key: &AccessKey) -> Option<Arc<Kept>> {
        self.0.get(key)
    }

    pub(super) fn put(&self, key: AccessKey, kept: Arc<Kept>) {
        self.0.insert(key, kept);
    }
}
