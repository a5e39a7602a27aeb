//! Keys, each in a file of its own.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aval_domain::random::{self, Random};
use zeroize::Zeroizing;

/// Why there is no key.
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
    #[error("the key file {} does not hold 64 hexadecimal digits", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
}

/// The key in `path`: 64 hexadecimal digits, the same for every instance. If the file is
/// missing and `create` says so, it is created, for its owner alone.
pub fn read(
    path: &Path,
    create: bool,
    random: &dyn Random,
) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let unusable = |source| KeyFileError::File {
        path: path.to_owned(),
        source,
    };
    if create {
        create_if_missing(path, random).map_err(unusable)?;
    }
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode();
    if mode & 0o004 != 0 {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
        });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(unusable)?);
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_end(), key.as_mut_slice()).map_err(|_| {
        KeyFileError::NotAKey {
            path: path.to_owned(),
        }
    })?;
    Ok(key)
}

/// Of two processes that start at once one creates the file, whole, and both use it.
fn create_if_missing(path: &Path, random: &dyn Random) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let [a, b, c, d] = random::bytes::<4>(random);
    let draft = path.with_extension(format!("new-{}", hex::encode([a, b, c, d])));
    let key = Zeroizing::new(random::bytes::<32>(random));
    let text = Zeroizing::new(hex::encode(key.as_slice()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;

    use super::*;

    #[test]
    fn a_key_is_created_once_for_its_owner_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/page-tokens.key");
        let random = SeededRandom::new(1);
        let missing = read(&path, false, &random);
        assert!(matches!(missing, Err(KeyFileError::File { .. })));
        let made = read(&path, true, &random).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let found = read(&path, true, &random).unwrap();
        assert_eq!(made, found);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn an_exposed_file_and_one_without_a_key_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let random = SeededRandom::new(1);
        read(&path, true, &random).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let exposed = read(&path, true, &random);
        assert!(matches!(exposed, Err(KeyFileError::Exposed { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "0123").unwrap();
        let other = read(&path, true, &random);
        assert!(matches!(other, Err(KeyFileError::NotAKey { .. })));
    }
}
