//! How the provider's own names for people and sign-ins are kept: as keyed digests.
//!
//! All that is asked of them is whether two are the same. Pro Santé Connect's `sub`
//! holds a national number, of which there are too few for a digest without a key.

use std::fmt;

use aws_lc_rs::hmac;

use crate::patient_keys::KeyedDigest;
use crate::provider::ProviderClient;

/// Makes the digests.
pub struct ProviderNames(hmac::Key);

/// What a provider calls a session's person and sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamesAtProvider {
    /// The person: `sub`.
    pub subject: KeyedDigest,
    /// The sign-in: `sid`, where the provider gives one.
    pub session: Option<KeyedDigest>,
}

impl ProviderNames {
    /// Digests under this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Of a person.
    #[must_use]
    pub fn subject(&self, client: &ProviderClient, subject: &str) -> KeyedDigest {
        self.digest("subject", client, subject)
    }

    /// Of a sign-in.
    #[must_use]
    pub fn session(&self, client: &ProviderClient, session: &str) -> KeyedDigest {
        self.digest("session", client, session)
    }

    /// Of a logout token.
    #[must_use]
    pub fn logout_token(&self, client: &ProviderClient, jti: &str) -> KeyedDigest {
        self.digest("logout token", client, jti)
    }

    /// Each part stands behind its length, so that no two lists of parts give the same
    /// bytes.
    fn digest(&self, kind: &str, client: &ProviderClient, name: &str) -> KeyedDigest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [kind, &client.issuer, &client.client_id, name] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        KeyedDigest(digest)
    }
}

impl fmt::Debug for ProviderNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProviderNames")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn client(issuer: &str, client_id: &str) -> ProviderClient {
        ProviderClient {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
        }
    }

    #[test]
    fn one_name_has_one_digest_and_another_kind_client_provider_or_key_another() {
        let (names, others) = (ProviderNames::new(&[1; 32]), ProviderNames::new(&[2; 32]));
        let here = client("https://provider", "aval");
        let digests = [
            names.subject(&here, "one"),
            names.subject(&here, "two"),
            names.session(&here, "one"),
            names.logout_token(&here, "one"),
            names.subject(&client("https://provider", "ava"), "lone"),
            names.subject(&client("https://other", "aval"), "one"),
            others.subject(&here, "one"),
        ];
        let distinct: HashSet<_> = digests.into_iter().collect();
        assert_eq!(distinct.len(), digests.len());
        assert_eq!(names.subject(&here, "one"), digests[0]);
    }
}
