//! Errors to statuses: exhaustively, in fixed public sentences.

use std::time::Duration;

use aval_database::DatabaseError;
use aval_proto::common::v1::ErrorReason;
use aval_proto::identity::v1 as proto;
use aval_runtime::context::Denied;
use aval_runtime::status::Refusal;
use tonic::Status;

use crate::directory::ActivityChoice;
use crate::error::Error;
use crate::refusal::{RefreshRefused, SessionRefused};

/// How long whoever searches waits while the likenesses of those who were there before are
/// made, which takes minutes where there are many.
const FILLED_LATER: Duration = Duration::from_secs(30);

/// The status of a failed use case.
pub(super) fn refused(error: Error) -> Status {
    Refusal::from(error).into()
}

/// The status of a call that may not be made.
pub(super) fn denied(denied: Denied) -> Status {
    Refusal::from(denied).into()
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let sentence = error.to_string();
        match error {
            Error::Denied(denied) => denied.into(),
            Error::SessionRefused(refused) => refused.into(),
            Error::RefreshRefused(refused) => Self::new(refresh_reason(refused), sentence),
            Error::FieldInvalid { field, rule } => Self::field(field, rule),
            Error::MatriculeTaken | Error::RepresentationExists => {
                Self::new(ErrorReason::AlreadyExists, sentence)
            }
            Error::PatientNotFound | Error::SessionNotFound | Error::RepresentationNotFound => {
                Self::new(ErrorReason::NotFound, sentence)
            }
            Error::UpdateMaskInvalid => Self::new(ErrorReason::UpdateMaskInvalid, sentence),
            Error::EtagMismatch => Self::new(ErrorReason::EtagMismatch, sentence),
            Error::MergeConflict => Self::new(ErrorReason::StateConflict, sentence),
            Error::RequestIdReused => Self::new(ErrorReason::RequestIdReused, sentence),
            Error::PageTokenInvalid | Error::CursorUnknown => {
                Self::new(ErrorReason::PageTokenInvalid, sentence)
            }
            Error::SearchNotReady => {
                Self::new(ErrorReason::SearchNotReady, sentence).retry_after(FILLED_LATER)
            }
            Error::ProviderUnavailable | Error::DirectoryUnavailable(_) => {
                Self::new(ErrorReason::DependencyUnavailable, sentence)
                    .retry_after(Duration::from_secs(1))
            }
            Error::SealBroken(broken) => Self::internal(&broken),
            Error::Database(error) => database(&error),
        }
    }
}

fn database(error: &DatabaseError) -> Refusal {
    match error {
        DatabaseError::Unavailable { .. } | DatabaseError::Serialization { .. } => {
            Refusal::unavailable(error)
        }
        DatabaseError::UniqueViolation { .. }
        | DatabaseError::ForeignKey { .. }
        | DatabaseError::Corrupt { .. }
        | DatabaseError::Configuration { .. }
        | DatabaseError::Other { .. } => Refusal::internal(error),
    }
}

impl From<SessionRefused> for Refusal {
    fn from(refused: SessionRefused) -> Self {
        let refusal = Self::new(reason(&refused), refused.to_string());
        match refused {
            SessionRefused::ActivityRequired(choices) => {
                refusal.detail("aval.identity.v1.ExchangeTokenRefusal", &to_choose(choices))
            }
            _ => refusal,
        }
    }
}

const fn reason(refused: &SessionRefused) -> ErrorReason {
    match refused {
        SessionRefused::SubjectTokenInvalid => ErrorReason::SubjectTokenInvalid,
        SessionRefused::SubjectTokenExpired => ErrorReason::SubjectTokenExpired,
        SessionRefused::SubjectTokenBoundElsewhere => ErrorReason::TokenBoundElsewhere,
        SessionRefused::AcrInsufficient => ErrorReason::AcrInsufficient,
        SessionRefused::NonceMismatch => ErrorReason::NonceMismatch,
        SessionRefused::UserInfoInvalid => ErrorReason::UserInfoInvalid,
        SessionRefused::PractitionerUnknown => ErrorReason::PractitionerUnknown,
        SessionRefused::PractitionerInactive => ErrorReason::PractitionerInactive,
        SessionRefused::ActivityRequired(_) => ErrorReason::ActivityRequired,
        SessionRefused::ActivityMismatch => ErrorReason::ActivityMismatch,
        SessionRefused::PatientUnknown => ErrorReason::PatientUnknown,
        SessionRefused::IdentityNotQualified => ErrorReason::IdentityNotQualified,
        SessionRefused::MandateInsufficient => ErrorReason::MandateInsufficient,
        SessionRefused::TooManySessions => ErrorReason::TooManySessions,
    }
}

const fn refresh_reason(refused: RefreshRefused) -> ErrorReason {
    match refused {
        RefreshRefused::Unknown => ErrorReason::TokenInvalid,
        RefreshRefused::BoundElsewhere => ErrorReason::TokenBoundElsewhere,
        RefreshRefused::Ended | RefreshRefused::Reused => ErrorReason::TokenExpired,
    }
}

fn to_choose(choices: Vec<ActivityChoice>) -> proto::ExchangeTokenRefusal {
    let choices = choices.into_iter().map(|choice| proto::ActivityChoice {
        activity_id: choice.activity_id,
        profession_label: choice.profession_label,
        speciality_label: choice.speciality_label,
        organization_name: choice.organization_name,
        town: choice.town,
    });
    proto::ExchangeTokenRefusal {
        choices: choices.collect(),
    }
}

#[cfg(test)]
mod tests {
    use aval_runtime::status::reason_name;

    use super::*;

    #[test]
    fn a_refusal_is_traced_under_the_reason_that_its_caller_reads() {
        for refused in [
            SessionRefused::SubjectTokenInvalid,
            SessionRefused::SubjectTokenExpired,
            SessionRefused::SubjectTokenBoundElsewhere,
            SessionRefused::AcrInsufficient,
            SessionRefused::NonceMismatch,
            SessionRefused::UserInfoInvalid,
            SessionRefused::PractitionerUnknown,
            SessionRefused::PractitionerInactive,
            SessionRefused::ActivityRequired(Vec::new()),
            SessionRefused::ActivityMismatch,
            SessionRefused::PatientUnknown,
            SessionRefused::IdentityNotQualified,
            SessionRefused::MandateInsufficient,
            SessionRefused::TooManySessions,
        ] {
            assert_eq!(reason_name(reason(&refused)), refused.code());
        }
        for refused in [
            RefreshRefused::Unknown,
            RefreshRefused::BoundElsewhere,
            RefreshRefused::Ended,
            RefreshRefused::Reused,
        ] {
            assert_eq!(reason_name(refresh_reason(refused)), refused.code());
        }
    }
}
