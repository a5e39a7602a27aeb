//! Receipts after C2SP tlog-proof: what a patient keeps, and anybody can check offline.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64 of the leaf and the salt>
//! index <the leaf's index>
//! <base64 of each hash of the inclusion proof>
//!
//! <the signed checkpoint>
//! ```
//!
//! The leaf is in the extra line because the log's entry is recomputed from it;
//! the line is believed only as far as the proof then reaches the signed root.

mod verify;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use verify::{Evidence, ReceiptError, VerifiedReceipt};

use crate::{
    checkpoint::Checkpoint,
    fields::{Fields, push_field},
    hash::Hash,
    leaf::LeafContent,
    note::{NoteError, SignedNote},
    text::{Malformed, decimal, line_at},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
const EXTRA_VERSION: u8 = 1;

/// No tree that 64 bits can count has a longer path.
const MAX_PATH: usize = 64;

/// A receipt as it was read or made; nothing about it is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the log's entry says.
    pub leaf: LeafContent,
    /// The salt of the commitment, to be shown together with the event; absent
    /// from a receipt that proves the leaf alone.
    pub salt: Option<[u8; 32]>,
    /// The leaf's index in the log.
    pub index: u64,
    /// The inclusion proof's path in the tree of the checkpoint.
    pub path: Vec<Hash>,
    /// The checkpoint that the log signed.
    pub checkpoint: SignedNote,
}

impl Receipt {
    /// Reads a receipt; verifies nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n");
        let (head, rest) = match end {
            Some(end) => (&bytes[..end], &bytes[end + 2..]),
            None => (bytes, [].as_slice()),
        };
        let head = str::from_utf8(head)
            .map_err(|error| Malformed::at(line_at(head, error.valid_up_to()), "UTF-8"))?;
        let Head {
            leaf,
            salt,
            index,
            path,
        } = Head::parse(head)?;

        let lines_before = head.split('\n').count() + 1;
        if end.is_none() {
            return Err(Malformed::at(lines_before, "an empty line and a checkpoint").into());
        }
        let checkpoint = parse_checkpoint(rest).map_err(|error| error.after(lines_before))?;
        Ok(Self {
            leaf,
            salt,
            index,
            path,
            checkpoint,
        })
    }

    /// The receipt's text, as [`Receipt::parse`] reads it.
    #[must_use]
    pub fn format(&self) -> String {
        let mut text = format!("{HEADER}\nextra {}\nindex {}\n", self.extra(), self.index);
        for hash in &self.path {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.format());
        text
    }

    /// A version byte, then the leaf and the salt, each after its length on one byte.
    fn extra(&self) -> String {
        let mut extra = vec![EXTRA_VERSION];
        push_field(&mut extra, &self.leaf.encode());
        push_field(
            &mut extra,
            self.salt.as_ref().map_or(&[], |salt| salt.as_slice()),
        );
        STANDARD.encode(extra)
    }
}

/// What stands before the empty line.
struct Head {
    leaf: LeafContent,
    salt: Option<[u8; 32]>,
    index: u64,
    path: Vec<Hash>,
}

impl Head {
    fn parse(text: &str) -> Result<Self, Malformed> {
        let mut lines = text.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(Malformed::at(1, HEADER));
        }
        let (leaf, salt) = lines
            .next()
            .and_then(|line| parse_extra(line.strip_prefix("extra ")?))
            .ok_or(Malformed::at(
                2,
                "extra, then a leaf and its salt in base64",
            ))?;
        let index = lines
            .next()
            .and_then(|line| decimal(line.strip_prefix("index ")?))
            .ok_or(Malformed::at(3, "index, then a decimal"))?;
        let mut path = Vec::new();
        for (number, line) in (4..).zip(lines) {
            if path.len() == MAX_PATH {
                return Err(Malformed::at(number, "an empty line after 64 hashes"));
            }
            let hash = Hash::from_base64(line).map_err(|_| {
                Malformed::at(number, "a hash of the path in base64, or an empty line")
            })?;
            path.push(hash);
        }
        Ok(Self {
            leaf,
            salt,
            index,
            path,
        })
    }
}

fn parse_extra(base64: &str) -> Option<(LeafContent, Option<[u8; 32]>)> {
    let extra = STANDARD.decode(base64).ok()?;
    let mut fields = Fields::new(extra.strip_prefix(&[EXTRA_VERSION])?);
    let leaf = LeafContent::decode(fields.any("leaf").ok()?).ok()?;
    let salt = fields.optional("salt").ok()?;
    fields.is_finished().then_some((leaf, salt))
}

/// Reads the note and makes sure that its text is a checkpoint, for the line numbers' sake.
fn parse_checkpoint(bytes: &[u8]) -> Result<SignedNote, Malformed> {
    let note = SignedNote::parse(bytes).map_err(|error| match error {
        NoteError::Malformed(malformed) => malformed,
        _ => Malformed::at(1, "a note within the limits of size and signatures"),
    })?;
    Checkpoint::parse(note.unverified_text())?;
    Ok(note)
}

/// Tells whether there is a salt, not which.
impl fmt::Debug for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Receipt")
            .field("leaf", &self.leaf)
            .field("has_salt", &self.salt.is_some())
            .field("index", &self.index)
            .field("path", &self.path)
            .field("checkpoint", &self.checkpoint)
            .finish()
    }
}
