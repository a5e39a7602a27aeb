//! Tells those who follow who turned out to be whom.

use aval_runtime::context::RequestContext;

use super::{App, follow_merges};
use crate::error::Error;
use crate::merge::{MergeCursor, Merges};

impl App {
    /// What came after this place, at most `limit`.
    pub async fn list_merges(
        &self,
        cx: &RequestContext,
        cursor: MergeCursor,
        limit: u64,
    ) -> Result<Merges, Error> {
        follow_merges(cx)?;
        let merges = self.store.merges_after(cursor, limit).await?;
        merges.ok_or(Error::FieldInvalid {
            field: "cursor",
            rule: "must be one that was given here",
        })
    }
}
