//! That somebody signed out at a provider: who, and why it is not believed.

use std::fmt;

/// Who signed out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SignedOut<Name> {
    /// Whoever signed in under this name of the sign-in (`sid`).
    Session {
        /// The sign-in.
        session: Name,
        /// The person, where the provider names them too.
        subject: Option<Name>,
    },
    /// This person (`sub`), from everywhere.
    Person {
        /// The person.
        subject: Name,
    },
}

/// Why nobody is signed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogoutRefused {
    /// It is no token, or a claim has not the form that it must have.
    #[error("the logout token is malformed")]
    Malformed,
    /// It names no provider of ours.
    #[error("the logout token has another issuer than the providers that are known here")]
    IssuerUnknown,
    /// It is unsigned, or signed by another key or algorithm.
    #[error("the logout token is not signed by an accepted key and algorithm")]
    SignatureInvalid,
    /// It says that it is another kind of token.
    #[error("the token is of another kind than logout+jwt")]
    KindWrong,
    /// It was made for another client.
    #[error("the logout token has another audience")]
    AudienceWrong,
    /// It was issued in the future.
    #[error("the logout token is not valid yet")]
    NotYetValid,
    /// It has expired, or was issued too long ago.
    #[error("the logout token has expired, or was issued too long ago")]
    Stale,
    /// It does not say that somebody signed out.
    #[error("the logout token's events do not hold the back-channel logout event")]
    EventMissing,
    /// It may be an ID token.
    #[error("the logout token has a nonce")]
    NoncePresent,
    /// It has no name of its own.
    #[error("the logout token has no jti")]
    JtiMissing,
    /// It names neither a sign-in nor a person.
    #[error("the logout token has neither sid nor sub")]
    NobodyNamed,
    /// It came before.
    #[error("the logout token was used before")]
    Replayed,
    /// The provider's keys cannot be had.
    #[error("the identity provider does not answer")]
    Unavailable,
}

impl<Name> SignedOut<Name> {
    /// The same under other names.
    #[must_use]
    pub fn map<Other>(
        self,
        session: impl FnOnce(Name) -> Other,
        subject: impl FnOnce(Name) -> Other,
    ) -> SignedOut<Other> {
        match self {
            Self::Session {
                session: name,
                subject: person,
            } => SignedOut::Session {
                session: session(name),
                subject: person.map(subject),
            },
            Self::Person { subject: person } => SignedOut::Person {
                subject: subject(person),
            },
        }
    }
}

impl LogoutRefused {
    /// One word for it, for what is counted.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::IssuerUnknown => "issuer_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::KindWrong => "kind_wrong",
            Self::AudienceWrong => "audience_wrong",
            Self::NotYetValid => "not_yet_valid",
            Self::Stale => "stale",
            Self::EventMissing => "event_missing",
            Self::NoncePresent => "nonce_present",
            Self::JtiMissing => "jti_missing",
            Self::NobodyNamed => "nobody_named",
            Self::Replayed => "replayed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Without the names.
impl<Name> fmt::Debug for SignedOut<Name> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Session { .. } => "Session(..)",
            Self::Person { .. } => "Person(..)",
        })
    }
}
