//! The newest checkpoint.

use std::sync::PoisonError;

use aval_merkle_log::checkpoint::Checkpoint;

use super::App;
use crate::checkpoint_key::CheckpointRefused;
use crate::error::Error;

/// The newest checkpoint, and the newest that others than the log have seen.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    /// The newest.
    pub newest: SignedCheckpoint,
    /// The newest that enough witnesses cosigned; none: none was yet, or nobody is asked.
    pub witnessed: Option<SignedCheckpoint>,
}

/// A checkpoint that one of the log's keys signed.
#[derive(Debug, Clone)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: String,
    /// The log's public key, in the C2SP verifier form.
    pub verifier_key: String,
}

impl App {
    /// Answers the newest checkpoint, and the newest that enough witnesses cosigned. Whoever
    /// the allowlist lets in may ask: nothing of it reveals who did what.
    /// [`Error::NotSigned`] before the log's first writer.
    pub async fn get_checkpoint(&self) -> Result<Checkpoints, Error> {
        // In this order: the witnessed one is never ahead of the newest.
        let witnessed = self.witnessed_checkpoint().await?;
        let newest = self.newest_checkpoint().await?;
        Ok(Checkpoints { newest, witnessed })
    }

    /// The newest checkpoint, with the witnesses' lines where it has them.
    pub(super) async fn newest_checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        let note = self.store.checkpoint().await?.ok_or(Error::NotSigned)?;
        Ok(SignedCheckpoint {
            checkpoint: self.opened(&note)?,
            note: self.with_cosignatures(note).await?,
            verifier_key: self.key.verifier_key(),
        })
    }

    /// What this note says. The signature of the one that was read last is not verified
    /// again: every proof reads the newest, and that costs more than the proof.
    fn opened(&self, note: &str) -> Result<Checkpoint, CheckpointRefused> {
        let last = || self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, checkpoint)) = last().as_ref().filter(|(known, _)| known == note) {
            return Ok(checkpoint.clone());
        }
        let checkpoint = self.key.open(note)?;
        *last() = Some((note.to_owned(), checkpoint.clone()));
        Ok(checkpoint)
    }

    /// The signed checkpoint of a size, if it is the newest or the newest that was witnessed.
    pub(super) async fn checkpoint_of(
        &self,
        size: u64,
        newest: SignedCheckpoint,
    ) -> Result<Option<String>, Error> {
        if size == newest.checkpoint.size {
            return Ok(Some(newest.note));
        }
        let witnessed = self.witnessed_checkpoint().await?;
        let witnessed = witnessed.filter(|witnessed| witnessed.checkpoint.size == size);
        Ok(witnessed.map(|witnessed| witnessed.note))
    }
}
