//! What a refusal must look like, whoever refuses and whatever.

use aval_proto::common::v1::ErrorReason;
use aval_runtime::status::code_of;
use tonic::Status;
use tonic_types::StatusExt;

/// A refusal in the form that the contract promises.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The name of its reason, `FIELD_INVALID`.
    pub(crate) reason: String,
    /// The fields that it names.
    pub(crate) fields: Vec<String>,
    status: Status,
}

/// The refusal that an answer must be.
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Refused {
    match answer {
        Ok(answer) => panic!("answered where a refusal was expected: {answer:?}"),
        Err(status) => Refused::read(status),
    }
}

impl Refused {
    /// Checks the form: `ErrorInfo` of the domain `aval` with a reason of the contract,
    /// the status code that goes with it, a sentence in French, and named fields where
    /// a field is invalid.
    pub(crate) fn read(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details
            .error_info()
            .unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
        assert_eq!(info.domain, "aval", "{status:?}");
        let name = format!("ERROR_REASON_{}", info.reason);
        let reason = ErrorReason::from_str_name(&name)
            .unwrap_or_else(|| panic!("the contract has no such reason: {status:?}"));
        assert_eq!(status.code(), code_of(reason), "{status:?}");
        assert!(!status.message().is_empty(), "no message: {status:?}");
        let localized = details.localized_message();
        let localized = localized.unwrap_or_else(|| panic!("no LocalizedMessage: {status:?}"));
        assert_eq!(localized.locale, "fr", "{status:?}");
        assert!(!localized.message.is_empty(), "{status:?}");
        let violations = details
            .bad_request()
            .map(|request| request.field_violations.clone());
        let violations = violations.unwrap_or_default();
        assert!(
            violations
                .iter()
                .all(|violation| !violation.description.is_empty()),
            "a rule is missing: {status:?}"
        );
        let fields: Vec<_> = violations
            .into_iter()
            .map(|violation| violation.field)
            .collect();
        if reason == ErrorReason::FieldInvalid {
            assert!(!fields.is_empty(), "no field is named: {status:?}");
        }
        Self {
            reason: info.reason.clone(),
            fields,
            status,
        }
    }

    /// Checks that it does not repeat a value which the caller sent. Shorter texts than
    /// five characters stand in sentences by chance.
    pub(crate) fn silent_about(self, value: &str) -> Self {
        if value.chars().count() >= 5 {
            let details = String::from_utf8_lossy(self.status.details()).into_owned();
            let said = [self.status.message(), &details];
            assert!(
                !said.iter().any(|text| text.contains(value)),
                "the refusal repeats what was sent: {:?}",
                self.status
            );
        }
        self
    }

    /// Checks that a field of this name, and none else, is what is wrong.
    pub(crate) fn blames(self, field: &str, value: &str) -> Self {
        assert_eq!(self.reason, "FIELD_INVALID", "{field} = {value:?}");
        assert_eq!(self.fields, [field], "{field} = {value:?}");
        self.silent_about(value)
    }

    /// Checks the reason.
    pub(crate) fn is(self, reason: &str) -> Self {
        assert_eq!(self.reason, reason, "{:?}", self.status);
        self
    }

    /// Checks that a rule which it gives begins so.
    pub(crate) fn by_rule(self, rule: &str) -> Self {
        let details = self.status.get_error_details();
        let given = details.bad_request().into_iter();
        let mut given = given.flat_map(|request| &request.field_violations);
        let is_given = given.any(|violation| violation.description.starts_with(rule));
        assert!(is_given, "{rule}: {:?}", self.status);
        self
    }

    /// Checks that this field is named.
    pub(crate) fn names(self, field: &str) -> Self {
        assert!(
            self.fields.iter().any(|named| named == field),
            "{field} is not among {:?}",
            self.fields
        );
        self
    }
}
