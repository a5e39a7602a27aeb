//! A person approves a suspended import.

use aval_domain::event::EventKind;
use aval_runtime::context::RequestContext;

use super::{App, ImportDecision, keep_directory};
use crate::error::Error;
use crate::import::Import;

impl App {
    /// Applies a suspended import, whatever the limits say.
    pub async fn approve_import(
        &self,
        cx: &RequestContext,
        decision: ImportDecision,
    ) -> Result<Import, Error> {
        keep_directory(cx)?;
        let operation = "practitioner_directory.approve_import";
        let decide = decision.of_call(cx, operation, EventKind::DirectoryImportApplied);
        let import = self.store.approve_import(&decide).await?;
        self.metrics.came_into(import.state);
        Ok(import)
    }
}
