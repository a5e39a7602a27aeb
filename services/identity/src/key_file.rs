//! Files that hold keys: read, or made once where that is allowed.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aval_domain::random::{self, Random};
use aval_runtime::token::TokenSigner;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read, or not be made.
    #[error("the key file {} cannot be read or made", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
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

/// A secret of 32 bytes, wiped when it is dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// The secret in a file: one line of base64.
pub fn secret(path: &Path, missing: Missing<'_>) -> Result<Secret, KeyFileError> {
    let text = read_or_make(path, missing, |random| {
        let secret = Zeroizing::new(random::bytes::<32>(random));
        Zeroizing::new(STANDARD.encode(*secret) + "\n")
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

/// The signing key in a file: P-256, PKCS#8 PEM. A new one comes from the
/// cryptographic library's own generator.
pub fn signer(path: &Path, missing: Missing<'_>) -> Result<TokenSigner, KeyFileError> {
    let text = read_or_make(path, missing, |_| new_signing_key())?;
    TokenSigner::from_pkcs8_pem(text.as_bytes()).map_err(|_| KeyFileError::Malformed {
        path: path.to_owned(),
        form: "a P-256 private key in PKCS#8 PEM form",
    })
}

fn new_signing_key() -> Zeroizing<String> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
        .expect("the operating system provides entropy");
    let document = pair
        .to_pkcs8v1()
        .expect("a generated key has a PKCS#8 form");
    let base64 = Zeroizing::new(STANDARD.encode(document.as_ref()));
    let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: any place is a boundary.
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

/// The file's text. A missing file is made whole or not at all, and never replaces
/// one that another process made meanwhile: whoever comes second reads the first's.
fn read_or_make(
    path: &Path,
    missing: Missing<'_>,
    make: impl FnOnce(&dyn Random) -> Zeroizing<String>,
) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |source| KeyFileError::File {
        path: path.to_owned(),
        source,
    };
    match (fs::read_to_string(path), missing) {
        (Ok(text), _) => return Ok(Zeroizing::new(text)),
        (Err(error), Missing::Create(random)) if error.kind() == ErrorKind::NotFound => {
            publish(path, &make(random), random).map_err(failed)?;
        }
        (Err(error), _) => return Err(failed(error)),
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

/// Writes beside, readable by this user alone, then gives it its name unless that is
/// taken.
fn publish(path: &Path, text: &str, random: &dyn Random) -> std::io::Result<()> {
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
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use aval_domain::random::{SeededRandom, SystemRandom};

    use super::*;

    #[test]
    fn a_missing_secret_is_made_once_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("digest.key");
        let made = secret(&path, Missing::Create(&SystemRandom)).unwrap();
        assert_eq!(made, secret(&path, Missing::Create(&SystemRandom)).unwrap());
        assert_eq!(made, secret(&path, Missing::Refuse).unwrap());
        let permissions = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(permissions & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_key_is_refused_where_none_may_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none");
        assert!(matches!(
            secret(&path, Missing::Refuse),
            Err(KeyFileError::File { .. })
        ));
        assert!(matches!(
            signer(&path, Missing::Refuse),
            Err(KeyFileError::File { .. })
        ));
        assert!(!path.exists());
    }

    #[test]
    fn a_file_with_something_else_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in [
            "",
            "c2hvcnQ=",
            "not base64 !",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            fs::write(&path, text).unwrap();
            let missing = Missing::Create(&SystemRandom);
            assert!(matches!(
                secret(&path, missing),
                Err(KeyFileError::Malformed { .. })
            ));
            assert!(matches!(
                signer(&path, missing),
                Err(KeyFileError::Malformed { .. })
            ));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_made_signing_key_is_the_same_when_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.pem");
        let made = signer(&path, Missing::Create(&SeededRandom::new(1))).unwrap();
        let read = signer(&path, Missing::Refuse).unwrap();
        assert_eq!(made.key_id(), read.key_id());
    }
}
