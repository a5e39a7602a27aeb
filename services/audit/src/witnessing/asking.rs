//! One witness asked about one checkpoint (C2SP tlog-witness).

use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::hash::Hash;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::witness::{AddCheckpoint, size_seen};
use reqwest::StatusCode;

use super::Asked;
use crate::error::Error;
use crate::growth::growth;
use crate::store::Store;

/// A cosignature has less than two hundred characters.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Somebody else may have the same witness sign meanwhile.
const MOST_ATTEMPTS: usize = 3;

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) http: &'a reqwest::Client,
    pub(super) note: &'a SignedNote,
    pub(super) stated: &'a Checkpoint,
}

/// What a witness said that cosigned.
#[derive(Debug)]
pub(super) struct Cosigned {
    /// The lines, one of which is its own and good.
    pub(super) lines: String,
    /// Whether it knew less than it had cosigned before.
    pub(super) forgot: bool,
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCosigned {
    /// It is not there, or too slow, or answers too much.
    #[error("it does not answer")]
    Silent(#[from] reqwest::Error),
    /// It does not cosign for this log, or not now.
    #[error("it refuses by {0}")]
    Refused(StatusCode),
    /// Its answer says nothing that it could say.
    #[error("its answer is none of the protocol, or has no good cosignature of its own")]
    Nonsense,
    /// Others have it sign faster than it can be asked.
    #[error("it sees others meanwhile")]
    Overtaken,
    /// It saw a longer log.
    #[error("it saw a log of {0} entries")]
    SawMore(u64),
    /// It saw a tree that this one does not continue.
    #[error("it saw another tree of {0} entries")]
    SawAnother(u64),
    /// What is stored of the log makes no proof that leads to the checkpoint.
    #[error("the log's own proof cannot be made")]
    Unprovable(#[from] Error),
}

impl NotCosigned {
    /// As operators see it.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Silent(_) => "silent",
            Self::Refused(_) => "refused",
            Self::Nonsense => "nonsense",
            Self::Overtaken => "overtaken",
            Self::SawMore(_) | Self::SawAnother(_) => "conflict",
            Self::Unprovable(_) => "own",
        }
    }
}

impl Asked {
    /// Has the witness cosign what is shown; `seen` is the size that it cosigned last, as far
    /// as is known.
    pub(super) async fn cosign(
        &self,
        shown: Shown<'_>,
        seen: u64,
    ) -> Result<Cosigned, NotCosigned> {
        let size = shown.stated.size;
        let mut old_size = seen.min(size);
        let mut forgot = false;
        for _ in 0..MOST_ATTEMPTS {
            let request = AddCheckpoint {
                old_size,
                path: consistency(shown.store, old_size, shown.stated).await?,
                checkpoint: shown.note.clone(),
            };
            let (status, answer) = self.post(shown.http, request.format()).await?;
            match (status, size_seen(&answer)) {
                (StatusCode::OK, _) => {
                    let mut note = shown.note.clone();
                    return if self.witness.add_cosignature(&mut note, &answer) {
                        let lines = answer;
                        Ok(Cosigned { lines, forgot })
                    } else {
                        Err(NotCosigned::Nonsense)
                    };
                }
                (StatusCode::CONFLICT, Some(saw)) if saw > size => {
                    return Err(NotCosigned::SawMore(saw));
                }
                (StatusCode::CONFLICT, Some(saw)) if saw != old_size => {
                    forgot |= saw < seen;
                    old_size = saw;
                }
                // Of the very size that it saw, so under another root.
                (StatusCode::CONFLICT, _) if old_size == size => {
                    return Err(NotCosigned::SawAnother(size));
                }
                (StatusCode::CONFLICT, _) => return Err(NotCosigned::Nonsense),
                (StatusCode::UNPROCESSABLE_ENTITY, _) => {
                    return Err(NotCosigned::SawAnother(old_size));
                }
                (other, _) => return Err(NotCosigned::Refused(other)),
            }
        }
        Err(NotCosigned::Overtaken)
    }

    async fn post(
        &self,
        http: &reqwest::Client,
        body: String,
    ) -> Result<(StatusCode, String), NotCosigned> {
        let mut answer = http.post(self.url.clone()).body(body).send().await?;
        let status = answer.status();
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if text.len() + piece.len() > LONGEST_ANSWER {
                return Err(NotCosigned::Nonsense);
            }
            text.extend_from_slice(&piece);
        }
        let text = String::from_utf8(text).map_err(|_| NotCosigned::Nonsense)?;
        Ok((status, text))
    }
}

/// What proves that the log only grew from there to the checkpoint.
async fn consistency(
    store: &dyn Store,
    old_size: u64,
    stated: &Checkpoint,
) -> Result<Vec<Hash>, NotCosigned> {
    if old_size == 0 || old_size == stated.size {
        return Ok(Vec::new());
    }
    let growth = growth(store, old_size, stated.size, stated.root).await?;
    Ok(growth.proof.path)
}
