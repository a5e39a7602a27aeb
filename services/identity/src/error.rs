//! Why a use case does not do what it was asked.

use aval_database::DatabaseError;
use aval_runtime::context::Denied;

use crate::directory::DirectoryUnavailable;
use crate::patient_keys::SealBroken;
use crate::refusal::{RefreshRefused, SessionRefused};

/// Why a use case of this service failed. `Display` never shows a value of a request
/// or of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller or the person may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The person is not signed in. Traced.
    #[error(transparent)]
    SessionRefused(#[from] SessionRefused),
    /// A session is not refreshed.
    #[error(transparent)]
    RefreshRefused(#[from] RefreshRefused),
    /// Part of the request breaks a rule that only the use case can check.
    #[error("a field of the request is invalid: {field}: {rule}")]
    FieldInvalid {
        /// The field, as the contract names it.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// The matricule is another person's, or this one's with other traits.
    #[error("the matricule is registered with other traits")]
    MatriculeTaken,
    /// The mask names a field that cannot be changed, or none.
    #[error("the update mask names no field, or one that may not be changed")]
    UpdateMaskInvalid,
    /// The patient changed since they were read.
    #[error("the patient changed since they were read")]
    EtagMismatch,
    /// The patient is merged into another, or is not, where it must be otherwise.
    #[error("one of the patients is merged, or is not merged into the other")]
    MergeConflict,
    /// There is no such patient.
    #[error("there is no such patient")]
    PatientNotFound,
    /// The person may act for the patient already.
    #[error("this person may act for the patient already")]
    RepresentationExists,
    /// There is no such representation, or none of this person's.
    #[error("there is no such representation")]
    RepresentationNotFound,
    /// There is no such session of this person.
    #[error("there is no such session")]
    SessionNotFound,
    /// The request id was used for another request.
    #[error("the request id was used for another request")]
    RequestIdReused,
    /// The page token is not one of this query, or has expired.
    #[error("the page token is not one of this query, or has expired")]
    PageTokenInvalid,
    /// The cursor is of another life of the database.
    #[error("the cursor was never given here")]
    CursorUnknown,
    /// Too many patients cannot be searched for yet.
    #[error("not everybody can be searched for yet")]
    SearchNotReady,
    /// The identity provider does not answer, so nobody was proved.
    #[error("the identity provider does not answer")]
    ProviderUnavailable,
    /// The directory does not answer, so nobody was recognised.
    #[error(transparent)]
    DirectoryUnavailable(#[from] DirectoryUnavailable),
    /// A stored identity cannot be decrypted.
    #[error(transparent)]
    SealBroken(#[from] SealBroken),
    /// The store failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}
