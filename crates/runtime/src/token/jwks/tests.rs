//! Keys from a real HTTP listener that counts its visits.

use std::sync::atomic::{AtomicU32, Ordering};

use aval_domain::time::ManualClock;
use axum::http::StatusCode;
use axum::routing::get;

use super::*;
use crate::token::TokenSigner;

/// An issuer that publishes what it is told to, or nothing.
struct Issuer {
    answer: Arc<RwLock<Option<String>>>,
    visits: Arc<AtomicU32>,
    clock: ManualClock,
    source: JwksSource,
}

async fn issuer() -> Issuer {
    let answer: Arc<RwLock<Option<String>>> = Arc::default();
    let visits = Arc::new(AtomicU32::new(0));
    let (published, counted) = (Arc::clone(&answer), Arc::clone(&visits));
    let routes = axum::Router::new().route(
        "/jwks",
        get(|| async move {
            counted.fetch_add(1, Ordering::SeqCst);
            let text = published.read().unwrap().clone();
            text.ok_or(StatusCode::SERVICE_UNAVAILABLE)
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let config = TokenConfig {
        issuer: "https://identity".to_owned(),
        jwks_url: format!("http://{address}/jwks"),
        jwks_ca: None,
        closed_sessions_url: None,
        leeway: Duration::ZERO.into(),
    };
    let clock = ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000));
    let source = JwksSource::new(&config, Arc::new(clock.clone())).unwrap();
    Issuer {
        answer,
        visits,
        clock,
        source,
    }
}

impl Issuer {
    fn publish(&self, signers: &[&TokenSigner]) {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
        let set = serde_json::json!({ "keys": keys }).to_string();
        *self.answer.write().unwrap() = Some(set);
    }

    fn fall_silent(&self) {
        *self.answer.write().unwrap() = None;
    }

    fn visits(&self) -> u32 {
        self.visits.load(Ordering::SeqCst)
    }

    async fn find(&self, signer: &TokenSigner) -> Option<KeyError> {
        self.source.find(signer.key_id()).await.err()
    }
}

#[tokio::test]
async fn many_who_wait_for_the_same_key_cause_one_fetch() {
    let issuer = issuer().await;
    let signer = TokenSigner::generate();
    issuer.publish(&[&signer]);
    let found = futures::future::join_all((0..50).map(|_| issuer.find(&signer))).await;
    assert!(found.iter().all(Option::is_none));
    assert_eq!(issuer.visits(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_forged_ones_are_no_load() {
    let issuer = issuer().await;
    let (old, new, forged) = (
        TokenSigner::generate(),
        TokenSigner::generate(),
        TokenSigner::generate(),
    );
    issuer.publish(&[&old]);
    assert_eq!(issuer.find(&old).await, None);
    issuer.publish(&[&old, &new]);
    for _ in 0..10 {
        assert_eq!(issuer.find(&forged).await, Some(KeyError::Unknown));
    }
    assert_eq!(issuer.visits(), 1);
    issuer.clock.advance(BETWEEN_FETCHES);
    assert_eq!(issuer.find(&new).await, None);
    assert_eq!(issuer.find(&old).await, None);
    assert_eq!(issuer.visits(), 2);
}

#[tokio::test]
async fn the_last_keys_serve_for_a_day_when_the_issuer_is_silent() {
    let issuer = issuer().await;
    let (known, unknown) = (TokenSigner::generate(), TokenSigner::generate());
    issuer.publish(&[&known]);
    assert_eq!(issuer.find(&known).await, None);
    issuer.fall_silent();
    issuer
        .clock
        .advance(USABLE_FOR.saturating_sub(Duration::from_secs(1)));
    assert_eq!(issuer.find(&known).await, None);
    assert_eq!(issuer.find(&unknown).await, Some(KeyError::Unavailable));
    issuer.clock.advance(Duration::from_secs(2));
    assert_eq!(issuer.find(&known).await, Some(KeyError::Unavailable));
}

#[tokio::test]
async fn an_issuer_that_was_not_there_at_first_is_asked_again_soon() {
    let issuer = issuer().await;
    let signer = TokenSigner::generate();
    assert_eq!(issuer.find(&signer).await, Some(KeyError::Unavailable));
    assert_eq!(issuer.find(&signer).await, Some(KeyError::Unavailable));
    assert_eq!(issuer.visits(), 1);
    issuer.publish(&[&signer]);
    issuer.clock.advance(AFTER_A_FAILURE);
    assert_eq!(issuer.find(&signer).await, None);
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_once_the_keys_are_read_again() {
    let issuer = issuer().await;
    let (withdrawn, kept) = (TokenSigner::generate(), TokenSigner::generate());
    issuer.publish(&[&withdrawn, &kept]);
    assert_eq!(issuer.find(&withdrawn).await, None);
    issuer.publish(&[&kept]);
    issuer.clock.advance(FRESH_FOR);
    // This answer is still of the old set; it causes the new one to be read.
    assert_eq!(issuer.find(&withdrawn).await, None);
    let forgotten = async {
        while issuer.find(&withdrawn).await.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten)
        .await
        .expect("it is read again");
    assert_eq!(issuer.find(&kept).await, None);
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_leaves_the_last_one() {
    let issuer = issuer().await;
    let (known, unknown) = (TokenSigner::generate(), TokenSigner::generate());
    issuer.publish(&[&known]);
    assert_eq!(issuer.find(&known).await, None);
    *issuer.answer.write().unwrap() = Some("x".repeat(LARGEST_SET + 1));
    issuer.clock.advance(BETWEEN_FETCHES);
    assert_eq!(issuer.find(&unknown).await, Some(KeyError::Unavailable));
    assert_eq!(issuer.find(&known).await, None);
}

#[test]
fn keys_over_https_need_an_authority() {
    let config = TokenConfig {
        issuer: "https://identity".to_owned(),
        jwks_url: "https://identity/jwks".to_owned(),
        jwks_ca: None,
        closed_sessions_url: Some("https://identity/closed".to_owned()),
        leeway: Duration::ZERO.into(),
    };
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let refused = JwksSource::new(&config, clock).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.starts_with("token.jwks_ca: "), "{refused}");
}
