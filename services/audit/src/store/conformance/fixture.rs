//! A store, a key and events for it.

use std::sync::Arc;

use aval_database::Database;
use aval_domain::event::{Event, EventKind};
use aval_domain::id::PatientId;
use aval_domain::time::Clock;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::note::Signer;

use crate::batch::{Origin, PatientHeads, Tip};
use crate::checkpoint_key::CheckpointKey;
use crate::entry::StoredEntry;
use crate::erasure::{self, Erasable, Erasure, Order, Target};
use crate::head_map::HeadMap;
use crate::query::{Filter, Query, Scope};
use crate::sample;
use crate::store::sql::SqlStore;
use crate::store::{CommitError, Lease, Store};
use crate::submission::SealedEvent;

pub(super) struct Fixture {
    pub(super) store: SqlStore,
    pub(super) db: Database,
    pub(super) key: CheckpointKey,
    pub(super) sample: sample::Events,
}

/// A writer that does as it is told.
pub(super) struct Hand {
    pub(super) tip: Tip,
    pub(super) map: HeadMap,
    pub(super) lease: Lease,
    /// How many erasures it has told of.
    pub(super) erasures: u64,
}

impl Fixture {
    pub(super) fn new(db: Database) -> Self {
        let signer = Signer::from_seed("audit.example/trail", &[7; 32]).unwrap();
        Self {
            store: SqlStore::new(db.clone(), sample::keys(&[1])),
            db,
            key: CheckpointKey::new(signer, Vec::new()),
            sample: sample::Events::new(1),
        }
    }

    /// The same database, for another process.
    pub(super) fn again(&self) -> Self {
        Self {
            sample: self.sample.clone(),
            ..Self::new(self.db.clone())
        }
    }

    pub(super) async fn take_over(&self) -> Hand {
        let tenure = self.store.take_over().await.unwrap();
        Hand {
            tip: tenure.tip,
            map: HeadMap::read(&self.store).await.unwrap(),
            lease: tenure.lease,
            erasures: 0,
        }
    }

    /// Appends these events as one batch.
    pub(super) async fn append(&self, hand: &mut Hand, events: &[Event]) {
        self.try_append(hand, events).await.unwrap();
    }

    pub(super) async fn try_append(
        &self,
        hand: &mut Hand,
        events: &[Event],
    ) -> Result<(), CommitError> {
        self.try_append_from("consent", hand, events).await
    }

    /// Appends these events of this producer as one batch.
    pub(super) async fn append_from(&self, source: &str, hand: &mut Hand, events: &[Event]) {
        self.try_append_from(source, hand, events).await.unwrap();
    }

    pub(super) async fn try_append_from(
        &self,
        source: &str,
        hand: &mut Hand,
        events: &[Event],
    ) -> Result<(), CommitError> {
        let sealed = events.iter().map(|event| self.sample.sealed(event.clone()));
        let sealed: Vec<SealedEvent> = sealed.collect();
        let origin = |sequence| Origin {
            source,
            epoch: 1,
            sequence,
        };
        let events: Vec<_> = (1..).map(origin).zip(&sealed).collect();
        let patients = sealed.iter().filter_map(|s| s.event.patient_id).collect();
        let heads = hand.map.heads(&self.store, &patients).await.unwrap();
        let now = self.sample.clock.now();
        let grown = hand.tip.extend(&events, heads, &hand.map, now, &self.key);
        let (tip, batch) = grown.unwrap();
        self.store.commit(&batch, &[]).await?;
        hand.map.apply(batch.map);
        hand.tip = tip;
        Ok(())
    }

    /// Erases the next of this target, as the writer does.
    pub(super) async fn erase(&self, hand: &mut Hand, target: Target) -> Erasable {
        let kind = match target {
            Target::Patient(_) => EventKind::TrailErased,
            Target::Outdated { .. } => EventKind::TrailPruned,
        };
        let order = Order {
            target,
            template: self.sample.of_service(kind),
            ground: "asked".to_owned(),
            random: Arc::new(self.sample.random.clone()),
        };
        let found = self.store.erasable(&order.target).await.unwrap();
        let parts = erasure::parts(&order.target, &found);
        let now = self.sample.clock.now();
        let sealed: Vec<SealedEvent> = parts
            .iter()
            .map(|part| order.tell(part, now).unwrap())
            .collect();
        let first = hand.erasures + 1;
        let origin = |sequence| Origin {
            source: erasure::SOURCE,
            epoch: erasure::EPOCH,
            sequence,
        };
        let events: Vec<_> = (first..).map(origin).zip(&sealed).collect();
        let patients = sealed.iter().filter_map(|s| s.event.patient_id).collect();
        let heads = hand.map.heads(&self.store, &patients).await.unwrap();
        let grown = hand.tip.extend(&events, heads, &hand.map, now, &self.key);
        let (tip, mut batch) = grown.unwrap();
        let says = batch.entries.iter().map(|entry| entry.log_index);
        let erasures = says.zip(&parts).map(|(erased_by, part)| Erasure {
            erased_by,
            log_indexes: part.log_indexes.iter().copied().collect(),
        });
        batch.erasures = erasures.collect();
        batch.erased_key = order.key_of(&found);
        hand.erasures += events.len() as u64;
        let position = [(erasure::SOURCE, erasure::EPOCH, hand.erasures)];
        self.store.commit(&batch, &position).await.unwrap();
        hand.map.apply(batch.map);
        hand.tip = tip;
        found
    }

    /// The heads of these patients, as a writer that begins now reads them.
    pub(super) async fn heads(&self, patients: &[PatientId]) -> PatientHeads {
        let mut map = HeadMap::read(&self.store).await.unwrap();
        let patients = patients.iter().copied().collect();
        map.heads(&self.store, &patients).await.unwrap()
    }

    /// The newest checkpoint, verified.
    pub(super) async fn checkpoint(&self) -> Checkpoint {
        let note = self.store.checkpoint().await.unwrap().unwrap();
        self.key.open(&note).unwrap()
    }

    pub(super) async fn list(&self, scope: Scope, filter: Filter) -> Vec<StoredEntry> {
        let query = Query {
            scope,
            filter,
            before: None,
            limit: 1_000,
        };
        self.store.events(&query).await.unwrap()
    }
}
