//! Verifies tokens.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::SessionId;
use aval_domain::time::{Clock, Timestamp};
use aval_proto::common::v1::ErrorReason;
use aws_lc_rs::digest;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};

use super::cache::TokenCache;
use super::closed_sessions::{ClosedSessions, PublishedSessions};
use super::refused::RefusedTokens;
use super::{
    AUDIENCE, AvalClaims, ClosedSessionSource, ClosedSessionsUnavailable, JwksError, JwksSource,
    KeyError, KeySource, LONGEST_LIFETIME, TOKEN_TYPE,
};
use crate::caller::CertificateThumbprint;
use crate::config::TokenConfig;
use crate::context::Actor;
use crate::environment::Environment;
use crate::status::Refusal;

/// Verifies Aval tokens, and remembers for a minute at most those it verified.
#[derive(Debug)]
pub struct TokenVerifier {
    issuer: String,
    leeway: Duration,
    validation: Validation,
    keys: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    verified: TokenCache,
    closed: ClosedSessions,
    refused: RefusedTokens,
}

/// A token whose signature and claims are good.
#[derive(Debug)]
pub struct VerifiedToken {
    /// The person it speaks of.
    pub actor: Arc<Actor>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The client certificate that must accompany it.
    pub bound_to: Option<CertificateThumbprint>,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a JWT, or longer than any of ours.
    #[error("the token is malformed")]
    Malformed,
    /// Its `typ` is not [`TOKEN_TYPE`].
    #[error("the token is not an Aval token")]
    TypeWrong,
    /// Its algorithm is not ES256.
    #[error("the token is not signed with ES256")]
    AlgorithmNotAllowed,
    /// It names no key, or one that the issuer does not publish.
    #[error("the token's signing key is unknown")]
    KeyUnknown,
    /// Its signature does not fit.
    #[error("the token's signature is wrong")]
    SignatureWrong,
    /// It comes from somebody else.
    #[error("the token has another issuer")]
    IssuerWrong,
    /// It is meant for somebody else.
    #[error("the token has another audience")]
    AudienceWrong,
    /// Its claims are incomplete, malformed or contradictory.
    #[error("the token's claims are malformed")]
    ClaimsMalformed,
    /// It was issued in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It lives longer than Aval tokens do.
    #[error("the token lives too long")]
    LivesTooLong,
    /// It has ended.
    #[error("the token has expired")]
    Expired,
    /// Its session has ended.
    #[error("the token's session has ended")]
    SessionClosed,
    /// It is bound to another certificate, or to one where there is none.
    #[error("the token is bound to another client certificate")]
    BoundElsewhere,
    /// It is bound to nothing, where callers have certificates.
    #[error("the token is bound to no client certificate")]
    BoundToNothing,
    /// The issuer's keys are out of reach, so nothing can be said about the token.
    #[error("the issuer's keys are out of reach; the token could not be checked")]
    KeysUnavailable,
    /// The list of closed sessions is out of reach, so nothing can be said about the
    /// token's.
    #[error("the list of closed sessions is out of reach; the token could not be checked")]
    ClosedSessionsUnavailable,
}

/// Longer tokens are not looked at.
const LONGEST_TOKEN: usize = 8 * 1024;

impl TokenVerifier {
    /// Verifies with the keys that the issuer publishes over HTTP, and refuses the
    /// sessions that it publishes as closed.
    pub fn new(config: &TokenConfig, environment: &Environment) -> Result<Self, JwksError> {
        let keys = JwksSource::new(config, Arc::clone(&environment.clock))?;
        let verifier = Self::with_keys(config, Arc::new(keys), environment);
        match &config.closed_sessions_url {
            Some(url) => {
                let list = PublishedSessions::new(config, url)?;
                Ok(verifier.with_closed_sessions(Arc::new(list)))
            }
            None => Ok(verifier),
        }
    }

    /// Verifies with keys from elsewhere: in tests, and in the issuer itself.
    #[must_use]
    pub fn with_keys(
        config: &TokenConfig,
        keys: Arc<dyn KeySource>,
        environment: &Environment,
    ) -> Self {
        let mut validation = Validation::new(Algorithm::ES256);
        // Claims and times are checked below, by the clock that was passed in.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        Self {
            issuer: config.issuer.clone(),
            leeway: config.leeway.get().min(TokenConfig::LARGEST_LEEWAY),
            validation,
            keys,
            clock: Arc::clone(&environment.clock),
            verified: TokenCache::new(),
            closed: ClosedSessions::of_this_process(),
            refused: RefusedTokens::new(),
        }
    }

    /// Refuses, besides, the sessions on the list of this source.
    #[must_use]
    pub fn with_closed_sessions(mut self, source: Arc<dyn ClosedSessionSource>) -> Self {
        self.closed = ClosedSessions::watching(source, Arc::clone(&self.clock));
        self
    }

    /// Verifies the token that a caller with this certificate sent; `None` is a caller
    /// of a listener in clear.
    pub async fn verify(
        &self,
        token: &str,
        certificate: Option<CertificateThumbprint>,
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        let verified = self.judge(token, certificate).await;
        verified.inspect_err(|error| self.refused.count(*error))
    }

    async fn judge(
        &self,
        token: &str,
        certificate: Option<CertificateThumbprint>,
    ) -> Result<Arc<VerifiedToken>, TokenError> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenError::Malformed);
        }
        let now = self.clock.now();
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let verified = if let Some(verified) = self.verified.get(&digest, now) {
            verified
        } else {
            let verified = Arc::new(self.verify_afresh(token, now).await?);
            self.verified.insert(digest, Arc::clone(&verified), now);
            verified
        };
        match (verified.bound_to, certificate) {
            (Some(bound_to), Some(certificate)) if bound_to == certificate => {}
            (None, None) => {}
            (None, Some(_)) => return Err(TokenError::BoundToNothing),
            (Some(_), _) => return Err(TokenError::BoundElsewhere),
        }
        let session = verified.actor.session_id();
        if self.closed.contains(session).await? {
            return Err(TokenError::SessionClosed);
        }
        Ok(verified)
    }

    /// Refuses the tokens of a session from now on. Whoever learns that the session
    /// ended says so here; its tokens need no longer than [`LONGEST_LIFETIME`] to
    /// expire by themselves, and are then forgotten.
    pub fn close_session(&self, session: SessionId) {
        let now = self.clock.now();
        let last = now.saturating_add(LONGEST_LIFETIME + TokenConfig::LARGEST_LEEWAY * 2);
        self.closed.close(session, last, now);
    }

    async fn verify_afresh(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        // It demands what is not understood here (RFC 7515 §4.1.11).
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        if header.alg != Algorithm::ES256 {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(TokenError::TypeWrong);
        }
        let kid = header.kid.ok_or(TokenError::KeyUnknown)?;
        let key = self.keys.find(&kid).await?;
        let claims = decode::<AvalClaims>(token, &key.0, &self.validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::SignatureWrong,
                jsonwebtoken::errors::ErrorKind::Json(_) => TokenError::ClaimsMalformed,
                _ => TokenError::Malformed,
            })?
            .claims;
        self.check(&claims, now)?;
        let bound_to = match &claims.cnf {
            Some(cnf) => Some(
                CertificateThumbprint::parse(&cnf.x5t_s256).ok_or(TokenError::ClaimsMalformed)?,
            ),
            None => None,
        };
        Ok(VerifiedToken {
            actor: Arc::new(Actor::try_from(&claims)?),
            expires_at: Timestamp::from_unix_seconds(claims.exp).saturating_add(self.leeway),
            bound_to,
        })
    }

    fn check(&self, claims: &AvalClaims, now: Timestamp) -> Result<(), TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::IssuerWrong);
        }
        if claims.aud != AUDIENCE {
            return Err(TokenError::AudienceWrong);
        }
        let issued = Timestamp::from_unix_seconds(claims.iat);
        let expires = Timestamp::from_unix_seconds(claims.exp);
        if expires <= issued {
            return Err(TokenError::ClaimsMalformed);
        }
        if expires.since(issued) > LONGEST_LIFETIME {
            return Err(TokenError::LivesTooLong);
        }
        if now.saturating_add(self.leeway) < issued {
            return Err(TokenError::NotYetValid);
        }
        if now >= expires.saturating_add(self.leeway) {
            return Err(TokenError::Expired);
        }
        Ok(())
    }
}

impl From<KeyError> for TokenError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::KeyUnknown,
            KeyError::Unavailable => Self::KeysUnavailable,
        }
    }
}

impl From<ClosedSessionsUnavailable> for TokenError {
    fn from(ClosedSessionsUnavailable: ClosedSessionsUnavailable) -> Self {
        Self::ClosedSessionsUnavailable
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        let reason = match error {
            TokenError::Malformed
            | TokenError::TypeWrong
            | TokenError::AlgorithmNotAllowed
            | TokenError::KeyUnknown
            | TokenError::SignatureWrong
            | TokenError::IssuerWrong
            | TokenError::AudienceWrong
            | TokenError::ClaimsMalformed
            | TokenError::NotYetValid
            | TokenError::LivesTooLong
            | TokenError::BoundToNothing => ErrorReason::TokenInvalid,
            TokenError::Expired | TokenError::SessionClosed => ErrorReason::TokenExpired,
            TokenError::BoundElsewhere => ErrorReason::TokenBoundElsewhere,
            TokenError::KeysUnavailable | TokenError::ClosedSessionsUnavailable => {
                ErrorReason::DependencyUnavailable
            }
        };
        let refusal = Self::new(reason, error.to_string());
        match error {
            TokenError::KeysUnavailable | TokenError::ClosedSessionsUnavailable => {
                refusal.retry_after(Duration::from_secs(1))
            }
            _ => refusal,
        }
    }
}
