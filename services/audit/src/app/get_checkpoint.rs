//! The newest checkpoint.

use aval_merkle_log::checkpoint::Checkpoint;

use super::App;
use crate::error::Error;

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
    /// Answers the newest checkpoint. Whoever the allowlist lets in may ask: nothing of
    /// it reveals who did what. [`Error::NotSigned`] before the log's first writer.
    pub async fn get_checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        self.newest_checkpoint().await
    }

    pub(super) async fn newest_checkpoint(&self) -> Result<SignedCheckpoint, Error> {
        let note = self.store.checkpoint().await?.ok_or(Error::NotSigned)?;
        Ok(SignedCheckpoint {
            checkpoint: self.key.open(&note)?,
            note,
            verifier_key: self.key.verifier_key(),
        })
    }
}
