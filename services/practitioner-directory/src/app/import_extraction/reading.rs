//! A file is read and compared with the directory on a task of its own, while the next of
//! it is received: what the directory knows is asked for meanwhile, too.

use std::sync::Arc;

use aval_domain::id::ImportId;
use aval_domain::random::Random;
use aval_domain::time::{Clock, Timestamp};
use aval_runtime::context::RequestContext;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::beside::Beside;
use super::receive::{Counts, Incoming};
use crate::error::Error;
use crate::extraction::{ExtractionName, ExtractionReader};
use crate::import::comparison::Comparison;
use crate::import::facts::FactKey;
use crate::import::staged::Batch;
use crate::source::Source;
use crate::store::Store;

/// How many staged things go to the store at once.
const STAGED_AT_ONCE: usize = 10_000;

/// How many of a first file, which brings four of a person: each time is a transaction that
/// copies into six tables.
const FOUNDED_AT_ONCE: usize = 40_000;

/// How many bytes of a piece are read before what they brought is staged: a hundred
/// times as many may come out of them.
const READ_AT_ONCE: usize = 16 * 1024;

/// How many pieces wait to be read, of at most 1 MiB each.
const WAITING: usize = 16;

/// A file that is being read. When this is dropped it is read no further.
#[derive(Debug)]
pub(super) struct Reading<Piece> {
    given: mpsc::Sender<Given<Piece>>,
    task: JoinHandle<Read>,
}

#[derive(Debug)]
enum Given<Piece> {
    Piece(Piece),
    /// There is nothing after the last piece.
    End,
}

/// What was read, and what came of it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) counts: Counts,
    pub(super) outcome: Result<Compared, Error>,
}

/// A file that was compared to its end; what is new in it is staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compared {
    /// The import in use that it was compared with.
    pub(super) base: Option<ImportId>,
    /// Rows that speak against the file.
    pub(super) malformed: u64,
}

impl<Piece: AsRef<[u8]> + Send + 'static> Reading<Piece> {
    /// Begins with a file of which nothing came yet.
    pub(super) fn of(store: &Arc<dyn Store>, cx: &RequestContext, file: &Incoming<'_>) -> Self {
        let (given, pieces) = mpsc::channel(WAITING);
        let reader = Reader {
            store: Arc::clone(store),
            clock: Arc::clone(&cx.clock),
            random: Arc::clone(&cx.random),
            now: cx.now,
            import_id: file.import_id,
            name: file.name.clone(),
        };
        let task = tokio::spawn(reader.read(pieces).in_current_span());
        Self { given, task }
    }

    /// Gives it the next piece; `false` if it came to an end, which [`Self::stop`] tells.
    pub(super) async fn give(&self, piece: Piece) -> bool {
        self.given.send(Given::Piece(piece)).await.is_ok()
    }

    /// Has everything read that was given, as the whole file, and staged.
    pub(super) async fn finish(self) -> Read {
        // Whoever does not hear of it has failed, and says how.
        let _heard = self.given.send(Given::End).await;
        self.stop().await
    }

    /// Has nothing read beyond what was given.
    pub(super) async fn stop(self) -> Read {
        drop(self.given);
        self.task.await.unwrap_or_else(|_| Read {
            counts: Counts::default(),
            outcome: Err(Error::ImportAbandoned),
        })
    }
}

/// What reads.
struct Reader {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    now: Timestamp,
    import_id: ImportId,
    name: ExtractionName,
}

impl Reader {
    async fn read<Piece: AsRef<[u8]>>(self, pieces: mpsc::Receiver<Given<Piece>>) -> Read {
        let mut counts = Counts::default();
        let outcome = self.compare(pieces, &mut counts).await;
        Read { counts, outcome }
    }

    async fn compare<Piece: AsRef<[u8]>>(
        &self,
        mut pieces: mpsc::Receiver<Given<Piece>>,
        counts: &mut Counts,
    ) -> Result<Compared, Error> {
        let import_id = self.import_id;
        let malformed = |reason| Error::FileMalformed { import_id, reason };
        let known = self.store.known(self.name.source).await?;
        let (base, is_all_new) = (known.base, known.is_empty());
        let is_first = self.name.source == Source::PracticeSituations && is_all_new;
        let mut comparison = Comparison::new(known, self.now, Arc::clone(&self.random));
        let mut staged_at_once = STAGED_AT_ONCE;
        if is_first && self.store.found(import_id, self.now).await? {
            comparison.found();
            staged_at_once = FOUNDED_AT_ONCE;
        }
        let mut reader = ExtractionReader::named(&self.name);
        let mut stager = self.stager();
        loop {
            let piece = match pieces.recv().await {
                Some(Given::Piece(piece)) => piece,
                Some(Given::End) => break,
                None => return Err(Error::StreamBroken),
            };
            for part in piece.as_ref().chunks(READ_AT_ONCE) {
                reader
                    .push(part, |line, read| comparison.take(line, read))
                    .map_err(malformed)?;
                counts.follow(&comparison);
                if comparison.waiting() >= staged_at_once {
                    stager
                        .give(Staged::Batch(Box::new(comparison.take_batch())))
                        .await?;
                }
                // Whoever reads the directory meanwhile has their turn: a whole piece takes
                // some milliseconds.
                tokio::task::yield_now().await;
            }
        }
        reader
            .finish(|line, read| comparison.take(line, read))
            .map_err(malformed)?;
        counts.follow(&comparison);
        stager
            .give(Staged::Batch(Box::new(comparison.take_batch())))
            .await?;
        let compared = Compared {
            base,
            malformed: comparison.malformed,
        };
        // Where nothing was known nothing ends.
        if !is_all_new {
            self.keep_unread(&mut comparison).await?;
        }
        give_ended(&mut stager, comparison).await?;
        stager.finish().await?;
        Ok(compared)
    }

    /// Of whom a row was put aside nothing ends.
    async fn keep_unread(&self, comparison: &mut Comparison) -> Result<(), Error> {
        for some in comparison.take_unread().chunks(STAGED_AT_ONCE) {
            let rows = self.store.rows_of(self.name.source, some).await?;
            comparison.keep(rows);
        }
        Ok(())
    }

    fn stager(&self) -> Beside<Staged> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let import_id = self.import_id;
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
    Batch(Box<Batch>),
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
