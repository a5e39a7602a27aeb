//! Errors to refusals.

use std::time::Duration;

use aval_database::DatabaseError;
use aval_proto::common::v1::ErrorReason;
use aval_runtime::status::Refusal;

use crate::error::Error;
use crate::plan::Refused;
use crate::submission::NotASubmission;
use crate::writer::TermError;

/// A delivery that found no writer finds one elsewhere, or soon.
const TRY_ELSEWHERE: Duration = aval_runtime::channel::SOON;

/// Streams end when their readers leave, and witnesses come back.
const LATER: Duration = Duration::from_secs(5);

/// What the caller is told of a failure.
pub(super) fn refusal(error: Error) -> Refusal {
    match error {
        Error::Denied(denied) => denied.into(),
        Error::NotFound => Refusal::new(
            ErrorReason::NotFound,
            "there is no such thing, or none that this person may know of",
        ),
        Error::PageTokenInvalid(invalid) => invalid.into(),
        Error::NotASubmission(invalid) => Refusal::field(field_of(invalid), invalid.to_string()),
        Error::Unrecordable { position, rule } => {
            Refusal::field(format!("events[{position}].event"), rule.to_string())
        }
        Error::Refused(refused) => out_of_order(refused),
        Error::Contradicted(contradiction) => {
            Refusal::new(ErrorReason::StateConflict, contradiction.to_string())
                .metadata("recorded_sequence", contradiction.recorded().to_string())
        }
        Error::NotWriting => Refusal::new(
            ErrorReason::DependencyUnavailable,
            "this instance does not write the log; another does, or will",
        )
        .retry_after(TRY_ELSEWHERE),
        Error::Overloaded => Refusal::new(
            ErrorReason::Overloaded,
            "more deliveries wait for the log than may",
        )
        .retry_after(TRY_ELSEWHERE),
        Error::NotRecorded(cause) => not_recorded(&cause),
        Error::BeyondTheLog { field, rule } | Error::TooMuch { field, rule } => {
            Refusal::field(field, rule)
        }
        Error::TilePathInvalid => Refusal::field("path", "must be the path of a tile"),
        Error::NotSigned => Refusal::new(
            ErrorReason::DependencyUnavailable,
            "the log has no checkpoint yet",
        )
        .retry_after(TRY_ELSEWHERE),
        Error::NotWitnessed => Refusal::new(
            ErrorReason::DependencyUnavailable,
            "enough witnesses have not seen it yet",
        )
        .retry_after(LATER),
        Error::NobodyWitnesses => Refusal::field("witnessed", "no witness is asked about this log"),
        Error::ReaderTooSlow => Refusal::new(
            ErrorReason::Overloaded,
            "the stream was read too slowly; go on with the cursor of the last item, or \
             begin a file anew",
        ),
        Error::TooManyReaders => Refusal::new(
            ErrorReason::Overloaded,
            "more streams are open than this instance keeps",
        )
        .retry_after(LATER),
        Error::TokenEnded => Refusal::new(
            ErrorReason::TokenExpired,
            "the token ended; go on with a new one and the cursor of the last item, or \
             begin a file anew",
        ),
        Error::Stopping => Refusal::new(
            ErrorReason::DependencyUnavailable,
            "this instance stops; go on at another with the cursor of the last item, or \
             begin a file anew",
        )
        .retry_after(TRY_ELSEWHERE),
        Error::Altered(_) | Error::CheckpointRefused(_) | Error::Unprovable(_) => {
            Refusal::internal(&error)
        }
        Error::Database(cause) => database(&cause),
    }
}

fn out_of_order(refused: Refused) -> Refusal {
    let refusal = Refusal::new(ErrorReason::StateConflict, refused.to_string());
    match refused {
        Refused::Hole { expected } => refusal.metadata("expected_sequence", expected.to_string()),
        Refused::Differs { sequence } => refusal.metadata("sequence", sequence.to_string()),
    }
}

fn not_recorded(cause: &TermError) -> Refusal {
    match cause {
        TermError::Fenced => Refusal::new(
            ErrorReason::DependencyUnavailable,
            "another instance has taken over the log",
        )
        .retry_after(TRY_ELSEWHERE),
        TermError::Database(cause) => database(cause),
        TermError::Damaged(_)
        | TermError::HeadsAltered
        | TermError::Growth(_)
        | TermError::Untellable(_)
        | TermError::TooManyParts(_)
        | TermError::Contradiction => Refusal::internal(cause),
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

fn field_of(invalid: NotASubmission) -> String {
    match invalid {
        NotASubmission::Epoch => "epoch".to_owned(),
        NotASubmission::Count => "events".to_owned(),
        NotASubmission::Sequence(position) => format!("events[{position}].sequence"),
    }
}
