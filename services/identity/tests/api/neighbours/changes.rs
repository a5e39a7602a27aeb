//! What the directory tells as it changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::time::Timestamp;
use aval_proto::practitioner_directory::v1 as directory;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use aval_runtime::convert::timestamp_to_proto;
use futures::stream::unfold;
use tonic::Status;

use super::{Answers, Memory, Neighbours};
use crate::stand::PATIENCE;

const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The changes so far, and whether somebody was told them all.
#[derive(Default)]
pub(super) struct Changes {
    told: Mutex<Told>,
    all_told: Arc<AtomicBool>,
}

/// A cursor names the directory and how many changes it told before.
#[derive(Default)]
struct Told {
    directory: u32,
    changes: Vec<Item>,
}

impl Told {
    fn cursor(&self, position: usize) -> String {
        format!("{}.{position}", self.directory)
    }

    fn position(&self, cursor: &str) -> Option<usize> {
        let known = 0..=self.changes.len();
        match cursor {
            "" => Some(self.changes.len()),
            cursor => known
                .into_iter()
                .find(|position| self.cursor(*position) == cursor),
        }
    }
}

/// Ends with the stream that it belongs to.
struct Watcher {
    memory: Arc<Memory>,
    position: usize,
    /// Whether a sign of life is due.
    is_due: bool,
    has_failed: bool,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.memory.changes.all_told.store(false, Ordering::SeqCst);
    }
}

impl Neighbours {
    /// Tells a change.
    pub(crate) fn tell(&self, item: Item) {
        self.memory.changes.all_told.store(false, Ordering::SeqCst);
        self.memory.changes.told.lock().unwrap().changes.push(item);
    }

    /// Tells what the directory knows of somebody now.
    pub(crate) fn tell_of(&self, rpps: &str) {
        let kind = directory::IdentifierKind::Rpps.into();
        let known = self.memory.practitioners.lock().unwrap();
        let practitioner = known[&(kind, rpps.to_owned())].clone();
        drop(known);
        self.tell(Item::PractitionerChanged(practitioner));
    }

    /// Another directory stands there, which gave none of the cursors.
    pub(crate) fn forget_cursors(&self) {
        let mut told = self.memory.changes.told.lock().unwrap();
        told.directory += 1;
        told.changes.clear();
    }

    /// Once somebody was told everything, or nobody is told anything.
    pub(crate) async fn told_everything(&self, is: bool) {
        let wait = async {
            while self.memory.changes.all_told.load(Ordering::SeqCst) != is {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }
}

/// Tells from after this cursor until there is a fault.
pub(super) fn watch(
    memory: Arc<Memory>,
    cursor: &str,
) -> Result<Answers<directory::WatchChangesResponse>, Status> {
    if let Some(fault) = memory.fault.lock().unwrap().clone() {
        return Err(fault);
    }
    let position = memory.changes.told.lock().unwrap().position(cursor);
    let position = position.ok_or_else(|| Status::invalid_argument("an unknown cursor"))?;
    let watcher = Watcher {
        memory,
        position,
        is_due: true,
        has_failed: false,
    };
    Ok(Box::pin(unfold(watcher, next)))
}

async fn next(
    mut watcher: Watcher,
) -> Option<(Result<directory::WatchChangesResponse, Status>, Watcher)> {
    loop {
        if watcher.has_failed {
            return None;
        }
        let fault = watcher.memory.fault.lock().unwrap().clone();
        if let Some(fault) = fault {
            watcher.has_failed = true;
            return Some((Err(fault), watcher));
        }
        if let Some(told) = watcher.tell() {
            return Some((Ok(told), watcher));
        }
        watcher
            .memory
            .changes
            .all_told
            .store(true, Ordering::SeqCst);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

impl Watcher {
    fn tell(&mut self) -> Option<directory::WatchChangesResponse> {
        let told = self.memory.changes.told.lock().unwrap();
        let item = match told.changes.get(self.position) {
            Some(item) => {
                self.position += 1;
                self.is_due = true;
                item.clone()
            }
            None if self.is_due => {
                self.is_due = false;
                Item::HeartbeatAt(timestamp_to_proto(Timestamp::UNIX_EPOCH))
            }
            None => return None,
        };
        Some(directory::WatchChangesResponse {
            item: Some(item),
            cursor: told.cursor(self.position),
        })
    }
}
