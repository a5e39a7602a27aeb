//! From the first piece to the last.

use std::pin::pin;
use std::time::Duration;

use aval_runtime::context::RequestContext;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::super::App;
use super::PieceFault;
use crate::error::Error;
use crate::extraction::{ExtractionName, ExtractionReader, Malformed};
use crate::import::Import;
use crate::import::comparison::Comparison;
use crate::import::facts::FactKey;
use crate::import::limits::Suspicion;
use crate::store::{BeginImport, FinishImport};

/// How many staged things go to the store at once.
const STAGED_AT_ONCE: usize = 4_000;

/// How many bytes of a piece are read before what they brought is staged: a hundred
/// times as many may come out of them.
const READ_AT_ONCE: usize = 16 * 1024;

/// What was counted until now, for the record of an import that fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) quarantined: u64,
}

/// What is known of a file before its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected<'a> {
    /// What its name says.
    pub(super) name: &'a ExtractionName,
    /// Its size, if the sender said it.
    pub(super) size_bytes: Option<u64>,
    /// Whether a newer file of its source was applied before.
    pub(super) is_outdated: bool,
}

impl App {
    /// Reads the file, stages what is new, and finishes the import.
    pub(super) async fn receive<Piece: AsRef<[u8]>>(
        &self,
        cx: &RequestContext,
        begin: &BeginImport,
        file: Expected<'_>,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
        counts: &mut Counts,
    ) -> Result<Import, Error> {
        let import_id = begin.import_id;
        let size_bytes = file.size_bytes;
        let malformed = |reason| Error::FileMalformed { import_id, reason };
        let known = self.store.known(begin.source).await?;
        let base = known.base;
        let mut comparison = Comparison::new(known, cx.now, cx.random.clone());
        let mut reader = ExtractionReader::named(file.name);
        let mut digest = Sha256::new();
        let mut received = 0;
        let mut pieces = pin!(pieces);
        while let Some(piece) = next(&mut pieces, self.settings.longest_silence).await? {
            let piece = piece.as_ref();
            received += piece.len() as u64;
            if size_bytes.is_some_and(|size| received > size) {
                return Err(malformed(Malformed::LongerThanAnnounced));
            }
            digest.update(piece);
            for part in piece.chunks(READ_AT_ONCE) {
                reader
                    .push(part, |line, read| comparison.take(line, read))
                    .map_err(malformed)?;
                counts.follow(&comparison);
                if comparison.waiting() >= STAGED_AT_ONCE {
                    self.stage(cx, begin, &mut comparison).await?;
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
        self.stage(cx, begin, &mut comparison).await?;
        let many_malformed = self
            .settings
            .limits
            .distrusts(comparison.malformed, counts.rows);
        self.stage_ended(cx, begin, comparison).await?;
        let finish = FinishImport {
            import_id,
            source: begin.source,
            base,
            row_count: counts.rows,
            quarantined_count: counts.quarantined,
            file_sha256: hex::encode(digest.finalize()),
            limits: self.settings.limits,
            suspicions: [
                (file.is_outdated, Suspicion::Outdated),
                (many_malformed, Suspicion::ManyMalformed),
            ]
            .into_iter()
            .filter_map(|(holds, suspicion)| holds.then_some(suspicion))
            .collect(),
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
        begin: &BeginImport,
        comparison: &mut Comparison,
    ) -> Result<(), Error> {
        let batch = comparison.take_batch();
        self.store
            .stage(begin.import_id, &batch, cx.clock.now())
            .await
    }

    async fn stage_ended(
        &self,
        cx: &RequestContext,
        begin: &BeginImport,
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
                .stage_ended(begin.import_id, &some, cx.clock.now())
                .await?;
        }
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
