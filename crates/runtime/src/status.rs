//! Errors on the wire: a [`Refusal`] becomes a `tonic::Status` with
//! `google.rpc.Status` details.
//!
//! Each service maps its error enum exhaustively to refusals. A refusal is made
//! of a reason, which fixes the status code, and of a fixed public sentence: no
//! value that a caller sent, and nothing of the store, ever stands in it.

mod causes;
mod fields;
mod french;
mod reason;
mod refusal;

pub use causes::Causes;
pub use fields::FieldErrors;
pub use french::french_sentence;
pub use reason::{code_of, reason_name};
pub use refusal::{FieldViolation, Refusal, not_implemented};

/// What `google.rpc.ErrorInfo.domain` says in every error of every service.
pub const ERROR_DOMAIN: &str = "aval";
