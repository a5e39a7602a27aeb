//! What a use case answers to whoever may not.

use aval_proto::common::v1::ErrorReason;

use crate::status::Refusal;

/// The caller or the person may not do this. Services wrap it in their own error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// A person has to make this call, and no token came with it.
    #[error("this call needs a person's token")]
    TokenMissing,
    /// The person is another than the one who may, or acts in the wrong capacity.
    #[error("this person may not make this call")]
    ActorNotAllowed,
    /// The calling software may not make this call.
    #[error("this caller may not make this call")]
    CallerNotAllowed,
    /// The act needs a stronger sign-in.
    #[error("this call needs a stronger sign-in")]
    AuthenticationTooWeak,
    /// The act is the patient's own; a representative may not do it.
    #[error("this call is the patient's own, a representative may not make it")]
    MandateInsufficient,
}

impl Denied {
    /// The reason on the wire.
    #[must_use]
    pub const fn reason(self) -> ErrorReason {
        match self {
            Self::TokenMissing => ErrorReason::TokenMissing,
            Self::ActorNotAllowed => ErrorReason::ActorNotAllowed,
            Self::CallerNotAllowed => ErrorReason::CallerNotAllowed,
            Self::AuthenticationTooWeak => ErrorReason::AuthenticationTooWeak,
            Self::MandateInsufficient => ErrorReason::MandateInsufficient,
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::new(denied.reason(), denied.to_string())
    }
}
