//! The log in SQL, for SQLite and PostgreSQL.
//!
//! `events` has one row an entry, whose `nodes` are the hashes of the leaf and of
//! each subtree that it completes: the whole tree, written once, without a row of
//! its own for any node. Whoever completes a group of 32 nodes keeps all of their hashes,
//! so that a proof reads one row for five levels. `log_head` has one row; its update is the
//! compare-and-swap that fences writers. `patient_heads` and `map_tiles` are the map
//! of patients' heads; `patient_aliases` is who of them is one human; `producers` is how
//! far each producer has come. `witnessed` has at most one row, the newest checkpoint that
//! witnesses cosigned. `patient_keys` are the keys under which the payloads are, and
//! `payloads` where those are on PostgreSQL, in parts of a month each.
//! `outbox` keeps this service's own events.

mod alias;
mod append;
#[cfg(test)]
pub(crate) mod damage;
mod entity;
mod erase;
mod examine;
mod filter;
mod heads;
mod hidings;
mod keys;
mod list;
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime, and async_trait wants the same"
)]
mod migration;
mod months;
mod onward;
mod professionals;
mod read;
mod rekey;
mod row;
mod search;
mod standby;
mod standing;
mod take_over;
mod together;
mod tree;
mod witnessed;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use aval_database::{Database, DatabaseError};
use aval_domain::event::Event;
use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::map::TileId;
use aval_merkle_log::tree::{KnownNodes, NodeId};
use tokio::sync::watch;

use super::{
    Answer, CommitError, HeadProof, Humans, KeyCounts, MapTiles, Page, Rekeyed, Sequence,
    StandingEntry, Store, Tenure,
};
use crate::batch::{Batch, Origin, PatientHeads};
use crate::checkpoint_key::CheckpointKey;
use crate::entry::{StoredEntry, StoredErased};
use crate::erasure::{Erasable, Target};
use crate::examination::Examination;
use crate::oversight::{Found, Search};
use crate::patient_keys::PatientKeys;
use crate::plan::Recorded;
use crate::professionals::{Identifiers, Professionals};
use crate::query::{News, Onward, Query};
use crate::submission::SealedEvent;
use crate::withholding::Audience;

pub use append::ReadyBatch;
#[cfg(test)]
pub(crate) use hidings::hidings_statements;
#[cfg(test)]
pub(crate) use list::page_statements;
pub use migration::Migrator;
#[cfg(test)]
pub(crate) use months::statement as payloads_statement;
#[cfg(test)]
pub(crate) use professionals::telling_statement;
pub use standby::Standby;
#[cfg(test)]
pub(crate) use standing::standing_statement;

/// The log in a database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    db: Database,
    keys: Arc<PatientKeys>,
    professionals: professionals::Known,
    tree: tree::Tree,
    standby: Option<Standby>,
}

impl SqlStore {
    /// The log in this database, whose schema is [`Migrator`]'s, with its payloads under
    /// these keys. To be called inside of the run time, whose tasks read for it.
    #[must_use]
    pub fn new(db: Database, keys: Arc<PatientKeys>) -> Self {
        Self {
            tree: tree::Tree::of(&db),
            db,
            keys,
            professionals: professionals::Known::default(),
            standby: None,
        }
    }

    /// The same, with lists from a standby while it has everything.
    #[must_use]
    pub fn with_lists_from(self, standby: Option<Standby>) -> Self {
        Self { standby, ..self }
    }

    /// Reads a list where it may be read.
    async fn listed<'a, T>(
        &'a self,
        read: impl Fn(Database) -> Answer<'a, T> + Send + Sync,
    ) -> Result<T, DatabaseError> {
        let Some(standby) = &self.standby else {
            return read(self.db.clone()).await;
        };
        if let Some(level) = standby.level_with(&self.db).await? {
            match read(level).await {
                Ok(found) => {
                    standby.metrics().at_standby();
                    return Ok(found);
                }
                Err(error) => standby.rest(&error),
            }
        }
        standby.metrics().at_primary();
        read(self.db.clone()).await
    }
}

impl Store for SqlStore {
    fn take_over(&self) -> Answer<'_, Tenure> {
        Box::pin(take_over::take_over(&self.db, &self.keys))
    }

    fn heads_in<'a>(&'a self, buckets: &'a [u16]) -> Answer<'a, PatientHeads> {
        Box::pin(heads::heads_in(self.db.reader(), buckets))
    }

    fn map_tiles<'a>(&'a self, tiles: &'a [TileId]) -> Answer<'a, MapTiles> {
        Box::pin(heads::map_tiles(self.db.reader(), tiles))
    }

    fn head_proof(&self, patient_id: PatientId) -> Answer<'_, Option<HeadProof>> {
        Box::pin(heads::head_proof(&self.db, patient_id))
    }

    fn patient_leaves(
        &self,
        patient_id: PatientId,
        from_sequence: u64,
        limit: u64,
    ) -> Answer<'_, Vec<LeafContent>> {
        let (db, from) = (&self.db, from_sequence);
        Box::pin(heads::patient_leaves(db, patient_id, from, limit))
    }

    fn recorded<'a>(&'a self, events: &'a [EventId]) -> Answer<'a, Recorded> {
        Box::pin(read::recorded(&self.db, &self.keys, events))
    }

    fn last_sequence<'a>(&'a self, source: &'a str, epoch: u64) -> Answer<'a, u64> {
        Box::pin(read::last_sequence(&self.db, source, epoch))
    }

    fn commit<'a>(
        &'a self,
        batch: &'a Batch<'a>,
        positions: &'a [(&'a str, u64, u64)],
    ) -> Answer<'a, (), CommitError> {
        Box::pin(append::commit(&self.db, &self.keys, batch, positions))
    }

    fn makes_ready(&self, events: &[(Origin<'_>, &SealedEvent)]) -> bool {
        append::makes_ready(&self.db, &self.keys, events)
    }

    fn ready(
        &self,
        batch: &Batch<'_>,
        positions: &[(&str, u64, u64)],
    ) -> Option<Result<ReadyBatch, DatabaseError>> {
        append::ready(&self.db, &self.keys, batch, positions)
    }

    fn commit_ready(&self, batch: ReadyBatch) -> Answer<'_, (), CommitError> {
        Box::pin(append::commit_ready(&self.db, batch))
    }

    fn checkpoint(&self) -> Answer<'_, Option<String>> {
        Box::pin(self.tree.checkpoint())
    }

    fn witnessed(&self) -> Answer<'_, Option<String>> {
        Box::pin(witnessed::witnessed(&self.db))
    }

    fn keep_witnessed<'a>(&'a self, size: u64, note: &'a str) -> Answer<'a, ()> {
        Box::pin(witnessed::keep(&self.db, size, note))
    }

    fn nodes<'a>(&'a self, nodes: &'a [NodeId]) -> Answer<'a, KnownNodes> {
        Box::pin(self.tree.nodes(nodes))
    }

    fn forget_nodes(&self) {
        self.tree.forget();
    }

    fn leaves(&self, range: Range<u64>) -> Answer<'_, Vec<LeafContent>> {
        Box::pin(read::leaves(&self.db, range))
    }

    fn delivered<'a>(&'a self, source: &'a str, events: &'a [EventId]) -> Answer<'a, Page> {
        Box::pin(read::delivered(&self.db, &self.keys, source, events))
    }

    fn event(&self, id: EventId) -> Answer<'_, Option<StoredEntry>> {
        Box::pin(read::event(&self.db, &self.keys, id))
    }

    fn events<'a>(&'a self, query: &'a Query) -> Answer<'a, Vec<StoredEntry>> {
        Box::pin(async move {
            let asked = self.asked(query.scope, &query.filter).await?;
            let asked = &asked;
            self.listed(move |db| {
                Box::pin(async move { list::events(&db, &self.keys, query, asked).await })
            })
            .await
        })
    }

    fn page<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(async move {
            let asked = self.asked(query.scope, &query.filter).await?;
            let asked = &asked;
            self.listed(move |db| {
                Box::pin(async move { list::page(&db, &self.keys, query, asked).await })
            })
            .await
        })
    }

    fn events_from<'a>(&'a self, onward: &'a Onward) -> Answer<'a, Vec<StoredEntry>> {
        Box::pin(async move {
            let asked = self.asked(onward.scope, &onward.filter).await?;
            let asked = &asked;
            self.listed(move |db| {
                Box::pin(async move { list::events_from(&db, &self.keys, onward, asked).await })
            })
            .await
        })
    }

    fn identifiers(&self, patient_id: PatientId) -> Answer<'_, Vec<PatientId>> {
        Box::pin(async move {
            let ids = alias::ids_of(self.db.reader(), patient_id.as_uuid()).await?;
            Ok(ids.into_iter().map(PatientId::from_uuid).collect())
        })
    }

    fn present_patient(&self, id: PatientId) -> Answer<'_, PatientId> {
        Box::pin(async move {
            let present = alias::present_of(self.db.reader(), id.as_uuid()).await?;
            Ok(PatientId::from_uuid(present))
        })
    }

    fn professional(&self, id: PractitionerId) -> Answer<'_, Identifiers> {
        let known_as = move |known: &Professionals| known.known_as(id);
        Box::pin(self.professionals.ask(&self.db, &self.keys, known_as))
    }

    fn humans<'a>(&'a self, ids: &'a BTreeSet<PractitionerId>) -> Answer<'a, Humans> {
        let led = |known: &Professionals| known.led_elsewhere(ids.iter().copied());
        Box::pin(self.professionals.ask(&self.db, &self.keys, led))
    }

    fn standing(&self, patient_id: PatientId) -> Answer<'_, Vec<StandingEntry>> {
        Box::pin(standing::standing(&self.db, &self.keys, patient_id))
    }

    fn hidings(&self, id: PatientId, audience: Audience) -> Answer<'_, Vec<StandingEntry>> {
        Box::pin(hidings::hidings(&self.db, &self.keys, id, audience))
    }

    fn search<'a>(&'a self, search: &'a Search) -> Answer<'a, Found> {
        Box::pin(async move {
            let named = self.named(&search.filter).await?;
            let named = &named;
            self.listed(move |db| {
                Box::pin(async move { search::search(&db, &self.keys, search, named).await })
            })
            .await
        })
    }

    fn place_at(&self, at: Timestamp) -> Answer<'_, u64> {
        Box::pin(search::place_at(&self.db, at))
    }

    fn size(&self) -> Answer<'_, u64> {
        Box::pin(onward::size(&self.db))
    }

    fn told_last(&self) -> Answer<'_, Option<Timestamp>> {
        Box::pin(onward::told_last(&self.db))
    }

    fn news_from(&self, from: u64) -> Answer<'_, News> {
        Box::pin(async move {
            let mut news = onward::news_from(&self.db, from).await?;
            let joined = |known: &Professionals| news.join(|id| known.human(id));
            self.professionals.ask(&self.db, &self.keys, joined).await?;
            Ok(news)
        })
    }

    fn examine<'a>(&'a self, key: &'a CheckpointKey) -> Answer<'a, Examination> {
        Box::pin(examine::examine(&self.db, &self.keys, key))
    }

    fn erasable<'a>(&'a self, target: &'a Target) -> Answer<'a, Erasable> {
        Box::pin(erase::erasable(&self.db, target))
    }

    fn erased_in(
        &self,
        patient_id: PatientId,
        range: Range<u64>,
        order: Sequence,
        limit: u64,
    ) -> Answer<'_, Vec<StoredErased>> {
        Box::pin(async move { erase::erased_in(&self.db, patient_id, &range, order, limit).await })
    }

    fn erased(&self, id: EventId) -> Answer<'_, Option<StoredErased>> {
        Box::pin(erase::erased(&self.db, id.as_uuid()))
    }

    fn entries_at<'a>(&'a self, indexes: &'a [u64]) -> Answer<'a, Vec<StoredEntry>> {
        Box::pin(read::entries_at(self.db.reader(), &self.keys, indexes))
    }

    fn wrapping_keys_in_use(&self) -> Answer<'_, Vec<String>> {
        Box::pin(rekey::wrapping_in_use(&self.db))
    }

    fn rewrap<'a>(&'a self, wrapping_key_id: &'a str, after: i64) -> Answer<'a, Rekeyed> {
        Box::pin(rekey::rewrap(&self.db, &self.keys, wrapping_key_id, after))
    }

    fn encrypt(&self, after: i64) -> Answer<'_, Rekeyed> {
        Box::pin(rekey::encrypt(&self.db, &self.keys, after))
    }

    fn key_counts(&self) -> Answer<'_, KeyCounts> {
        Box::pin(rekey::counts(&self.db))
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.db.commits()
    }

    fn trace<'a>(&'a self, event: &'a Event) -> Answer<'a, ()> {
        Box::pin(append::trace(&self.db, event))
    }
}
