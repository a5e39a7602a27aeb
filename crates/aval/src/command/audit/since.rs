//! Fetches and keeps what shows that the log has only grown since a state saved before.

use std::path::{Path, PathBuf};

use aval_merkle_log::Hash;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::history::Continuation;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::ConsistencyProof;
use aval_merkle_log::witness::AddCheckpoint;
use aval_proto::audit::v1 as proto;
use clap::Args;

use super::states::saved;
use super::write;
use crate::client::Software;
use crate::language::say;
use crate::output::Output;

/// Since when the log is to be shown to have only grown.
#[derive(Debug, Clone, Args)]
pub struct SinceArguments {
    /// Saves also what shows that the log has only grown since the checkpoint in this file, a
    /// checkpoint, receipt, proof or export saved before: as `<file>.consistency`. 19, 20: it has not;
    /// what it signed now is saved all the same.
    #[arg(long)]
    since: Option<PathBuf>,
}

/// A state that was saved before, and the policy by which it is believed.
#[derive(Debug)]
pub(super) struct Since {
    kept: Checkpoint,
    policy: Policy,
}

impl SinceArguments {
    /// Reads it, before anything is asked.
    pub(super) fn read(
        &self,
        policy: impl FnOnce() -> anyhow::Result<Policy>,
    ) -> anyhow::Result<Option<Since>> {
        let Some(file) = &self.since else {
            return Ok(None);
        };
        let policy = policy()?;
        // Whether witnesses saw what was saved then is asked when it is checked.
        let kept = saved(file, &policy.without_witnesses())?;
        Ok(Some(Since { kept, policy }))
    }
}

impl Since {
    /// Asks for the proof that leads to `note`, which was saved in `file`, keeps it beside, and
    /// says whether the log has only grown.
    pub(super) async fn save(
        &self,
        note: &SignedNote,
        file: &Path,
        software: &Software,
        output: Output,
    ) -> anyhow::Result<()> {
        let (kept, now) = (&self.kept, self.policy.open(note)?);
        match now.require_continues(kept, None) {
            Ok(()) | Err(Continuation::Unproved) => {}
            // There is no proof to ask for: the two signed states are all the evidence.
            Err(refuted) => return Err(refuted.into()),
        }
        let path = consistency(software, kept.size, now.size).await?;
        let request = AddCheckpoint {
            old_size: kept.size,
            path,
            checkpoint: note.clone(),
        };
        write(&beside(file), request.format().as_bytes())?;
        let proof = ConsistencyProof {
            old_size: kept.size,
            new_size: now.size,
            path: request.path,
        };
        now.require_continues(kept, Some(&proof))?;
        let (before, after) = (kept.size, now.size);
        Ok(output.sentence(&say(
            format!("Le journal n'a fait que grandir : {before} traces alors, {after} à présent."),
            format!("The log has only grown: {before} entries then, {after} now."),
        ))?)
    }
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".consistency");
    name.into()
}

/// What proves that the log only grew from one size to another, as its service says.
pub(super) async fn consistency(
    software: &Software,
    old_size: u64,
    new_size: u64,
) -> anyhow::Result<Vec<Hash>> {
    if old_size == 0 || old_size == new_size {
        return Ok(Vec::new());
    }
    let request = proto::GetConsistencyProofRequest { old_size, new_size };
    let mut transparency = software.transparency();
    let proof = transparency.get_consistency_proof(request).await?;
    let path = proof.into_inner().path;
    let path = path.iter().map(|hash| Hash::try_from(hash.as_slice()));
    Ok(path.collect::<Result<_, _>>()?)
}
