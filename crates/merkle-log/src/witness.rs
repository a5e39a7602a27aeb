//! Asking a witness after C2SP tlog-witness: what is posted to its `add-checkpoint`, and what
//! it answers. No I/O: whoever asks and whoever answers carry the texts.

use crate::{
    cosignature::WitnessKey,
    hash::Hash,
    note::{NoteError, SignedNote},
    text::{Malformed, decimal, line_at},
};

/// The media type of an answer that says which size the witness saw last.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// No proof has more hashes.
const MOST_HASHES: usize = 63;

/// A witness, and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its key.
    pub key: WitnessKey,
    /// What stands before `/add-checkpoint`; none: it cannot be asked.
    pub url: Option<String>,
}

/// What a witness is asked to cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness saw last; 0: none.
    pub old_size: u64,
    /// What proves that the checkpoint continues it.
    pub path: Vec<Hash>,
    /// The checkpoint, signed by its log.
    pub checkpoint: SignedNote,
}

impl AddCheckpoint {
    /// The body of the request.
    #[must_use]
    pub fn format(&self) -> String {
        let mut text = format!("old {}\n", self.old_size);
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.format());
        text
    }

    /// Reads a request's body; verifies nothing.
    pub fn parse(body: &[u8]) -> Result<Self, NoteError> {
        let end = body.windows(2).position(|pair| pair == b"\n\n");
        let end = end.ok_or(Malformed::at(
            line_at(body, body.len()),
            "an empty line and a checkpoint",
        ))?;
        let head = str::from_utf8(&body[..end])
            .map_err(|error| Malformed::at(line_at(body, error.valid_up_to()), "UTF-8"))?;
        let mut lines = (1..).zip(head.split('\n'));
        let old_size = lines
            .next()
            .and_then(|(_, line)| decimal(line.strip_prefix("old ")?))
            .ok_or(Malformed::at(1, "old, then a decimal"))?;
        let mut path = Vec::new();
        for (number, line) in lines {
            if path.len() == MOST_HASHES {
                return Err(Malformed::at(number, "an empty line after 63 hashes").into());
            }
            let hash = Hash::from_base64(line);
            path.push(hash.map_err(|_| Malformed::at(number, "a hash in base64"))?);
        }
        Ok(Self {
            old_size,
            path,
            checkpoint: SignedNote::parse(&body[end + 2..])?,
        })
    }
}

impl Witness {
    /// Takes the witness's own cosignature out of its answer and adds it to the note;
    /// whatever else the answer says is passed over. Answers whether there was one.
    pub fn add_cosignature(&self, note: &mut SignedNote, answer: &str) -> bool {
        for line in answer.split_inclusive('\n') {
            let mut with_line = note.clone();
            let is_theirs = with_line.add_line(line).is_ok()
                && matches!(self.key.cosigned(note), Ok(None))
                && matches!(self.key.cosigned(&with_line), Ok(Some(_)));
            if is_theirs {
                *note = with_line;
                return true;
            }
        }
        false
    }
}

/// The size in an answer that says that the witness saw another one.
#[must_use]
pub fn size_seen(answer: &str) -> Option<u64> {
    decimal(answer.strip_suffix('\n')?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checkpoint::Checkpoint, cosignature::Cosigner, hash::empty_root, note::Signer};

    /// The request that the specification shows.
    const REQUEST: &str = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zh\
        cyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49\
        /V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

    fn checkpoint() -> SignedNote {
        let checkpoint = Checkpoint {
            origin: "audit.example/log".to_owned(),
            size: 0,
            root: empty_root(),
            extensions: Vec::new(),
        };
        let signer = Signer::from_seed("audit.example/log", &[1; 32]).unwrap();
        checkpoint.sign(&[&signer]).unwrap()
    }

    #[test]
    fn the_specifications_request_is_read_and_written() {
        let request = AddCheckpoint::parse(REQUEST.as_bytes()).unwrap();
        assert_eq!((request.old_size, request.path.len()), (20_852_014, 4));
        assert_eq!(request.format(), REQUEST);
        let first = AddCheckpoint {
            old_size: 0,
            path: Vec::new(),
            checkpoint: checkpoint(),
        };
        let text = first.format();
        assert!(text.starts_with("old 0\n\naudit.example/log\n"));
        assert_eq!(AddCheckpoint::parse(text.as_bytes()), Ok(first));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let many = format!(
            "old 1\n{}",
            format!("{}\n", empty_root().to_base64()).repeat(64)
        );
        let note = checkpoint().format();
        for body in [
            String::new(),
            "old 1\n".to_owned(),
            format!("old 01\n\n{note}"),
            format!("old \n\n{note}"),
            format!("new 1\n\n{note}"),
            format!("old 1\nno hash\n\n{note}"),
            format!("{many}\n{note}"),
            "old 1\n\nno note\n".to_owned(),
        ] {
            assert!(AddCheckpoint::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(size_seen("20852163\n"), Some(20_852_163));
        for answer in ["", "1", "01\n", "1\n\n", "-1\n", "one\n"] {
            assert_eq!(size_seen(answer), None, "{answer}");
        }
    }

    #[test]
    fn of_an_answer_the_witnesss_own_good_cosignature_alone_is_taken() {
        let cosigner = |seed| Cosigner::from_seed("witness.example/w", &[seed; 32]).unwrap();
        let (own, stranger) = (cosigner(2), cosigner(3));
        let witness = Witness {
            key: own.witness().clone(),
            url: None,
        };
        let sound = checkpoint();
        let line = own.cosign(&sound, 5);
        let answer = format!("{}nonsense\n{line}", stranger.cosign(&sound, 5));
        let mut note = sound.clone();
        assert!(witness.add_cosignature(&mut note, &answer));
        assert_eq!(note.format(), sound.format() + &line);
        assert!(
            !witness.add_cosignature(&mut note, &answer),
            "once is enough"
        );

        let mut other = sound.clone();
        other.add_line(&stranger.cosign(&sound, 5)).unwrap();
        let other = SignedNote::parse(other.format().replace("\n0\n", "\n1\n").as_bytes()).unwrap();
        for answer in [String::new(), own.cosign(&other, 5), line.replace('\n', "")] {
            let mut note = sound.clone();
            assert!(!witness.add_cosignature(&mut note, &answer), "{answer}");
            assert_eq!(note, sound);
        }
    }
}
