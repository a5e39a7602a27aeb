//! Keys of signed notes: Ed25519, named, in their two text forms.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::hash::digest;

/// The signature type that signed-note assigns to Ed25519 over the note's text.
const ED25519: u8 = 0x01;
const PRIVATE_KEY_PREFIX: &str = "PRIVATE+KEY+";

/// Who holds a key: not empty, without white space, control character or plus sign.
/// A URL without its scheme is usual, as `audit.example/log`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The first four bytes of a hash over name, signature type and public key.
/// It tells keys apart; it authenticates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

/// A public key, whoever's it is and whatever it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ed25519Key(VerifyingKey);

/// A public key that the reader trusts under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: KeyName,
    id: KeyId,
    key: Ed25519Key,
}

/// A private key with its name. Wiped when dropped, never displayed.
#[derive(Clone)]
pub struct Signer {
    verifier: Verifier,
    key: SigningKey,
}

/// Why a text is not a key, or a name not a key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not of the form that signed-note gives to such a key.
    #[error("not a note key: expected name, key id and base64 joined by plus signs")]
    Malformed,
    /// The name is empty or holds white space, a control character or a plus sign.
    #[error("not a key name: empty, or with a space, a control character or a plus sign")]
    Name,
    /// Only Ed25519 is understood: type 1 of a log, type 4 of a witness.
    #[error("signature type {0:#04x} is not supported")]
    UnsupportedType(u8),
    /// The key id is not the one of this name and key.
    #[error("the key id does not belong to this name and key")]
    WrongId,
    /// The bytes are no Ed25519 public key, or a weak one.
    #[error("not an acceptable Ed25519 public key")]
    NotAPublicKey,
}

impl KeyName {
    /// Checks a name.
    pub fn parse(name: &str) -> Result<Self, KeyError> {
        let is_forbidden = |letter: char| letter == '+' || letter < ' ' || letter.is_whitespace();
        if name.is_empty() || name.contains(is_forbidden) {
            return Err(KeyError::Name);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyId {
    pub(super) const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    pub(super) const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

impl Ed25519Key {
    /// Reads `<name>+<key id in hex>+<base64 of this type and the key>`.
    pub(crate) fn parse(text: &str, kind: u8) -> Result<(KeyName, KeyId, Self), KeyError> {
        let (name, id, key) = split_key(text, kind)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| KeyError::NotAPublicKey)?;
        let key = Self::new(key)?;
        if key.id(&name, kind) != id {
            return Err(KeyError::WrongId);
        }
        Ok((name, id, key))
    }

    fn new(key: VerifyingKey) -> Result<Self, KeyError> {
        if key.is_weak() {
            return Err(KeyError::NotAPublicKey);
        }
        Ok(Self(key))
    }

    /// What the key is called where signatures of this type stand.
    pub(crate) fn id(&self, name: &KeyName, kind: u8) -> KeyId {
        let hash = digest(&[name.0.as_bytes(), b"\n", &[kind], self.0.as_bytes()]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        KeyId([a, b, c, d])
    }

    /// Whether this is the key's signature of the message, by the strict rules: no
    /// other encoding of it, no component of small order.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }

    /// The key behind its type.
    pub(crate) fn with_type(&self, kind: u8) -> [u8; 33] {
        join_type(kind, self.0.as_bytes())
    }
}

impl Verifier {
    /// Reads `<name>+<key id in hex>+<base64 of type and key>`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, key) = Ed25519Key::parse(text, ED25519)?;
        Ok(Self { name, id, key })
    }

    /// The key's name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The key without its name.
    pub(crate) const fn key(&self) -> Ed25519Key {
        self.key
    }

    /// Whether this is the key's signature of the message.
    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.accepts(message, signature)
    }
}

impl Signer {
    /// The key that grows from 32 bytes of entropy. The caller wipes its copy.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let name = KeyName::parse(name)?;
        let public = Ed25519Key::new(key.verifying_key())?;
        let verifier = Verifier {
            id: public.id(&name, ED25519),
            key: public,
            name,
        };
        Ok(Self { verifier, key })
    }

    /// Reads `PRIVATE+KEY+<name>+<key id in hex>+<base64 of type and seed>`, without
    /// a line break at the end.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text
            .strip_prefix(PRIVATE_KEY_PREFIX)
            .ok_or(KeyError::Malformed)?;
        let (name, id, seed) = split_key(rest, ED25519)?;
        let signer = Self::from_seed(name.as_str(), &seed)?;
        if signer.verifier.id != id {
            return Err(KeyError::WrongId);
        }
        Ok(signer)
    }

    /// The private key's text form, to be kept in a file that only its holder reads.
    #[must_use]
    pub fn to_private_text(&self) -> Zeroizing<String> {
        let Verifier { name, id, .. } = &self.verifier;
        let key = Zeroizing::new(join_type(ED25519, self.key.as_bytes()));
        let key = Zeroizing::new(STANDARD.encode(key.as_slice()));
        Zeroizing::new(format!("{PRIVATE_KEY_PREFIX}{name}+{id}+{}", *key))
    }

    /// The public half, to be given to everybody.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

/// The three parts of a key's text form. Only the base64 part may contain a plus sign.
fn split_key(text: &str, kind: u8) -> Result<(KeyName, KeyId, Zeroizing<[u8; 32]>), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Malformed);
    };
    let name = KeyName::parse(name)?;

    let mut bytes = [0; 4];
    hex::decode_to_slice(id, &mut bytes).map_err(|_| KeyError::Malformed)?;
    let has_upper_case = KeyId(bytes).to_string() != id;
    if has_upper_case {
        return Err(KeyError::Malformed);
    }
    let id = KeyId(bytes);

    let key = Zeroizing::new(STANDARD.decode(key).map_err(|_| KeyError::Malformed)?);
    match key.split_first() {
        Some((&other, key)) if other == kind => {
            let key = key.try_into().map_err(|_| KeyError::Malformed)?;
            Ok((name, id, Zeroizing::new(key)))
        }
        Some((&other, _)) => Err(KeyError::UnsupportedType(other)),
        None => Err(KeyError::Malformed),
    }
}

fn join_type(kind: u8, key: &[u8; 32]) -> [u8; 33] {
    let mut bytes = [kind; 33];
    bytes[1..].copy_from_slice(key);
    bytes
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// The text form that [`Verifier::parse`] reads.
impl fmt::Display for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id, key } = self;
        let key = STANDARD.encode(key.with_type(ED25519));
        write!(formatter, "{name}+{id}+{key}")
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Signer({}+{})",
            self.verifier.name, self.verifier.id
        )
    }
}
