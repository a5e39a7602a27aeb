//! What the instances ask: a database and a shared tier.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;

use super::schedule::a_turn;
use super::world::key;
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::cache::shared::{EntryKey, SharedTier};
use crate::cache::{
    AccessKey, Authority, Change, Dependency, Entry, EntryVisibilities, News, Position, Positions,
    Shard,
};
use crate::decision::AccessBasis;
use crate::store::Answer;

/// Both professionals are treating doctors until the patient changes something. Asking
/// and answering take a turn each: what is answered may be old when it arrives.
#[derive(Debug, Default)]
pub(super) struct FakeDatabase(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    given: u64,
    head: u64,
    revoked: bool,
    changes: Vec<Change>,
    reads: usize,
}

impl FakeDatabase {
    pub(super) fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    pub(super) fn next_position(&self) -> Position {
        let mut state = self.0.lock().unwrap();
        state.given += 1;
        Position(state.given)
    }

    pub(super) fn commit(&self, position: Position, dependency: Dependency) {
        let mut state = self.0.lock().unwrap();
        state.head = state.head.max(position.0);
        state.revoked |= dependency == Dependency::Patient(key().patient_id);
        state.changes.push(Change {
            shard: dependency.shard(),
            position,
            dependency: Some(dependency),
        });
    }

    fn news_beyond(&self, known: &[Position; Shard::COUNT]) -> News {
        let state = self.0.lock().unwrap();
        let mut heads = [Position(0); Shard::COUNT];
        heads[key().shard().index()] = Position(state.head);
        let beyond = |change: &&Change| change.position > known[change.shard.index()];
        let mut changes: Vec<_> = state.changes.iter().filter(beyond).copied().collect();
        changes.sort_by_key(|change| change.position);
        News {
            history: "fake".to_owned(),
            heads,
            changes,
        }
    }

    fn present_entry(&self) -> Entry {
        let mut state = self.0.lock().unwrap();
        state.reads += 1;
        Entry {
            as_of: Positions {
                patient: state.head,
                spanning: 0,
                others: Vec::new(),
            },
            basis: Arc::new(AccessBasis {
                treating_doctor: !state.revoked,
                ..AccessBasis::default()
            }),
            visibilities: EntryVisibilities::All(Vec::new()),
        }
    }
}

impl Authority for FakeDatabase {
    fn changes_since<'a>(&'a self, known: &'a [Position; Shard::COUNT]) -> Answer<'a, News> {
        Box::pin(async move {
            a_turn().await;
            let news = self.news_beyond(known);
            a_turn().await;
            Ok(news)
        })
    }

    fn entry<'a>(&'a self, _: &'a AccessKey) -> Answer<'a, Entry> {
        Box::pin(async move {
            a_turn().await;
            let entry = self.present_entry();
            a_turn().await;
            Ok(entry)
        })
    }
}

/// A shared tier that gives back any value it was ever given, or none: whatever a
/// failover, a restored file or a lost message could make of it.
#[derive(Debug, Default)]
pub(super) struct OldValues {
    given: Mutex<Vec<Vec<u8>>>,
    asked: AtomicUsize,
}

impl OldValues {
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Some time round all of them, and past their end.
    fn some(&self, asked: usize) -> Option<Vec<u8>> {
        let given = self.given.lock().unwrap();
        given.get(asked * 7 % (given.len() + 2)).cloned()
    }
}

impl SharedTier for OldValues {
    fn get<'a>(&'a self, _: &'a EntryKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async {
            a_turn().await;
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            let value = self.some(asked);
            a_turn().await;
            value
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [EntryKey]) -> BoxFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async {
            a_turn().await;
            let asked = keys
                .iter()
                .map(|_| self.asked.fetch_add(1, Ordering::SeqCst));
            let values = asked.map(|asked| self.some(asked)).collect();
            a_turn().await;
            values
        })
    }

    fn put(&self, _: EntryKey, value: Vec<u8>, _: Duration) {
        self.given.lock().unwrap().push(value);
    }
}

impl AccessBasisSource for FakeDatabase {
    fn access_bases<'a>(
        &'a self,
        queries: &'a [AccessQuery<'a>],
    ) -> Answer<'a, Vec<Arc<AccessBasis>>> {
        Box::pin(async move {
            a_turn().await;
            // One state for all of them.
            let present = self.present_entry().basis;
            a_turn().await;
            Ok(queries.iter().map(|_| Arc::clone(&present)).collect())
        })
    }
}
