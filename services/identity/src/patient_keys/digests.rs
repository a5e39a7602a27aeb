//! Keyed digests, by which patients are found.

use std::fmt;

use aval_domain::ins::{Ins, InsTraits};
use aval_runtime::key_file::Secret;
use aval_runtime::sealing;
use aws_lc_rs::hmac;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::likeness::Likeness;

/// A keyed digest, by which a patient is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyedDigest(pub [u8; 32]);

/// A key that makes them.
pub(super) struct DigestKey {
    id: String,
    key: hmac::Key,
}

impl DigestKey {
    pub(super) fn new(secret: &Secret) -> Self {
        Self {
            id: digest_key_id(secret),
            key: hmac::Key::new(hmac::HMAC_SHA256, &**secret),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn of_ins(&self, ins: &Ins) -> KeyedDigest {
        let matricule = Zeroizing::new(ins.reveal());
        self.digest(["ins", ins.kind().oid(), matricule.as_str()])
    }

    pub(super) fn of_traits(&self, traits: &InsTraits) -> KeyedDigest {
        let date = traits.birth_date.to_string();
        let names = traits.birth_first_names.iter().map(|name| composed(name));
        let parts = ["traits".to_owned(), composed(&traits.birth_name)]
            .into_iter()
            .chain([date, traits.sex.code().to_owned()])
            .chain([traits.birth_place.as_str().to_owned()])
            .chain(names);
        self.digest(parts)
    }

    pub(super) fn of_likeness(&self, likeness: &Likeness) -> KeyedDigest {
        let [birth_name, first_name, birth_date, sex] = likeness.parts();
        self.digest([
            "likeness 1".to_owned(),
            birth_name,
            first_name,
            birth_date,
            sex,
        ])
    }

    pub(super) fn derived(&self, purpose: &str) -> [u8; 32] {
        self.digest(["derived", purpose]).0
    }

    /// HMAC-SHA256 over the parts, each behind its length, so that no two lists of
    /// parts give the same bytes.
    fn digest<Part: AsRef<str>>(&self, parts: impl IntoIterator<Item = Part>) -> KeyedDigest {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            let part = part.as_ref().as_bytes();
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        KeyedDigest(digest)
    }
}

/// The name of a digest key, which tells nothing of it.
pub(crate) fn digest_key_id(secret: &Secret) -> String {
    sealing::name_of(b"aval patient digest key 1", secret)
}

fn composed(name: &str) -> String {
    name.nfc().collect()
}

impl fmt::Debug for KeyedDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyedDigest(..)")
    }
}
