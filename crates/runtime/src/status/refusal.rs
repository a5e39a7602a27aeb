//! A refusal and its way onto the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use aval_proto::common::v1::ErrorReason;
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

use super::causes::Causes;
use super::{ERROR_DOMAIN, code_of, french_sentence, reason_name};

/// Why a call is refused, in the words of the contract.
///
/// The status code follows from the reason ([`code_of`]), so that the two never
/// disagree.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    reason: ErrorReason,
    message: Cow<'static, str>,
    field_violations: Vec<FieldViolation>,
    metadata: BTreeMap<String, String>,
    retry_after: Option<Duration>,
    details: Vec<Any>,
}

/// A field of the request that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path as the proto names it: `grantee.rpps`, `documents[2].document_id`.
    pub field: String,
    /// The rule that it breaks, as a sentence; never the value.
    pub description: String,
}

impl Refusal {
    /// A refusal for this reason. The message is public: a fixed English sentence
    /// for developers, without any value that the caller or the store supplied.
    #[must_use]
    pub fn new(reason: ErrorReason, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            reason,
            message: message.into(),
            field_violations: Vec::new(),
            metadata: BTreeMap::new(),
            retry_after: None,
            details: Vec::new(),
        }))
    }

    /// `FIELD_INVALID` with these violations.
    #[must_use]
    pub fn fields(violations: Vec<FieldViolation>) -> Self {
        let mut refusal = Self::new(
            ErrorReason::FieldInvalid,
            "one or more fields of the request are invalid",
        );
        refusal.0.field_violations = violations;
        refusal
    }

    /// `FIELD_INVALID` for one field.
    #[must_use]
    pub fn field(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::fields(vec![FieldViolation {
            field: field.into(),
            description: description.into(),
        }])
    }

    /// Names the fields that the refusal is about, where its reason is another than
    /// `FIELD_INVALID`.
    #[must_use]
    pub fn about(mut self, violations: Vec<FieldViolation>) -> Self {
        self.0.field_violations = violations;
        self
    }

    /// `INTERNAL`: a defect of this service. The cause is logged here, once, and goes
    /// no further.
    #[must_use]
    pub fn internal(cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = %Causes(cause), "a call failed by a defect of this service");
        Self::new(
            ErrorReason::Internal,
            "the service failed; the request id finds the cause in its logs",
        )
    }

    /// `DEPENDENCY_UNAVAILABLE`: a database, a provider or another service does not
    /// answer. The cause is logged here, once, and goes no further.
    #[must_use]
    pub fn unavailable(cause: &(dyn Error + 'static)) -> Self {
        tracing::warn!(error = %Causes(cause), "a call failed because a dependency does not answer");
        Self::new(
            ErrorReason::DependencyUnavailable,
            "a dependency of this service does not answer; nothing was decided",
        )
        .retry_after(Duration::from_secs(1))
    }

    /// Adds an entry to `ErrorInfo.metadata`: an identifier that the caller may know.
    #[must_use]
    pub fn metadata(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Says after how long a retry makes sense (`RetryInfo`).
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds a message of our own to the details, for example
    /// `detail("aval.identity.v1.ExchangeTokenRefusal", &choices)`.
    #[must_use]
    pub fn detail(mut self, full_name: &'static str, message: &impl Message) -> Self {
        self.0.details.push(any(full_name, message));
        self
    }

    /// The status code that goes with the reason.
    #[must_use]
    pub fn code(&self) -> Code {
        code_of(self.0.reason)
    }

    /// The reason that clients branch on.
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        self.0.reason
    }

    /// The public sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields that break a rule, in the order in which they were found.
    #[must_use]
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.0.field_violations
    }

    /// The status with its details: `ErrorInfo`, then `BadRequest` and `RetryInfo`
    /// where they apply, our own messages, and the French sentence last.
    #[must_use]
    pub fn into_status(self) -> Status {
        let parts = *self.0;
        let code = code_of(parts.reason);
        let mut details = vec![any(
            "google.rpc.ErrorInfo",
            &pb::ErrorInfo {
                reason: reason_name(parts.reason).to_owned(),
                domain: ERROR_DOMAIN.to_owned(),
                metadata: parts.metadata.into_iter().collect(),
            },
        )];
        if !parts.field_violations.is_empty() {
            details.push(any(
                "google.rpc.BadRequest",
                &bad_request(parts.field_violations),
            ));
        }
        if let Some(wait) = parts.retry_after {
            let retry_delay = prost_types::Duration::try_from(wait).ok();
            details.push(any("google.rpc.RetryInfo", &pb::RetryInfo { retry_delay }));
        }
        details.extend(parts.details);
        details.push(any(
            "google.rpc.LocalizedMessage",
            &pb::LocalizedMessage {
                locale: "fr".to_owned(),
                message: french_sentence(parts.reason).to_owned(),
            },
        ));
        let status = pb::Status {
            code: code as i32,
            message: parts.message.clone().into_owned(),
            details,
        };
        Status::with_details(code, parts.message, status.encode_to_vec().into())
    }
}

/// The answer of a call that is part of the contract and not yet served.
#[must_use]
pub fn not_implemented() -> Refusal {
    Refusal::new(
        ErrorReason::NotImplemented,
        "this call is part of the contract and not yet served",
    )
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", reason_name(self.0.reason), self.0.message)
    }
}

impl Error for Refusal {}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.into_status()
    }
}

fn bad_request(violations: Vec<FieldViolation>) -> pb::BadRequest {
    let field_violations = violations
        .into_iter()
        .map(|violation| pb::bad_request::FieldViolation {
            field: violation.field,
            description: violation.description,
            ..Default::default()
        })
        .collect();
    pb::BadRequest { field_violations }
}

fn any(full_name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{full_name}"),
        value: message.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn a_status_carries_the_reason_the_violations_and_the_french_sentence() {
        let status = Status::from(Refusal::field("grantee.rpps", "the key is wrong"));
        let details = status.get_error_details();
        assert_eq!(status.code(), Code::InvalidArgument);
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("FIELD_INVALID", "aval")
        );
        let violation = &details.bad_request().unwrap().field_violations[0];
        assert_eq!(violation.field, "grantee.rpps");
        assert_eq!(violation.description, "the key is wrong");
        let localized = details.localized_message().unwrap();
        assert_eq!(localized.locale, "fr");
        assert_eq!(
            localized.message,
            french_sentence(ErrorReason::FieldInvalid)
        );
    }

    #[test]
    fn metadata_and_the_wait_before_a_retry_reach_the_client() {
        let refusal = Refusal::new(ErrorReason::Overloaded, "too much load")
            .metadata("id", "42")
            .retry_after(Duration::from_millis(1500));
        let details = Status::from(refusal).get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["id"], "42");
        let wait = details.retry_info().unwrap().retry_delay.unwrap();
        assert_eq!(wait, Duration::from_millis(1500));
    }

    #[test]
    fn a_message_of_our_own_stands_among_the_details() {
        let sent = aval_proto::common::v1::DocumentRef {
            document_id: "d-1".to_owned(),
            ..Default::default()
        };
        let refusal = Refusal::new(ErrorReason::Ambiguous, "several answer")
            .detail("aval.common.v1.DocumentRef", &sent);
        let status = pb::Status::decode(Status::from(refusal).details()).unwrap();
        let own = &status.details[1];
        assert_eq!(
            own.type_url,
            "type.googleapis.com/aval.common.v1.DocumentRef"
        );
        let received = aval_proto::common::v1::DocumentRef::decode(own.value.as_slice());
        assert_eq!(received.unwrap(), sent);
    }

    #[test]
    fn the_cause_of_an_internal_failure_never_reaches_the_client() {
        let cause = std::io::Error::other("select * from patients");
        let status = Status::from(Refusal::internal(&cause));
        assert_eq!(status.code(), Code::Internal);
        let on_the_wire = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!status.message().contains("patients") && !on_the_wire.contains("patients"));
    }
}
