//! The patient lifts a block.

use aval_domain::event::EventKind;
use aval_domain::id::{BlockId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::block_grantee::block_event;
use crate::block::Block;
use crate::error::Error;
use crate::store::{Change, Write};

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct UnblockGrantee {
    /// Which block.
    pub block_id: BlockId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Lifts a block of the patient's own. One that was lifted stays as it is.
    #[tracing::instrument(name = "consent.unblock_grantee", skip_all, fields(block.id = %command.block_id))]
    pub async fn unblock_grantee(
        &self,
        cx: &RequestContext,
        command: UnblockGrantee,
    ) -> Result<Block, Error> {
        let patient_id = cx.patient()?.patient_id;
        self.may_open(cx)?;
        let write = Write::new(cx, "consent.unblock_grantee", command.request_id, &command);
        let lift = |block: &Block| {
            Ok(block.lift(cx.now).map(|value| {
                let event = block_event(cx, EventKind::BlockRemoved, Some(block), &value);
                Change { value, event }
            }))
        };
        self.store
            .change_block(&write, patient_id, command.block_id, &lift)
            .await
    }
}
