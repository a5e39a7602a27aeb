//! Errors to refusals.

use std::time::Duration;

use aval_database::DatabaseError;
use aval_proto::common::v1::ErrorReason;
use aval_runtime::status::Refusal;
use tonic::Status;

use crate::error::Error;

/// Somebody else's import takes minutes.
const AFTER_ANOTHER_IMPORT: Duration = Duration::from_secs(30);

/// Seconds, at the size of the country.
const AFTER_INDEXING: Duration = Duration::from_secs(2);

/// What the caller is told of a failure.
#[expect(clippy::needless_pass_by_value, reason = "what failed is handed over")]
pub(super) fn refused(error: Error) -> Status {
    refusal(&error).into()
}

fn refusal(error: &Error) -> Refusal {
    let sentence = error.to_string();
    match error {
        Error::Denied(denied) => (*denied).into(),
        Error::FieldInvalid { field, rule } => Refusal::field(*field, *rule),
        Error::NotFound { .. } => Refusal::new(ErrorReason::NotFound, sentence),
        Error::Ambiguous => Refusal::new(ErrorReason::Ambiguous, sentence),
        Error::CursorUnknown => Refusal::new(ErrorReason::PageTokenInvalid, sentence),
        Error::RequestIdReused => Refusal::new(ErrorReason::RequestIdReused, sentence),
        Error::FileMalformed { import_id, .. } => {
            Refusal::new(ErrorReason::FileMalformed, sentence)
                .metadata("import_id", import_id.to_string())
        }
        Error::ImportRunning => {
            Refusal::new(ErrorReason::Overloaded, sentence).retry_after(AFTER_ANOTHER_IMPORT)
        }
        Error::DirectoryChanged
        | Error::ImportAbandoned
        | Error::ImportNotSuspended
        | Error::SourceMerged
        | Error::TargetMerged
        | Error::NotMerged
        | Error::ActivityEnded
        | Error::AttachmentAgreed
        | Error::AttachmentNotOverridden => Refusal::new(ErrorReason::StateConflict, sentence),
        Error::NotIndexed => {
            Refusal::new(ErrorReason::DependencyUnavailable, sentence).retry_after(AFTER_INDEXING)
        }
        // Nobody may be there to hear it.
        Error::StreamBroken => Refusal::new(ErrorReason::DependencyUnavailable, sentence),
        Error::StreamSilent => Refusal::new(ErrorReason::DeadlineExceeded, sentence),
        Error::ReadTogether(cause) => refusal(cause),
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
