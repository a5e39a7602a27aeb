//! Rights to act for a patient.

use aval_domain::id::{RepresentationId, RequestId};
use aval_domain::time::Timestamp;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::list_representatives_request::Of;
use aval_runtime::convert::{optional_timestamp_from_proto, timestamp_to_proto};
use aval_runtime::page;
use aval_runtime::status::{FieldErrors, Refusal};
use aval_runtime::token::RepresentationKind;

use crate::app::{AddRepresentative, ListRepresentatives, RepresentationsPage};
use crate::representation::Representation;
use crate::store::Represents;

/// What right to give.
pub(in crate::grpc) fn add_command(
    message: &proto::AddRepresentativeRequest,
) -> Result<AddRepresentative, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &message.patient_id);
    let representative = fields.parse(
        "representative_patient_id",
        &message.representative_patient_id,
    );
    let kind = kind(&mut fields, message.kind);
    let end_at = optional_timestamp_from_proto(&mut fields, "end_at", message.end_at.as_ref());
    let request_id = fields.parse("request_id", &message.request_id);
    fields.build(|| {
        Some(AddRepresentative {
            patient_id: patient_id?,
            representative_patient_id: representative?,
            kind: kind?,
            end_at: end_at?,
            request_id: request_id?,
        })
    })
}

fn kind(fields: &mut FieldErrors, asked: i32) -> Option<RepresentationKind> {
    match proto::RepresentationKind::try_from(asked) {
        Ok(proto::RepresentationKind::Parent) => Some(RepresentationKind::Parent),
        Ok(proto::RepresentationKind::Guardian) => Some(RepresentationKind::Guardian),
        Ok(proto::RepresentationKind::Mandated) => Some(RepresentationKind::Mandated),
        Ok(proto::RepresentationKind::Unspecified) | Err(_) => {
            fields.add("kind", "is required");
            None
        }
    }
}

/// Which right to end. It ends once whatever the request is called.
pub(in crate::grpc) fn to_remove(
    message: &proto::RemoveRepresentativeRequest,
) -> Result<RepresentationId, Refusal> {
    let mut fields = FieldErrors::new();
    let representation_id = fields.parse("representation_id", &message.representation_id);
    let request_id: Option<RequestId> = fields.parse("request_id", &message.request_id);
    fields.build(|| request_id.and(representation_id))
}

/// Whose rights are asked for.
pub(in crate::grpc) fn list_command(
    message: proto::ListRepresentativesRequest,
) -> Result<ListRepresentatives, Refusal> {
    let mut fields = FieldErrors::new();
    let of = match fields.required("of", message.of.as_ref()) {
        Some(Of::PatientId(id)) => fields.parse("patient_id", id).map(Represents::Patient),
        Some(Of::RepresentativePatientId(id)) => fields
            .parse("representative_patient_id", id)
            .map(Represents::Representative),
        None => None,
    };
    let of = fields.build(|| of)?;
    Ok(ListRepresentatives {
        of,
        page_size: page::parse_size(message.page_size)?,
        page_token: message.page_token,
    })
}

/// A page of rights.
pub(in crate::grpc) fn page(page: RepresentationsPage) -> proto::ListRepresentativesResponse {
    proto::ListRepresentativesResponse {
        representations: page.representations.iter().map(to_proto).collect(),
        next_page_token: page.next_page_token,
    }
}

/// A right.
pub(in crate::grpc) fn to_proto(representation: &Representation) -> proto::Representation {
    let at = |instant: Timestamp| timestamp_to_proto(instant);
    proto::Representation {
        representation_id: representation.representation_id.to_string(),
        patient_id: representation.patient_id.to_string(),
        representative_patient_id: representation.representative_patient_id.to_string(),
        kind: match representation.kind {
            RepresentationKind::Parent => proto::RepresentationKind::Parent,
            RepresentationKind::Guardian => proto::RepresentationKind::Guardian,
            RepresentationKind::Mandated => proto::RepresentationKind::Mandated,
        }
        .into(),
        started_at: Some(at(representation.started_at)),
        end_at: representation.end_at.map(at),
        removed_at: representation.removed_at.map(at),
    }
}
