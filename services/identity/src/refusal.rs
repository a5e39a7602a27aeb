//! Why somebody is not signed in, or not kept signed in.

use crate::directory::ActivityChoice;
use crate::provider::SignInRefused;

/// Why somebody is not signed in. Each is traced under its code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefused {
    /// What the provider gave is malformed, not signed as demanded, or not meant for us.
    #[error(
        "the provider's token is malformed, not signed by an accepted key, or not meant for Aval"
    )]
    SubjectTokenInvalid,
    /// The ID token is not valid at this time.
    #[error("the provider's token has expired, or is not valid yet")]
    SubjectTokenExpired,
    /// The access token is bound to another certificate: it is in other hands.
    #[error("the provider's token is bound to another client certificate")]
    SubjectTokenBoundElsewhere,
    /// The sign-in was too weak, or does not say how strong it was.
    #[error("the provider's token states no sufficient assurance level")]
    AcrInsufficient,
    /// The tokens belong to another sign-in.
    #[error("the nonce is not the one of this sign-in")]
    NonceMismatch,
    /// `UserInfo` cannot be read, or speaks of somebody else.
    #[error("the provider's UserInfo is malformed or speaks of somebody else")]
    UserInfoInvalid,
    /// The directory does not know the professional.
    #[error("the directory does not know this professional")]
    PractitionerUnknown,
    /// The professional does not practise.
    #[error("this professional does not practise")]
    PractitionerInactive,
    /// The professional has several practice situations and chose none.
    #[error("choose one practice situation")]
    ActivityRequired(Vec<ActivityChoice>),
    /// The practice situation is not one of theirs, in the directory and at the provider.
    #[error("the practice situation is not one of this professional's")]
    ActivityMismatch,
    /// Nobody is registered under the patient's INS.
    #[error("nobody is registered under this person's INS")]
    PatientUnknown,
    /// The patient's identity is not qualified.
    #[error("this person's identity is not qualified")]
    IdentityNotQualified,
    /// Nothing lets this person act for that patient.
    #[error("nothing lets this person act for the patient")]
    MandateInsufficient,
    /// The professional is signed in from too many certificates at the same time.
    #[error("this professional is signed in from too many places at the same time")]
    TooManySessions,
}

impl SessionRefused {
    /// What the trail calls it: the contract's word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SubjectTokenInvalid => "SUBJECT_TOKEN_INVALID",
            Self::SubjectTokenExpired => "SUBJECT_TOKEN_EXPIRED",
            Self::SubjectTokenBoundElsewhere => "TOKEN_BOUND_ELSEWHERE",
            Self::AcrInsufficient => "ACR_INSUFFICIENT",
            Self::NonceMismatch => "NONCE_MISMATCH",
            Self::UserInfoInvalid => "USER_INFO_INVALID",
            Self::PractitionerUnknown => "PRACTITIONER_UNKNOWN",
            Self::PractitionerInactive => "PRACTITIONER_INACTIVE",
            Self::ActivityRequired(_) => "ACTIVITY_REQUIRED",
            Self::ActivityMismatch => "ACTIVITY_MISMATCH",
            Self::PatientUnknown => "PATIENT_UNKNOWN",
            Self::IdentityNotQualified => "IDENTITY_NOT_QUALIFIED",
            Self::MandateInsufficient => "MANDATE_INSUFFICIENT",
            Self::TooManySessions => "TOO_MANY_SESSIONS",
        }
    }

    /// What a provider's refusal means; `None` when the provider refused nothing and
    /// did not answer.
    #[must_use]
    pub const fn of_provider(refused: SignInRefused) -> Option<Self> {
        Some(match refused {
            SignInRefused::TokenInvalid
            | SignInRefused::IssuerWrong
            | SignInRefused::AudienceWrong
            | SignInRefused::AccessTokenRefused => Self::SubjectTokenInvalid,
            SignInRefused::Expired | SignInRefused::NotYetValid => Self::SubjectTokenExpired,
            SignInRefused::BoundElsewhere => Self::SubjectTokenBoundElsewhere,
            SignInRefused::AcrInsufficient => Self::AcrInsufficient,
            SignInRefused::NonceMismatch => Self::NonceMismatch,
            SignInRefused::UserInfoMalformed | SignInRefused::SubjectsDiffer => {
                Self::UserInfoInvalid
            }
            SignInRefused::Unavailable => return None,
        })
    }
}

/// Why a session is not refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshRefused {
    /// It is no refresh token of ours.
    #[error("the refresh token is malformed or was not given here")]
    Unknown,
    /// It was given to other software. Traced.
    #[error("the refresh token is bound to another client certificate")]
    BoundElsewhere,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// It was used before, so the session is closed. Traced.
    #[error("the refresh token was used before: the session is closed")]
    Reused,
}

impl RefreshRefused {
    /// What the trail calls it: the contract's word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "TOKEN_INVALID",
            Self::BoundElsewhere => "TOKEN_BOUND_ELSEWHERE",
            Self::Ended | Self::Reused => "TOKEN_EXPIRED",
        }
    }
}
