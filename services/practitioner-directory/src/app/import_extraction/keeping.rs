//! A file is kept while it comes.

use std::sync::Arc;

use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;

use super::beside::Beside;
use crate::error::Error;
use crate::store::Store;

/// How many bytes of a file are kept at once: each part is a transaction, and a file of which
/// nothing is new is read as fast as its parts are kept.
const KEPT_AT_ONCE: usize = 4 * 1024 * 1024;

/// Keeps the file, part by part.
#[derive(Debug)]
pub(super) struct Keeper {
    part: Vec<u8>,
    number: u64,
    parts: Beside<(u64, Vec<u8>)>,
}

impl Keeper {
    /// Nothing of it came yet.
    pub(super) fn of(store: &Arc<dyn Store>, cx: &RequestContext, import_id: ImportId) -> Self {
        let (store, clock) = (Arc::clone(store), Arc::clone(&cx.clock));
        let parts = Beside::new(move |(number, part): (u64, Vec<u8>)| {
            let (store, now) = (Arc::clone(&store), clock.now());
            async move { store.keep_part(import_id, number, &part, now).await }
        });
        Self {
            part: Vec::new(),
            number: 0,
            parts,
        }
    }

    /// Keeps the next piece.
    pub(super) async fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.part.is_empty() {
            self.part.reserve(KEPT_AT_ONCE + piece.len());
        }
        self.part.extend_from_slice(piece);
        if self.part.len() >= KEPT_AT_ONCE {
            self.give().await?;
        }
        Ok(())
    }

    /// Waits until everything is kept.
    pub(super) async fn finish(mut self) -> Result<(), Error> {
        if !self.part.is_empty() {
            self.give().await?;
        }
        self.parts.finish().await
    }

    async fn give(&mut self) -> Result<(), Error> {
        let part = std::mem::take(&mut self.part);
        self.parts.give((self.number, part)).await?;
        self.number += 1;
        Ok(())
    }
}
