//! Verifying an ID token: pure, given the provider's keys and the time.

use std::time::Duration;

use aval_domain::time::Timestamp;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use serde_json::{Map, Value};

use super::SignInRefused;
use super::jws::{self, Malformed, instant, optional_text, text};
use super::keys::{ProviderKey, ProviderKeys};

/// What an ID token must say.
#[derive(Debug, Clone)]
pub struct ExpectedIdToken {
    /// Exactly this `iss`.
    pub issuer: String,
    /// This `client_id` as `aud`, and as `azp` where there is one.
    pub client_id: String,
    /// One of these `acr`.
    pub acr_values: Vec<String>,
    /// How far the provider's clock may be from ours.
    pub skew: Duration,
    /// How long ago the person may have proved who they are.
    pub oldest_sign_in: Duration,
}

/// What a verified ID token says.
#[derive(Clone, PartialEq, Eq)]
pub struct IdTokenClaims {
    /// The person.
    pub subject: String,
    /// The assurance level, one of the accepted.
    pub acr: String,
    /// When the person proved who they are; when the token was issued, where the
    /// provider does not say.
    pub authenticated_at: Timestamp,
    /// The provider's name for the sign-in (`sid`), where it says.
    pub session: Option<String>,
    /// The digest of the access token that was issued beside it, where it says.
    access_token_digest: Option<String>,
}

/// The `kid` of a token's header; a token without one is refused, for nothing then
/// says which key to ask for.
pub(super) fn key_id(token: &str) -> Result<String, SignInRefused> {
    header_of(token)?.kid.ok_or(SignInRefused::TokenInvalid)
}

impl ExpectedIdToken {
    /// Verifies signature, issuer, audience, times, nonce and assurance level, in this
    /// order.
    pub fn verify(
        &self,
        token: &str,
        keys: &ProviderKeys,
        nonce: &str,
        now: Timestamp,
    ) -> Result<IdTokenClaims, SignInRefused> {
        let kid = key_id(token)?;
        let key = keys.get(&kid).ok_or(SignInRefused::TokenInvalid)?;
        let claims = signed_claims(token, key)?;
        self.check_origin(&claims)?;
        let issued_at = self.check_times(&claims, now)?;
        if text(&claims, "nonce") != Some(nonce) {
            return Err(SignInRefused::NonceMismatch);
        }
        let acr = self.accepted_acr(&claims)?;
        let subject = text(&claims, "sub").filter(|subject| !subject.is_empty());
        Ok(IdTokenClaims {
            subject: subject.ok_or(SignInRefused::TokenInvalid)?.to_owned(),
            acr: acr.to_owned(),
            authenticated_at: self.authenticated_at(&claims, issued_at, now)?,
            session: optional_text(&claims, "sid")?,
            access_token_digest: access_token_digest(&claims)?,
        })
    }

    /// A missing level is never taken for the expected one, and the provider's discovery
    /// document is not asked: Pro Santé Connect's lists none of the real levels.
    fn accepted_acr<'a>(&self, claims: &'a Map<String, Value>) -> Result<&'a str, SignInRefused> {
        match claims.get("acr") {
            Some(Value::String(acr)) if self.acr_values.contains(acr) => Ok(acr),
            None | Some(Value::Null | Value::String(_)) => Err(SignInRefused::AcrInsufficient),
            Some(_) => Err(SignInRefused::TokenInvalid),
        }
    }

    fn check_origin(&self, claims: &Map<String, Value>) -> Result<(), SignInRefused> {
        if text(claims, "iss") != Some(&self.issuer) {
            return Err(SignInRefused::IssuerWrong);
        }
        let is_ours = |value: &Value| value.as_str() == Some(&self.client_id);
        let audience_is_ours = match claims.get("aud") {
            // Several audiences: ours must be among them and the authorised party
            // (OpenID Connect Core §3.1.3.7).
            Some(Value::Array(audiences)) => {
                audiences.iter().any(is_ours)
                    && (audiences.len() == 1 || claims.get("azp").is_some_and(is_ours))
            }
            Some(audience) => is_ours(audience),
            None => false,
        };
        let party_is_ours = claims.get("azp").is_none_or(is_ours);
        if !(audience_is_ours && party_is_ours) {
            return Err(SignInRefused::AudienceWrong);
        }
        Ok(())
    }

    /// A provider that does not say when the person proved who they are says that they
    /// just did. One that lets them go on for longer than they may is not followed.
    fn authenticated_at(
        &self,
        claims: &Map<String, Value>,
        issued_at: Timestamp,
        now: Timestamp,
    ) -> Result<Timestamp, SignInRefused> {
        let authenticated_at = instant(claims, "auth_time")?.unwrap_or(issued_at);
        if now.saturating_add(self.skew) < authenticated_at {
            return Err(SignInRefused::NotYetValid);
        }
        let ends_at = authenticated_at.saturating_add(self.oldest_sign_in);
        if now >= ends_at.saturating_add(self.skew) {
            return Err(SignInRefused::Expired);
        }
        Ok(authenticated_at)
    }

    /// Answers when the token was issued.
    fn check_times(
        &self,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Timestamp, SignInRefused> {
        let issued_at = instant(claims, "iat")?.ok_or(SignInRefused::TokenInvalid)?;
        let expires_at = instant(claims, "exp")?.ok_or(SignInRefused::TokenInvalid)?;
        let not_before = instant(claims, "nbf")?.unwrap_or(issued_at);
        let soonest = now.saturating_add(self.skew);
        if soonest < issued_at || soonest < not_before {
            return Err(SignInRefused::NotYetValid);
        }
        if now >= expires_at.saturating_add(self.skew) {
            return Err(SignInRefused::Expired);
        }
        Ok(issued_at)
    }
}

impl IdTokenClaims {
    /// Whether the access token is the one that was issued beside the ID token (OpenID
    /// Connect Core §3.1.3.6); a provider that does not say is not contradicted.
    pub(super) fn came_with(&self, access_token: &str) -> bool {
        let digest = digest::digest(&digest::SHA256, access_token.as_bytes());
        let expected = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]);
        self.access_token_digest
            .as_ref()
            .is_none_or(|stated| *stated == expected)
    }
}

impl From<Malformed> for SignInRefused {
    fn from(_: Malformed) -> Self {
        Self::TokenInvalid
    }
}

impl std::fmt::Debug for IdTokenClaims {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("IdTokenClaims")
            .field("acr", &self.acr)
            .finish_non_exhaustive()
    }
}

fn signed_claims(token: &str, key: &ProviderKey) -> Result<Map<String, Value>, SignInRefused> {
    let claims = jws::signed_claims(token, &header_of(token)?, key)?;
    // Keycloak says in a claim which of its kinds of token it is; another kind is none.
    match claims.get("typ") {
        None => Ok(claims),
        Some(Value::String(kind)) if kind == "ID" => Ok(claims),
        Some(_) => Err(SignInRefused::TokenInvalid),
    }
}

/// The header of something that may be an ID token: not of another kind (RFC 8725
/// §3.11).
fn header_of(token: &str) -> Result<Header, SignInRefused> {
    let header = jws::header_of(token)?;
    let is_jwt = header
        .typ
        .as_ref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    if !is_jwt {
        return Err(SignInRefused::TokenInvalid);
    }
    Ok(header)
}

fn access_token_digest(claims: &Map<String, Value>) -> Result<Option<String>, SignInRefused> {
    match claims.get("at_hash") {
        None => Ok(None),
        Some(Value::String(digest)) => Ok(Some(digest.clone())),
        Some(_) => Err(SignInRefused::TokenInvalid),
    }
}

#[cfg(test)]
mod tests;
