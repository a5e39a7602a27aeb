//! One import.

use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;

use super::{App, keep_directory};
use crate::error::Error;
use crate::import::Import;

impl App {
    /// Answers one import as it is now.
    pub async fn get_import(
        &self,
        cx: &RequestContext,
        import_id: ImportId,
    ) -> Result<Import, Error> {
        keep_directory(cx)?;
        let import = self.store.import(import_id).await?;
        import.ok_or(Error::NotFound { what: "import" })
    }
}
