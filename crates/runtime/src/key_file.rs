//! Keys, each in a file of its own: read, or made once where that is allowed.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aval_domain::random::{self, Random};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A secret of 32 bytes, wiped when it is dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or made.
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
    #[error("the key file {} must hold {form}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it must hold.
        form: &'static str,
    },
}

/// What is done about a key file that is not there.
#[derive(Debug, Clone, Copy)]
pub enum Missing<'a> {
    /// It is an error.
    Refuse,
    /// It is made, from this source of randomness.
    Create(&'a dyn Random),
}

impl<'a> Missing<'a> {
    /// Made if `create` says so.
    #[must_use]
    pub fn created_if(create: bool, random: &'a dyn Random) -> Self {
        if create {
            Self::Create(random)
        } else {
            Self::Refuse
        }
    }
}

/// The text of the key in `path`. A missing file is made, with what `make` gives, whole or
/// not at all and for its owner alone; of two processes that start at once the first one's
/// key stays, and both use it.
pub fn text<E: From<KeyFileError>>(
    path: &Path,
    missing: Missing<'_>,
    make: impl FnOnce(&dyn Random) -> Result<Zeroizing<String>, E>,
) -> Result<Zeroizing<String>, E> {
    let unusable = |source| KeyFileError::File {
        path: path.to_owned(),
        source,
    };
    let is_missing =
        matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if let Missing::Create(random) = missing
        && is_missing
    {
        publish(path, &make(random)?, random).map_err(unusable)?;
    }
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode();
    if mode & 0o004 != 0 {
        let path = path.to_owned();
        return Err(KeyFileError::Exposed { path }.into());
    }
    let text = fs::read_to_string(path).map_err(unusable)?;
    Ok(Zeroizing::new(text))
}

/// The secret of 32 bytes in `path`: 64 hexadecimal digits, the same for every instance.
pub fn hexadecimal(path: &Path, missing: Missing<'_>) -> Result<Secret, KeyFileError> {
    let text = text(path, missing, |random| {
        let key = Zeroizing::new(random::bytes::<32>(random));
        Ok::<_, KeyFileError>(Zeroizing::new(hex::encode(key.as_slice()) + "\n"))
    })?;
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_end(), key.as_mut_slice()).map_err(|_| {
        KeyFileError::Malformed {
            path: path.to_owned(),
            form: "64 hexadecimal digits",
        }
    })?;
    Ok(key)
}

/// The secret of 32 bytes in `path`: one line of base64, as `openssl rand -base64 32` gives.
pub fn base64(path: &Path, missing: Missing<'_>) -> Result<Secret, KeyFileError> {
    let text = text(path, missing, |random| {
        let secret = Zeroizing::new(random::bytes::<32>(random));
        Ok::<_, KeyFileError>(Zeroizing::new(STANDARD.encode(*secret) + "\n"))
    })?;
    let decoded = STANDARD.decode(text.trim()).map(Zeroizing::new);
    let secret = decoded
        .ok()
        .and_then(|bytes| bytes.as_slice().try_into().ok());
    secret
        .map(Zeroizing::new)
        .ok_or_else(|| KeyFileError::Malformed {
            path: path.to_owned(),
            form: "32 bytes as one line of base64",
        })
}

/// Writes the file beside its place, then gives it its name unless that is taken.
fn publish(path: &Path, text: &str, random: &dyn Random) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let suffix = u64::from_be_bytes(random::bytes(random));
    let beside = path.with_extension(format!("{suffix:016x}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;

    use super::*;

    #[test]
    fn a_missing_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/page-tokens.key");
        let (one, other) = (SeededRandom::new(1), SeededRandom::new(2));
        for read in [hexadecimal, base64] {
            let refused = read(&path, Missing::created_if(false, &one));
            assert!(matches!(refused, Err(KeyFileError::File { .. })));
            assert!(!path.exists());
            let made = read(&path, Missing::created_if(true, &one)).unwrap();
            let permissions = fs::metadata(&path).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, 0o600);
            for missing in [Missing::Create(&other), Missing::Refuse] {
                assert_eq!(read(&path, missing).unwrap(), made);
            }
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn of_two_that_make_it_at_once_the_first_ones_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        publish(&path, "first", &SeededRandom::new(1)).unwrap();
        publish(&path, "second", &SeededRandom::new(2)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let random = SeededRandom::new(1);
        hexadecimal(&path, Missing::Create(&random)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = hexadecimal(&path, Missing::Create(&random));
        assert!(matches!(refused, Err(KeyFileError::Exposed { .. })));
    }

    #[test]
    fn a_file_with_something_else_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "0123", "not hexadecimal", "c2hvcnQ=", &"0".repeat(66)] {
            publish(&path, text, &SeededRandom::new(1)).unwrap();
            for read in [hexadecimal, base64] {
                let refused = read(&path, Missing::Create(&SeededRandom::new(1)));
                assert!(matches!(refused, Err(KeyFileError::Malformed { .. })));
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            fs::remove_file(&path).unwrap();
        }
    }
}
