//! ID tokens that a relying party must refuse, one flaw each.

mod forge;

use std::fmt;
use std::str::FromStr;

pub(super) use forge::Forge;

/// What a relying party has to notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is not a token at all, or a part of it does not parse.
    Malformed,
    /// It is longer than any token has to be.
    TooLarge,
    /// Its algorithm is not one that the relying party pinned.
    Algorithm,
    /// Its header demands what the relying party does not understand.
    CriticalHeader,
    /// It names a key that the provider does not publish.
    UnknownKey,
    /// Its signature is not that of the key it names.
    Signature,
    /// It is another kind of token.
    TokenType,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// Another issuer made it.
    Issuer,
    /// It was made for another client.
    Audience,
    /// It lacks a claim that every ID token has.
    MissingClaim,
    /// It does not say how its holder authenticated, or not well enough.
    Acr,
    /// It answers another request.
    Nonce,
}

/// One flawed ID token.
#[derive(Clone, PartialEq, Eq)]
pub struct HostileToken {
    /// Its flaw.
    pub hostility: Hostility,
    /// The token.
    pub token: String,
}

/// Every flawed ID token of one sign-in, beside the sound one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostileTokens {
    /// The same claims, sound: a test that refuses this one too proves nothing.
    pub sound: String,
    /// One token for each of [`Hostility::ALL`].
    pub tokens: Vec<HostileToken>,
}

/// A name that is none of [`Hostility::ALL`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such flaw")]
pub struct UnknownHostility;

macro_rules! hostilities {
    ($($(#[$documentation:meta])* $variant:ident = $name:literal => $reason:ident,)*) => {
        /// A flaw of an ID token.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Hostility {
            $($(#[$documentation])* $variant,)*
        }

        impl Hostility {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name, as the token endpoint's `hostile` parameter takes it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What a relying party notices.
            #[must_use]
            pub fn reason(self) -> Reason {
                match self {
                    $(Self::$variant => Reason::$reason,)*
                }
            }
        }
    };
}

hostilities! {
    /// `alg: none`, no signature.
    Unsigned = "unsigned" => Algorithm,
    /// `alg: nOnE`, for who compares in one case only.
    UnsignedMixedCase = "unsigned_mixed_case" => Algorithm,
    /// HS256 with the provider's public key, as PEM, for a secret.
    HmacWithPublicKey = "hmac_with_public_key" => Algorithm,
    /// HS256 with the client's own secret.
    HmacWithClientSecret = "hmac_with_client_secret" => Algorithm,
    /// A header parameter that must be understood and is not.
    CriticalHeader = "critical_header" => CriticalHeader,
    /// Somebody else's key, under its own name.
    UnknownKey = "unknown_key" => UnknownKey,
    /// Somebody else's key, brought along in the header.
    EmbeddedKey = "embedded_key" => UnknownKey,
    /// Somebody else's key under the provider's key's name.
    ForeignSignature = "foreign_signature" => Signature,
    /// Another subject put in after signing.
    TamperedClaims = "tampered_claims" => Signature,
    /// The signature taken off.
    SignatureRemoved = "signature_removed" => Signature,
    /// An access token's `typ` claim.
    AccessTokenType = "access_token_type" => TokenType,
    /// A logout token's `typ` header.
    LogoutTokenType = "logout_token_type" => TokenType,
    /// Expired an hour ago.
    Expired = "expired" => Expired,
    /// Issued in an hour.
    IssuedInTheFuture = "issued_in_the_future" => NotYetValid,
    /// Not to be used for an hour.
    NotBeforeInTheFuture = "not_before_in_the_future" => NotYetValid,
    /// An issuer elsewhere.
    WrongIssuer = "wrong_issuer" => Issuer,
    /// The issuer with a slash more.
    IssuerWithSlash = "issuer_with_slash" => Issuer,
    /// The other realm's issuer.
    OtherRealm = "other_realm" => Issuer,
    /// Another client's.
    WrongAudience = "wrong_audience" => Audience,
    /// Nobody's.
    MissingAudience = "missing_audience" => Audience,
    /// This client's and another's, asked for by the other.
    OtherAuthorizedParty = "other_authorized_party" => Audience,
    /// No `exp`.
    MissingExpiry = "missing_expiry" => MissingClaim,
    /// No `iat`.
    MissingIssuedAt = "missing_issued_at" => MissingClaim,
    /// No `sub`.
    MissingSubject = "missing_subject" => MissingClaim,
    /// No `acr`.
    MissingAcr = "missing_acr" => Acr,
    /// An empty `acr`.
    EmptyAcr = "empty_acr" => Acr,
    /// `acr: 0`, no particular assurance.
    WeakAcr = "weak_acr" => Acr,
    /// The right `acr` inside a list.
    AcrInList = "acr_in_list" => Malformed,
    /// Another nonce.
    WrongNonce = "wrong_nonce" => Nonce,
    /// No nonce.
    MissingNonce = "missing_nonce" => Nonce,
    /// `exp` as a text.
    ExpiryAsText = "expiry_as_text" => Malformed,
    /// A claim nested 5,000 deep.
    DeeplyNested = "deeply_nested" => Malformed,
    /// A claim of a megabyte.
    Huge = "huge" => TooLarge,
    /// A signed text that is no JSON.
    NotJson = "not_json" => Malformed,
    /// Cut in the middle.
    Truncated = "truncated" => Malformed,
    /// Without a third part.
    TwoParts = "two_parts" => Malformed,
    /// Words.
    Garbage = "garbage" => Malformed,
    /// Nothing.
    Empty = "empty" => Malformed,
}

impl Reason {
    /// One word in snake case.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Algorithm => "algorithm",
            Self::CriticalHeader => "critical_header",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::TokenType => "token_type",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::MissingClaim => "missing_claim",
            Self::Acr => "acr",
            Self::Nonce => "nonce",
        }
    }

    /// The reason that the public contract gives (`aval.common.v1.ErrorReason`
    /// without its prefix): it tells callers less than [`word`](Self::word).
    #[must_use]
    pub fn error_reason(self) -> &'static str {
        match self {
            Self::Expired | Self::NotYetValid => "SUBJECT_TOKEN_EXPIRED",
            Self::Acr => "ACR_INSUFFICIENT",
            Self::Nonce => "NONCE_MISMATCH",
            Self::Malformed
            | Self::TooLarge
            | Self::Algorithm
            | Self::CriticalHeader
            | Self::UnknownKey
            | Self::Signature
            | Self::TokenType
            | Self::Issuer
            | Self::Audience
            | Self::MissingClaim => "SUBJECT_TOKEN_INVALID",
        }
    }
}

impl HostileToken {
    /// The flaw's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.hostility.name()
    }

    /// What a relying party notices, in one word.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.hostility.reason().word()
    }
}

impl HostileTokens {
    pub(super) fn of(forge: &Forge<'_>) -> Self {
        Self {
            sound: forge.sound(),
            tokens: Hostility::ALL
                .iter()
                .map(|&hostility| HostileToken {
                    hostility,
                    token: forge.make(hostility),
                })
                .collect(),
        }
    }
}

impl FromStr for Hostility {
    type Err = UnknownHostility;

    fn from_str(name: &str) -> Result<Self, UnknownHostility> {
        Self::ALL
            .iter()
            .copied()
            .find(|hostility| hostility.name() == name)
            .ok_or(UnknownHostility)
    }
}

impl fmt::Display for Hostility {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl fmt::Debug for HostileToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HostileToken")
            .field("name", &self.name())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}
