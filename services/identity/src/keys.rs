//! The keys of this service, each in a file of its own.

use std::path::Path;

use aval_domain::random;
use aval_runtime::key_file::{self, KeyFileError, Missing};
use aval_runtime::token::TokenSigner;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// A secret of 32 bytes, wiped when it is dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// The secret in a file: one line of base64.
pub fn secret(path: &Path, missing: Missing<'_>) -> Result<Secret, KeyFileError> {
    let text = key_file::text(path, missing, |random| {
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

/// A name for a secret that tells nothing of it, among those used for `purpose`.
pub(crate) fn name_of(purpose: &[u8], secret: &Secret) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(purpose);
    context.update(&**secret);
    URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..12])
}

/// The signing key in a file: P-256, PKCS#8 PEM. A new one comes from the
/// cryptographic library's own generator.
pub fn signer(path: &Path, missing: Missing<'_>) -> Result<TokenSigner, KeyFileError> {
    let text = key_file::text(path, missing, |_| Ok::<_, KeyFileError>(new_signing_key()))?;
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use aval_domain::random::{SeededRandom, SystemRandom};

    use super::*;

    #[test]
    fn a_missing_secret_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("digest.key");
        let made = secret(&path, Missing::Create(&SystemRandom)).unwrap();
        assert_eq!(made, secret(&path, Missing::Create(&SystemRandom)).unwrap());
        assert_eq!(made, secret(&path, Missing::Refuse).unwrap());
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
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
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
