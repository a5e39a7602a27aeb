//! A person rejects a suspended import.

use aval_domain::event::EventKind;
use aval_runtime::context::RequestContext;

use super::{App, ImportDecision, keep_directory};
use crate::error::Error;
use crate::import::Import;

impl App {
    /// Ends a suspended import; what it put aside stays to be looked at.
    pub async fn reject_import(
        &self,
        cx: &RequestContext,
        decision: ImportDecision,
    ) -> Result<Import, Error> {
        keep_directory(cx)?;
        let operation = "practitioner_directory.reject_import";
        let decide = decision.of_call(cx, operation, EventKind::DirectoryImportRejected);
        let import = self.store.reject_import(&decide).await?;
        self.metrics.came_into(import.state);
        Ok(import)
    }
}
