//! The tier's promises, on a single server and on a cluster, and whatever becomes of them.

use aval_testing::redis::RedisServer;

use super::*;
use crate::cache::shared::CacheSecret;

/// So long is waited for what must come about.
const PATIENCE: Duration = Duration::from_secs(30);

fn key(name: &str) -> EntryKey {
    EntryKey::of(&CacheSecret::new(&[5; 32]), &[(1, name.as_bytes())])
}

fn config(urls: Vec<String>) -> RedisConfig {
    RedisConfig {
        cluster: urls.len() > 1,
        urls,
        // Busy machines answer late, and what is tried here is not how soon.
        answer_timeout: Duration::from_millis(500).into(),
        failures_to_open: 2,
        retry_after: Duration::from_millis(20).into(),
        ..RedisConfig::default()
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let trying = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let came = tokio::time::timeout(PATIENCE, trying).await;
    assert!(came.is_ok(), "{what}");
}

/// A tier that is connected.
async fn tier(urls: Vec<String>) -> RedisTier {
    let tier = RedisTier::start(&config(urls)).unwrap();
    until("it connects", async || tier.breaker() == Breaker::Closed).await;
    tier
}

async fn put(tier: &RedisTier, name: &str, value: &[u8]) {
    until("it is stored", async || {
        tier.put(key(name), value.to_vec(), Duration::from_mins(1));
        tokio::task::yield_now().await;
        tier.get(&key(name)).await.as_deref() == Some(value)
    })
    .await;
}

async fn keeps_its_promises(tier: &RedisTier) {
    assert_eq!(tier.get(&key("nothing")).await, None);
    assert!(tier.get_many(&[]).await.is_empty());
    // Many names, so that in a cluster each master has some.
    let names: Vec<_> = (0..30).map(|number| format!("entry {number}")).collect();
    for name in &names {
        put(tier, name, name.as_bytes()).await;
    }
    put(tier, &names[0], b"another").await;
    let mut keys: Vec<_> = names.iter().rev().map(|name| key(name)).collect();
    keys.push(key("nothing"));
    let values = tier.get_many(&keys).await;
    assert_eq!(values.len(), 31);
    assert_eq!(values[30], None);
    assert_eq!(values[29].as_deref(), Some(&b"another"[..]));
    for (value, name) in values[..29].iter().zip(names.iter().rev()) {
        assert_eq!(value.as_deref(), Some(name.as_bytes()));
    }
    until("it is stored for a moment", async || {
        let moment = Duration::from_millis(200);
        tier.put(key("short"), b"gone soon".to_vec(), moment);
        tier.get(&key("short")).await.is_some()
    })
    .await;
    until("what is over is gone", async || {
        tier.get(&key("short")).await.is_none()
    })
    .await;
    assert_eq!(tier.breaker(), Breaker::Closed);
}

#[tokio::test]
async fn a_single_server_keeps_the_tiers_promises() {
    if let Some(server) = RedisServer::start("redis tier, single") {
        keeps_its_promises(&tier(vec![server.url()]).await).await;
        for key in server.keys() {
            let text = String::from_utf8(key).unwrap();
            assert!(
                text.starts_with(KEY_PREFIX) && !text.contains("entry"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_cluster_keeps_the_tiers_promises() {
    if let Some(masters) = RedisServer::start_cluster("redis tier, cluster") {
        let urls = masters.iter().map(RedisServer::url).collect();
        keeps_its_promises(&tier(urls).await).await;
        for master in &masters {
            assert!(!master.keys().is_empty(), "each has some");
        }
    }
}

#[tokio::test]
async fn a_server_that_dies_is_a_miss_and_is_used_again_when_it_is_back() {
    let Some(mut server) = RedisServer::start("redis tier, killed") else {
        return;
    };
    let tier = tier(vec![server.url()]).await;
    put(&tier, "one", b"value").await;
    server.kill();
    until("it is no longer asked", async || {
        assert_eq!(tier.get(&key("one")).await, None);
        tier.put(key("two"), b"lost".to_vec(), Duration::from_mins(1));
        tier.breaker() != Breaker::Closed
    })
    .await;
    assert_eq!(tier.get_many(&[key("one"), key("two")]).await, [None, None]);
    server.restart();
    until("it is asked again", async || {
        tier.breaker() == Breaker::Closed
    })
    .await;
    assert_eq!(tier.get(&key("one")).await, None);
    put(&tier, "one", b"anew").await;
}

#[tokio::test]
async fn a_server_that_stands_still_is_a_miss_after_the_timeout() {
    let Some(mut server) = RedisServer::start("redis tier, paused") else {
        return;
    };
    let tier = tier(vec![server.url()]).await;
    put(&tier, "one", b"value").await;
    server.pause();
    let asked = tokio::time::timeout(PATIENCE, tier.get(&key("one"))).await;
    assert_eq!(
        asked.expect("nobody waits for a server that stands still"),
        None
    );
    until("it is no longer asked", async || {
        assert_eq!(tier.get(&key("one")).await, None);
        tier.breaker() != Breaker::Closed
    })
    .await;
    server.resume();
    until("it is found again", async || {
        tier.get(&key("one")).await.as_deref() == Some(&b"value"[..])
    })
    .await;
}

#[tokio::test]
async fn an_emptied_server_an_old_copy_and_foreign_values_are_answers() {
    let Some(mut server) = RedisServer::start("redis tier, emptied") else {
        return;
    };
    let tier = tier(vec![server.url()]).await;
    put(&tier, "one", b"old").await;
    let old = server.save();
    put(&tier, "one", b"new").await;
    server.flush();
    assert_eq!(tier.get(&key("one")).await, None);
    let text = key_text(&key("list"));
    let _ = server.ask(&[b"LPUSH", text.as_bytes(), b"not a string"]);
    assert_eq!(tier.get(&key("list")).await, None);
    assert_eq!(tier.breaker(), Breaker::Closed);
    server.restart_from(&old);
    until("the old copy is found", async || {
        tier.get(&key("one")).await.as_deref() == Some(&b"old"[..])
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_miss() {
    let nowhere = config(vec!["redis://127.0.0.1:1".to_owned()]);
    let tier = RedisTier::start(&nowhere).unwrap();
    assert_eq!(tier.get(&key("one")).await, None);
    tier.put(key("one"), b"value".to_vec(), Duration::from_mins(1));
    assert_eq!(tier.get_many(&[key("one")]).await, [None]);
    assert_ne!(tier.breaker(), Breaker::Closed);
}
