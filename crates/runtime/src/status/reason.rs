//! What a reason is called and which status code stands beside it.

use aval_proto::common::v1::ErrorReason;
use tonic::Code;

/// The name of a reason as `ErrorInfo.reason` carries it: without the enum's
/// prefix, for example `ETAG_MISMATCH`.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

/// The status code that the contract names beside each reason.
#[must_use]
pub const fn code_of(reason: ErrorReason) -> Code {
    match reason {
        ErrorReason::FieldInvalid
        | ErrorReason::PageTokenInvalid
        | ErrorReason::RequestIdReused
        | ErrorReason::UpdateMaskInvalid
        | ErrorReason::SearchIncomplete
        | ErrorReason::FileMalformed => Code::InvalidArgument,

        ErrorReason::TokenMissing
        | ErrorReason::TokenInvalid
        | ErrorReason::TokenExpired
        | ErrorReason::TokenBoundElsewhere
        | ErrorReason::CallerUnknown
        | ErrorReason::SubjectTokenInvalid
        | ErrorReason::SubjectTokenExpired
        | ErrorReason::AcrInsufficient
        | ErrorReason::NonceMismatch
        | ErrorReason::UserInfoInvalid => Code::Unauthenticated,

        ErrorReason::CallerNotAllowed
        | ErrorReason::ActorNotAllowed
        | ErrorReason::PractitionerInactive
        | ErrorReason::RecordUnavailable
        | ErrorReason::AuthenticationTooWeak
        | ErrorReason::MandateInsufficient
        | ErrorReason::ActivityMismatch
        | ErrorReason::PractitionerUnknown
        | ErrorReason::PatientUnknown => Code::PermissionDenied,

        ErrorReason::NotFound => Code::NotFound,
        ErrorReason::AlreadyExists => Code::AlreadyExists,
        ErrorReason::EtagMismatch => Code::Aborted,

        ErrorReason::ActivityRequired
        | ErrorReason::StateConflict
        | ErrorReason::Ambiguous
        | ErrorReason::IdentityNotQualified
        | ErrorReason::Irreversible
        | ErrorReason::GranteeBlocked
        | ErrorReason::GranteeUnknown
        | ErrorReason::FileOutdated => Code::FailedPrecondition,

        ErrorReason::DependencyUnavailable
        | ErrorReason::TrailUnavailable
        | ErrorReason::SearchNotReady => Code::Unavailable,
        ErrorReason::TooManySessions | ErrorReason::Overloaded | ErrorReason::MessageTooLarge => {
            Code::ResourceExhausted
        }
        ErrorReason::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorReason::NotImplemented => Code::Unimplemented,

        // `UNSPECIFIED` is never sent on purpose; if it is, it is a defect.
        ErrorReason::Internal | ErrorReason::Unspecified => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_named_without_its_prefix() {
        assert_eq!(reason_name(ErrorReason::EtagMismatch), "ETAG_MISMATCH");
        assert_eq!(reason_name(ErrorReason::Internal), "INTERNAL");
    }

    #[test]
    fn every_reason_of_the_contract_has_the_code_that_its_comment_names() {
        let contract = include_str!("../../../../proto/aval/common/v1/errors.proto");
        let mut section = String::new();
        let mut comment = String::new();
        let mut seen = 0;
        for line in contract.lines().map(str::trim) {
            if let Some(heading) = line.strip_prefix("// --- ") {
                heading.clone_into(&mut section);
                comment.clear();
            } else if let Some(text) = line.strip_prefix("// ") {
                comment.push_str(text);
                comment.push(' ');
            } else if let Some((name, number)) = line.split_once(" = ")
                && name.starts_with("ERROR_REASON_")
            {
                let number: i32 = number.trim_end_matches(';').parse().unwrap();
                let reason = ErrorReason::try_from(number).unwrap();
                if reason != ErrorReason::Unspecified {
                    let named = named_code(&comment)
                        .or_else(|| named_code(section.split_once(": ").map_or("", |part| part.1)))
                        .unwrap_or_else(|| panic!("{name} names no code"));
                    assert_eq!(format!("{:?}", code_of(reason)), named, "{name}");
                    seen += 1;
                }
                comment.clear();
            }
        }
        assert!(seen > 40, "only {seen} reasons were found");
    }

    /// The status code with which a text begins, in the spelling of `tonic::Code`.
    fn named_code(text: &str) -> Option<String> {
        let word = text.split([' ', '.', ',']).next()?;
        let is_code = word.len() > 4 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_code.then(|| {
            word.split('_')
                .map(|part| part[..1].to_owned() + &part[1..].to_ascii_lowercase())
                .collect()
        })
    }
}
