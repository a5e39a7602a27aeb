//! The Aval token: how a person's identity travels between the services.
//!
//! A short-lived JWT, signed with ES256 by the identity service, bound to the
//! client certificate of the software that carries it (RFC 8705). Services verify
//! it locally from the issuer's published keys.

mod cache;
mod claims;
mod closed_sessions;
mod issuer_http;
mod jwks;
mod keys;
mod refused;
mod signer;
mod verifier;

pub use claims::{
    ActivityClaims, AuthenticationStrength, AvalClaims, Confirmation, PersonKind,
    RepresentationKind, RepresentativeClaims,
};
pub use closed_sessions::{
    CLOSED_SESSIONS_LISTED_FOR, CLOSINGS_HOLD_WITHIN, ClosedSessionList, ClosedSessionSource,
    ClosedSessionsUnavailable, ListMalformed,
};
pub use jwks::{JwksError, JwksSource};
pub use keys::{KeyError, KeySource, StaticKeys, VerificationKey};
pub use signer::{KeyInvalid, TokenSigner};
pub use verifier::{TokenError, TokenVerifier, VerifiedToken};

use std::time::Duration;

/// What `aud` of every Aval token is.
pub const AUDIENCE: &str = "aval";
/// What `typ` of every Aval token is (RFC 9068).
pub const TOKEN_TYPE: &str = "at+jwt";
/// The longest time between `iat` and `exp`.
pub const LONGEST_LIFETIME: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests;
