//! Entries that are probably one human.

use aval_runtime::context::RequestContext;

use super::{App, keep_directory};
use crate::error::Error;
use crate::merge::{DuplicateCandidate, DuplicatePosition};
use crate::page::{Page, PageOf};

impl App {
    /// Lists pairs of entries that are probably one human, the most likely first, with
    /// what speaks for it. A person decides.
    pub async fn list_duplicates(
        &self,
        cx: &RequestContext,
        page: &PageOf<DuplicatePosition>,
    ) -> Result<Page<DuplicateCandidate, DuplicatePosition>, Error> {
        keep_directory(cx)?;
        self.store.duplicates(page).await
    }
}
