//! The visibility of documents.

use aval_domain::id::{DocumentId, MaskId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_runtime::convert::timestamp_to_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use super::NOT_A_VALUE;
use super::page::{Pages, Query};
use crate::app::{ListDocumentVisibilities, SetDocumentVisibility};
use crate::visibility::{Visibility, VisibilityKind};

pub(in crate::grpc) fn set_document_visibility(
    request: &proto::SetDocumentVisibilityRequest,
) -> Result<SetDocumentVisibility, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let document_id = fields.check("document_id", DocumentId::parse(&request.document_id));
    let kind = kind(&mut fields, request.kind);
    let one = kind.and_then(|kind| the_one(&mut fields, kind, &request.practitioner_id));
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(SetDocumentVisibility {
            patient_id: patient_id?,
            document_id: document_id?,
            kind: kind?,
            practitioner_id: one?,
            remove: request.remove,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn list_document_visibilities(
    request: &proto::ListDocumentVisibilitiesRequest,
    pages: &Pages,
    now: Timestamp,
) -> Result<(Query, ListDocumentVisibilities), Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let document_id = fields.parse_optional("document_id", &request.document_id);
    let (patient_id, document_id) = fields.build(|| Some((patient_id?, document_id?)))?;
    let query = Query::new("ListDocumentVisibilities", &(patient_id, &document_id));
    let page = pages.open(
        &query,
        request.page_size,
        &request.page_token,
        now,
        MaskId::from_uuid,
    )?;
    Ok((
        query,
        ListDocumentVisibilities {
            patient_id,
            document_id,
            page,
        },
    ))
}

pub(in crate::grpc) fn visibility_to_proto(setting: &Visibility) -> proto::DocumentVisibility {
    proto::DocumentVisibility {
        document_id: setting.document_id.to_string(),
        kind: kind_to_proto(setting.kind).into(),
        practitioner_id: setting
            .practitioner_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        set_at: Some(timestamp_to_proto(setting.set_at)),
        release_at: setting.release_at.map(timestamp_to_proto),
    }
}

/// The professional concerned: required for the kinds that concern one, refused for
/// the others.
#[expect(
    clippy::option_option,
    reason = "the inner option is the one, the outer one validity"
)]
fn the_one(
    fields: &mut FieldErrors,
    kind: VisibilityKind,
    text: &str,
) -> Option<Option<PractitionerId>> {
    if kind.concerns_one() {
        return fields.parse("practitioner_id", text).map(Some);
    }
    if !text.is_empty() {
        fields.add("practitioner_id", "must be empty for this kind");
        return None;
    }
    Some(None)
}

fn kind(fields: &mut FieldErrors, value: i32) -> Option<VisibilityKind> {
    use proto::VisibilityKind as Proto;
    match Proto::try_from(value) {
        Ok(Proto::Masked) => Some(VisibilityKind::Masked),
        Ok(Proto::HiddenFromOne) => Some(VisibilityKind::HiddenFromOne),
        Ok(Proto::RevealedToOne) => Some(VisibilityKind::RevealedToOne),
        Ok(Proto::HiddenFromPatient) => Some(VisibilityKind::HiddenFromPatient),
        Ok(Proto::HiddenFromRepresentatives) => Some(VisibilityKind::HiddenFromRepresentatives),
        Ok(Proto::Unspecified) | Err(_) => {
            fields.add("kind", NOT_A_VALUE);
            None
        }
    }
}

const fn kind_to_proto(kind: VisibilityKind) -> proto::VisibilityKind {
    match kind {
        VisibilityKind::Masked => proto::VisibilityKind::Masked,
        VisibilityKind::HiddenFromOne => proto::VisibilityKind::HiddenFromOne,
        VisibilityKind::RevealedToOne => proto::VisibilityKind::RevealedToOne,
        VisibilityKind::HiddenFromPatient => proto::VisibilityKind::HiddenFromPatient,
        VisibilityKind::HiddenFromRepresentatives => {
            proto::VisibilityKind::HiddenFromRepresentatives
        }
    }
}
