//! Whether what is checked is of a log that only continues the state that was saved before.

use std::path::{Path, PathBuf};

use anyhow::Context;
use aval_merkle_log::checkpoint::{Checkpoint, CheckpointError, Policy};
use aval_merkle_log::history::{Continuation, HistoryProof};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::ConsistencyProof;
use aval_merkle_log::receipt::Receipt;
use aval_merkle_log::witness::AddCheckpoint;
use clap::Args;

use super::kept::Kept;
use super::{exported, read};
use crate::language::say;
use crate::output::Output;

/// Which state of the log was saved before.
#[derive(Debug, Clone, Args)]
pub struct SeenArguments {
    /// A checkpoint that was saved before, or a receipt, proof or export with one: the log must only
    /// continue it. 19: it was forked or rewritten; 20: what is checked is of an older state;
    /// 21: not compared, since nothing shows how the one became the other. A history must
    /// also show each event of its patient that the file shows (18).
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// What shows that the log only grew from the one state to the other, as saved with
    /// `--since`: one for each state to compare. Two states of one size need none.
    #[arg(long, requires = "checkpoint")]
    consistency: Vec<PathBuf>,
}

/// The states of the log that one check meets: none may contradict another, and all must
/// continue, or lead to, the one that was saved before.
#[derive(Debug)]
pub(crate) struct States {
    kept: Option<Checkpoint>,
    proofs: Vec<ConsistencyProof>,
    met: Vec<Checkpoint>,
    /// The size of one that could not be compared.
    not_compared: Option<u64>,
}

impl SeenArguments {
    /// Reads them; what was saved before is believed by the same policy as what is checked.
    pub(crate) fn read(&self, policy: &Policy) -> anyhow::Result<States> {
        let kept = self.checkpoint.as_deref();
        let proofs = self.consistency.iter();
        Ok(States {
            kept: kept.map(|file| saved(file, policy)).transpose()?,
            proofs: proofs
                .map(|file| consistency(file))
                .collect::<Result<_, _>>()?,
            met: Vec::new(),
            not_compared: None,
        })
    }

    /// Reads which events of patients what was saved before shows.
    pub(super) fn events(&self, policy: &Policy) -> anyhow::Result<Kept> {
        match &self.checkpoint {
            None => Ok(Kept::Nothing),
            Some(file) => Kept::read(file, policy),
        }
    }
}

/// The checkpoint that was saved in this file, by itself or in a receipt, proof or export.
pub(super) fn saved(file: &Path, policy: &Policy) -> anyhow::Result<Checkpoint> {
    let bytes = read(file)?;
    let place = || format!("the state saved in {}", file.display());
    let receipt = Receipt::parse(&bytes)
        .ok()
        .map(|receipt| receipt.checkpoint);
    let proof = || {
        HistoryProof::parse(&bytes)
            .ok()
            .map(|proof| proof.checkpoint)
    };
    let export = || exported::checkpoint(&bytes);
    let note = match receipt.or_else(proof).or_else(export) {
        Some(note) => note,
        None => SignedNote::parse(&bytes).with_context(place)?,
    };
    Checkpoint::parse(note.unverified_text()).with_context(place)?;
    policy.open(&note).with_context(place)
}

/// What `--since` saved. The checkpoint in it says the size alone: that the proof leads from
/// the one root to the other is held against the two that are compared.
fn consistency(file: &Path) -> anyhow::Result<ConsistencyProof> {
    let place = || format!("the proof in {}", file.display());
    let saved = AddCheckpoint::parse(&read(file)?).with_context(place)?;
    let stated = saved.checkpoint.unverified_text();
    Ok(ConsistencyProof {
        old_size: saved.old_size,
        new_size: Checkpoint::parse(stated).with_context(place)?.size,
        path: saved.path,
    })
}

impl States {
    /// The state in a note that the log signed and enough witnesses saw: this one, or one of
    /// those that are checked with it and that it leads up to. An export has no cosignatures of
    /// its own, nor a receipt from before there were witnesses.
    pub(crate) fn open(&self, note: &SignedNote, policy: &Policy) -> anyhow::Result<Checkpoint> {
        let mut refused: anyhow::Error = match policy.open(note) {
            Err(CheckpointError::NotWitnessed) => CheckpointError::NotWitnessed.into(),
            other => return Ok(other?),
        };
        let found = policy.without_witnesses().open(note)?;
        for later in self.kept.iter().chain(&self.met) {
            match later.require_continues(&found, self.proof(&found, later)) {
                Ok(()) => return Ok(found),
                // The log signed both: that is worse than that nobody saw it.
                Err(fork @ (Continuation::Forked { .. } | Continuation::Rewritten(_))) => {
                    refused = anyhow::Error::from(fork);
                }
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// Holds one more state against those met before, and against the one that was saved.
    /// Whether all could be compared is said in the end: what else is wrong is worse.
    pub(crate) fn take(&mut self, found: &Checkpoint) -> Result<(), Continuation> {
        if self.met.contains(found) {
            return Ok(());
        }
        self.meet(found)?;
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        match self.continues(found, kept) {
            Err(Continuation::Unproved) => {
                self.not_compared = Some(found.size);
                Ok(())
            }
            other => other,
        }
    }

    /// The same of an earlier proof's state, which `now` continues: of two states of different
    /// sizes the chain of the patient's own events says enough where no proof is at hand.
    pub(crate) fn take_earlier(
        &mut self,
        earlier: &Checkpoint,
        now: &Checkpoint,
    ) -> Result<(), Continuation> {
        self.meet(earlier)?;
        match now.require_continues(earlier, self.proof(earlier, now)) {
            Err(Continuation::Unproved) => Ok(()),
            other => other,
        }
    }

    /// Two states of one size are one state, whoever is shown them.
    fn meet(&mut self, found: &Checkpoint) -> Result<(), Continuation> {
        let same = |met: &&Checkpoint| (&met.origin, met.size) == (&found.origin, found.size);
        for met in self.met.iter().filter(same) {
            found.require_continues(met, None)?;
        }
        self.met.push(found.clone());
        Ok(())
    }

    /// What was saved before the state that was kept is led on to it by a proof; without one
    /// it is an older state.
    fn continues(&self, found: &Checkpoint, kept: &Checkpoint) -> Result<(), Continuation> {
        match self.proof(found, kept) {
            Some(proof) if found.size < kept.size => kept.require_continues(found, Some(proof)),
            _ => found.require_continues(kept, self.proof(kept, found)),
        }
    }

    /// The proof from one size to the other, if it was given.
    fn proof(&self, earlier: &Checkpoint, later: &Checkpoint) -> Option<&ConsistencyProof> {
        let sizes = (earlier.size, later.size);
        let mut proofs = self.proofs.iter();
        proofs.find(|proof| (proof.old_size, proof.new_size) == sizes)
    }

    /// Says that all continue what was saved before, if something was: the last word of a
    /// check in which everything else held.
    pub(crate) fn conclude(&self, output: Output) -> anyhow::Result<()> {
        let Some(kept) = &self.kept else {
            return Ok(());
        };
        let size = kept.size;
        if self.met.is_empty() {
            let missing = "what was checked is of no state of the log";
            return Err(Continuation::Unproved).context(missing);
        }
        if let Some(other) = self.not_compared {
            let missing = format!("no proof leads from one of {size} and {other} to the other");
            return Err(Continuation::Unproved).context(missing);
        }
        Ok(output.sentence(&say(
            format!("L'état du journal continue celui qui a été gardé ({size} traces), ou y mène."),
            format!(
                "The log's state continues the one that was kept ({size} entries), or leads to it."
            ),
        ))?)
    }
}
