//! The newest checkpoint that enough witnesses cosigned.

use aval_merkle_log::note::SignedNote;

use super::App;
use super::get_checkpoint::SignedCheckpoint;
use crate::error::Error;

impl App {
    /// The newest checkpoint that enough witnesses cosigned, as the policy of today has it;
    /// none where none did yet, or where nobody is asked.
    pub(super) async fn witnessed_checkpoint(&self) -> Result<Option<SignedCheckpoint>, Error> {
        let Some(witnesses) = &self.witnesses else {
            return Ok(None);
        };
        let Some(note) = self.store.witnessed().await? else {
            return Ok(None);
        };
        let parsed = SignedNote::parse(note.as_bytes()).ok();
        let checkpoint = parsed.and_then(|parsed| witnesses.open(&parsed));
        Ok(checkpoint.map(|checkpoint| SignedCheckpoint {
            checkpoint,
            note,
            verifier_key: self.key.verifier_key(),
        }))
    }

    /// The same for whoever asks that witnesses have seen what a proof rests on.
    pub(super) async fn require_witnessed(&self) -> Result<SignedCheckpoint, Error> {
        if self.witnesses.is_none() {
            return Err(Error::NobodyWitnesses);
        }
        let witnessed = self.witnessed_checkpoint().await?;
        witnessed.ok_or(Error::NotWitnessed)
    }

    /// The note with the witnesses' lines, where it is the very one that they cosigned.
    pub(super) async fn with_cosignatures(&self, note: String) -> Result<String, Error> {
        let Some(witnessed) = self.witnessed_checkpoint().await? else {
            return Ok(note);
        };
        let is_same = is_of_one_text(&note, &witnessed.note);
        Ok(if is_same { witnessed.note } else { note })
    }
}

/// Whether two signed notes are of one text.
fn is_of_one_text(one: &str, other: &str) -> bool {
    let text = |note: &str| SignedNote::parse(note.as_bytes()).ok();
    let texts = text(one).zip(text(other));
    texts.is_some_and(|(one, other)| one.unverified_text() == other.unverified_text())
}
