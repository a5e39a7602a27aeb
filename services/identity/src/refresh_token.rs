//! Refresh tokens: what a session's next token is asked for with.
//!
//! One names its session and its generation, under a keyed digest. Nothing of it is
//! kept, so nothing that is kept can be shown as one; and a token that was used is
//! recognised however long ago that was.

use std::fmt;

use aval_domain::id::SessionId;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Makes and reads refresh tokens.
pub struct RefreshTokens {
    key: hmac::Key,
    others: Vec<hmac::Key>,
}

/// What a refresh token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session.
    pub session_id: SessionId,
    /// How often the session's token was refreshed when this one was given.
    pub generation: u32,
}

/// The session, the generation.
const NAMED: usize = 16 + 4;

impl RefreshTokens {
    /// Tokens under this key; those under the others are read as well.
    #[must_use]
    pub fn new(key: &[u8; 32], others: &[[u8; 32]]) -> Self {
        let key_of = |key: &[u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, key);
        Self {
            key: key_of(key),
            others: others.iter().map(key_of).collect(),
        }
    }

    /// The token's text: 70 characters of base64url.
    #[must_use]
    pub fn issue(&self, token: RefreshToken) -> String {
        let mut bytes = token.session_id.as_uuid().into_bytes().to_vec();
        bytes.extend_from_slice(&token.generation.to_be_bytes());
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text names, if it was made under one of the keys.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<RefreshToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (named, tag) = bytes.split_at_checked(NAMED)?;
        let mut keys = [&self.key].into_iter().chain(&self.others);
        keys.find(|key| hmac::verify(key, named, tag).is_ok())?;
        let (session, generation) = named.split_at(16);
        Some(RefreshToken {
            session_id: SessionId::from_uuid(Uuid::from_slice(session).ok()?),
            generation: u32::from_be_bytes(generation.try_into().ok()?),
        })
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshTokens")
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;
    use aval_domain::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn token(generation: u32) -> RefreshToken {
        let random = SeededRandom::new(1);
        RefreshToken {
            session_id: SessionId::new(Timestamp::from_unix_seconds(1_800_000_000), &random),
            generation,
        }
    }

    #[test]
    fn a_token_names_its_session_and_generation_under_its_own_key_alone() {
        let (tokens, others) = (
            RefreshTokens::new(&[1; 32], &[]),
            RefreshTokens::new(&[2; 32], &[]),
        );
        for generation in [0, 1, u32::MAX] {
            let text = tokens.issue(token(generation));
            assert_eq!(text.len(), 70);
            assert_eq!(tokens.read(&text), Some(token(generation)));
            assert_eq!(others.read(&text), None);
        }
    }

    #[test]
    fn a_token_under_an_other_key_is_read_and_the_next_is_under_the_new_one() {
        let (old, new) = (
            RefreshTokens::new(&[1; 32], &[]),
            RefreshTokens::new(&[2; 32], &[[3; 32], [1; 32]]),
        );
        assert_eq!(new.read(&old.issue(token(1))), Some(token(1)));
        assert_eq!(old.read(&new.issue(token(2))), None);
        assert_eq!(new.read(&new.issue(token(2))), Some(token(2)));
    }

    #[test]
    fn a_changed_token_names_nothing() {
        let tokens = RefreshTokens::new(&[1; 32], &[]);
        let text = tokens.issue(token(3));
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(tokens.read(&URL_SAFE_NO_PAD.encode(changed)), None);
        }
        for length in 0..bytes.len() {
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert_eq!(tokens.read(&cut), None);
        }
        assert_eq!(tokens.read(&format!("{text}AA")), None);
        assert_eq!(tokens.read(&format!("{text}=")), None);
    }

    proptest! {
        #[test]
        fn no_text_that_was_not_issued_names_anything(text in ".{0,100}") {
            prop_assert_eq!(RefreshTokens::new(&[1; 32], &[]).read(&text), None);
        }
    }
}
