//! A patient's whole history, as a text that proves that nothing is left out.
//!
//! ```text
//! aval-history@v1
//! patient <32 hexadecimal digits>
//! map <base64 of the proof of the patient's head>
//! leaf <base64 of the patient's first leaf>
//! leaf <…>
//! index <where the last of them stands in the log>
//! <base64 of each hash of its inclusion proof>
//!
//! <the signed checkpoint>
//! ```
//!
//! A patient without events has no `leaf` line, and none after it but the checkpoint.
//!
//! The checkpoint commits to the head of every patient ([`crate::map`]), the head is
//! the hash of the last leaf, and each leaf names the one before it: so the leaves are
//! all there are. A holder who kept an earlier head or checkpoint also sees that the
//! history, and the log, were only continued.

mod verify;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use verify::{Continuation, HistoryError, KeptHead, VerifiedHistory};

use crate::{
    checkpoint::Checkpoint,
    hash::Hash,
    leaf::LeafContent,
    map::MapProof,
    note::{NoteError, SignedNote},
    text::{Malformed, decimal, line_at},
};

const HEADER: &str = "aval-history@v1";

/// No tree that 64 bits can count has a longer path.
const MAX_PATH: usize = 64;

/// A history proof as it was read or made; nothing about it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryProof {
    /// The patient's UUID.
    pub patient_id: [u8; 16],
    /// What shows the patient's head.
    pub map_proof: MapProof,
    /// Their leaves, from the first.
    pub leaves: Vec<LeafContent>,
    /// Where the last leaf stands; none if there is no leaf.
    pub last: Option<LastPlace>,
    /// The checkpoint that commits to log and map.
    pub checkpoint: SignedNote,
}

/// Where a history's last leaf stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPlace {
    /// Its index.
    pub index: u64,
    /// The inclusion proof's path in the tree of the checkpoint.
    pub path: Vec<Hash>,
}

impl HistoryProof {
    /// The proof's text, as [`HistoryProof::parse`] reads it.
    #[must_use]
    pub fn format(&self) -> String {
        let patient = hex::encode(self.patient_id);
        let map = STANDARD.encode(self.map_proof.encode());
        let mut text = format!("{HEADER}\npatient {patient}\nmap {map}\n");
        for leaf in &self.leaves {
            text.push_str("leaf ");
            STANDARD.encode_string(leaf.encode(), &mut text);
            text.push('\n');
        }
        if let Some(last) = &self.last {
            text.push_str("index ");
            text.push_str(&last.index.to_string());
            text.push('\n');
            for hash in &last.path {
                text.push_str(&hash.to_base64());
                text.push('\n');
            }
        }
        text.push('\n');
        text.push_str(&self.checkpoint.format());
        text
    }

    /// Reads a history proof; verifies nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n");
        let (head, rest) = match end {
            Some(end) => (&bytes[..end], &bytes[end + 2..]),
            None => (bytes, [].as_slice()),
        };
        let head = str::from_utf8(head)
            .map_err(|error| Malformed::at(line_at(head, error.valid_up_to()), "UTF-8"))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        let mut next = |expected| match lines.next() {
            Some((number, line)) => Ok((number, line)),
            None => Err(Malformed::at(head.split('\n').count() + 1, expected)),
        };
        if next(HEADER)?.1 != HEADER {
            return Err(Malformed::at(1, HEADER));
        }
        let (number, line) = next("patient")?;
        let patient_id = line
            .strip_prefix("patient ")
            .and_then(patient_id)
            .ok_or(Malformed::at(number, "patient, then 32 hexadecimal digits"))?;
        let (number, line) = next("map")?;
        let map_proof = line
            .strip_prefix("map ")
            .and_then(|map| MapProof::decode(&STANDARD.decode(map).ok()?).ok())
            .ok_or(Malformed::at(number, "map, then a proof in base64"))?;

        let mut leaves = Vec::new();
        while let Some((_, leaf)) = lines.next_if(|(_, line)| line.starts_with("leaf ")) {
            let number = 4 + leaves.len();
            let leaf = STANDARD.decode(&leaf["leaf ".len()..]).ok();
            let leaf = leaf.and_then(|leaf| LeafContent::decode(&leaf).ok());
            leaves.push(leaf.ok_or(Malformed::at(number, "leaf, then a leaf in base64"))?);
        }
        let last = if leaves.is_empty() {
            None
        } else {
            Some(LastPlace::parse(&mut lines, 4 + leaves.len())?)
        };
        if let Some((number, _)) = lines.next() {
            return Err(Malformed::at(number, "an empty line"));
        }
        let lines_before = head.split('\n').count() + 1;
        if end.is_none() {
            return Err(Malformed::at(
                lines_before,
                "an empty line and a checkpoint",
            ));
        }
        let checkpoint = checkpoint(rest).map_err(|error| error.after(lines_before))?;
        Ok(Self {
            patient_id,
            map_proof,
            leaves,
            last,
            checkpoint,
        })
    }
}

impl LastPlace {
    fn parse<'a>(
        lines: &mut impl Iterator<Item = (usize, &'a str)>,
        first_line: usize,
    ) -> Result<Self, Malformed> {
        let index = lines
            .next()
            .and_then(|(_, line)| decimal(line.strip_prefix("index ")?))
            .ok_or(Malformed::at(first_line, "index, then a decimal"))?;
        let mut path = Vec::new();
        for (number, line) in lines {
            if path.len() == MAX_PATH {
                return Err(Malformed::at(number, "an empty line after 64 hashes"));
            }
            let expected = "a hash of the path in base64, or an empty line";
            path.push(Hash::from_base64(line).map_err(|_| Malformed::at(number, expected))?);
        }
        Ok(Self { index, path })
    }
}

fn patient_id(text: &str) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id).ok()?;
    (!text.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(id)
}

/// Reads the note and makes sure that its text is a checkpoint, for the line numbers' sake.
fn checkpoint(bytes: &[u8]) -> Result<SignedNote, Malformed> {
    let note = SignedNote::parse(bytes).map_err(|error| match error {
        NoteError::Malformed(malformed) => malformed,
        _ => Malformed::at(1, "a note within the limits of size and signatures"),
    })?;
    Checkpoint::parse(note.unverified_text())?;
    Ok(note)
}
