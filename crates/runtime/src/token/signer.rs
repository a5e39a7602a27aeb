//! Signs tokens: the identity service's side, and that of tests.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use serde_json::json;

use super::{AvalClaims, TOKEN_TYPE, VerificationKey};

/// A private P-256 key that signs Aval tokens with ES256. Its `kid` is the key's own
/// thumbprint (RFC 7638).
pub struct TokenSigner {
    key_id: String,
    x: String,
    y: String,
    signing_key: EncodingKey,
    verification_key: VerificationKey,
}

/// The text is not a P-256 private key in PKCS#8 PEM form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key must be a P-256 private key in PKCS#8 PEM form")]
pub struct KeyInvalid;

impl TokenSigner {
    /// A new key, from the cryptographic library's own generator.
    ///
    /// # Panics
    ///
    /// When the operating system has no entropy source.
    #[must_use]
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .expect("the operating system provides entropy");
        let document = pair
            .to_pkcs8v1()
            .expect("a generated key has a PKCS#8 form");
        Self::of(&pair, document.as_ref())
    }

    /// The key of a PKCS#8 PEM text.
    pub fn from_pkcs8_pem(pem: &[u8]) -> Result<Self, KeyInvalid> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| KeyInvalid)?;
        let der = der.secret_pkcs8_der();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| KeyInvalid)?;
        Ok(Self::of(&pair, der))
    }

    /// The `kid` of this key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// A token with these claims.
    #[must_use]
    pub fn sign(&self, claims: &AvalClaims) -> String {
        self.sign_as(&self.header(), claims)
    }

    /// The public key as a JWK.
    #[must_use]
    pub fn jwk(&self) -> serde_json::Value {
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": self.key_id, "x": self.x, "y": self.y,
        })
    }

    /// A JWK set with this public key alone.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        json!({ "keys": [self.jwk()] })
    }

    /// The public key, to verify with.
    #[must_use]
    pub fn verification_key(&self) -> VerificationKey {
        self.verification_key.clone()
    }

    pub(super) fn header(&self) -> Header {
        Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::ES256)
        }
    }

    pub(super) fn sign_as(&self, header: &Header, claims: &impl Serialize) -> String {
        jsonwebtoken::encode(header, claims, &self.signing_key)
            .expect("plain claims under a checked key can be signed")
    }

    fn of(pair: &EcdsaKeyPair, pkcs8: &[u8]) -> Self {
        // SEC 1 §2.3.3, uncompressed: 4, then the coordinates of 32 bytes each.
        let point = pair.public_key().as_ref();
        let x = URL_SAFE_NO_PAD.encode(&point[1..33]);
        let y = URL_SAFE_NO_PAD.encode(&point[33..65]);
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = digest::digest(&digest::SHA256, canonical.as_bytes());
        let verification_key =
            DecodingKey::from_ec_components(&x, &y).expect("the coordinates are base64url");
        Self {
            verification_key: VerificationKey(verification_key),
            key_id: URL_SAFE_NO_PAD.encode(thumbprint),
            x,
            y,
            signing_key: EncodingKey::from_ec_der(pkcs8),
        }
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSigner({})", self.key_id)
    }
}
