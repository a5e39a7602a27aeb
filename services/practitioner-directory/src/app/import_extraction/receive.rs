//! From the first piece to the last.

use std::pin::pin;
use std::time::Duration;

use aval_database::DatabaseError;
use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::super::App;
use super::PieceFault;
use crate::error::Error;
use crate::extraction::{ExtractionName, ExtractionReader, Malformed};
use crate::import::comparison::Comparison;
use crate::import::facts::FactKey;
use crate::import::limits::Suspicion;
use crate::import::{Decided, Import};
use crate::store::FinishImport;

/// How many staged things go to the store at once.
const STAGED_AT_ONCE: usize = 4_000;

/// How many bytes of a file are kept at once.
const KEPT_AT_ONCE: usize = 1024 * 1024;

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
        let mut keeper = Keeper::default();
        let mut pieces = pin!(pieces);
        while let Some(piece) = next(&mut pieces, self.settings.longest_silence).await? {
            let piece = piece.as_ref();
            received += piece.len() as u64;
            if size_bytes.is_some_and(|size| received > size) {
                return Err(malformed(Malformed::LongerThanAnnounced));
            }
            digest.update(piece);
            if file.held.is_none() {
                keeper.take(self, cx, import_id, piece).await?;
            }
            for part in piece.chunks(READ_AT_ONCE) {
                reader
                    .push(part, |line, read| comparison.take(line, read))
                    .map_err(malformed)?;
                counts.follow(&comparison);
                if comparison.waiting() >= STAGED_AT_ONCE {
                    self.stage(cx, import_id, &mut comparison).await?;
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
        self.stage(cx, import_id, &mut comparison).await?;
        keeper.finish(self, cx, import_id).await?;
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
        self.stage_ended(cx, import_id, comparison).await?;
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
        self.store.finish_import(&finish).await
    }

    async fn stage(
        &self,
        cx: &RequestContext,
        import_id: ImportId,
        comparison: &mut Comparison,
    ) -> Result<(), Error> {
        let batch = comparison.take_batch();
        self.store.stage(import_id, &batch, cx.clock.now()).await
    }

    async fn stage_ended(
        &self,
        cx: &RequestContext,
        import_id: ImportId,
        comparison: Comparison,
    ) -> Result<(), Error> {
        let known = comparison.into_known();
        let mut ended = known.rows.unmet();
        loop {
            let some: Vec<FactKey> = ended.by_ref().take(STAGED_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            self.store
                .stage_ended(import_id, &some, cx.clock.now())
                .await?;
        }
    }
}

/// Keeps the file while it comes.
#[derive(Debug, Default)]
struct Keeper {
    part: Vec<u8>,
    number: u64,
}

impl Keeper {
    async fn take(
        &mut self,
        app: &App,
        cx: &RequestContext,
        import_id: ImportId,
        piece: &[u8],
    ) -> Result<(), Error> {
        self.part.extend_from_slice(piece);
        if self.part.len() < KEPT_AT_ONCE {
            return Ok(());
        }
        self.finish(app, cx, import_id).await
    }

    async fn finish(
        &mut self,
        app: &App,
        cx: &RequestContext,
        import_id: ImportId,
    ) -> Result<(), Error> {
        if self.part.is_empty() {
            return Ok(());
        }
        let now = cx.clock.now();
        let kept = app.store.keep_part(import_id, self.number, &self.part, now);
        kept.await?;
        self.part.clear();
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
