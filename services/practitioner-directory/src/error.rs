//! Why a use case does not do what it was asked.

use std::sync::Arc;

use aval_database::DatabaseError;
use aval_database::requests::ClaimError;
use aval_domain::id::ImportId;
use aval_runtime::context::Denied;

use crate::extraction::Malformed;

/// Why a use case of this service failed. `Display` never shows a value of a request
/// or of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller or the person may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Part of the request breaks a rule that only the use case can check.
    #[error("a field of the request is invalid: {field}: {rule}")]
    FieldInvalid {
        /// The field, as the contract names it.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// There is no such thing.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// Several people or structures are known under the number.
    #[error("several people or structures are known under this number: say its kind")]
    Ambiguous,
    /// The request id was used for another import, or another file.
    #[error("the request id was used for another request")]
    RequestIdReused,
    /// The file is not an extraction; nothing changed.
    #[error("{reason}")]
    FileMalformed {
        /// The record of the attempt.
        import_id: ImportId,
        /// Why.
        reason: Malformed,
    },
    /// An import is being received already.
    #[error("another import is being received")]
    ImportRunning,
    /// The directory is no longer the one that the file was compared with; nothing
    /// changed.
    #[error(
        "another import was applied after this one was compared with the directory: send it again"
    )]
    DirectoryChanged,
    /// The cursor is none that this directory gave.
    #[error("the cursor is not one of this directory")]
    CursorUnknown,
    /// The entry was merged before.
    #[error("the source entry leads to another one already")]
    SourceMerged,
    /// The entry that should stay leads to another one.
    #[error("the target entry leads to another one: name the one that it leads to")]
    TargetMerged,
    /// There is no such merge to take back.
    #[error("the source entry does not lead to the target entry")]
    NotMerged,
    /// The practice situation is not current.
    #[error("the practice situation has ended")]
    ActivityEnded,
    /// There is nothing to correct.
    #[error("the source names this organization already")]
    AttachmentAgreed,
    /// There is nothing to take back.
    #[error("where this practice situation is was not corrected")]
    AttachmentNotOverridden,
    /// The import does not wait for a person: it never did, or somebody decided.
    #[error("the import does not wait for a decision")]
    ImportNotSuspended,
    /// The import is no longer being received: it was taken for abandoned.
    #[error("the import was silent for too long and was given up: send it again")]
    ImportAbandoned,
    /// The stream ended before the file did; nothing changed.
    #[error("the stream broke off before the end of the file")]
    StreamBroken,
    /// The stream said nothing for too long; nothing changed.
    #[error("the stream was silent for too long")]
    StreamSilent,
    /// People are not indexed for searches yet, or not as they are by now.
    #[error("people are being indexed for searches: ask again in a moment")]
    NotIndexed,
    /// What several calls read together was not read.
    #[error("what was asked for by several calls at once could not be read")]
    ReadTogether(#[source] Arc<Error>),
    /// The store failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<ClaimError> for Error {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => Self::RequestIdReused,
            ClaimError::Database(error) => Self::Database(error),
        }
    }
}
