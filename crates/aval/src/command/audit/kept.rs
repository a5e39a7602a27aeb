//! What a file that was saved before shows of patients' histories, held against what they are
//! now. That the log has only grown does not say it: a log may go on and forget a patient.

use std::path::Path;

use anyhow::Context;
use aval_audit::export::Reading;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::history::{HistoryError, HistoryProof, VerifiedHistory};
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::receipt::{Evidence, Receipt};

use super::{exported, read};

/// The events that are known from a file that was saved before. Each is proved by it.
#[derive(Debug)]
pub(super) enum Kept {
    /// A checkpoint by itself names no event.
    Nothing,
    /// All of a patient's.
    History(VerifiedHistory),
    /// Those of a receipt or an export, each with its index in the log.
    Leaves(Vec<(u64, LeafContent)>),
}

impl Kept {
    /// Reads the file; it is believed by the same policy as what is checked.
    pub(super) fn read(file: &Path, policy: &Policy) -> anyhow::Result<Self> {
        let bytes = read(file)?;
        Self::parse(&bytes, policy).with_context(|| format!("what was saved in {}", file.display()))
    }

    fn parse(bytes: &[u8], policy: &Policy) -> anyhow::Result<Self> {
        if let Ok(receipt) = Receipt::parse(bytes) {
            let known = Proving::new(policy).known(receipt)?;
            return Ok(Self::Leaves(vec![known]));
        }
        if let Ok(proof) = HistoryProof::parse(bytes) {
            return Ok(Self::History(proof.verify(policy)?));
        }
        match exported::checkpoint(bytes) {
            Some(_) => shown_in(exported::begin(bytes)?, policy),
            None => Ok(Self::Nothing),
        }
    }

    /// Makes sure that a history shows every event of its patient that is known from before.
    /// Where it is itself the older one, what came after it is not looked for in it.
    pub(super) fn require_in(&self, now: &VerifiedHistory) -> Result<(), HistoryError> {
        match self {
            Self::Nothing => Ok(()),
            Self::History(kept) if kept.patient_id != now.patient_id => Ok(()),
            Self::History(kept) if kept.checkpoint.size > now.checkpoint.size => {
                kept.require_continues(&now.head())
            }
            Self::History(kept) => now.require_continues(&kept.head()),
            Self::Leaves(leaves) => {
                let is_due = |(index, leaf): &&(u64, LeafContent)| {
                    leaf.patient_id() == Some(now.patient_id) && *index < now.checkpoint.size
                };
                let mut due = leaves.iter().filter(is_due).map(|(_, leaf)| leaf);
                match due.find(|leaf| !shows(now, leaf)) {
                    None => Ok(()),
                    Some(gone) => Err(HistoryError::NotContinued {
                        kept: gone.patient_sequence(),
                    }),
                }
            }
        }
    }
}

fn shows(history: &VerifiedHistory, leaf: &LeafContent) -> bool {
    let place = leaf.patient_sequence().checked_sub(1);
    let place = place.and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| history.leaves.get(place)) == Some(leaf)
}

fn shown_in(export: Reading<'_>, policy: &Policy) -> anyhow::Result<Kept> {
    let mut proving = Proving::new(policy);
    let leaves = export.map(|shown| proving.known(shown?.receipt));
    Ok(Kept::Leaves(leaves.collect::<Result<_, _>>()?))
}

/// Proves that leaves are in the log.
struct Proving<'a> {
    policy: &'a Policy,
    /// The checkpoint that was opened last: as a rule all receipts of an export have one.
    last: Option<(SignedNote, Checkpoint)>,
}

impl<'a> Proving<'a> {
    const fn new(policy: &'a Policy) -> Self {
        Self { policy, last: None }
    }

    fn known(&mut self, receipt: Receipt) -> anyhow::Result<(u64, LeafContent)> {
        let checkpoint = match self.last.take() {
            Some((note, checkpoint)) if note == receipt.checkpoint => checkpoint,
            _ => self.policy.open(&receipt.checkpoint)?,
        };
        receipt.verify_in(Evidence::LeafOnly, &checkpoint)?;
        self.last = Some((receipt.checkpoint, checkpoint));
        Ok((receipt.index, receipt.leaf))
    }
}
