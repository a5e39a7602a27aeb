//! What a provider published, for how long it is used, and when to ask again.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::Timestamp;

use super::ProviderKeys;
use super::discovery::Discovery;

/// Between two fetches that unknown keys cause: forged tokens must not become a load
/// on the provider.
const BETWEEN_FETCHES: Duration = Duration::from_secs(30);
/// The same after a fetch that failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// Keys older than this are not used, even if the provider is out of reach.
const USABLE_FOR: Duration = Duration::from_hours(24);
/// Keys older than this are fetched again before they are used.
const FRESH_FOR: Duration = Duration::from_mins(5);

/// What the provider published, and when it was asked.
#[derive(Debug, Default)]
pub(super) struct Published {
    discovery: Option<Arc<Discovery>>,
    keys: Arc<ProviderKeys>,
    fetched_at: Option<Timestamp>,
    attempted_at: Option<Timestamp>,
    last_failed: bool,
}

impl Published {
    /// Whether this key is there and fresh.
    pub(super) fn serves(&self, kid: &str, now: Timestamp) -> bool {
        self.age(now).is_some_and(|age| age < FRESH_FOR) && self.keys.get(kid).is_some()
    }

    /// Whether the provider may be asked again.
    pub(super) fn may_fetch(&self, now: Timestamp) -> bool {
        let wait = if self.last_failed {
            AFTER_A_FAILURE
        } else {
            BETWEEN_FETCHES
        };
        // A clock that was set back must not stop fetching until it has caught up.
        self.attempted_at
            .is_none_or(|last| now < last || now.since(last) >= wait)
    }

    /// Notes that the provider is asked. Until it answers that has failed: whoever asks
    /// may hang up, and nobody must wait long on account of that.
    pub(super) fn begin_fetch(&mut self, now: Timestamp) {
        self.attempted_at = Some(now);
        self.last_failed = true;
    }

    /// Takes what the provider answered.
    pub(super) fn take(&mut self, discovery: Discovery, keys: ProviderKeys, now: Timestamp) {
        self.discovery = Some(Arc::new(discovery));
        self.keys = Arc::new(keys);
        self.fetched_at = Some(now);
        self.last_failed = false;
    }

    /// What a token with this key is verified with; `None` when nothing can be said about
    /// it. A key that is not there says nothing as long as the provider does not answer.
    pub(super) fn usable_for(
        &self,
        kid: &str,
        now: Timestamp,
    ) -> Option<(Arc<Discovery>, Arc<ProviderKeys>)> {
        if self.last_failed && self.keys.get(kid).is_none() {
            return None;
        }
        let discovery = self.discovery.as_ref()?;
        let is_usable = self.age(now).is_some_and(|age| age < USABLE_FOR);
        is_usable.then(|| (Arc::clone(discovery), Arc::clone(&self.keys)))
    }

    fn age(&self, now: Timestamp) -> Option<Duration> {
        self.fetched_at.map(|fetched| now.since(fetched))
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Algorithm;

    use super::*;

    const ISSUER: &str = "https://provider.test";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_790_000_000 + seconds)
    }

    /// Fetched at this second, with one key named `k`.
    fn fetched(second: i64) -> Published {
        let document =
            format!("{{\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"x\",\"userinfo_endpoint\":\"x\"}}");
        let jwks = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k",
            "x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}]}"#;
        let mut published = Published::default();
        published.begin_fetch(at(second));
        published.take(
            Discovery::read(document.as_bytes(), ISSUER, false).unwrap(),
            ProviderKeys::from_jwks(jwks.as_bytes(), &[Algorithm::ES256]).unwrap(),
            at(second),
        );
        published
    }

    #[test]
    fn nothing_is_usable_before_the_first_answer_and_it_may_be_asked_for() {
        let mut published = Published::default();
        assert!(!published.serves("k", at(0)) && published.may_fetch(at(0)));
        published.begin_fetch(at(0));
        assert!(published.usable_for("k", at(0)).is_none());
        assert!(!published.may_fetch(at(0)) && published.may_fetch(at(1)));
    }

    #[test]
    fn a_known_key_is_fresh_for_five_minutes_and_usable_for_a_day() {
        let mut published = fetched(0);
        assert!(published.serves("k", at(299)) && !published.serves("k", at(300)));
        published.begin_fetch(at(300));
        assert!(published.usable_for("k", at(24 * 3600 - 1)).is_some());
        assert!(published.usable_for("k", at(24 * 3600)).is_none());
    }

    #[test]
    fn an_unknown_key_is_asked_for_twice_a_minute_and_is_not_believed_unknown_in_a_failure() {
        let mut published = fetched(0);
        assert!(!published.serves("other", at(0)));
        assert!(!published.may_fetch(at(29)) && published.may_fetch(at(30)));
        // The provider answered, and does not have it.
        assert!(published.usable_for("other", at(29)).is_some());
        published.begin_fetch(at(30));
        assert!(published.usable_for("other", at(30)).is_none());
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_asking() {
        assert!(fetched(1_000).may_fetch(at(0)));
    }
}
