//! Grants.

use aval_domain::document::DocumentClasses;
use aval_domain::id::GrantId;
use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_grants_request::Of;
use aval_runtime::convert::{
    document_classes_from_proto, document_classes_to_proto, optional_timestamp_from_proto,
    timestamp_to_proto,
};
use aval_runtime::status::{FieldErrors, Refusal};

use super::{NOT_A_VALUE, asked_period, grantee, grantee_to_proto, period_to_proto};
use crate::app::{
    CreateGrant, ListGrants, PageRequest, RevokeAllGrants, RevokeGrant, Standing, UpdateGrant,
};
use crate::decision::AuthorizationStatus;
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin, GrantPatch, GrantState};
use crate::grpc::convert::page::{Pages, Query};
use crate::store::GrantsOf;

pub(in crate::grpc) fn create_grant(
    request: &proto::CreateGrantRequest,
) -> Result<CreateGrant, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let grantee = grantee(&mut fields, request.grantee.as_ref());
    let classes = classes(&mut fields, &request.document_classes);
    let period = asked_period(&mut fields, request.period.as_ref());
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(CreateGrant {
            patient_id: patient_id?,
            grantee: grantee?,
            classes: classes?,
            period: period?,
            request_id: request_id?,
        })
    })
}

/// Which of a grant's values change: those that the mask names, and no other.
pub(in crate::grpc) fn update_grant(
    request: &proto::UpdateGrantRequest,
) -> Result<UpdateGrant, tonic::Status> {
    let mut fields = FieldErrors::new();
    let grant = fields.required("grant", request.grant.as_ref());
    let mask = fields.required("update_mask", request.update_mask.as_ref());
    let request_id = fields.parse("request_id", &request.request_id);
    let (Some(grant), Some(mask)) = (grant, mask) else {
        return fields.build(|| None).map_err(Into::into);
    };
    let mut patch = GrantPatch {
        classes: None,
        until: None,
    };
    if mask.paths.is_empty() {
        fields.add("update_mask", "must name what to change");
    }
    let (grant_id, etag) = fields.within("grant", |fields| {
        let grant_id = fields.parse("grant_id", &grant.grant_id);
        (grant_id, fields.parse("etag", &grant.etag))
    });
    for path in &mask.paths {
        match path.as_str() {
            "document_classes" => {
                let named = |fields: &mut FieldErrors| classes(fields, &grant.document_classes);
                patch.classes = fields.within("grant", named);
            }
            "period.until_at" => patch.until = until(&mut fields, grant),
            _ => return Err(Error::UpdateMaskInvalid.into()),
        }
    }
    let built = fields.build(|| {
        Some(UpdateGrant {
            grant_id: grant_id?,
            etag: etag?,
            patch,
            request_id: request_id?,
        })
    });
    built.map_err(Into::into)
}

pub(in crate::grpc) fn revoke_grant(
    request: &proto::RevokeGrantRequest,
) -> Result<RevokeGrant, Refusal> {
    let mut fields = FieldErrors::new();
    let grant_id = fields.parse("grant_id", &request.grant_id);
    let etag = fields.parse_optional("etag", &request.etag);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(RevokeGrant {
            grant_id: grant_id?,
            etag: etag?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn revoke_all_grants(
    request: &proto::RevokeAllGrantsRequest,
) -> Result<RevokeAllGrants, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(RevokeAllGrants {
            patient_id: patient_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn grant_id(request: &proto::GetGrantRequest) -> Result<GrantId, Refusal> {
    let mut fields = FieldErrors::new();
    let grant_id = fields.parse("grant_id", &request.grant_id);
    fields.build(|| grant_id)
}

pub(in crate::grpc) fn list_grants(
    request: &proto::ListGrantsRequest,
    pages: &Pages,
    now: Timestamp,
) -> Result<(Query, ListGrants), Refusal> {
    let mut fields = FieldErrors::new();
    let of = match fields.required("of", request.of.as_ref()) {
        Some(Of::PatientId(id)) => fields.parse("patient_id", id).map(GrantsOf::Patient),
        Some(Of::PractitionerId(id)) => fields
            .parse("practitioner_id", id)
            .map(GrantsOf::Practitioner),
        None => None,
    };
    let state = state(&mut fields, request.state);
    let (of, state) = fields.build(|| Some((of?, state?)))?;
    let query = Query::new("ListGrants", &(of, state));
    let page: PageRequest<_> = pages.open(
        &query,
        request.page_size,
        &request.page_token,
        now,
        GrantId::from_uuid,
    )?;
    Ok((query, ListGrants { of, state, page }))
}

/// A grant with what it comes to.
pub(in crate::grpc) fn standing_to_proto(standing: &Standing, now: Timestamp) -> proto::Grant {
    proto::Grant {
        authorization_status: authorization_to_proto(standing.authorization).into(),
        ..grant_to_proto(&standing.grant, now)
    }
}

/// A grant as a change left it.
pub(in crate::grpc) fn grant_to_proto(grant: &Grant, now: Timestamp) -> proto::Grant {
    proto::Grant {
        grant_id: grant.grant_id.to_string(),
        patient_id: grant.patient_id.to_string(),
        grantee: Some(grantee_to_proto(grant.grantee)),
        document_classes: document_classes_to_proto(grant.classes),
        period: Some(period_to_proto(&grant.period)),
        origin: origin_to_proto(grant.origin).into(),
        state: state_to_proto(grant.state(now)).into(),
        created_by_practitioner_id: grant
            .created_by
            .map(|id| id.to_string())
            .unwrap_or_default(),
        created_at: Some(timestamp_to_proto(grant.created_at)),
        updated_at: Some(timestamp_to_proto(grant.updated_at)),
        ended_at: grant.ended_at.map(timestamp_to_proto),
        etag: grant.version.etag().to_string(),
        purpose: grant
            .request
            .as_ref()
            .map(|request| request.purpose.as_str().to_owned())
            .unwrap_or_default(),
        answer_by_at: grant
            .request
            .as_ref()
            .map(|request| timestamp_to_proto(request.answer_by)),
        authorization_status: proto::AuthorizationStatus::Unspecified.into(),
    }
}

pub(in crate::grpc) const fn authorization_to_proto(
    status: AuthorizationStatus,
) -> proto::AuthorizationStatus {
    match status {
        AuthorizationStatus::Absent => proto::AuthorizationStatus::Absent,
        AuthorizationStatus::Forbidden => proto::AuthorizationStatus::Forbidden,
        AuthorizationStatus::Expired => proto::AuthorizationStatus::Expired,
        AuthorizationStatus::Valid => proto::AuthorizationStatus::Valid,
    }
}

/// The classes of a grant: at least one, none twice.
pub(super) fn classes(fields: &mut FieldErrors, values: &[i32]) -> Option<DocumentClasses> {
    let classes = document_classes_from_proto(fields, "document_classes", values)?;
    if classes.is_empty() {
        fields.add("document_classes", "must name at least one class");
        return None;
    }
    if classes.len() != values.len() {
        fields.add("document_classes", "must not name a class twice");
        return None;
    }
    Some(classes)
}

/// The new end that the mask names; absent: the end is taken away.
#[expect(
    clippy::option_option,
    reason = "the inner option is the end, the outer one validity"
)]
fn until(fields: &mut FieldErrors, grant: &proto::Grant) -> Option<Option<Timestamp>> {
    let until = grant
        .period
        .as_ref()
        .and_then(|period| period.until_at.as_ref());
    optional_timestamp_from_proto(fields, "grant.period.until_at", until)
}

/// The state of a filter; unspecified: any.
#[expect(
    clippy::option_option,
    reason = "the inner option is the filter, the outer one validity"
)]
fn state(fields: &mut FieldErrors, value: i32) -> Option<Option<GrantState>> {
    use proto::GrantState as Proto;
    match Proto::try_from(value) {
        Ok(Proto::Unspecified) => Some(None),
        Ok(Proto::Requested) => Some(Some(GrantState::Requested)),
        Ok(Proto::Waiting) => Some(Some(GrantState::Waiting)),
        Ok(Proto::Scheduled) => Some(Some(GrantState::Scheduled)),
        Ok(Proto::Active) => Some(Some(GrantState::Active)),
        Ok(Proto::Expired) => Some(Some(GrantState::Expired)),
        Ok(Proto::Revoked) => Some(Some(GrantState::Revoked)),
        Ok(Proto::Declined) => Some(Some(GrantState::Declined)),
        Err(_) => {
            fields.add("state", NOT_A_VALUE);
            None
        }
    }
}

const fn state_to_proto(state: GrantState) -> proto::GrantState {
    match state {
        GrantState::Requested => proto::GrantState::Requested,
        GrantState::Waiting => proto::GrantState::Waiting,
        GrantState::Scheduled => proto::GrantState::Scheduled,
        GrantState::Active => proto::GrantState::Active,
        GrantState::Expired => proto::GrantState::Expired,
        GrantState::Revoked => proto::GrantState::Revoked,
        GrantState::Declined => proto::GrantState::Declined,
    }
}

const fn origin_to_proto(origin: GrantOrigin) -> proto::GrantOrigin {
    match origin {
        GrantOrigin::Patient => proto::GrantOrigin::Patient,
        GrantOrigin::Request => proto::GrantOrigin::Request,
        GrantOrigin::Declaration => proto::GrantOrigin::Declaration,
    }
}
