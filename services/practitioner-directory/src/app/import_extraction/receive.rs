//! From the first piece to the last.

use std::pin::pin;
use std::time::Duration;

use aval_database::DatabaseError;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::super::App;
use super::PieceFault;
use super::keeping::Keeper;
use super::reading::{Compared, Reading};
use crate::error::Error;
use crate::extraction::{ExtractionName, Malformed};
use crate::import::comparison::Comparison;
use crate::import::limits::Suspicion;
use crate::import::{Decided, Import};
use crate::store::FinishImport;

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

/// A file that came whole.
struct Received {
    counts: Counts,
    compared: Compared,
    /// Its SHA-256, in hexadecimal.
    sha256: String,
}

impl App {
    /// Receives the file, has it read and what is new staged, and finishes the import.
    pub(in crate::app) async fn receive<Piece: AsRef<[u8]> + Send + 'static>(
        &self,
        cx: &RequestContext,
        file: &Incoming<'_>,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
        counts: &mut Counts,
    ) -> Result<Import, Error> {
        let import_id = file.import_id;
        let received = self.take_in(cx, file, pieces, counts).await?;
        if file
            .held
            .as_ref()
            .is_some_and(|held| held.file_sha256 != received.sha256)
        {
            return Err(DatabaseError::corrupt("kept_parts", "bytes", &import_id).into());
        }
        let finish = self.finish_of(cx, file, received);
        let finished = self.store.finish_import(&finish).await;
        self.people.forget();
        finished
    }

    async fn take_in<Piece: AsRef<[u8]> + Send + 'static>(
        &self,
        cx: &RequestContext,
        file: &Incoming<'_>,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
        counts: &mut Counts,
    ) -> Result<Received, Error> {
        let reading = Reading::of(&self.store, cx, file);
        let mut keeper = Keeper::of(&self.store, cx, file.import_id);
        let came = self.pass_on(file, pieces, &reading, &mut keeper).await;
        let read = match &came {
            Ok(Some(_)) => reading.finish().await,
            Ok(None) | Err(_) => reading.stop().await,
        };
        *counts = read.counts;
        let (sha256, compared) = match (came, read.outcome) {
            (Ok(Some(sha256)), Ok(compared)) => (sha256, compared),
            // It was read no further because no more came, unless it failed by itself before.
            (Err(error), Ok(_) | Err(Error::StreamBroken)) | (_, Err(error)) => return Err(error),
            (Ok(None), Ok(_)) => return Err(Error::ImportAbandoned),
        };
        keeper.finish().await?;
        Ok(Received {
            counts: read.counts,
            compared,
            sha256,
        })
    }

    /// Gives each piece to whoever does something with it. Answers the digest of the whole
    /// file, or nothing if it was read no further.
    async fn pass_on<Piece: AsRef<[u8]> + Send + 'static>(
        &self,
        file: &Incoming<'_>,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
        reading: &Reading<Piece>,
        keeper: &mut Keeper,
    ) -> Result<Option<String>, Error> {
        let (import_id, size_bytes) = (file.import_id, file.size_bytes);
        let malformed = |reason| Error::FileMalformed { import_id, reason };
        let mut digest = Sha256::new();
        let mut received = 0;
        let mut pieces = pin!(pieces);
        while let Some(piece) = next(&mut pieces, self.settings.longest_silence).await? {
            let bytes = piece.as_ref();
            received += bytes.len() as u64;
            if size_bytes.is_some_and(|size| received > size) {
                return Err(malformed(Malformed::LongerThanAnnounced));
            }
            digest.update(bytes);
            if file.held.is_none() {
                keeper.take(bytes).await?;
            }
            if !reading.give(piece).await {
                return Ok(None);
            }
        }
        if received > 0 && size_bytes.is_some_and(|size| received < size) {
            return Err(malformed(Malformed::ShorterThanAnnounced));
        }
        Ok(Some(hex::encode(digest.finalize())))
    }

    fn finish_of(&self, cx: &RequestContext, file: &Incoming<'_>, came: Received) -> FinishImport {
        let limits = self.settings.limits;
        let many_malformed = limits.distrusts(came.compared.malformed, came.counts.rows);
        FinishImport {
            import_id: file.import_id,
            source: file.name.source,
            base: came.compared.base,
            row_count: came.counts.rows,
            quarantined_count: came.counts.quarantined,
            file_sha256: came.sha256,
            limits,
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
            event: cx.event(EventKind::DirectoryImportApplied, Outcome::Success),
            now: cx.clock.now(),
        }
    }
}

impl Counts {
    pub(super) fn follow(&mut self, comparison: &Comparison) {
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
