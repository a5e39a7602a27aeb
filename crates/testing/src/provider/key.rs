//! Signing keys and the key set that a realm publishes.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{digest, error::Unspecified};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::ProviderError;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA 2048, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// ECDSA P-256, SHA-256.
    Es256,
}

/// A key pair, named by its public half.
#[derive(Debug)]
pub(super) struct SigningKey {
    kid: String,
    public_der: Vec<u8>,
    jwk: Value,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
}

/// A realm's keys: the one that signs and those still published.
#[derive(Debug)]
pub(super) struct KeyRing {
    /// Never empty; the first one signs.
    keys: RwLock<Vec<Arc<SigningKey>>>,
}

impl SigningAlgorithm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl SigningKey {
    /// Generates a key off the run time's threads: RSA takes a while.
    pub(super) async fn generate(algorithm: SigningAlgorithm) -> Result<Arc<Self>, ProviderError> {
        tokio::task::spawn_blocking(move || Self::generate_here(algorithm))
            .await
            .ok()
            .and_then(Result::ok)
            .map(Arc::new)
            .ok_or(ProviderError::KeyGeneration)
    }

    pub(super) fn generate_here(algorithm: SigningAlgorithm) -> Result<Self, Unspecified> {
        let (pair, public_der, mut jwk) = match algorithm {
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                let der = pair.public_key().as_der()?.as_ref().to_vec();
                let jwk = rsa_jwk(&der)?;
                (Pair::Rsa(Box::new(pair)), der, jwk)
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
                let der = pair.public_key().as_der()?.as_ref().to_vec();
                let jwk = p256_jwk(pair.public_key().as_ref());
                (Pair::P256(pair), der, jwk)
            }
        };
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &public_der));
        jwk["kid"] = json!(kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(algorithm.name());
        Ok(Self {
            kid,
            public_der,
            jwk,
            pair,
        })
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn algorithm(&self) -> SigningAlgorithm {
        match self.pair {
            Pair::Rsa(_) => SigningAlgorithm::Rs256,
            Pair::P256(_) => SigningAlgorithm::Es256,
        }
    }

    /// The public half, as a key set shows it.
    pub(super) fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The public half as PEM, as anybody can make it from the key set.
    pub(super) fn public_pem(&self) -> String {
        let body = STANDARD.encode(&self.public_der);
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        for line in body.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem + "-----END PUBLIC KEY-----\n"
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("a generated RSA key signs into a buffer of its modulus's length");
                signature
            }
            Pair::P256(pair) => pair
                .sign(&random, message)
                .expect("a generated P-256 key signs")
                .as_ref()
                .to_vec(),
        }
    }
}

impl KeyRing {
    pub(super) fn new(key: Arc<SigningKey>) -> Self {
        Self {
            keys: RwLock::new(vec![key]),
        }
    }

    /// The key that signs.
    pub(super) fn current(&self) -> Arc<SigningKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keys[0])
    }

    /// Makes `key` the one that signs; the others stay published.
    pub(super) fn put(&self, key: Arc<SigningKey>) {
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(0, key);
    }

    /// Withdraws all keys but the one that signs.
    pub(super) fn retire(&self) {
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .truncate(1);
    }

    /// The JSON Web Key Set.
    pub(super) fn jwks(&self) -> Value {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let published: Vec<&Value> = keys.iter().map(|key| key.jwk()).collect();
        json!({ "keys": published })
    }
}

fn rsa_jwk(public_der: &[u8]) -> Result<Value, Unspecified> {
    let (_, info) = SubjectPublicKeyInfo::from_der(public_der).map_err(|_| Unspecified)?;
    let Ok(PublicKey::RSA(key)) = info.parsed() else {
        return Err(Unspecified);
    };
    Ok(json!({
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(without_leading_zeros(key.modulus)),
        "e": URL_SAFE_NO_PAD.encode(without_leading_zeros(key.exponent)),
    }))
}

/// `point` is 4, then the two coordinates of 32 bytes each.
fn p256_jwk(point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at(32);
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": URL_SAFE_NO_PAD.encode(x),
        "y": URL_SAFE_NO_PAD.encode(y),
    })
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
