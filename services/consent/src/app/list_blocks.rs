//! Whom the patient shut out.

use aval_domain::id::{BlockId, PatientId};
use aval_runtime::context::RequestContext;

use super::{App, Page, PageRequest};
use crate::block::Block;
use crate::error::Error;
use crate::store::BlockQuery;

/// Which blocks are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ListBlocks {
    /// Whose.
    pub patient_id: PatientId,
    /// Whether lifted and ended ones are shown too.
    pub include_ended: bool,
    /// Which page.
    pub page: PageRequest<BlockId>,
}

impl App {
    /// The patient's own blocks, told to nobody else.
    #[tracing::instrument(name = "consent.list_blocks", skip_all)]
    pub async fn list_blocks(
        &self,
        cx: &RequestContext,
        query: ListBlocks,
    ) -> Result<Page<Block>, Error> {
        cx.patient_owning(query.patient_id)?;
        let rows = BlockQuery {
            patient_id: query.patient_id,
            include_ended: query.include_ended,
            now: cx.now,
            after: query.page.after,
            limit: query.page.size.with_one_more(),
        };
        Ok(Page::of(self.store.blocks(&rows).await?, query.page.size))
    }
}
