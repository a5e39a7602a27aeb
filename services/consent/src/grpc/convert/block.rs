//! Blocks.

use aval_domain::id::BlockId;
use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::page::{Pages, Query};
use super::{asked_period, grantee, grantee_to_proto, period_to_proto};
use crate::app::{BlockGrantee, ListBlocks, UnblockGrantee};
use crate::block::Block;

pub(in crate::grpc) fn block_grantee(
    request: &proto::BlockGranteeRequest,
) -> Result<BlockGrantee, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let grantee = grantee(&mut fields, request.grantee.as_ref());
    let period = asked_period(&mut fields, request.period.as_ref());
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(BlockGrantee {
            patient_id: patient_id?,
            grantee: grantee?,
            period: period?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn unblock_grantee(
    request: &proto::UnblockGranteeRequest,
) -> Result<UnblockGrantee, Refusal> {
    let mut fields = FieldErrors::new();
    let block_id = fields.parse("block_id", &request.block_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(UnblockGrantee {
            block_id: block_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn list_blocks(
    request: &proto::ListBlocksRequest,
    pages: &Pages,
    now: Timestamp,
) -> Result<(Query, ListBlocks), Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let patient_id = fields.build(|| patient_id)?;
    let include_ended = request.include_ended;
    let query = Query::new("ListBlocks", &(patient_id, include_ended));
    let page = pages.open(
        &query,
        request.page_size,
        &request.page_token,
        now,
        BlockId::from_uuid,
    )?;
    Ok((
        query,
        ListBlocks {
            patient_id,
            include_ended,
            page,
        },
    ))
}

pub(in crate::grpc) fn block_to_proto(block: &Block) -> proto::Block {
    proto::Block {
        block_id: block.block_id.to_string(),
        patient_id: block.patient_id.to_string(),
        grantee: Some(grantee_to_proto(block.grantee)),
        period: Some(period_to_proto(&block.period)),
        created_at: Some(timestamp_to_proto(block.created_at)),
        removed_at: block.removed_at.map(timestamp_to_proto),
        etag: block.version.etag().to_string(),
    }
}
