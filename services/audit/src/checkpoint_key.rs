//! The key that speaks for the log.

use aval_merkle_log::Hash;
use aval_merkle_log::checkpoint::{Checkpoint, CheckpointError, Policy};
use aval_merkle_log::map::{self, MapRoot, NoMapRoot};
use aval_merkle_log::note::{NoteError, SignedNote, Signer};

/// Signs the log's checkpoints, and knows those that the log signed before.
#[derive(Debug, Clone)]
pub struct CheckpointKey {
    signer: Signer,
    policy: Policy,
}

/// Why a stored checkpoint is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointRefused {
    /// It is not a signed note.
    #[error("the stored checkpoint is not a signed note")]
    NotANote(#[from] NoteError),
    /// It is not this log's, or none of the log's keys signed it.
    #[error("the stored checkpoint is not one of this log's keys")]
    NotOurs(#[from] CheckpointError),
    /// The tree in the database has another root.
    #[error("the stored tree of {size} entries has not the root that was signed")]
    RootDiffers {
        /// The size that was signed.
        size: u64,
    },
    /// The map of patients' heads in the database has another root.
    #[error("the stored heads at {size} entries are not those that were signed")]
    MapDiffers {
        /// The size that was signed.
        size: u64,
    },
}

impl CheckpointKey {
    /// A log whose name is the key's name. `former` are the log's earlier keys.
    #[must_use]
    pub fn new(signer: Signer, former: Vec<aval_merkle_log::note::Verifier>) -> Self {
        let mut verifiers = vec![signer.verifier().clone()];
        verifiers.extend(former);
        let policy = Policy::of_log(signer.verifier().name().as_str(), verifiers);
        Self { signer, policy }
    }

    /// The public key, in the C2SP verifier form.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.signer.verifier().to_string()
    }

    /// How anybody who trusts the log's keys reads its checkpoints.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The signed checkpoint of this size, root and map of patients' heads, as text.
    pub fn sign(&self, size: u64, root: Hash, map: MapRoot) -> Result<String, NoteError> {
        let checkpoint = Checkpoint {
            origin: self.signer.verifier().name().to_string(),
            size,
            root,
            extensions: vec![map::extension_line(map)],
        };
        Ok(checkpoint.sign(&[&self.signer])?.format())
    }

    /// Reads a checkpoint that one of the log's keys signed.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointRefused> {
        let note = SignedNote::parse(note.as_bytes())?;
        Ok(self.policy.open(&note)?)
    }

    /// Makes sure that tree and map in the database are those that were last signed.
    /// Answers whether the map was signed: a checkpoint from before there was one says
    /// nothing of it.
    pub fn require_signed(
        &self,
        note: &str,
        size: u64,
        root: Hash,
        map: MapRoot,
    ) -> Result<bool, CheckpointRefused> {
        let signed = self.open(note)?;
        if (signed.size, signed.root) != (size, root) {
            return Err(CheckpointRefused::RootDiffers { size: signed.size });
        }
        match map::root_in(&signed) {
            Ok(signed_map) if signed_map == map => Ok(true),
            Err(NoMapRoot) if signed.extensions.is_empty() => Ok(false),
            Ok(_) | Err(NoMapRoot) => Err(CheckpointRefused::MapDiffers { size }),
        }
    }
}

#[cfg(test)]
mod tests {
    use aval_merkle_log::hash::{empty_root, hash_leaf};

    use super::*;

    fn key(seed: u8, former: &[&CheckpointKey]) -> CheckpointKey {
        let signer = Signer::from_seed("audit.example/trail", &[seed; 32]).unwrap();
        let former = former.iter().map(|key| key.signer.verifier().clone());
        CheckpointKey::new(signer, former.collect())
    }

    #[test]
    fn what_was_signed_is_recognised() {
        let key = key(1, &[]);
        let note = key.sign(0, empty_root(), None).unwrap();
        assert!(key.require_signed(&note, 0, empty_root(), None).is_ok());
        let other_root = key.require_signed(&note, 0, hash_leaf(b"x"), None);
        assert!(matches!(
            other_root,
            Err(CheckpointRefused::RootDiffers { size: 0 })
        ));
        assert!(key.require_signed(&note, 1, empty_root(), None).is_err());
    }

    #[test]
    fn another_map_is_noticed_and_an_older_checkpoint_says_none() {
        let key = key(1, &[]);
        let map = Some(hash_leaf(b"map"));
        let note = key.sign(0, empty_root(), map).unwrap();
        assert!(key.require_signed(&note, 0, empty_root(), map).unwrap());
        let refused = key.require_signed(&note, 0, empty_root(), None);
        assert!(matches!(
            refused,
            Err(CheckpointRefused::MapDiffers { size: 0 })
        ));
        let older = Checkpoint {
            origin: "audit.example/trail".to_owned(),
            size: 0,
            root: empty_root(),
            extensions: Vec::new(),
        };
        let older = older.sign(&[&key.signer]).unwrap().format();
        assert!(!key.require_signed(&older, 0, empty_root(), map).unwrap());
    }

    #[test]
    fn a_lost_key_is_noticed_and_a_former_one_accepted() {
        let old = key(1, &[]);
        let note = old.sign(0, empty_root(), None).unwrap();
        let refused = key(2, &[]).require_signed(&note, 0, empty_root(), None);
        assert!(matches!(refused, Err(CheckpointRefused::NotOurs(_))));
        let renewed = key(2, &[&old]);
        assert!(renewed.require_signed(&note, 0, empty_root(), None).is_ok());
    }

    #[test]
    fn a_note_that_was_damaged_is_refused() {
        let key = key(1, &[]);
        let refused = key.require_signed("no note", 0, empty_root(), None);
        assert!(matches!(refused, Err(CheckpointRefused::NotANote(_))));
    }
}
