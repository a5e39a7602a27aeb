//! Tokens that were verified a moment ago.
//!
//! Checking a signature costs more than a whole call does otherwise, and a caller
//! sends the same token many times in its few minutes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aval_domain::time::Timestamp;

use super::VerifiedToken;

/// How long a token is believed without checking its signature again; so long, at
/// most, does a withdrawn key live on here.
const LONGEST_STAY: Duration = Duration::from_mins(1);
/// Locks are per shard, so that callers rarely wait for each other.
const SHARDS: usize = 16;
/// Tokens per shard.
const SHARD_CAPACITY: usize = 1024;

/// A token's SHA-256: the cache does not hold tokens that could be stolen from it.
pub(super) type TokenDigest = [u8; 32];

#[derive(Debug)]
pub(super) struct TokenCache {
    shards: [RwLock<HashMap<TokenDigest, Entry>>; SHARDS],
}

#[derive(Debug)]
struct Entry {
    token: Arc<VerifiedToken>,
    until: Timestamp,
}

impl TokenCache {
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
        }
    }

    /// The token of this digest, if it was verified not long ago.
    pub(super) fn get(&self, digest: &TokenDigest, now: Timestamp) -> Option<Arc<VerifiedToken>> {
        let shard = self
            .shard(digest)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(digest)?;
        (now < entry.until).then(|| Arc::clone(&entry.token))
    }

    /// Remembers a verified token until it ends, a minute at most.
    pub(super) fn insert(&self, digest: TokenDigest, token: Arc<VerifiedToken>, now: Timestamp) {
        let until = token.expires_at.min(now.saturating_add(LONGEST_STAY));
        let mut shard = self
            .shard(&digest)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SHARD_CAPACITY && !shard.contains_key(&digest) {
            shard.retain(|_, entry| now < entry.until);
        }
        if shard.len() >= SHARD_CAPACITY {
            // All of them live: any one makes room, it will be verified again.
            let victim = shard.keys().next().copied();
            victim.and_then(|victim| shard.remove(&victim));
        }
        shard.insert(digest, Entry { token, until });
    }

    fn shard(&self, digest: &TokenDigest) -> &RwLock<HashMap<TokenDigest, Entry>> {
        &self.shards[usize::from(digest[0]) % SHARDS]
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.read().unwrap().len())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::id::PatientId;
    use aval_domain::random::SeededRandom;

    use super::*;
    use crate::context::Actor;

    fn token(expires_at: Timestamp) -> Arc<VerifiedToken> {
        let patient = PatientId::new(expires_at, &SeededRandom::new(1));
        Arc::new(VerifiedToken {
            actor: Arc::new(Actor::patient(patient, &SeededRandom::new(2), expires_at)),
            expires_at,
            bound_to: None,
        })
    }

    #[test]
    fn a_token_stays_until_it_ends_and_a_minute_at_most() {
        let cache = TokenCache::new();
        let start = Timestamp::from_unix_seconds(1_800_000_000);
        let later = |seconds| start.saturating_add(Duration::from_secs(seconds));
        cache.insert([1; 32], token(later(300)), start);
        cache.insert([2; 32], token(later(10)), start);
        assert!(cache.get(&[1; 32], later(59)).is_some());
        assert!(cache.get(&[1; 32], later(60)).is_none());
        assert!(cache.get(&[2; 32], later(9)).is_some());
        assert!(cache.get(&[2; 32], later(10)).is_none());
        assert!(cache.get(&[3; 32], start).is_none());
    }

    #[test]
    fn the_cache_never_grows_beyond_its_bound() {
        let cache = TokenCache::new();
        let start = Timestamp::from_unix_seconds(1_800_000_000);
        let token = token(start.saturating_add(Duration::from_mins(5)));
        for number in 0u32..40_000 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_le_bytes());
            cache.insert(digest, Arc::clone(&token), start);
        }
        assert_eq!(cache.len(), SHARDS * SHARD_CAPACITY);
    }
}
