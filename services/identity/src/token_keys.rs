//! The keys of the tokens, read again while the service runs.
//!
//! One signs; all are published, and believed here. A key is changed with an overlap: the
//! next one is published until every service has seen it, the last one until its tokens
//! have expired. So a rotation is a matter of replacing files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aval_runtime::key_file::{KeyFileError, Missing};
use aval_runtime::token::{KeyError, KeySource, StaticKeys, TokenSigner, VerificationKey};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::config::TokenIssuance;
use crate::keys;

/// How often the files are read again, as those of the certificates are.
const READ_EVERY: Duration = Duration::from_secs(30);

/// Keys whose files can be read again.
#[derive(Debug)]
pub struct TokenKeys {
    signing: PathBuf,
    published: Vec<PathBuf>,
    current: RwLock<Arc<KeySet>>,
}

/// The keys as they were read together.
#[derive(Debug)]
pub struct KeySet {
    signer: TokenSigner,
    believed: StaticKeys,
    jwks: String,
}

impl TokenKeys {
    /// Reads the files.
    pub fn load(config: &TokenIssuance, missing: Missing<'_>) -> Result<Self, KeyFileError> {
        let (signing, published) = (&config.signing_key_file, &config.published_key_files);
        let current = KeySet::read(signing, published, missing)?;
        Ok(Self {
            signing: signing.clone(),
            published: published.clone(),
            current: RwLock::new(Arc::new(current)),
        })
    }

    /// The keys as they were last read.
    #[must_use]
    pub fn current(&self) -> Arc<KeySet> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again. When one of them cannot be used, what was read before stays.
    pub fn reload(&self) {
        match KeySet::read(&self.signing, &self.published, Missing::Refuse) {
            Ok(read) => {
                let before = self.current();
                if read.jwks != before.jwks {
                    let key = read.signer.key_id();
                    tracing::info!(key.id = key, "the keys of the tokens have changed");
                }
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
            }
            Err(error) => {
                tracing::warn!(%error, "the keys of the tokens were not read again; the last ones are used");
            }
        }
    }

    /// Reads the files again and again until `shutdown`.
    pub async fn keep_reading(self: Arc<Self>, shutdown: CancellationToken) {
        let for_ever = async {
            loop {
                tokio::time::sleep(READ_EVERY).await;
                let keys = Arc::clone(&self);
                let read = tokio::task::spawn_blocking(move || keys.reload()).await;
                if let Err(error) = read {
                    tracing::error!(%error, "reading the keys of the tokens failed");
                }
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }
}

impl KeySource for TokenKeys {
    fn find<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<VerificationKey>, KeyError>> {
        let current = self.current();
        Box::pin(async move { current.believed.find(kid).await })
    }
}

impl KeySet {
    fn read(
        signing: &Path,
        published: &[PathBuf],
        missing: Missing<'_>,
    ) -> Result<Self, KeyFileError> {
        let signer = keys::signer(signing, missing)?;
        let mut all = vec![signer.jwk()];
        let mut believed = StaticKeys::of(&signer);
        for path in published {
            let other = keys::signer(path, Missing::Refuse)?;
            let jwk = other.jwk();
            // A file that waits for the next key may hold the one that signs.
            if !all.contains(&jwk) {
                all.push(jwk);
            }
            believed = believed.with(&other);
        }
        Ok(Self {
            signer,
            believed,
            jwks: serde_json::json!({ "keys": all }).to_string(),
        })
    }

    /// The one that signs.
    #[must_use]
    pub fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// The JWK set of all, the one that signs first.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aval_domain::random::SystemRandom;
    use aval_runtime::config::DurationText;

    use super::*;

    fn loaded(folder: &Path) -> TokenKeys {
        let config = TokenIssuance {
            issuer: "https://identity.test".to_owned(),
            signing_key_file: folder.join("signing.pem"),
            published_key_files: vec![folder.join("next.pem"), folder.join("last.pem")],
            lifetime: DurationText::from_secs(300),
        };
        TokenKeys::load(&config, Missing::Refuse).unwrap()
    }

    fn make(path: &Path) -> String {
        let made = keys::signer(path, Missing::Create(&SystemRandom)).unwrap();
        made.key_id().to_owned()
    }

    async fn is_believed(keys: &TokenKeys, kid: &str) -> bool {
        keys.find(kid).await.is_ok()
    }

    fn published(keys: &TokenKeys) -> Vec<String> {
        let set: serde_json::Value = serde_json::from_str(keys.current().jwks()).unwrap();
        let keys = set["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn a_key_is_changed_with_an_overlap_by_replacing_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let first = make(&file("signing.pem"));
        for name in ["next.pem", "last.pem"] {
            fs::copy(file("signing.pem"), file(name)).unwrap();
        }
        let keys = loaded(folder.path());
        assert_eq!(published(&keys), std::slice::from_ref(&first));

        fs::remove_file(file("next.pem")).unwrap();
        let second = make(&file("next.pem"));
        assert!(!is_believed(&keys, &second).await);
        keys.reload();
        assert_eq!(published(&keys), [first.clone(), second.clone()]);
        assert_eq!(keys.current().signer().key_id(), first);

        fs::copy(file("next.pem"), file("signing.pem")).unwrap();
        keys.reload();
        assert_eq!(published(&keys), [second.clone(), first.clone()]);
        assert_eq!(keys.current().signer().key_id(), second);
        assert!(is_believed(&keys, &first).await && is_believed(&keys, &second).await);

        fs::copy(file("signing.pem"), file("last.pem")).unwrap();
        keys.reload();
        assert_eq!(published(&keys), std::slice::from_ref(&second));
        assert!(!is_believed(&keys, &first).await);
    }

    #[tokio::test]
    async fn files_that_cannot_be_used_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        for name in ["signing.pem", "next.pem", "last.pem"] {
            make(&file(name));
        }
        let keys = loaded(folder.path());
        let before = published(&keys);
        for name in ["signing.pem", "last.pem"] {
            let sound = fs::read(file(name)).unwrap();
            fs::write(file(name), "-----BEGIN PRIVATE KEY-----").unwrap();
            keys.reload();
            assert_eq!(published(&keys), before);
            fs::remove_file(file(name)).unwrap();
            keys.reload();
            assert_eq!(published(&keys), before);
            assert!(
                !file(name).exists(),
                "no key is made while the service runs"
            );
            fs::write(file(name), sound).unwrap();
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(file(name), private).unwrap();
        }
        keys.reload();
        assert_eq!(published(&keys), before);
    }
}
