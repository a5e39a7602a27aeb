//! What an identity provider proves: that somebody signed in, who, how firmly and
//! when. Pro Santé Connect for professionals, a FranceConnect-like one for patients.

mod binding;
mod discovery;
mod http;
mod id_token;
mod jws;
mod keys;
mod logout;
mod logout_token;
mod published;

use std::fmt;

use aval_domain::time::Timestamp;
use aval_runtime::caller::CertificateThumbprint;
use futures::future::BoxFuture;
use serde_json::{Map, Value};

pub use http::{HttpProvider, ProviderSetupError};
pub use id_token::{ExpectedIdToken, IdTokenClaims};
pub use keys::{ProviderKey, ProviderKeys};
pub use logout::{LogoutRefused, SignedOut};
pub use logout_token::{ExpectedLogoutToken, LogoutClaims, stated_issuer};

/// What the client brings from a sign-in at the provider. Never printed.
#[derive(Clone)]
pub struct SignInProof {
    /// The access token, alive.
    pub access_token: String,
    /// The ID token of the same sign-in.
    pub id_token: String,
    /// The nonce of that sign-in.
    pub nonce: String,
}

/// A sign-in that the provider vouches for.
#[derive(Clone)]
pub struct ProvenSignIn {
    /// The provider's own name for the person.
    pub subject: String,
    /// The provider's own name for the sign-in (`sid`), where it gives one.
    pub session: Option<String>,
    /// The assurance level: one of those that are accepted.
    pub acr: String,
    /// When the person proved who they are.
    pub authenticated_at: Timestamp,
    /// What `UserInfo` says, of the same subject.
    pub user_info: Map<String, Value>,
}

/// Why a sign-in is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefused {
    /// The ID token is malformed, unsigned, or signed by another key or algorithm.
    #[error("the provider's ID token is malformed or not signed by an accepted key and algorithm")]
    TokenInvalid,
    /// It comes from another provider.
    #[error("the provider's ID token has another issuer")]
    IssuerWrong,
    /// It was given to another client.
    #[error("the provider's ID token has another audience")]
    AudienceWrong,
    /// It has expired.
    #[error("the provider's ID token has expired")]
    Expired,
    /// It was issued in the future.
    #[error("the provider's ID token is not valid yet")]
    NotYetValid,
    /// It has no assurance level, or one that is not accepted.
    #[error("the provider's ID token states no sufficient assurance level")]
    AcrInsufficient,
    /// It belongs to another sign-in.
    #[error("the nonce is not the one of this sign-in")]
    NonceMismatch,
    /// The access token is not alive at the provider.
    #[error("the provider does not accept the access token")]
    AccessTokenRefused,
    /// The access token is bound to a certificate that is neither its presenter's nor ours.
    #[error("the provider's access token is bound to another client certificate")]
    BoundElsewhere,
    /// `UserInfo` is malformed.
    #[error("the provider's UserInfo is malformed")]
    UserInfoMalformed,
    /// `UserInfo` speaks of somebody else than the ID token.
    #[error("the provider's UserInfo speaks of another person than the ID token")]
    SubjectsDiffer,
    /// The provider does not answer in time, or not in its own words.
    #[error("the identity provider does not answer")]
    Unavailable,
}

/// As whose client people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderClient {
    /// The provider: its `iss`.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
}

/// An identity provider.
///
/// Whoever implements it promises: nothing is proven that the provider did not
/// sign, for this client, with an accepted algorithm, at an accepted level, within
/// its time; and when in doubt the answer is a refusal.
pub trait IdentityProvider: fmt::Debug + Send + Sync {
    /// Which provider it is, and who we are there.
    fn client(&self) -> &ProviderClient;

    /// Proves a sign-in that the software with this certificate presents, or says why not.
    fn prove<'a>(
        &'a self,
        proof: &'a SignInProof,
        presenter: Option<CertificateThumbprint>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<ProvenSignIn, SignInRefused>>;

    /// Proves that somebody signed out, or says why not. Whether the token came before
    /// is its caller's to know.
    fn prove_logout<'a>(
        &'a self,
        logout_token: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<LogoutClaims, LogoutRefused>>;
}

impl fmt::Debug for SignInProof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SignInProof(..)")
    }
}

impl fmt::Debug for ProvenSignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProvenSignIn")
            .field("acr", &self.acr)
            .finish_non_exhaustive()
    }
}
