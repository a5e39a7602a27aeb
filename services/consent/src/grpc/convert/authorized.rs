//! Who can see a record or a document.

use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::{
    document_classes_to_proto, document_ref_from_proto, timestamp_to_proto,
};
use aval_runtime::status::{FieldErrors, Refusal};

use super::decision::ground_to_proto;
use super::grantee_to_proto;
use super::page::{Pages, Query};
use crate::app::ListAuthorized;
use crate::authorized::Authorized;

pub(in crate::grpc) fn list_authorized(
    request: proto::ListAuthorizedRequest,
    pages: &Pages,
    now: Timestamp,
) -> Result<(Query, ListAuthorized), Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let document = match request.document {
        None => Some(None),
        Some(mut document) => fields.within("document", |fields| {
            document_ref_from_proto(fields, &mut document).map(Some)
        }),
    };
    let (patient_id, document) = fields.build(|| Some((patient_id?, document?)))?;
    let query = Query::new("ListAuthorized", &(patient_id, &document));
    let page = pages.open(
        &query,
        request.page_size,
        &request.page_token,
        now,
        |place| place,
    )?;
    let asked = ListAuthorized {
        patient_id,
        document,
        page,
    };
    Ok((query, asked))
}

pub(in crate::grpc) fn authorized_to_proto(authorized: &Authorized) -> proto::Authorized {
    proto::Authorized {
        grantee: Some(grantee_to_proto(authorized.grantee)),
        ground: Some(ground_to_proto(authorized.ground)),
        permitted_classes: document_classes_to_proto(authorized.classes),
        until_at: authorized.until.map(timestamp_to_proto),
    }
}
