//! Verifying a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6): pure, given
//! the provider's keys and the time.
//!
//! What such a token is taken for is a kind of its own: an ID token has no `events`, and
//! a logout token no `nonce`, so neither stands in for the other.

use std::fmt;
use std::time::Duration;

use aval_domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use serde_json::Value;

use super::jws::{self, Claims, LONGEST_TOKEN, Malformed, instant, optional_text, text};
use super::keys::ProviderKeys;
use super::{LogoutRefused, SignedOut};

/// The member of `events` that makes it a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A provider sends a logout token when it makes it; an older one was kept by somebody.
/// The specification's own advice for how long one is good (§2.4).
const FRESH_FOR: Duration = Duration::from_mins(2);

/// What a logout token must say.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedLogoutToken<'a> {
    /// Exactly this `iss`.
    pub issuer: &'a str,
    /// This `client_id` as `aud`, or among them.
    pub client_id: &'a str,
    /// How far the provider's clock may be from ours.
    pub skew: Duration,
}

/// What a verified logout token says. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct LogoutClaims {
    /// Who signed out.
    pub who: SignedOut<String>,
    /// The token's own name, which comes once.
    pub jti: String,
    /// From then on the token is refused for its age.
    pub good_until: Timestamp,
}

/// The issuer that a token names, believed by nobody yet: it says whose keys to verify it
/// with.
#[must_use]
pub fn stated_issuer(token: &str) -> Option<String> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    text(&claims, "iss").map(str::to_owned)
}

/// The `kid` of a token's header; a token without one is refused, for nothing then says
/// which key to ask for.
pub(super) fn key_id(token: &str) -> Result<String, LogoutRefused> {
    let header = jws::header_of(token)?;
    header.kid.ok_or(LogoutRefused::SignatureInvalid)
}

impl ExpectedLogoutToken<'_> {
    /// Verifies kind, signature, issuer, audience, times, event and names, in this order.
    pub fn verify(
        &self,
        token: &str,
        keys: &ProviderKeys,
        now: Timestamp,
    ) -> Result<LogoutClaims, LogoutRefused> {
        let header = jws::header_of(token)?;
        let kid = header.kid.as_deref();
        let key = kid.and_then(|kid| keys.get(kid));
        let key = key.ok_or(LogoutRefused::SignatureInvalid)?;
        let claims = jws::signed_claims(token, &header, key);
        let claims = claims.map_err(|Malformed| LogoutRefused::SignatureInvalid)?;
        check_kind(&header, &claims)?;
        self.check_origin(&claims)?;
        let good_until = self.check_times(&claims, now)?;
        check_event(&claims)?;
        if claims.contains_key("nonce") {
            return Err(LogoutRefused::NoncePresent);
        }
        Ok(LogoutClaims {
            who: who_signed_out(&claims)?,
            jti: optional_text(&claims, "jti")?.ok_or(LogoutRefused::JtiMissing)?,
            good_until,
        })
    }

    fn check_origin(&self, claims: &Claims) -> Result<(), LogoutRefused> {
        if text(claims, "iss") != Some(self.issuer) {
            return Err(LogoutRefused::IssuerUnknown);
        }
        let is_ours = |value: &Value| value.as_str() == Some(self.client_id);
        let audience_is_ours = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(is_ours),
            Some(audience) => is_ours(audience),
            None => false,
        };
        if !audience_is_ours {
            return Err(LogoutRefused::AudienceWrong);
        }
        Ok(())
    }

    /// Answers until when the token is good, exclusive.
    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, LogoutRefused> {
        let issued_at = instant(claims, "iat")?.ok_or(LogoutRefused::Malformed)?;
        let not_before = instant(claims, "nbf")?.unwrap_or(issued_at);
        let soonest = now.saturating_add(self.skew);
        if soonest < issued_at || soonest < not_before {
            return Err(LogoutRefused::NotYetValid);
        }
        let stale_at = issued_at.saturating_add(FRESH_FOR);
        let end = instant(claims, "exp")?.map_or(stale_at, |expires_at| expires_at.min(stale_at));
        let good_until = end.saturating_add(self.skew);
        if now >= good_until {
            return Err(LogoutRefused::Stale);
        }
        Ok(good_until)
    }
}

/// Whether the token says that it is a logout token, or nothing against it: by `typ` of
/// its header, or, where that says JWT alone, by the claim in which Keycloak told its
/// kinds of token apart before there was such a `typ`.
fn check_kind(header: &Header, claims: &Claims) -> Result<(), LogoutRefused> {
    let is_keycloaks = match claims.get("typ") {
        None => false,
        Some(Value::String(kind)) if kind == "Logout" => true,
        Some(_) => return Err(LogoutRefused::KindWrong),
    };
    let is_one = match header.typ.as_deref() {
        None => true,
        Some(kind) if kind.eq_ignore_ascii_case("logout+jwt") => true,
        Some(kind) => is_keycloaks && kind.eq_ignore_ascii_case("JWT"),
    };
    if !is_one {
        return Err(LogoutRefused::KindWrong);
    }
    Ok(())
}

fn check_event(claims: &Claims) -> Result<(), LogoutRefused> {
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(LogoutRefused::EventMissing);
    }
    Ok(())
}

fn who_signed_out(claims: &Claims) -> Result<SignedOut<String>, LogoutRefused> {
    let subject = optional_text(claims, "sub")?;
    match (optional_text(claims, "sid")?, subject) {
        (Some(session), subject) => Ok(SignedOut::Session { session, subject }),
        (None, Some(subject)) => Ok(SignedOut::Person { subject }),
        (None, None) => Err(LogoutRefused::NobodyNamed),
    }
}

impl From<Malformed> for LogoutRefused {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl fmt::Debug for LogoutClaims {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogoutClaims")
            .field("good_until", &self.good_until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
