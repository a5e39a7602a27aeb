//! From the first piece to the last.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aval_database::DatabaseError;
use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::super::App;
use super::PieceFault;
use super::beside::Beside;
use crate::error::Error;
use crate::extraction::{ExtractionName, ExtractionReader, Malformed};
use crate::import::comparison::Comparison;
use crate::import::facts::FactKey;
use crate::import::limits::Suspicion;
use crate::import::staged::Batch;
use crate::import::{Decided, Import};
use crate::store::FinishImport;

/// How many staged things go to the store at once.
const STAGED_AT_ONCE: usize = 10_000;

/// How many bytes of a file are kept at once: each part is a transaction, and a file of which
/// nothing is new is read as fast as its parts are kept.
const KEPT_AT_ONCE: usize = 8 * 1024 * 1024;

/// How many bytes of a piece are read before what they brought is staged: a hundred
/// times as many may come out of them.
const READ_AT_ONCE: usize = 16 * 1024;

/// What was counted until now, for the record of an import that fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::app) struct Counts {
    pub(in crate::app) rows: u64,
    pub(in crate::app) quarantined: u64,
}

/// What is known of a file before its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Incoming<'a> {
    /// The import that it makes.
    pub(in crate::app) import_id: ImportId,
    /// What its name says.
    pub(in crate::app) name: &'a ExtractionName,
    /// Its size, if the sender said it.
    pub(in crate::app) size_bytes: Option<u64>,
    /// Whether a newer file of its source was applied before; of one that was held, since.
    pub(in crate::app) is_outdated: bool,
    /// Of one that was held: it is kept already, and its malformed rows were decided about.
    pub(in crate::app) held: Option<Held>,
}

/// A file that was held, and that somebody decided to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Held {
    /// Its SHA-256, in hexadecimal.
    pub(in crate::app) file_sha256: String,
    /// Who decided, and why.
    pub(in crate::app) decided: Decided,
}

impl App {
    /// Reads the file, stages what is new, and finishes the import.
    pub(in crate::app) async fn receive<Piece: AsRef<[u8]>>(
        &self,
        cx: &RequestContext,
        file: &Incoming<'_>,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
        counts: &mut Counts,
    ) -> Result<Import, Error> {
        let (import_id, source) = (file.import_id, file.name.source);
        let size_bytes = file.size_bytes;
        let malformed = |reason| Error::FileMalformed { import_id, reason };
        let known = self.store.known(source).await?;
        let base = known.base;
        let mut comparison = Comparison::new(known, cx.now, cx.random.clone());
        let mut reader = ExtractionReader::named(file.name);
        let mut digest = Sha256::new();
        let mut received = 0;
        let mut stager = self.stager(cx, import_id);
        let mut keeper = Keeper::of(self, cx, import_id);
        let mut pieces = pin!(pieces);
        while let Some(piece) = next(&mut pieces, self.settings.longest_silence).await? {
            let piece = piece.as_ref();
            received += piece.len() as u64;
            if size_bytes.is_some_and(|size| received > size) {
                return Err(malformed(Malformed::LongerThanAnnounced));
            }
            digest.update(piece);
            if file.held.is_none() {
                keeper.take(piece).await?;
            }
            for part in piece.chunks(READ_AT_ONCE) {
                reader
                    .push(part, |line, read| comparison.take(line, read))
                    .map_err(malformed)?;
                counts.follow(&comparison);
                if comparison.waiting() >= STAGED_AT_ONCE {
                    stager.give(Staged::Batch(comparison.take_batch())).await?;
                }
            }
        }
        if received > 0 && size_bytes.is_some_and(|size| received < size) {
            return Err(malformed(Malformed::ShorterThanAnnounced));
        }
        reader
            .finish(|line, read| comparison.take(line, read))
            .map_err(malformed)?;
        counts.follow(&comparison);
        stager.give(Staged::Batch(comparison.take_batch())).await?;
        keeper.finish().await?;
        let file_sha256 = hex::encode(digest.finalize());
        if file
            .held
            .as_ref()
            .is_some_and(|held| held.file_sha256 != file_sha256)
        {
            return Err(DatabaseError::corrupt("kept_parts", "bytes", &import_id).into());
        }
        let many_malformed = self
            .settings
            .limits
            .distrusts(comparison.malformed, counts.rows);
        give_ended(&mut stager, comparison).await?;
        stager.finish().await?;
        let finish = FinishImport {
            import_id,
            source,
            base,
            row_count: counts.rows,
            quarantined_count: counts.quarantined,
            file_sha256,
            limits: self.settings.limits,
            suspicions: [
                (file.is_outdated, Suspicion::Outdated),
                (
                    many_malformed && file.held.is_none(),
                    Suspicion::ManyMalformed,
                ),
            ]
            .into_iter()
            .filter_map(|(holds, suspicion)| holds.then_some(suspicion))
            .collect(),
            decided: file.held.as_ref().map(|held| held.decided.clone()),
            event: cx.event(
                aval_domain::event::EventKind::DirectoryImportApplied,
                aval_domain::event::Outcome::Success,
            ),
            now: cx.clock.now(),
        };
        let finished = self.store.finish_import(&finish).await;
        self.people.forget();
        finished
    }

    fn stager(&self, cx: &RequestContext, import_id: ImportId) -> Beside<Staged> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&cx.clock));
        Beside::new(move |staged| {
            let (store, now) = (Arc::clone(&store), clock.now());
            async move {
                match staged {
                    Staged::Batch(batch) => store.stage(import_id, &batch, now).await,
                    Staged::Ended(rows) => store.stage_ended(import_id, &rows, now).await,
                }
            }
        })
    }
}

/// What is staged at once.
#[derive(Debug)]
enum Staged {
    Batch(Batch),
    Ended(Vec<FactKey>),
}

/// Stages the end of what the file did not hold.
async fn give_ended(stager: &mut Beside<Staged>, comparison: Comparison) -> Result<(), Error> {
    let known = comparison.into_known();
    let mut ended = known.rows.unmet();
    loop {
        let some: Vec<FactKey> = ended.by_ref().take(STAGED_AT_ONCE).collect();
        if some.is_empty() {
            return Ok(());
        }
        stager.give(Staged::Ended(some)).await?;
    }
}

/// Keeps the file while it comes.
#[derive(Debug)]
struct Keeper {
    part: Vec<u8>,
    number: u64,
    parts: Beside<(u64, Vec<u8>)>,
}

impl Keeper {
    fn of(app: &App, cx: &RequestContext, import_id: ImportId) -> Self {
        let (store, clock) = (Arc::clone(&app.store), Arc::clone(&cx.clock));
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

    async fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.part.extend_from_slice(piece);
        if self.part.len() >= KEPT_AT_ONCE {
            self.give().await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(), Error> {
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

impl Counts {
    fn follow(&mut self, comparison: &Comparison) {
        self.rows = comparison.rows;
        self.quarantined = comparison.quarantined;
    }
}

/// SHA-256 of all pieces, in hexadecimal.
pub(super) async fn digest_of<Piece: AsRef<[u8]>>(
    pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
    longest_silence: Duration,
) -> Result<String, Error> {
    let mut digest = Sha256::new();
    let mut pieces = pin!(pieces);
    while let Some(piece) = next(&mut pieces, longest_silence).await? {
        digest.update(piece.as_ref());
    }
    Ok(hex::encode(digest.finalize()))
}

async fn next<Piece>(
    pieces: &mut (impl Stream<Item = Result<Piece, PieceFault>> + Unpin),
    longest_silence: Duration,
) -> Result<Option<Piece>, Error> {
    let piece = tokio::time::timeout(longest_silence, pieces.next())
        .await
        .map_err(|_| Error::StreamSilent)?;
    piece.transpose().map_err(|fault| match fault {
        PieceFault::Broken => Error::StreamBroken,
        PieceFault::Invalid { field, rule } => Error::FieldInvalid { field, rule },
    })
}
