//! The provider's public keys, each with the algorithms that it may be used with.

use std::collections::HashMap;
use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// A public key of the provider.
#[derive(Clone)]
pub struct ProviderKey {
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

/// The provider's published keys by `kid`.
#[derive(Debug, Clone, Default)]
pub struct ProviderKeys(HashMap<String, ProviderKey>);

impl ProviderKey {
    /// The `kid` and the key of a JWK; `None` when it is no signature key that may be
    /// used with one of `accepted`.
    fn from_jwk(jwk: &Jwk, accepted: &[Algorithm]) -> Option<(String, Self)> {
        if jwk
            .common
            .public_key_use
            .as_ref()
            .is_some_and(|usage| *usage != PublicKeyUse::Signature)
        {
            return None;
        }
        let family: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
            AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
                &[Algorithm::ES256]
            }
            _ => return None,
        };
        // The key says what it is for; the token's header is never asked.
        let stated = jwk.common.key_algorithm.map(|stated| stated.to_string());
        let algorithms = family.iter().copied().filter(|algorithm| {
            accepted.contains(algorithm)
                && stated
                    .as_ref()
                    .is_none_or(|stated| *stated == format!("{algorithm:?}"))
        });
        let algorithms: Vec<_> = algorithms.collect();
        if algorithms.is_empty() {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        Some((jwk.common.key_id.clone()?, Self { key, algorithms }))
    }

    /// The key to verify with, if it may be used with this algorithm.
    pub(super) fn usable_with(&self, algorithm: Algorithm) -> Option<&DecodingKey> {
        self.algorithms.contains(&algorithm).then_some(&self.key)
    }
}

impl ProviderKeys {
    /// The keys of a JWK set that may be used with one of `accepted`; keys of other
    /// kinds are passed over. `None` if the text is not a JWK set.
    #[must_use]
    pub fn from_jwks(json: &[u8], accepted: &[Algorithm]) -> Option<Self> {
        let set: Value = serde_json::from_slice(json).ok()?;
        let keys = set.get("keys")?.as_array()?.iter().filter_map(|value| {
            let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
            ProviderKey::from_jwk(&jwk, accepted)
        });
        Some(Self(keys.collect()))
    }

    /// The key with this `kid`.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&ProviderKey> {
        self.0.get(kid)
    }
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ProviderKey({:?})", self.algorithms)
    }
}
