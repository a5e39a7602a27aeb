//! Why a use case does not do what it was asked.

use std::sync::Arc;

use aval_database::DatabaseError;
use aval_merkle_log::proof::ComputeError;
use aval_merkle_log::tree::MissingNode;
use aval_runtime::context::Denied;
use aval_runtime::page::PageTokenInvalid;

use crate::checkpoint_key::CheckpointRefused;
use crate::entry::Altered;
use crate::hearing::Contradiction;
use crate::plan::Refused;
use crate::submission::{NotASubmission, Unrecordable};
use crate::writer::{RecordError, TermError};

/// Why a use case of this service failed. `Display` never shows a value of a request
/// or of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller or the person may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such thing, or none that the person may know of.
    #[error("there is no such thing")]
    NotFound,
    /// The page token is not one of this query.
    #[error(transparent)]
    PageTokenInvalid(#[from] PageTokenInvalid),
    /// The delivery is out of bounds.
    #[error("the delivery is out of bounds")]
    NotASubmission(#[from] NotASubmission),
    /// One of the events of a delivery can never be recorded.
    #[error("an event cannot be recorded")]
    Unrecordable {
        /// Its place in the delivery, from 0.
        position: usize,
        /// Why.
        #[source]
        rule: Unrecordable,
    },
    /// The delivery breaks the order of its producer.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What a producer says of its outbox does not fit what is recorded.
    #[error(transparent)]
    Contradicted(#[from] Contradiction),
    /// Another instance writes the log.
    #[error("this instance does not write the log")]
    NotWriting,
    /// More deliveries wait than may.
    #[error("too many deliveries wait for the log")]
    Overloaded,
    /// The log did not grow; the delivery may be recorded nevertheless.
    #[error("the log did not take the delivery")]
    NotRecorded(#[source] Arc<TermError>),
    /// An index or size is not one of the log.
    #[error("an index or size is not one of the log")]
    BeyondTheLog {
        /// The field, as the contract names it.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// More is asked for than one call looks at.
    #[error("more is asked for than one call looks at")]
    TooMuch {
        /// The field to narrow, as the contract names it.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// The text is not the path of a tile.
    #[error("the text is not the path of a tile")]
    TilePathInvalid,
    /// No writer has signed the log yet.
    #[error("the log has no checkpoint yet")]
    NotSigned,
    /// Enough witnesses have not seen it yet.
    #[error("enough witnesses have not seen it yet")]
    NotWitnessed,
    /// No witness is asked about this log.
    #[error("no witness is asked about this log")]
    NobodyWitnesses,
    /// What is stored is not what the log took.
    #[error(transparent)]
    Altered(#[from] Altered),
    /// The stored checkpoint is not one of the log's.
    #[error(transparent)]
    CheckpointRefused(#[from] CheckpointRefused),
    /// The reader of a stream took longer than it may.
    #[error("the reader of a stream is too slow")]
    ReaderTooSlow,
    /// More streams are open than may.
    #[error("too many streams are open")]
    TooManyReaders,
    /// The person's token ended while a stream was open.
    #[error("the person's token has ended")]
    TokenEnded,
    /// The service stops.
    #[error("the service stops")]
    Stopping,
    /// The stored nodes do not make the proof.
    #[error("a proof cannot be made of the stored nodes")]
    Unprovable(#[from] ComputeError<MissingNode>),
    /// The store failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Refused(refused) => Self::Refused(refused),
            RecordError::NotWriting => Self::NotWriting,
            RecordError::Overloaded => Self::Overloaded,
            RecordError::Failed(cause) => Self::NotRecorded(cause),
        }
    }
}
