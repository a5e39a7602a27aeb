//! The use cases, one file each.

mod append_events;
mod delivery_receipts;
mod erase_events;
mod erased;
mod export_events;
mod get_checkpoint;
mod get_consistency_proof;
mod get_event;
mod get_inclusion_proof;
mod get_patient_proof;
mod get_tile;
mod list_events;
mod list_history;
mod list_unusual_accesses;
mod permission;
mod reading;
mod report_outbox;
mod search_events;
mod trace_reading;
mod watch_events;
mod watch_findings;
mod withheld;
mod witnessed;

pub use append_events::{AppendEvents, Appended};
pub use delivery_receipts::{DeliveryReceipt, MOST_RECEIPTS};
pub use erase_events::EraseEvents;
pub use erased::{Listed, WithheldEntry};
pub use export_events::Export;
pub use get_checkpoint::{Checkpoints, SignedCheckpoint};
pub use get_consistency_proof::Consistency;
pub use get_event::{FoundEvent, ReceiptAsked};
pub use get_inclusion_proof::Inclusion;
pub use get_patient_proof::PatientProof;
pub use get_tile::TileData;
pub use list_events::HistoryPage;
pub use list_history::OpenedHistory;
pub use list_unusual_accesses::UnusualPage;
pub use permission::{
    PRODUCERS, may_append, may_erase, may_follow_findings, may_oversee, may_read,
};
pub use search_events::SearchPage;
pub use watch_events::{Watch, WatchItem, WatchNews, Watching};
pub use watch_findings::WatchedFinding;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use aval_merkle_log::checkpoint::Checkpoint;
use aval_runtime::page::PageTokens;

use crate::checkpoint_key::CheckpointKey;
use crate::hearing::Hearing;
use crate::store::Store;
use crate::unusual::Rules;
use crate::witnessing::Witnesses;
use crate::writer::Writer;

/// The use cases and what they need.
#[derive(Debug)]
pub struct App {
    store: Arc<dyn Store>,
    writer: Writer,
    key: Arc<CheckpointKey>,
    page_tokens: Arc<PageTokens>,
    watching: Watching,
    rules: Rules,
    hearing: Arc<Hearing>,
    witnesses: Option<Arc<Witnesses>>,
    /// The alerts that were raised since the start, each once: source, epoch, sequence.
    alerts: Mutex<HashSet<(String, u64, u64)>>,
    /// The note that was verified last, and what it says.
    opened: Mutex<Option<(String, Checkpoint)>>,
}

impl App {
    /// The use cases on this store, with the handle on the task that writes it.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        writer: Writer,
        key: Arc<CheckpointKey>,
        page_tokens: PageTokens,
        watching: Watching,
        rules: Rules,
        hearing: Arc<Hearing>,
    ) -> Self {
        Self {
            store,
            writer,
            key,
            page_tokens: Arc::new(page_tokens),
            watching,
            rules,
            hearing,
            witnesses: None,
            alerts: Mutex::default(),
            opened: Mutex::default(),
        }
    }

    /// The same, whose checkpoints these witnesses are shown.
    #[must_use]
    pub fn witnessed_by(self, witnesses: Arc<Witnesses>) -> Self {
        Self {
            witnesses: Some(witnesses),
            ..self
        }
    }
}
