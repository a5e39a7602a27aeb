//! Checkpoints after C2SP tlog-checkpoint: a log states its size and root under its signature.

use std::fmt::Write as _;

use crate::{
    hash::Hash,
    note::{NoteError, SignatureError, SignedNote, Signer, Verifier},
    quorum::Quorum,
    text::{Malformed, decimal, line_at},
    witness::Witness,
};

/// The state of a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity, the same for ever: not empty, one line.
    pub origin: String,
    /// How many leaves the log has.
    pub size: u64,
    /// The root over these leaves.
    pub root: Hash,
    /// Further lines, covered by the signature, none of them empty.
    pub extensions: Vec<String>,
}

/// A log, and which keys speak for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// The origin that every checkpoint of the log states.
    pub origin: String,
    /// The log's own keys, present and past. One signature by one of them is
    /// believed: nobody else's key belongs here, a witness's neither.
    pub verifiers: Vec<Verifier>,
}

/// Which logs are meant, and which witnesses must have cosigned what they state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The logs.
    pub logs: Vec<KnownLog>,
    /// The witnesses that are known.
    pub witnesses: Vec<Witness>,
    /// Which of them must have.
    pub quorum: Quorum,
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The signed text is not a checkpoint.
    #[error("not a checkpoint")]
    Malformed(#[from] Malformed),
    /// The log did not sign it.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A key of the log signed for another log.
    #[error("the checkpoint is of {found}, not of {expected}")]
    WrongOrigin {
        /// The origin that the policy names.
        expected: String,
        /// The origin that the checkpoint states.
        found: String,
    },
    /// Too few of the witnesses that the policy names cosigned it.
    #[error("too few witnesses cosigned the checkpoint")]
    NotWitnessed,
}

impl Checkpoint {
    /// Reads a note's text: origin, size in decimal, root in base64, extension lines.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let last_line = line_at(text.as_bytes(), text.len());
        let body = text
            .strip_suffix('\n')
            .ok_or(Malformed::at(last_line, "a newline at the end"))?;
        let mut lines = (1..).zip(body.split('\n'));
        let mut next = |expected| lines.next().ok_or(Malformed::at(last_line, expected));

        let (number, origin) = next("the log's origin")?;
        if !is_line(origin) {
            return Err(Malformed::at(number, "the log's origin"));
        }
        let (number, size) = next("the size in decimal")?;
        let size = decimal(size).ok_or(Malformed::at(number, "the size in decimal"))?;
        let (number, root) = next("the root in base64")?;
        let root =
            Hash::from_base64(root).map_err(|_| Malformed::at(number, "the root in base64"))?;
        let mut extensions = Vec::new();
        for (number, line) in lines {
            if !is_line(line) {
                return Err(Malformed::at(number, "an extension line that is not empty"));
            }
            extensions.push(line.to_owned());
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions,
        })
    }

    /// The note's text that states this checkpoint.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            origin, size, root, ..
        } = self;
        let mut text = format!("{origin}\n{size}\n{}\n", root.to_base64());
        for line in &self.extensions {
            writeln!(text, "{line}").expect("a String takes everything written to it");
        }
        text
    }

    /// Signs the checkpoint; refuses one whose text would not read back as it is.
    pub fn sign(&self, signers: &[&Signer]) -> Result<SignedNote, NoteError> {
        let text = self.text();
        if Self::parse(&text)? != *self {
            return Err(Malformed::at(1, "lines without line break").into());
        }
        SignedNote::sign(&text, signers)
    }
}

impl Policy {
    /// One log is meant, whatever witnesses say.
    #[must_use]
    pub fn of_log(origin: impl Into<String>, verifiers: Vec<Verifier>) -> Self {
        let origin = origin.into();
        Self {
            logs: vec![KnownLog { origin, verifiers }],
            witnesses: Vec::new(),
            quorum: Quorum::none(),
        }
    }

    /// The same logs, whatever witnesses say.
    #[must_use]
    pub fn without_witnesses(&self) -> Self {
        Self {
            logs: self.logs.clone(),
            witnesses: Vec::new(),
            quorum: Quorum::none(),
        }
    }

    /// Reads the checkpoint in a note that one of the keys of the log that it is of
    /// signed, and enough witnesses cosigned.
    pub fn open(&self, note: &SignedNote) -> Result<Checkpoint, CheckpointError> {
        let signed_by = |log: &KnownLog| {
            let verified = note.verify(&log.verifiers)?;
            Ok::<_, CheckpointError>(Checkpoint::parse(verified.text)?)
        };
        let mut refused = CheckpointError::Signature(SignatureError::NoKnownSigner);
        for log in &self.logs {
            match signed_by(log) {
                Ok(checkpoint) if checkpoint.origin == log.origin => {
                    return self.witnessed(checkpoint, note);
                }
                Ok(checkpoint) => {
                    refused = CheckpointError::WrongOrigin {
                        expected: log.origin.clone(),
                        found: checkpoint.origin,
                    };
                }
                Err(CheckpointError::Signature(SignatureError::NoKnownSigner)) => {}
                // A false signature refuses the note, of whichever log it is.
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    fn witnessed(
        &self,
        checkpoint: Checkpoint,
        note: &SignedNote,
    ) -> Result<Checkpoint, CheckpointError> {
        if !self.quorum.is_met(note)? {
            return Err(CheckpointError::NotWitnessed);
        }
        Ok(checkpoint)
    }
}

fn is_line(line: &str) -> bool {
    !line.is_empty() && !line.bytes().any(|byte| byte < b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::empty_root;

    /// A checkpoint of the public database of Go modules, signed by its own key.
    const GO_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    const GO_NOTE: &str = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
         — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    fn signer() -> Signer {
        Signer::from_seed("audit.example/log", &[1; 32]).unwrap()
    }

    fn policy() -> Policy {
        Policy::of_log("audit.example/log", vec![signer().verifier().clone()])
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: "audit.example/log".to_owned(),
            size: 0,
            root: empty_root(),
            extensions: vec!["one line".to_owned(), "another".to_owned()],
        }
    }

    #[test]
    fn a_published_checkpoint_opens() {
        let verifiers = vec![Verifier::parse(GO_KEY).unwrap()];
        let policy = Policy::of_log("go.sum database tree", verifiers);
        let note = SignedNote::parse(GO_NOTE.as_bytes()).unwrap();
        let checkpoint = policy.open(&note).unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(
            checkpoint.root.to_base64(),
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
        );
        assert_eq!(checkpoint.extensions, Vec::<String>::new());
    }

    #[test]
    fn a_signed_checkpoint_opens_under_its_policy() {
        let note = checkpoint().sign(&[&signer()]).unwrap();
        let read = SignedNote::parse(note.format().as_bytes()).unwrap();
        assert_eq!(policy().open(&read), Ok(checkpoint()));
    }

    #[test]
    fn a_key_of_the_log_speaks_for_no_other_log() {
        let other = Checkpoint {
            origin: "audit.example/other".to_owned(),
            ..checkpoint()
        };
        let note = other.sign(&[&signer()]).unwrap();
        let refusal = CheckpointError::WrongOrigin {
            expected: "audit.example/log".to_owned(),
            found: "audit.example/other".to_owned(),
        };
        assert_eq!(policy().open(&note), Err(refusal));
    }

    #[test]
    fn a_key_outside_the_policy_is_not_believed() {
        let stranger = Signer::from_seed("audit.example/log", &[2; 32]).unwrap();
        let note = checkpoint().sign(&[&stranger]).unwrap();
        let refusal = CheckpointError::Signature(SignatureError::NoKnownSigner);
        assert_eq!(policy().open(&note), Err(refusal));
    }

    #[test]
    fn a_signed_text_that_is_no_checkpoint_is_refused() {
        let note = SignedNote::sign("audit.example/log\n", &[&signer()]).unwrap();
        let refusal = Malformed::at(2, "the size in decimal");
        assert_eq!(policy().open(&note), Err(refusal.into()));
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let root = empty_root().to_base64();
        let refusals = [
            (String::new(), 1),
            ("\n".to_owned(), 1),
            ("origin".to_owned(), 1),
            ("origin\n".to_owned(), 2),
            ("origin\n1\n".to_owned(), 3),
            (format!("\n1\n{root}\n"), 1),
            (format!("ori\rgin\n1\n{root}\n"), 1),
            (format!("origin\n\n{root}\n"), 2),
            (format!("origin\n01\n{root}\n"), 2),
            (format!("origin\n+1\n{root}\n"), 2),
            (format!("origin\n18446744073709551616\n{root}\n"), 2),
            (format!("origin\n1\n{root} \n"), 3),
            (format!("origin\n1\n{}\n", &root[..43]), 3),
            (format!("origin\n1\n{root}"), 3),
            (format!("origin\n1\n{root}\n\n"), 4),
            (format!("origin\n1\n{root}\nextension\n\nmore\n"), 5),
        ];
        for (text, line) in refusals {
            let refusal = Checkpoint::parse(&text).unwrap_err();
            assert_eq!(refusal.line, line, "{text:?}: {refusal}");
        }
        let largest = format!("origin\n{}\n{root}\nextension\n", u64::MAX);
        assert_eq!(Checkpoint::parse(&largest).unwrap().text(), largest);
    }

    #[test]
    fn a_checkpoint_that_would_read_as_another_is_not_signed() {
        let two_in_one = |origin: &str, extension: &str| Checkpoint {
            origin: origin.to_owned(),
            extensions: vec![extension.to_owned()],
            ..checkpoint()
        };
        for refused in [
            two_in_one("audit.example/log\n7", "extension"),
            two_in_one("", "extension"),
            two_in_one("audit.example/log", "two\nlines"),
            two_in_one("audit.example/log", ""),
        ] {
            let outcome = refused.sign(&[&signer()]);
            assert!(
                matches!(outcome, Err(NoteError::Malformed(_))),
                "{refused:?}"
            );
        }
    }
}
