//! Pages of lists: sizes and sealed tokens.

use std::fmt;
use std::time::Duration;

pub use aval_domain::page::PageSize;
use aval_domain::time::Timestamp;
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::status::Refusal;

/// How long a page token is good for.
pub const PAGE_TOKEN_LIFETIME: Duration = Duration::from_hours(24);

/// Reads a request's `page_size`: 0 means the default, too large a number is
/// lowered to the largest size, a negative one is refused.
pub fn parse_size(page_size: i32) -> Result<PageSize, Refusal> {
    PageSize::from_request(page_size)
        .map_err(|error| Refusal::field("page_size", error.to_string()))
}

/// The token was forged, has expired, or belongs to another query; which of the
/// three is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page token is not one of this query, or has expired")]
pub struct PageTokenInvalid;

impl From<PageTokenInvalid> for Refusal {
    fn from(error: PageTokenInvalid) -> Self {
        Self::new(
            aval_proto::common::v1::ErrorReason::PageTokenInvalid,
            error.to_string(),
        )
    }
}

/// Seals and opens page tokens.
///
/// A token says where the next page begins, for one query, until it expires. It is
/// authenticated, not encrypted: a position must not hold anything that the caller
/// may not know. It authorises nothing: every page is authorised like the first.
pub struct PageTokens {
    key: hmac::Key,
}

/// Bytes of the seal, and of the expiry before the position.
const SEAL_BYTES: usize = 32;
const EXPIRY_BYTES: usize = 8;
/// Longer texts are not looked at.
const LONGEST_TOKEN: usize = 4096;

impl PageTokens {
    /// Tokens under this key, shared by the instances of a service.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// A token for the page that begins after `position`, good for
    /// [`PAGE_TOKEN_LIFETIME`]. `filter_digest` identifies the query: its method, its
    /// filter and whose list it is.
    #[must_use]
    pub fn seal(&self, filter_digest: &[u8], position: &[u8], now: Timestamp) -> String {
        self.seal_until(
            filter_digest,
            position,
            now.saturating_add(PAGE_TOKEN_LIFETIME),
        )
    }

    /// A cursor: a token that does not expire, for a reader that comes back whenever it
    /// likes. The digest of a cursor's query names another method than any page's.
    #[must_use]
    pub fn seal_for_good(&self, filter_digest: &[u8], position: &[u8]) -> String {
        self.seal_until(filter_digest, position, Timestamp::MAX)
    }

    fn seal_until(&self, filter_digest: &[u8], position: &[u8], end: Timestamp) -> String {
        let expires = end.as_micros().to_be_bytes();
        let seal = self.mac(filter_digest, position, &expires);
        let mut token = Vec::with_capacity(SEAL_BYTES + EXPIRY_BYTES + position.len());
        token.extend_from_slice(seal.as_ref());
        token.extend_from_slice(&expires);
        token.extend_from_slice(position);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The position that was sealed for the same query.
    pub fn open(
        &self,
        token: &str,
        filter_digest: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, PageTokenInvalid> {
        if token.len() > LONGEST_TOKEN {
            return Err(PageTokenInvalid);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| PageTokenInvalid)?;
        let (seal, rest) = bytes
            .split_first_chunk::<SEAL_BYTES>()
            .ok_or(PageTokenInvalid)?;
        let (expires, position) = rest
            .split_first_chunk::<EXPIRY_BYTES>()
            .ok_or(PageTokenInvalid)?;
        let expected = self.mac(filter_digest, position, expires);
        constant_time::verify_slices_are_equal(seal, expected.as_ref())
            .map_err(|_| PageTokenInvalid)?;
        if now.as_micros() >= i64::from_be_bytes(*expires) {
            return Err(PageTokenInvalid);
        }
        Ok(position.to_vec())
    }

    /// Every part stands behind its length, so that no two different triples give
    /// the same bytes.
    fn mac(&self, filter_digest: &[u8], position: &[u8], expires: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [
            b"aval page token 1".as_slice(),
            filter_digest,
            expires,
            position,
        ] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

impl fmt::Debug for PageTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageTokens")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noon() -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000)
    }

    #[test]
    fn a_negative_page_size_is_a_violation_of_its_field() {
        assert_eq!(parse_size(0).unwrap(), PageSize::DEFAULT);
        let refusal = parse_size(-1).unwrap_err();
        assert_eq!(refusal.field_violations()[0].field, "page_size");
    }

    #[test]
    fn a_token_of_another_query_or_another_key_is_refused() {
        let tokens = PageTokens::new(&[7; 32]);
        let token = tokens.seal(b"grants of anna", b"position", noon());
        assert_eq!(
            tokens.open(&token, b"grants of anna", noon()).unwrap(),
            b"position"
        );
        assert!(tokens.open(&token, b"grants of bela", noon()).is_err());
        let others = PageTokens::new(&[8; 32]);
        assert!(others.open(&token, b"grants of anna", noon()).is_err());
    }

    #[test]
    fn bytes_moved_from_the_query_to_the_position_do_not_open() {
        let tokens = PageTokens::new(&[7; 32]);
        let token = tokens.seal(b"ab", b"cd", noon());
        let moved = tokens.seal(b"a", b"bcd", noon());
        assert!(tokens.open(&token, b"a", noon()).is_err());
        assert!(tokens.open(&moved, b"ab", noon()).is_err());
    }

    #[test]
    fn a_token_ends_with_its_day() {
        let tokens = PageTokens::new(&[7; 32]);
        let token = tokens.seal(b"q", b"p", noon());
        let last =
            noon().saturating_add(PAGE_TOKEN_LIFETIME.saturating_sub(Duration::from_micros(1)));
        assert!(tokens.open(&token, b"q", last).is_ok());
        assert!(
            tokens
                .open(&token, b"q", noon().saturating_add(PAGE_TOKEN_LIFETIME))
                .is_err()
        );
    }

    #[test]
    fn a_cursor_is_good_years_later() {
        let tokens = PageTokens::new(&[7; 32]);
        let cursor = tokens.seal_for_good(b"q", b"p");
        let years_later = noon().saturating_add(Duration::from_hours(24 * 366 * 100));
        assert_eq!(tokens.open(&cursor, b"q", years_later).unwrap(), b"p");
        assert!(tokens.open(&cursor, b"r", noon()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_opens_to_itself(query: Vec<u8>, position: Vec<u8>) {
            let tokens = PageTokens::new(&[7; 32]);
            let token = tokens.seal(&query, &position, noon());
            prop_assert_eq!(tokens.open(&token, &query, noon()).unwrap(), position);
        }

        #[test]
        fn a_token_with_one_changed_byte_is_refused(byte in 0usize..48, bit in 0u8..8) {
            let tokens = PageTokens::new(&[7; 32]);
            let sealed = tokens.seal(b"query", b"position", noon());
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed).unwrap();
            bytes[byte] ^= 1 << bit;
            let forged = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(tokens.open(&forged, b"query", noon()).is_err());
        }

        #[test]
        fn opening_is_total(text in ".{0,200}") {
            prop_assert!(PageTokens::new(&[7; 32]).open(&text, b"q", noon()).is_err());
        }
    }
}
