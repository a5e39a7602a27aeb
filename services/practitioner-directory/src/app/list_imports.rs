//! The history of imports.

use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;

use super::{App, keep_directory};
use crate::error::Error;
use crate::import::Import;
use crate::page::{Page, PageOf};

impl App {
    /// Lists imports, the newest first.
    pub async fn list_imports(
        &self,
        cx: &RequestContext,
        page: &PageOf<ImportId>,
    ) -> Result<Page<Import, ImportId>, Error> {
        keep_directory(cx)?;
        self.store.imports(page).await
    }
}
