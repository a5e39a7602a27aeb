//! Local corrections of attachments.

use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::app::OverrideAttachment;
use crate::practitioner::AttachmentOverride;
use crate::reason::Reason;

/// A person's correction.
pub(in crate::grpc) fn override_attachment(
    message: &proto::OverrideAttachmentRequest,
) -> Result<OverrideAttachment, Refusal> {
    let mut fields = FieldErrors::new();
    let activity_id = fields.parse("activity_id", &message.activity_id);
    let organization_id = fields.parse_optional("organization_id", &message.organization_id);
    let reason = fields.check("reason", Reason::parse(&message.reason));
    let request_id = fields.parse("request_id", &message.request_id);
    fields.build(|| {
        Some(OverrideAttachment {
            activity_id: activity_id?,
            organization_id: organization_id?,
            reason: reason?,
            request_id: request_id?,
        })
    })
}

/// A correction that holds.
pub(super) fn attachment_override_to_proto(
    correction: AttachmentOverride,
) -> proto::AttachmentOverride {
    proto::AttachmentOverride {
        source_organization_id: correction
            .source_organization_id
            .map_or_else(String::new, |id| id.to_string()),
        reason: correction.reason.as_str().to_owned(),
        author: correction.author,
        created_at: Some(timestamp_to_proto(correction.created_at)),
    }
}
