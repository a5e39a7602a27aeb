//! Everything that a call of this service may fail with.

use std::sync::Arc;

use aval_database::DatabaseError;
use aval_database::requests::ClaimError;
use aval_domain::id::GrantId;
use aval_runtime::context::Denied;

/// Why a call failed. `grpc/status.rs` says how each appears on the wire.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller or the person may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A field breaks a rule that needs more than the request to be checked.
    #[error("{field}: {rule}")]
    Invalid {
        /// Its path, as the proto names it.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// The update mask names what may not be changed.
    #[error("the update mask names a field that may not be changed")]
    UpdateMaskInvalid,
    /// The request id was used for something else.
    #[error("the request id was used for another request")]
    RequestIdReused,
    /// There is no record, or it is closed.
    #[error("there is no open record")]
    RecordUnavailable,
    /// There is no such thing, or none that the person may know of.
    #[error("there is no such resource")]
    NotFound,
    /// The grantee has a live grant already.
    #[error("a live grant for the same grantee exists")]
    GrantExists {
        /// Which; `None` when it ended in the meantime.
        grant_id: Option<GrantId>,
    },
    /// The resource changed since the etag was read.
    #[error("the resource changed since its etag was read")]
    EtagMismatch,
    /// The act has no meaning in the present state.
    #[error("{0}")]
    StateConflict(&'static str),
    /// The act would undo what cannot be undone.
    #[error("{0}")]
    Irreversible(&'static str),
    /// The cursor is of another life of the database.
    #[error("the cursor is not one of this inbox")]
    CursorUnknown,
    /// Too many watch already.
    #[error("too many watch their notifications at once")]
    TooManyWatches,
    /// The patient blocked the grantee.
    #[error("the grantee is blocked by the patient")]
    GranteeBlocked,
    /// The directory does not know the grantee.
    #[error("the directory does not know this professional or organization")]
    GranteeUnknown,
    /// The directory does not answer.
    #[error("the directory does not answer")]
    DirectoryUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Whoever tells who turned out to be whom does not answer.
    #[error("who turned out to be whom is not told")]
    NotFollowed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The decision could not be recorded together with those of other calls.
    #[error("the decision could not be recorded")]
    NotRecorded(#[source] Arc<Error>),
    /// The trail has not taken events for too long.
    #[error("the trail is too far behind")]
    TrailUnavailable,
    /// What several calls read together was not read.
    #[error("what the decision rests on could not be read")]
    ReadTogether(#[source] Arc<Error>),
    /// The database failed or does not answer. The cause stays in the chain: whether a
    /// transaction is tried again is read from it.
    #[error("the database failed or does not answer")]
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
