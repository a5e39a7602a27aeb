//! Requests for grants, answers to them, declarations.

use aval_proto::consent::v1 as proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::asked_period;
use super::grant::classes;
use crate::app::{ApproveGrant, DeclareGrant, DeclineGrant, RequestGrant};
use crate::grant::{Approval, Purpose};

const PURPOSE_RULE: &str = "must have 1 to 500 characters, without control characters";

pub(in crate::grpc) fn request_grant(
    request: &proto::RequestGrantRequest,
) -> Result<RequestGrant, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let classes = classes(&mut fields, &request.document_classes);
    let period = asked_period(&mut fields, request.period.as_ref());
    let purpose = Purpose::parse(&request.purpose);
    let purpose = fields.check("purpose", purpose.ok_or(PURPOSE_RULE));
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(RequestGrant {
            patient_id: patient_id?,
            classes: classes?,
            period: period?,
            purpose: purpose?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn approve_grant(
    request: &proto::ApproveGrantRequest,
) -> Result<ApproveGrant, Refusal> {
    let mut fields = FieldErrors::new();
    let grant_id = fields.parse("grant_id", &request.grant_id);
    let etag = fields.parse("etag", &request.etag);
    let narrowed = match request.document_classes.as_slice() {
        [] => Some(None),
        some => classes(&mut fields, some).map(Some),
    };
    let period = match request.period.as_ref() {
        None => Some(None),
        some => asked_period(&mut fields, some).map(Some),
    };
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(ApproveGrant {
            grant_id: grant_id?,
            etag: etag?,
            approval: Approval {
                classes: narrowed?,
                period: period?,
            },
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn decline_grant(
    request: &proto::DeclineGrantRequest,
) -> Result<DeclineGrant, Refusal> {
    let mut fields = FieldErrors::new();
    let grant_id = fields.parse("grant_id", &request.grant_id);
    let etag = fields.parse("etag", &request.etag);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(DeclineGrant {
            grant_id: grant_id?,
            etag: etag?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn declare_grant(
    request: &proto::DeclareGrantRequest,
) -> Result<DeclareGrant, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let on_behalf_of = fields.parse_optional(
        "on_behalf_of_practitioner_id",
        &request.on_behalf_of_practitioner_id,
    );
    let classes = classes(&mut fields, &request.document_classes);
    let period = asked_period(&mut fields, request.period.as_ref());
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(DeclareGrant {
            patient_id: patient_id?,
            on_behalf_of: on_behalf_of?,
            classes: classes?,
            period: period?,
            consent_collected: request.consent_collected,
            request_id: request_id?,
        })
    })
}
