//! A person approves a suspended import.

use aval_domain::event::EventKind;
use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;
use futures::{Stream, stream};

use super::import_extraction::{Counts, Held, Incoming};
use super::{App, ImportDecision, PieceFault, keep_directory};
use crate::error::Error;
use crate::extraction::ExtractionName;
use crate::import::Import;
use crate::store::{DecideImport, Reopened};

impl App {
    /// Applies a suspended import, whatever the limits say: the person saw its report.
    ///
    /// If another import was applied since, that report no longer holds. The kept file is
    /// then compared anew: the import is applied if the limits let it and nothing newer was
    /// applied since, or held again with its new report.
    pub async fn approve_import(
        &self,
        cx: &RequestContext,
        decision: ImportDecision,
    ) -> Result<Import, Error> {
        keep_directory(cx)?;
        let operation = "practitioner_directory.approve_import";
        let decide = decision.of_call(cx, operation, EventKind::DirectoryImportApplied);
        let approved = self.store.approve_import(&decide).await;
        self.people.forget();
        match approved {
            Err(Error::DirectoryChanged) => self.compare_again(cx, &decide).await,
            outcome => {
                let import = outcome?;
                self.metrics.came_into(import.state);
                Ok(import)
            }
        }
    }

    async fn compare_again(
        &self,
        cx: &RequestContext,
        decide: &DecideImport,
    ) -> Result<Import, Error> {
        let Ok(_turn) = self.import_turn.try_acquire() else {
            return Err(Error::ImportRunning);
        };
        let import = match self.store.reopen_import(decide).await? {
            Reopened::Comparing(import) => import,
            Reopened::Answered(import) => return Ok(*import),
        };
        let mut counts = Counts::default();
        let outcome = self.receive_kept(cx, &import, decide, &mut counts).await;
        match &outcome {
            Ok(import) => self.tell_of(import),
            Err(error) => {
                let id = import.import_id;
                self.record_failure(cx, id, error, counts).await;
            }
        }
        outcome
    }

    async fn receive_kept(
        &self,
        cx: &RequestContext,
        import: &Import,
        decide: &DecideImport,
        counts: &mut Counts,
    ) -> Result<Import, Error> {
        // It was read when the file came.
        let name = ExtractionName::parse(&import.file_name).map_err(|_| Error::DirectoryChanged)?;
        let freshness = self.store.freshness().await?;
        let in_use = freshness
            .sources
            .iter()
            .find(|one| one.source == name.source);
        let newest = in_use.and_then(|source| source.generated_at);
        let file = Incoming {
            import_id: import.import_id,
            name: &name,
            size_bytes: None,
            is_outdated: name.generated_at.is_some() && newest > name.generated_at,
            held: Some(Held {
                file_sha256: import.report.file_sha256.clone(),
                decided: decide.decided.clone(),
            }),
        };
        let pieces = self.kept_file(import.import_id);
        self.receive(cx, &file, pieces, counts).await
    }

    fn kept_file(
        &self,
        import_id: ImportId,
    ) -> impl Stream<Item = Result<Vec<u8>, PieceFault>> + Send {
        stream::unfold(0, move |number| async move {
            match self.store.kept_part(import_id, number).await {
                Ok(part) => Some((Ok(part?), number + 1)),
                Err(error) => {
                    tracing::warn!(import.id = %import_id, error = %error, "a kept file was not read");
                    Some((Err(PieceFault::Broken), number))
                }
            }
        })
    }
}
