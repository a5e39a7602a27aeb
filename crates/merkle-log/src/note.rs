//! Signed notes after C2SP signed-note: a text, an empty line, one line for each signature.
//!
//! A note says nothing until a key that the reader already trusts has signed it:
//! read the text of a [`VerifiedNote`], not that of a [`SignedNote`].

mod key;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(crate) use key::Ed25519Key;
pub use key::{KeyError, KeyId, KeyName, Signer, Verifier};

use crate::text::{Malformed, line_at};

/// Most signatures that a note may carry.
pub const MAX_SIGNATURES: usize = 64;

/// Most bytes that a note may have, signatures included.
pub const MAX_BYTES: usize = 1 << 20;

const SIGNATURE_LINE: &str = "a signature line: em dash, key name, base64";

/// A note as it was read or signed; nothing about it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: KeyName,
    id: KeyId,
    bytes: Vec<u8>,
}

/// A note's text, and who among the known keys signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNote<'note, 'keys> {
    /// The text, which ends with a newline.
    pub text: &'note str,
    /// The known keys that signed, at least one, each once.
    pub signers: Vec<&'keys Verifier>,
}

/// Why a note cannot be read or signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The bytes are not a note, or the text cannot be one's.
    #[error("not a signed note")]
    Malformed(#[from] Malformed),
    /// The note passes [`MAX_BYTES`].
    #[error("the note is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The note passes [`MAX_SIGNATURES`].
    #[error("the note carries more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A note needs a signature.
    #[error("a note is signed by one key at least")]
    NoSigner,
    /// This key has signed already.
    #[error("{0} has signed already")]
    SignedAlready(KeyName),
}

/// Why a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A known key's signature does not fit the text.
    #[error("the signature of {0} does not verify")]
    Bad(KeyName),
    /// A known key's signature stands twice.
    #[error("the signature of {0} is repeated")]
    Repeated(KeyName),
    /// No known key signed.
    #[error("no known key signed the note")]
    NoKnownSigner,
}

impl SignedNote {
    /// Signs a text with one key or several.
    ///
    /// The text ends with a newline and holds no other control character.
    pub fn sign(text: &str, signers: &[&Signer]) -> Result<Self, NoteError> {
        check_characters(text)?;
        if !text.ends_with('\n') {
            let line = line_at(text.as_bytes(), text.len());
            return Err(Malformed::at(line, "a newline at the end of the text").into());
        }
        if signers.is_empty() {
            return Err(NoteError::NoSigner);
        }
        let mut note = Self {
            text: text.to_owned(),
            signatures: Vec::with_capacity(signers.len()),
        };
        for signer in signers {
            note.add_signature(signer)?;
        }
        Ok(note)
    }

    /// Adds the signature of one more key.
    pub fn add_signature(&mut self, signer: &Signer) -> Result<(), NoteError> {
        let verifier = signer.verifier();
        if self
            .signatures
            .iter()
            .any(|signature| signature.is_by(verifier))
        {
            return Err(NoteError::SignedAlready(verifier.name().clone()));
        }
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(Signature {
            name: verifier.name().clone(),
            id: verifier.id(),
            bytes: signer.sign(self.text.as_bytes()).to_vec(),
        });
        Ok(())
    }

    /// Adds a signature line that somebody made elsewhere, a witness for one; verifies
    /// nothing.
    pub fn add_line(&mut self, line: &str) -> Result<(), NoteError> {
        let signature = line.strip_suffix('\n').and_then(Signature::parse);
        let signature = signature.ok_or(Malformed::at(1, SIGNATURE_LINE))?;
        let has_signed =
            |known: &Signature| (known.id, &known.name) == (signature.id, &signature.name);
        if self.signatures.iter().any(has_signed) {
            return Err(NoteError::SignedAlready(signature.name));
        }
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The signature under this name and key, not verified; an error if there are two.
    pub(crate) fn only_signature(
        &self,
        name: &KeyName,
        id: KeyId,
    ) -> Result<Option<&[u8]>, SignatureError> {
        let is_by = |known: &&Signature| known.id == id && known.name == *name;
        let mut signatures = self.signatures.iter().filter(is_by);
        let first = signatures.next();
        if signatures.next().is_some() {
            return Err(SignatureError::Repeated(name.clone()));
        }
        Ok(first.map(|signature| signature.bytes.as_slice()))
    }

    /// A signature line.
    pub(crate) fn signature_line(name: &KeyName, id: KeyId, bytes: Vec<u8>) -> String {
        let name = name.clone();
        Signature { name, id, bytes }.line()
    }

    /// Reads a note; verifies nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_BYTES {
            return Err(NoteError::TooLarge);
        }
        let note = str::from_utf8(bytes)
            .map_err(|error| Malformed::at(line_at(bytes, error.valid_up_to()), "UTF-8"))?;
        check_characters(note)?;

        let end_of_text = note.rfind("\n\n").ok_or_else(|| {
            Malformed::at(
                line_at(bytes, bytes.len()),
                "an empty line before the signatures",
            )
        })?;
        let (text, signatures) = (&note[..=end_of_text], &note[end_of_text + 2..]);
        let first_line = line_at(bytes, end_of_text + 2);
        Ok(Self {
            text: text.to_owned(),
            signatures: parse_signatures(signatures, first_line)?,
        })
    }

    /// The whole note, as [`SignedNote::parse`] reads it.
    #[must_use]
    pub fn format(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            note.push_str(&signature.line());
        }
        note
    }

    /// The text that the signatures are about, not verified.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// Verifies the note against the known keys: at least one signed it, and every
    /// signature by one of them is good. Signatures by other keys are ignored.
    pub fn verify<'note, 'keys>(
        &'note self,
        known: &'keys [Verifier],
    ) -> Result<VerifiedNote<'note, 'keys>, SignatureError> {
        let mut signers: Vec<&Verifier> = Vec::new();
        for signature in &self.signatures {
            let Some(verifier) = known.iter().find(|verifier| signature.is_by(verifier)) else {
                continue;
            };
            if signers.iter().any(|signer| signature.is_by(signer)) {
                return Err(SignatureError::Repeated(signature.name.clone()));
            }
            if !verifier.accepts(self.text.as_bytes(), &signature.bytes) {
                return Err(SignatureError::Bad(signature.name.clone()));
            }
            signers.push(verifier);
        }
        if signers.is_empty() {
            return Err(SignatureError::NoKnownSigner);
        }
        Ok(VerifiedNote {
            text: &self.text,
            signers,
        })
    }
}

impl Signature {
    fn is_by(&self, verifier: &Verifier) -> bool {
        self.id == verifier.id() && self.name == *verifier.name()
    }

    fn line(&self) -> String {
        let payload = STANDARD.encode([self.id.to_bytes().as_slice(), &self.bytes].concat());
        format!("— {} {payload}\n", self.name)
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, payload) = line.strip_prefix("— ")?.split_once(' ')?;
        let payload = STANDARD.decode(payload).ok()?;
        let (id, bytes) = payload.split_first_chunk()?;
        if bytes.is_empty() {
            return None;
        }
        Some(Self {
            name: KeyName::parse(name).ok()?,
            id: KeyId::from_bytes(*id),
            bytes: bytes.to_vec(),
        })
    }
}

fn parse_signatures(lines: &str, first_line: usize) -> Result<Vec<Signature>, NoteError> {
    let mut signatures = Vec::new();
    for (number, line) in (first_line..).zip(lines.split_inclusive('\n')) {
        if signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let signature = line
            .strip_suffix('\n')
            .and_then(Signature::parse)
            .ok_or(Malformed::at(number, SIGNATURE_LINE))?;
        signatures.push(signature);
    }
    if signatures.is_empty() {
        return Err(Malformed::at(first_line, SIGNATURE_LINE).into());
    }
    Ok(signatures)
}

fn check_characters(text: &str) -> Result<(), Malformed> {
    let is_forbidden = |byte: &u8| *byte < b' ' && *byte != b'\n';
    match text.as_bytes().iter().position(is_forbidden) {
        Some(offset) => Err(Malformed::at(
            line_at(text.as_bytes(), offset),
            "no control character",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
