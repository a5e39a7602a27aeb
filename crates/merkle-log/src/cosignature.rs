//! Cosignatures after C2SP tlog-cosignature: a witness says that a log only grew.
//!
//! A witness is somebody else than the log. It keeps the last checkpoint that it saw of a
//! log, and signs a newer one only if that continues it. So a log that shows two people two
//! trees finds a quorum of witnesses for one of them alone. This is version 1, over Ed25519.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::note::{Ed25519Key, KeyError, KeyId, KeyName, SignatureError, SignedNote, Signer};

/// The signature type that signed-note assigns to cosignatures by Ed25519.
pub(crate) const COSIGNATURE: u8 = 0x04;

/// What a cosignature is about begins with this line.
const HEADER: &str = "cosignature/v1";

/// A witness's public key under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: KeyName,
    id: KeyId,
    key: Ed25519Key,
}

/// A witness's private key. Wiped when dropped, never displayed.
#[derive(Debug, Clone)]
pub struct Cosigner {
    signer: Signer,
    witness: WitnessKey,
}

impl WitnessKey {
    /// Reads `<name>+<key id in hex>+<base64 of type 4 and key>`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, key) = Ed25519Key::parse(text, COSIGNATURE)?;
        Ok(Self { name, id, key })
    }

    /// The witness's name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Whether both are the same public key, whatever they are called.
    #[must_use]
    pub fn is_the_key_of(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// When the witness cosigned this note, in seconds of POSIX; `None` if it did not. A
    /// line under its name and key that is not its cosignature is an error, and so is a
    /// second one.
    pub fn cosigned(&self, note: &SignedNote) -> Result<Option<u64>, SignatureError> {
        let Some(signature) = note.only_signature(&self.name, self.id)? else {
            return Ok(None);
        };
        let bad = || SignatureError::Bad(self.name.clone());
        let (time, signature) = signature.split_first_chunk().ok_or_else(bad)?;
        let time = u64::from_be_bytes(*time);
        let message = message(time, note.unverified_text());
        if i64::try_from(time).is_err() || !self.key.accepts(message.as_bytes(), signature) {
            return Err(bad());
        }
        Ok(Some(time))
    }
}

impl Cosigner {
    /// The key that grows from 32 bytes of entropy. The caller wipes its copy.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let signer = Signer::from_seed(name, seed)?;
        let name = signer.verifier().name().clone();
        let key = signer.verifier().key();
        let id = key.id(&name, COSIGNATURE);
        let witness = WitnessKey { name, id, key };
        Ok(Self { signer, witness })
    }

    /// The public half.
    #[must_use]
    pub const fn witness(&self) -> &WitnessKey {
        &self.witness
    }

    /// The line that says that the note was seen then, in seconds of POSIX, and continues
    /// what was seen before. Whether it does is for the witness to know.
    #[must_use]
    pub fn cosign(&self, note: &SignedNote, time: u64) -> String {
        let signature = self
            .signer
            .sign(message(time, note.unverified_text()).as_bytes());
        let payload = [time.to_be_bytes().as_slice(), &signature].concat();
        SignedNote::signature_line(&self.witness.name, self.witness.id, payload)
    }
}

fn message(time: u64, text: &str) -> String {
    format!("{HEADER}\ntime {time}\n{text}")
}

/// The text form that [`WitnessKey::parse`] reads.
impl fmt::Display for WitnessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id, key } = self;
        let key = STANDARD.encode(key.with_type(COSIGNATURE));
        write!(formatter, "{name}+{id}+{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkpoint of a log of certificates that public witnesses cosigned, and keys that
    /// two of them publish.
    const CHECKPOINT: &str = "arche2025h1.staging.ct.transparency.dev\n1432088532\n\
        U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n";
    const GARDEN: &str = "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoD\
        wjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n";
    const GARDEN_KEY: &str = "transparency.dev/DEV:witness-little-garden+d8042a87+\
        BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM";
    const REMORA: &str = "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSi\
        XCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";
    const REMORA_KEY: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    /// When both did.
    const TIME: u64 = 0x6a12_2120;

    fn note(lines: &[&str]) -> SignedNote {
        SignedNote::parse((CHECKPOINT.to_owned() + &lines.concat()).as_bytes()).unwrap()
    }

    fn witness(name: &str) -> Cosigner {
        Cosigner::from_seed(name, &[7; 32]).unwrap()
    }

    #[test]
    fn published_cosignatures_verify_and_say_when() {
        let note = note(&[GARDEN, REMORA]);
        for key in [GARDEN_KEY, REMORA_KEY] {
            let key_of_witness = WitnessKey::parse(key).unwrap();
            assert_eq!(key_of_witness.to_string(), key);
            assert_eq!(key_of_witness.cosigned(&note), Ok(Some(TIME)));
        }
    }

    #[test]
    fn the_specifications_own_example_is_read() {
        // Its key is not published: what can be seen is its form, and that a stranger's
        // line is passed over.
        let note = "example.com/behind-the-sofa\n20852163\n\
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
            — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dl\
            rDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        let stranger = witness("witness.example.com/w1");
        assert_eq!(stranger.witness().cosigned(&note), Ok(None));
    }

    #[test]
    fn a_cosignature_is_of_one_text_and_one_time() {
        let witness = witness("witness.example/w");
        let mut note = note(&[GARDEN]);
        assert_eq!(witness.witness().cosigned(&note), Ok(None));
        let line = witness.cosign(&note, 1_790_000_000);
        note.add_line(&line).unwrap();
        assert_eq!(witness.witness().cosigned(&note), Ok(Some(1_790_000_000)));
        let bad = Err(SignatureError::Bad(witness.witness().name().clone()));
        let other = note.format().replacen("1432088532", "1432088533", 1);
        let other = SignedNote::parse(other.as_bytes()).unwrap();
        assert_eq!(witness.witness().cosigned(&other), bad);
        let other = note.format().replace(&line, &{
            // The same signature under another second.
            let later = witness.cosign(&note, 1_790_000_001);
            let (first, rest) = line.split_at("— witness.example/w ".len() + 16);
            assert_eq!(later.split_at(first.len()).1.len(), rest.len());
            later.split_at(first.len()).0.to_owned() + rest
        });
        let other = SignedNote::parse(other.as_bytes()).unwrap();
        assert_eq!(witness.witness().cosigned(&other), bad);
    }

    #[test]
    fn no_bit_of_a_cosignature_may_differ() {
        let witness = witness("witness.example/w");
        let mut note = note(&[GARDEN]);
        note.add_line(&witness.cosign(&note, 5)).unwrap();
        let line = note.format().lines().last().unwrap().to_owned();
        let payload = STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap();
        for bit in 0..payload.len() * 8 {
            let mut changed = payload.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let line = format!("— witness.example/w {}\n", STANDARD.encode(changed));
            let mut note = self::note(&[GARDEN]);
            note.add_line(&line).unwrap();
            // Under another key's id it is another's line.
            assert_ne!(witness.witness().cosigned(&note), Ok(Some(5)), "{bit}");
        }
    }

    #[test]
    fn a_line_that_is_repeated_cut_or_of_the_far_future_is_refused() {
        let witness = witness("witness.example/w");
        let mut note = note(&[GARDEN]);
        note.add_line(&witness.cosign(&note, 5)).unwrap();
        let line = note.format().lines().last().unwrap().to_owned() + "\n";
        assert!(note.add_line(&line).is_err(), "it stands there already");
        let twice = SignedNote::parse((note.format() + &line).as_bytes()).unwrap();
        let name = witness.witness().name().clone();
        let repeated = Err(SignatureError::Repeated(name.clone()));
        assert_eq!(witness.witness().cosigned(&twice), repeated);
        let mut late = self::note(&[GARDEN]);
        late.add_line(&witness.cosign(&late, 1 << 63)).unwrap();
        let bad = Err(SignatureError::Bad(name));
        assert_eq!(witness.witness().cosigned(&late), bad);
    }

    #[test]
    fn a_key_of_a_log_is_no_witnesss_and_no_witness_is_a_log() {
        let signer = Signer::from_seed("audit.example/log", &[1; 32]).unwrap();
        let refused = WitnessKey::parse(&signer.verifier().to_string());
        assert_eq!(refused, Err(KeyError::UnsupportedType(1)));
        let refused = crate::note::Verifier::parse(GARDEN_KEY);
        assert_eq!(refused, Err(KeyError::UnsupportedType(4)));
    }
}
