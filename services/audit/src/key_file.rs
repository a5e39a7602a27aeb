//! Secrets in files of their own.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aval_domain::random::{self, Random};
use aval_merkle_log::note::{KeyError, Signer, Verifier};
use aval_runtime::page::PageTokens;
use zeroize::Zeroizing;

use crate::checkpoint_key::CheckpointKey;
use crate::config::LogConfig;

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("the key file {} cannot be used", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Everybody on the machine may read the file.
    #[error("the key file {} may be read by everybody: take that right away", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("the key file {} does not hold such a key", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
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
/// `PRIVATE+KEY+<origin>+<id>+<base64>`. If the file is missing and `create` says so, it
/// is created, for its owner alone.
pub fn checkpoint_key(
    config: &LogConfig,
    create: bool,
    random: &dyn Random,
) -> Result<CheckpointKey, KeyFileError> {
    let path = &config.key_file;
    let origin_invalid = |source| KeyFileError::Configuration {
        key: "log.origin",
        source,
    };
    let text = read_or_create(path, create, || {
        let seed = Zeroizing::new(random::bytes::<32>(random));
        let signer = Signer::from_seed(&config.origin, &seed).map_err(origin_invalid)?;
        Ok(signer.to_private_text())
    })?;
    let signer =
        Signer::parse(text.trim_end()).map_err(|_| KeyFileError::NotAKey { path: path.clone() })?;
    if signer.verifier().name().as_str() != config.origin {
        return Err(KeyFileError::OtherOrigin { path: path.clone() });
    }
    let former = config.former_keys.iter().map(|key| Verifier::parse(key));
    let former = former.collect::<Result<_, _>>();
    let former = former.map_err(|source| KeyFileError::Configuration {
        key: "log.former_keys",
        source,
    })?;
    Ok(CheckpointKey::new(signer, former))
}

/// The key that seals page tokens: 64 hexadecimal digits, the same for every instance.
/// If the file is missing and `create` says so, it is created, for its owner alone.
pub fn page_tokens(
    path: &Path,
    create: bool,
    random: &dyn Random,
) -> Result<PageTokens, KeyFileError> {
    let text = read_or_create(path, create, || {
        let key = Zeroizing::new(random::bytes::<32>(random));
        Ok(Zeroizing::new(hex::encode(key.as_slice())))
    })?;
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_end(), key.as_mut_slice()).map_err(|_| {
        KeyFileError::NotAKey {
            path: path.to_owned(),
        }
    })?;
    Ok(PageTokens::new(&key))
}

fn read_or_create(
    path: &Path,
    create: bool,
    make: impl FnOnce() -> Result<Zeroizing<String>, KeyFileError>,
) -> Result<Zeroizing<String>, KeyFileError> {
    let unusable = |source| KeyFileError::File {
        path: path.to_owned(),
        source,
    };
    let missing =
        matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if create && missing {
        write_new(path, &make()?).map_err(unusable)?;
    }
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode();
    if mode & 0o004 != 0 {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
        });
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(unusable)
}

/// Writes the file beside its place and links it there: nobody sees half of it, and of
/// two processes that start at once the first one's key stays.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
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
    fn a_missing_key_is_created_for_its_owner_alone_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/checkpoint.key");
        let random = SeededRandom::new(1);
        let refused = checkpoint_key(&config(&path), false, &random);
        assert!(matches!(refused, Err(KeyFileError::File { .. })));
        let made = checkpoint_key(&config(&path), true, &random).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let found = checkpoint_key(&config(&path), true, &random).unwrap();
        assert_eq!(found.verifier_key(), made.verifier_key());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_of_another_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.key");
        let random = SeededRandom::new(1);
        checkpoint_key(&config(&path), true, &random).unwrap();
        let mut other = config(&path);
        other.origin = "audit.example/other".to_owned();
        let refused = checkpoint_key(&other, true, &random);
        assert!(matches!(refused, Err(KeyFileError::OtherOrigin { .. })));
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page-tokens.key");
        let random = SeededRandom::new(1);
        page_tokens(&path, true, &random).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = page_tokens(&path, true, &random);
        assert!(matches!(refused, Err(KeyFileError::Exposed { .. })));
    }

    #[test]
    fn a_file_with_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_new(&path, "0123").unwrap();
        let random = SeededRandom::new(1);
        let refused = page_tokens(&path, true, &random);
        assert!(matches!(refused, Err(KeyFileError::NotAKey { .. })));
        let refused = checkpoint_key(&config(&path), true, &random);
        assert!(matches!(refused, Err(KeyFileError::NotAKey { .. })));
    }
}
