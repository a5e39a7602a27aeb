//! The rows of an import that were put aside.

use aval_domain::id::ImportId;
use aval_runtime::context::RequestContext;

use super::{App, keep_directory};
use crate::error::Error;
use crate::import::QuarantinedRow;
use crate::page::{Page, PageOf};

impl App {
    /// Lists the rows of an import that were put aside, by line.
    pub async fn list_quarantined_rows(
        &self,
        cx: &RequestContext,
        import_id: ImportId,
        page: &PageOf<u64>,
    ) -> Result<Page<QuarantinedRow, u64>, Error> {
        keep_directory(cx)?;
        let rows = self.store.quarantined_rows(import_id, page).await?;
        rows.ok_or(Error::NotFound { what: "import" })
    }
}
