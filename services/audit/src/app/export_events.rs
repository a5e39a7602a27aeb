//! A history as a file.

mod sending;

pub(super) use sending::Bounds;
pub use sending::Export;

use std::collections::BTreeSet;
use std::sync::Arc;

use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::PatientId;
use aval_domain::time::Clock;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::{ComputeError, InclusionProof};
use aval_merkle_log::receipt::Receipt;
use aval_runtime::context::RequestContext;
use futures::Stream;
use futures::stream;

use super::App;
use super::erased::{Listed, joined};
use super::reading::Reading;
use super::trace_reading::{on_ground, reader};
use super::withheld::Kept;
use crate::checkpoint_key::CheckpointRefused;
use crate::entry::{Altered, Entry, StoredEntry};
use crate::erasure::ErasedEntry;
use crate::error::Error;
use crate::export::{Exported, Format, Untold};
use crate::query::{ExportEvents, Filter, Onward, Scope};
use crate::sentence::Reader;
use crate::store::Sequence;

/// How many events are read at once.
const EVENTS_PER_READ: u64 = 100;

/// How many bytes one piece has at most.
const LONGEST_PIECE: usize = 64 * 1024;

/// A file that is being written, as its reader takes it.
struct Writing {
    app: Arc<App>,
    clock: Arc<dyn Clock>,
    reading: Reading,
    /// The identifiers of the patient whose history it is: who is merged with them
    /// meanwhile is not in the file, of whose beginning nothing more is written.
    patients: Vec<PatientId>,
    filter: Filter,
    format: Format,
    hiding: Kept,
    reader: Reader,
    /// The state of the log that the whole file is of.
    note: SignedNote,
    checkpoint: Checkpoint,
    from: u64,
    is_first: bool,
    is_over: bool,
}

impl App {
    /// Writes the events of a person that the newest checkpoint covers, the oldest first,
    /// each with its receipt against that checkpoint, as far as whoever asks is told of them. The
    /// export is traced before anything is answered, whoever asks.
    ///
    /// It ends with an error with the person's token, with the service, and when its reader is
    /// too slow: such a file is not whole.
    pub async fn export_events(
        self: &Arc<Self>,
        cx: &RequestContext,
        command: ExportEvents,
    ) -> Result<Export, Error> {
        let reading = self.reading(cx, command.patient_id).await?;
        let scope = reading.scope;
        let bounds = self.watching.export(cx)?;
        let signed = self.newest_checkpoint().await?;
        let note = SignedNote::parse(signed.note.as_bytes()).map_err(CheckpointRefused::from)?;
        let patients = match scope {
            Scope::Patient(patient_id) => self.store.identifiers(patient_id).await?,
            Scope::Practitioner(_) => Vec::new(),
        };
        self.trace_export(cx, reading, command.format).await?;
        let writing = Writing {
            app: Arc::clone(self),
            clock: Arc::clone(&cx.clock),
            reading,
            patients,
            filter: command.filter,
            format: command.format,
            hiding: Kept::default(),
            reader: reader(cx),
            note,
            checkpoint: signed.checkpoint,
            from: 0,
            is_first: true,
            is_over: false,
        };
        let beginning = command.format.beginning().into_bytes();
        Ok(bounds.send(pieces(beginning, writing)))
    }

    async fn trace_export(
        &self,
        cx: &RequestContext,
        reading: Reading,
        format: Format,
    ) -> Result<(), Error> {
        let mut event = cx.event(EventKind::TrailExported, Outcome::Success);
        if let Some(patient_id) = reading.patient_id() {
            event.patient_id = Some(patient_id);
        }
        let format = format.code().to_owned();
        event.after = on_ground(reading.ground());
        event.after.insert("format".to_owned(), format);
        Ok(self.store.trace(&event).await?)
    }

    /// The receipts of these entries against one checkpoint, each verified before it is
    /// given away.
    async fn receipts(
        &self,
        entries: &[Listed],
        note: &SignedNote,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Receipt>, Error> {
        let mut needed = BTreeSet::new();
        for entry in entries {
            let nodes = InclusionProof::needed(entry.log_index(), checkpoint.size);
            needed.extend(nodes.map_err(ComputeError::Impossible)?);
        }
        let needed: Vec<_> = needed.into_iter().collect();
        let nodes = self.store.nodes(&needed).await?;
        let receipt = |event: &Listed| {
            let (salt, evidence) = event.evidence();
            let log_index = event.log_index();
            let proof = InclusionProof::compute(&nodes, log_index, checkpoint.size)?;
            let receipt = Receipt {
                leaf: event.leaf().clone(),
                salt,
                index: log_index,
                path: proof.path,
                checkpoint: note.clone(),
            };
            receipt.verify_in(evidence, checkpoint).map_err(|_| {
                self.store.forget_nodes();
                Altered {
                    log_index,
                    what: "place in the tree",
                }
            })?;
            Ok(receipt)
        };
        entries.iter().map(receipt).collect()
    }
}

/// The file in pieces: what is read at once is cut up before more is read.
fn pieces(
    beginning: Vec<u8>,
    writing: Writing,
) -> impl Stream<Item = Result<Vec<u8>, Error>> + Send {
    stream::try_unfold((beginning, writing), async |(mut ready, mut writing)| {
        while ready.is_empty() && !writing.is_over {
            ready = writing.next().await?;
        }
        if ready.is_empty() {
            return Ok(None);
        }
        let rest = ready.split_off(ready.len().min(LONGEST_PIECE));
        Ok(Some((ready, (rest, writing))))
    })
}

impl Writing {
    fn is_of(&self, patient_id: Option<PatientId>) -> bool {
        match self.reading.scope {
            Scope::Patient(_) => patient_id.is_some_and(|id| self.patients.contains(&id)),
            Scope::Practitioner(_) => true,
        }
    }

    /// The next of what was erased of a patient's whole history, for who verifies it.
    async fn erased(&self) -> Result<Vec<ErasedEntry>, Error> {
        let Some(patient_id) = self.reading.patient_id() else {
            return Ok(Vec::new());
        };
        if self.format != Format::Receipts || !self.filter.leaves_erased() {
            return Ok(Vec::new());
        }
        let covered = self.from..self.checkpoint.size;
        let oldest_first = Sequence::OldestFirst;
        let store = &self.app.store;
        let rows = store.erased_in(patient_id, covered, oldest_first, EVENTS_PER_READ);
        self.app.explained(rows.await?).await
    }

    /// What the next events add, or the end.
    async fn next(&mut self) -> Result<Vec<u8>, Error> {
        let onward = Onward {
            scope: self.reading.scope,
            filter: self.filter.clone(),
            from: self.from,
            limit: EVENTS_PER_READ,
        };
        let stored = self.app.store.events_from(&onward).await?;
        let covered = stored
            .into_iter()
            .take_while(|entry| entry.log_index < self.checkpoint.size);
        let entries: Vec<Entry> = covered.map(StoredEntry::open).collect::<Result<_, _>>()?;
        let erased = self.erased().await?;
        let oldest_first = Sequence::OldestFirst;
        let mut entries = joined(entries, erased, oldest_first, EVENTS_PER_READ);
        let Some(last) = entries.last() else {
            self.is_over = true;
            return Ok(self.format.end().as_bytes().to_vec());
        };
        self.from = last.log_index() + 1;
        entries.retain(|event| self.is_of(event.patient_id()));
        let (store, now) = (self.app.store.as_ref(), self.clock.now());
        let (reading, filter) = (&self.reading, &self.filter);
        let told = self.hiding.told_to(reading, filter, entries, store, now);
        let entries = told.await?;
        let receipts = self
            .app
            .receipts(&entries, &self.note, &self.checkpoint)
            .await?;
        let mut text = String::new();
        for (event, receipt) in entries.iter().zip(&receipts) {
            let entry = match event {
                Listed::Told(entry) => entry,
                Listed::Erased(_) => {
                    text.push_str(&self.format.untold(Untold::Erased, receipt));
                    continue;
                }
                Listed::Withheld(_) => {
                    text.push_str(&self.format.untold(Untold::Withheld, receipt));
                    continue;
                }
            };
            let exported = Exported {
                entry,
                receipt,
                reader: self.reader,
            };
            text.push_str(&self.format.event(exported, self.is_first));
            self.is_first = false;
        }
        Ok(text.into_bytes())
    }
}
