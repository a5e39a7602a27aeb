//! The key that signs tokens, in a file of its own.

use std::path::Path;

use aval_runtime::key_file::{self, KeyFileError, Missing};
use aval_runtime::token::TokenSigner;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

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
    fn a_missing_key_is_refused_where_none_may_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none");
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
