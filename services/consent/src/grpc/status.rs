//! Errors to refusals.

use aval_database::DatabaseError;
use aval_proto::common::v1::ErrorReason;
use aval_runtime::status::Refusal;
use tonic::Status;

use crate::error::Error;

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        refusal(&error).into_status()
    }
}

/// What the caller is told of a failure.
fn refusal(error: &Error) -> Refusal {
    match error {
        Error::Denied(denied) => (*denied).into(),
        Error::Invalid { field, rule } => Refusal::field(*field, *rule),
        Error::UpdateMaskInvalid => Refusal::new(
            ErrorReason::UpdateMaskInvalid,
            "the update mask may name document_classes and period.until_at only",
        ),
        Error::RequestIdReused => Refusal::new(
            ErrorReason::RequestIdReused,
            "the request id was used for another request",
        ),
        Error::RecordUnavailable => {
            Refusal::new(ErrorReason::RecordUnavailable, "there is no open record")
        }
        Error::NotFound => Refusal::new(
            ErrorReason::NotFound,
            "there is no such resource, or none that this person may know of",
        ),
        Error::GrantExists { grant_id } => {
            let refusal = Refusal::new(
                ErrorReason::AlreadyExists,
                "a live grant for the same grantee exists: update it",
            );
            match grant_id {
                Some(grant_id) => refusal.metadata("id", grant_id.to_string()),
                None => refusal,
            }
        }
        Error::EtagMismatch => Refusal::new(
            ErrorReason::EtagMismatch,
            "the resource changed since its etag was read: read it again",
        ),
        Error::StateConflict(rule) => Refusal::new(ErrorReason::StateConflict, *rule),
        Error::Irreversible(rule) => Refusal::new(ErrorReason::Irreversible, *rule),
        Error::CursorUnknown => Refusal::new(
            ErrorReason::PageTokenInvalid,
            "the cursor is not one of this inbox: begin anew from \"start\"",
        ),
        Error::TooManyWatches => Refusal::new(
            ErrorReason::Overloaded,
            "too many watch at this instance: list, or watch again later",
        )
        .retry_after(std::time::Duration::from_secs(30)),
        Error::GranteeBlocked => Refusal::new(
            ErrorReason::GranteeBlocked,
            "the patient blocked this grantee",
        ),
        Error::GranteeUnknown => Refusal::new(
            ErrorReason::GranteeUnknown,
            "the directory does not know this professional or organization",
        ),
        Error::DirectoryUnavailable(_) | Error::NotFollowed(_) => Refusal::unavailable(error),
        Error::TrailUnavailable => Refusal::new(
            ErrorReason::TrailUnavailable,
            "the trail cannot take the event, so nothing may be disclosed",
        )
        .retry_after(std::time::Duration::from_secs(1)),
        Error::NotRecorded(cause) | Error::ReadTogether(cause) => refusal(cause),
        Error::Database(cause) => database(cause),
    }
}

fn database(cause: &DatabaseError) -> Refusal {
    match cause {
        DatabaseError::Unavailable { .. } | DatabaseError::Serialization { .. } => {
            Refusal::unavailable(cause)
        }
        DatabaseError::UniqueViolation { .. }
        | DatabaseError::ForeignKey { .. }
        | DatabaseError::Corrupt { .. }
        | DatabaseError::Configuration { .. }
        | DatabaseError::Other { .. } => Refusal::internal(cause),
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::id::GrantId;
    use aval_runtime::context::Denied;
    use tonic::Code;
    use tonic_types::StatusExt;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_error_has_the_code_that_the_contract_names() {
        let id = GrantId::from_uuid(Uuid::from_u128(7));
        for (error, code, reason) in [
            (
                Denied::TokenMissing.into(),
                Code::Unauthenticated,
                "TOKEN_MISSING",
            ),
            (
                Denied::ActorNotAllowed.into(),
                Code::PermissionDenied,
                "ACTOR_NOT_ALLOWED",
            ),
            (
                Error::Invalid {
                    field: "f",
                    rule: "r",
                },
                Code::InvalidArgument,
                "FIELD_INVALID",
            ),
            (
                Error::UpdateMaskInvalid,
                Code::InvalidArgument,
                "UPDATE_MASK_INVALID",
            ),
            (
                Error::RequestIdReused,
                Code::InvalidArgument,
                "REQUEST_ID_REUSED",
            ),
            (
                Error::RecordUnavailable,
                Code::PermissionDenied,
                "RECORD_UNAVAILABLE",
            ),
            (Error::NotFound, Code::NotFound, "NOT_FOUND"),
            (
                Error::GrantExists { grant_id: Some(id) },
                Code::AlreadyExists,
                "ALREADY_EXISTS",
            ),
            (Error::EtagMismatch, Code::Aborted, "ETAG_MISMATCH"),
            (
                Error::StateConflict("s"),
                Code::FailedPrecondition,
                "STATE_CONFLICT",
            ),
            (
                Error::Irreversible("i"),
                Code::FailedPrecondition,
                "IRREVERSIBLE",
            ),
            (
                Error::CursorUnknown,
                Code::InvalidArgument,
                "PAGE_TOKEN_INVALID",
            ),
            (Error::TooManyWatches, Code::ResourceExhausted, "OVERLOADED"),
            (
                Error::GranteeBlocked,
                Code::FailedPrecondition,
                "GRANTEE_BLOCKED",
            ),
            (
                Error::GranteeUnknown,
                Code::FailedPrecondition,
                "GRANTEE_UNKNOWN",
            ),
            (
                Error::DirectoryUnavailable("down".into()),
                Code::Unavailable,
                "DEPENDENCY_UNAVAILABLE",
            ),
            (
                Error::TrailUnavailable,
                Code::Unavailable,
                "TRAIL_UNAVAILABLE",
            ),
            (
                Error::NotRecorded(std::sync::Arc::new(Error::RequestIdReused)),
                Code::InvalidArgument,
                "REQUEST_ID_REUSED",
            ),
            (
                DatabaseError::corrupt("grants", "classes", &7).into(),
                Code::Internal,
                "INTERNAL",
            ),
        ] {
            let status = Status::from(error);
            let info = status.get_error_details().error_info().cloned().unwrap();
            assert_eq!((status.code(), info.reason.as_str()), (code, reason));
        }
    }

    #[test]
    fn an_existing_grant_is_named_and_a_bad_row_is_not() {
        let id = GrantId::from_uuid(Uuid::from_u128(7));
        let exists = Status::from(Error::GrantExists { grant_id: Some(id) }).get_error_details();
        assert_eq!(exists.error_info().unwrap().metadata["id"], id.to_string());
        let corrupt = Error::from(DatabaseError::corrupt("grants", "classes", &id));
        let corrupt = Status::from(corrupt);
        assert!(!format!("{corrupt:?}").contains("classes"));
    }
}
