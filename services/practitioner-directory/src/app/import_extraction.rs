//! A published file comes in, piece by piece.

mod beside;
mod keeping;
mod reading;
mod receive;

use std::time::Duration;

use aval_database::requests::{RequestKey, fingerprint};
use aval_domain::id::{ImportId, RequestId};
use aval_runtime::context::RequestContext;
use futures::Stream;

use super::{App, keep_directory};
use crate::error::Error;
use crate::extraction::ExtractionName;
use crate::import::{Import, ImportState};
use crate::store::{BeginImport, Begun, FailImport};
use receive::digest_of;
pub(super) use receive::{Counts, Held, Incoming};

/// A published file, announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportExtraction {
    /// What its name says.
    pub name: ExtractionName,
    /// Its name as it was sent.
    pub file_name: String,
    /// Its size in bytes, if the sender knows it.
    pub size_bytes: Option<u64>,
    /// The client's name for this import.
    pub request_id: RequestId,
}

/// Why there is no next piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceFault {
    /// The stream ended before the sender said so.
    Broken,
    /// The sender did not keep to the contract.
    Invalid {
        /// The field, as the contract names it.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
}

/// By how much a source's clock may be ahead of this one: a day, because the time
/// zone of the names is not published.
const LONGEST_ADVANCE: Duration = Duration::from_hours(24);

impl App {
    /// Takes a published file and applies it, or suspends it, or refuses it.
    ///
    /// What ends in an error leaves the import's record, and nothing else. Repeating
    /// a request that ended well reads the file again, only to see that it is the
    /// same one.
    pub async fn import_extraction<Piece: AsRef<[u8]> + Send + 'static>(
        &self,
        cx: &RequestContext,
        command: ImportExtraction,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
    ) -> Result<Import, Error> {
        keep_directory(cx)?;
        let latest = cx.now.saturating_add(LONGEST_ADVANCE);
        if command.name.generated_at.is_some_and(|at| at > latest) {
            return Err(Error::FieldInvalid {
                field: "header.file_name",
                rule: "the time in it is not in the future",
            });
        }
        let Ok(_turn) = self.import_turn.try_acquire() else {
            return Err(Error::ImportRunning);
        };
        let begin = self.beginning_of(cx, &command);
        match self.store.begin_import(&begin).await? {
            Begun::Answered(import) => self.answer_again(*import, pieces).await,
            Begun::Receiving { newest } => {
                let mut counts = Counts::default();
                let is_outdated = begin.generated_at.is_some() && newest > begin.generated_at;
                let file = Incoming {
                    import_id: begin.import_id,
                    name: &command.name,
                    size_bytes: command.size_bytes,
                    is_outdated,
                    held: None,
                };
                let outcome = self.receive(cx, &file, pieces, &mut counts).await;
                match &outcome {
                    Ok(import) => self.tell_of(import),
                    Err(error) => {
                        self.metrics.came_into(ImportState::Failed);
                        self.record_failure(cx, begin.import_id, error, counts)
                            .await;
                    }
                }
                outcome
            }
        }
    }

    fn beginning_of(&self, cx: &RequestContext, command: &ImportExtraction) -> BeginImport {
        let size = command.size_bytes.map(u64::to_be_bytes);
        let parts = [command.file_name.as_bytes()]
            .into_iter()
            .chain(size.iter().map(<[u8; 8]>::as_slice));
        BeginImport {
            import_id: ImportId::new(cx.now, cx.random.as_ref()),
            source: command.name.source,
            file_name: command.file_name.clone(),
            generated_at: command.name.generated_at,
            request: RequestKey {
                actor: cx.caller.to_string(),
                request_id: command.request_id,
                operation: "practitioner_directory.import_extraction",
                fingerprint: fingerprint(parts),
            },
            now: cx.now,
            silent_since: cx.now.saturating_sub(self.settings.longest_silence * 3),
            held_since: cx.now.saturating_sub(self.settings.held_for),
        }
    }

    /// The request was answered before: the file must be the one that it sent then.
    async fn answer_again<Piece: AsRef<[u8]>>(
        &self,
        import: Import,
        pieces: impl Stream<Item = Result<Piece, PieceFault>> + Send,
    ) -> Result<Import, Error> {
        let digest = digest_of(pieces, self.settings.longest_silence).await?;
        if digest != import.report.file_sha256 {
            return Err(Error::RequestIdReused);
        }
        Ok(import)
    }

    /// Somebody has to look at a suspended import; at an alarming one at once.
    pub(super) fn tell_of(&self, import: &Import) {
        self.metrics.came_into(import.state);
        if import.state != ImportState::Suspended {
            return;
        }
        let (id, reason) = (import.import_id, import.state_reason.as_str());
        if self.settings.limits.alarms(&import.report.changes) {
            self.metrics.alarm();
            tracing::error!(import.id = %id, reason, "an alarming import waits for a person");
        } else {
            tracing::warn!(import.id = %id, reason, "an import waits for a person");
        }
    }

    pub(super) async fn record_failure(
        &self,
        cx: &RequestContext,
        import_id: ImportId,
        error: &Error,
        counts: Counts,
    ) {
        let fail = FailImport {
            import_id,
            reason: reason_of(error),
            row_count: counts.rows,
            quarantined_count: counts.quarantined,
            now: cx.clock.now(),
        };
        if let Err(failure) = self.store.fail_import(&fail).await {
            // The import stays as received; the next one gives it up.
            tracing::warn!(import.id = %import_id, error = %failure, "a failed import was not recorded");
        }
    }
}

/// What the record says: a fixed sentence. What the service itself did wrong is in
/// its log.
fn reason_of(error: &Error) -> String {
    match error {
        Error::Database(_) => "the service could not work on it".to_owned(),
        other => other.to_string(),
    }
}
