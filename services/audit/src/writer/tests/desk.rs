//! A database, and writers that work on it.

use std::collections::HashSet;
use std::time::Duration;

use aval_database::{Backend, Database};
use aval_domain::event::Event;
use aval_domain::id::EventId;
use aval_merkle_log::note::Signer;
use tokio::task::JoinHandle;

use super::*;
use crate::store::sql::SqlStore;
use crate::store::sql::damage::{self, HeldHead};

/// Longer than any machine takes; a test that waits so long has failed.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Desk {
    pub(super) store: Arc<dyn Store>,
    pub(super) key: Arc<CheckpointKey>,
    pub(super) sample: sample::Events,
    db: Database,
}

/// A writing task, and a handle on it.
pub(super) struct Working {
    pub(super) writer: Writer,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

pub(super) fn key(seed: u8) -> Arc<CheckpointKey> {
    let signer = Signer::from_seed("audit.example/trail", &[seed; 32]).unwrap();
    Arc::new(CheckpointKey::new(signer, Vec::new()))
}

impl Desk {
    pub(super) fn new(db: Database) -> Self {
        Self {
            store: Arc::new(SqlStore::new(db.clone(), sample::keys(&[1]))),
            key: key(7),
            sample: sample::Events::new(1),
            db,
        }
    }

    pub(super) fn accesses(&self, count: usize) -> Vec<Event> {
        let patient = self.sample.patient_id();
        let accesses = std::iter::repeat_with(|| self.sample.access(Some(patient)));
        accesses.take(count).collect()
    }

    /// Starts a task, which may have to wait for its turn.
    pub(super) fn hire(&self) -> Working {
        self.hire_for(LONGEST_SILENCE)
    }

    /// Starts a task to which the database may say nothing for so long.
    pub(super) fn hire_for(&self, answers_within: Duration) -> Working {
        let clock = Arc::new(self.sample.clock.clone());
        let (writer, mut task) = Writer::new(Arc::clone(&self.store), Arc::clone(&self.key), clock);
        task.answers_within = answers_within;
        let stop = CancellationToken::new();
        Working {
            writer,
            task: tokio::spawn(task.run(stop.clone())),
            stop,
        }
    }

    /// Starts a task and waits until it writes.
    pub(super) async fn start(&self) -> Working {
        let working = self.hire();
        working.until_it_leads().await;
        working
    }

    pub(super) async fn begin_with(&self, key: Arc<CheckpointKey>) -> Result<Term, TermError> {
        let clock = Arc::new(self.sample.clock.clone());
        Term::begin(Arc::clone(&self.store), key, clock, LONGEST_SILENCE).await
    }

    /// Whether the engine has anything to make ready before it is stored.
    pub(super) fn makes_ready(&self) -> bool {
        self.db.backend() == Backend::Postgres
    }

    /// Where the engine makes batches ready: no batch is stored until it is let go.
    pub(super) async fn hold_the_log(&self) -> Option<HeldHead> {
        if !self.makes_ready() {
            return None;
        }
        Some(damage::hold_the_head(&self.db).await)
    }

    pub(super) async fn damage(&self, sql: &str) {
        damage::execute(&self.db, sql).await;
    }

    /// These events of one producer stand in the log in this order.
    pub(super) async fn assert_in_order(&self, events: &[Event]) {
        let mut last = None;
        for event in events {
            let entry = self.store.event(event.event_id).await.unwrap();
            let entry = entry.expect("a recorded event is found").open().unwrap();
            assert!(Some(entry.log_index) > last, "out of order");
            last = Some(entry.log_index);
        }
    }

    /// The log holds these events, each once, and no other; the tree is the one signed.
    pub(super) async fn assert_holds_exactly(&self, events: &HashSet<EventId>) {
        let leaves = self.store.leaves(0..1_000_000).await.unwrap();
        assert_eq!(leaves.len(), events.len());
        let found: HashSet<_> = leaves.iter().map(|leaf| leaf.event_id).collect();
        let wanted: HashSet<_> = events.iter().map(|id| *id.as_uuid().as_bytes()).collect();
        assert_eq!(found, wanted);
        let mut tree = aval_merkle_log::tree::Frontier::new();
        for leaf in &leaves {
            tree.append(aval_merkle_log::leaf::leaf_hash(leaf)).unwrap();
        }
        let note = self.store.checkpoint().await.unwrap().unwrap();
        let map = crate::head_map::HeadMap::read(self.store.as_ref()).await;
        let map = map.unwrap().root();
        let signed = self
            .key
            .require_signed(&note, tree.size(), tree.root(), map);
        assert!(signed.unwrap());
    }
}

impl Working {
    pub(super) async fn until_it_leads(&self) {
        let mut leads = self.writer.leads();
        let led = tokio::time::timeout(PATIENCE, leads.wait_for(|leads| *leads)).await;
        led.expect("the task leads in time").unwrap();
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends the task wherever it is.
    pub(super) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()));
    }
}

/// The log holds these events of one producer in this order, and no other.
pub(super) async fn assert_recorded_in_order(desk: &Desk, events: &[Event]) {
    desk.assert_in_order(events).await;
    let ids = events.iter().map(|event| event.event_id).collect();
    desk.assert_holds_exactly(&ids).await;
}
