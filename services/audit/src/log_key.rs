//! The key that signs the log, in a file of its own.

use std::path::PathBuf;

use aval_domain::random;
use aval_merkle_log::note::{KeyError, Signer, Verifier};
use aval_runtime::key_file::{self, KeyFileError, Missing};
use zeroize::Zeroizing;

use crate::checkpoint_key::CheckpointKey;
use crate::config::LogConfig;

/// Why the log cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// The key cannot be had.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The key in the file is another log's.
    #[error("the key in {} is not named after the log's origin", .path.display())]
    OtherOrigin {
        /// The file.
        path: PathBuf,
    },
    /// A former key, or the origin, is not one.
    #[error("{key}: {source}")]
    Configuration {
        /// The key of the configuration.
        key: &'static str,
        /// What is wrong with it.
        source: KeyError,
    },
}

/// The key that signs the log's checkpoints: the C2SP text of a private Ed25519 key,
/// `PRIVATE+KEY+<origin>+<id>+<base64>`.
pub fn checkpoint_key(
    config: &LogConfig,
    missing: Missing<'_>,
) -> Result<CheckpointKey, LogKeyError> {
    let path = &config.key_file;
    let origin_invalid = |source| LogKeyError::Configuration {
        key: "log.origin",
        source,
    };
    let text = key_file::text(path, missing, |random| {
        let seed = Zeroizing::new(random::bytes::<32>(random));
        let signer = Signer::from_seed(&config.origin, &seed).map_err(origin_invalid)?;
        Ok::<_, LogKeyError>(Zeroizing::new(format!("{}\n", *signer.to_private_text())))
    })?;
    let signer = Signer::parse(text.trim_end()).map_err(|_| KeyFileError::Malformed {
        path: path.clone(),
        form: "a private Ed25519 key of a signed note",
    })?;
    if signer.verifier().name().as_str() != config.origin {
        return Err(LogKeyError::OtherOrigin { path: path.clone() });
    }
    let former = config.former_keys.iter().map(|key| Verifier::parse(key));
    let former = former.collect::<Result<_, _>>();
    let former = former.map_err(|source| LogKeyError::Configuration {
        key: "log.former_keys",
        source,
    })?;
    Ok(CheckpointKey::new(signer, former))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use aval_domain::random::SeededRandom;

    use super::*;

    fn config(path: &Path) -> LogConfig {
        LogConfig {
            origin: "audit.example/trail".to_owned(),
            key_file: path.to_owned(),
            former_keys: Vec::new(),
        }
    }

    #[test]
    fn a_missing_key_is_made_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("keys/checkpoint.key"));
        let refused = checkpoint_key(&config, Missing::Refuse);
        assert!(matches!(refused, Err(LogKeyError::File(_))));
        let random = SeededRandom::new(1);
        let made = checkpoint_key(&config, Missing::Create(&random)).unwrap();
        let found = checkpoint_key(&config, Missing::Refuse).unwrap();
        assert_eq!(found.verifier_key(), made.verifier_key());
    }

    #[test]
    fn a_key_of_another_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.key");
        let random = SeededRandom::new(1);
        checkpoint_key(&config(&path), Missing::Create(&random)).unwrap();
        let mut other = config(&path);
        other.origin = "audit.example/other".to_owned();
        let refused = checkpoint_key(&other, Missing::Create(&random));
        assert!(matches!(refused, Err(LogKeyError::OtherOrigin { .. })));
    }

    #[test]
    fn a_file_with_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("key"));
        std::fs::write(&config.key_file, "0123").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&config.key_file, mode).unwrap();
        let refused = checkpoint_key(&config, Missing::Refuse);
        let Err(LogKeyError::File(KeyFileError::Malformed { .. })) = refused else {
            panic!("not refused as it should be");
        };
    }
}
