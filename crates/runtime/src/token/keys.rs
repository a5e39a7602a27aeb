//! The issuer's public keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm};

use super::TokenSigner;

/// A public key that tokens are verified with: P-256, for ES256 alone.
#[derive(Clone)]
pub struct VerificationKey(pub(super) DecodingKey);

impl VerificationKey {
    /// The key of a JWK and its `kid`; `None` if it is not a P-256 signature key with a
    /// `kid`, whatever else it may be.
    #[must_use]
    pub fn from_jwk(jwk: &Jwk) -> Option<(String, Self)> {
        let AlgorithmParameters::EllipticCurve(point) = &jwk.algorithm else {
            return None;
        };
        let is_for_es256 = jwk
            .common
            .key_algorithm
            .is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256);
        // 32 bytes are 43 base64url characters.
        let is_whole = point.x.len() == 43 && point.y.len() == 43;
        if point.curve != EllipticCurve::P256 || !is_for_es256 || !is_whole {
            return None;
        }
        let key = DecodingKey::from_ec_components(&point.x, &point.y).ok()?;
        Some((jwk.common.key_id.clone()?, Self(key)))
    }

    /// The keys of a JWK set by `kid`. Keys of other kinds are passed over; `None` if
    /// the text is not a JWK set.
    #[must_use]
    pub fn from_jwks(json: &[u8]) -> Option<HashMap<String, Arc<Self>>> {
        // Keys are read one by one, so that one of an unknown kind spoils none.
        #[derive(serde::Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(json).ok()?;
        let keys = set.keys.into_iter().filter_map(|value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            Self::from_jwk(&jwk).map(|(kid, key)| (kid, Arc::new(key)))
        });
        Some(keys.collect())
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationKey")
    }
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The issuer publishes no such key.
    #[error("the issuer publishes no such key")]
    Unknown,
    /// The issuer's keys cannot be had, so nothing can be said about the token.
    #[error("the issuer's keys are out of reach")]
    Unavailable,
}

/// Where the issuer's keys come from.
///
/// Whoever implements it promises: a key that the issuer withdrew is given out for
/// a bounded time only, and `Unknown` is answered only when the issuer was asked.
pub trait KeySource: fmt::Debug + Send + Sync {
    /// The key with this `kid`.
    fn find<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<VerificationKey>, KeyError>>;
}

/// Keys that are known from the start: for tests, and for the issuer itself.
#[derive(Debug, Clone, Default)]
pub struct StaticKeys(HashMap<String, Arc<VerificationKey>>);

impl StaticKeys {
    /// The public key of a signer.
    #[must_use]
    pub fn of(signer: &TokenSigner) -> Self {
        Self::default().with(signer)
    }

    /// These keys and the public key of one more signer.
    #[must_use]
    pub fn with(mut self, signer: &TokenSigner) -> Self {
        let key = Arc::new(signer.verification_key());
        self.0.insert(signer.key_id().to_owned(), key);
        self
    }

    /// The keys of a JWK set; see [`VerificationKey::from_jwks`].
    #[must_use]
    pub fn from_jwks(set: &JwkSet) -> Self {
        let keys = set.keys.iter().filter_map(VerificationKey::from_jwk);
        Self(keys.map(|(kid, key)| (kid, Arc::new(key))).collect())
    }
}

impl KeySource for StaticKeys {
    fn find<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<VerificationKey>, KeyError>> {
        let found = self.0.get(kid).cloned().ok_or(KeyError::Unknown);
        Box::pin(std::future::ready(found))
    }
}
