//! The shared tier in Redis: a single server, or a cluster.
//!
//! Nothing is asked of it but to be fast. Values are read by GET and MGET and stored by
//! SET with an expiry; there are no transactions, no scripts, no messages, and nothing
//! that a failover could break. A check waits for an answer for
//! [`RedisConfig::answer_timeout`] and then goes to the database.
//!
//! While Redis fails, nobody waits for it: the circuit opens, every read is a miss,
//! and a task of this tier's own tries from time to time whether it answers again, over
//! a connection that is new.

mod circuit;
mod config;
mod link;
mod metrics;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use redis::{Cmd, FromRedisValue};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::shared::{EntryKey, SharedTier};
use circuit::{Circuit, Gone};
use link::{Link, Server};
use metrics::{Metrics, Outcome};

pub use circuit::Breaker;
pub use config::{RedisConfig, RedisConfigError};

/// What every key begins with: whose it is, and the version of the layout.
const KEY_PREFIX: &str = "aval:1:";

/// Entries in Redis.
pub struct RedisTier {
    inner: Arc<Inner>,
    _keeper: AbortOnDropHandle<()>,
}

struct Inner {
    config: RedisConfig,
    circuit: Circuit<Link>,
    /// One for each entry that may be on its way to Redis.
    puts: Arc<Semaphore>,
    metrics: Metrics,
}

impl RedisTier {
    /// A tier in the servers that the configuration names; they need not be there yet.
    /// To be called where tasks can be started.
    pub fn start(config: &RedisConfig) -> Result<Self, RedisConfigError> {
        let server = Server::of(config)?;
        if config.is_exposed() {
            tracing::warn!(
                "the way to Redis is not protected (cache.redis.insecure_network): whoever is on \
                 it reads what is asked; for development only"
            );
        }
        let inner = Arc::new(Inner {
            circuit: Circuit::new(config.failures_to_open),
            puts: Arc::new(Semaphore::new(config.most_puts)),
            metrics: Metrics::new(),
            config: config.clone(),
        });
        let keeper = tokio::spawn(keep_connected(Arc::clone(&inner), server));
        Ok(Self {
            inner,
            _keeper: AbortOnDropHandle::new(keeper),
        })
    }

    /// Whether Redis is asked at present.
    #[must_use]
    pub fn breaker(&self) -> Breaker {
        self.inner.circuit.breaker()
    }
}

impl SharedTier for RedisTier {
    fn get<'a>(&'a self, key: &'a EntryKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let command = redis::cmd("GET").arg(key_text(key)).take();
            let value: Option<Option<Vec<u8>>> = self.inner.read(&command).await;
            self.inner.count_found(value.iter());
            value.flatten()
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [EntryKey]) -> BoxFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async move {
            let mut command = redis::cmd("MGET");
            for key in keys {
                command.arg(key_text(key));
            }
            let values: Option<Vec<Option<Vec<u8>>>> = match keys {
                [] => None,
                _ => self.inner.read(&command).await,
            };
            let values = values.filter(|values| values.len() == keys.len());
            self.inner.count_found(values.iter().flatten());
            values.unwrap_or_else(|| vec![None; keys.len()])
        })
    }

    fn put(&self, key: EntryKey, value: Vec<u8>, expires_in: Duration) {
        let expires_in = expires_in.min(self.inner.config.longest_expiry.get());
        let Ok(millis @ 1..) = u64::try_from(expires_in.as_millis()) else {
            return;
        };
        let Ok(permit) = Arc::clone(&self.inner.puts).try_acquire_owned() else {
            self.inner.metrics.wrote(Outcome::Dropped);
            return;
        };
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let mut command = redis::cmd("SET");
            command.arg(key_text(&key)).arg(value).arg("PX").arg(millis);
            let outcome = match inner.ask::<()>(&command).await {
                Ok(()) => Outcome::Done,
                Err(outcome) => outcome,
            };
            inner.metrics.wrote(outcome);
            drop(permit);
        });
    }
}

impl Inner {
    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Option<T> {
        self.ask(command)
            .await
            .map_err(|outcome| self.metrics.read(outcome, 1))
            .ok()
    }

    fn count_found<'a>(&self, values: impl Iterator<Item = &'a Option<Vec<u8>>>) {
        let (mut hits, mut misses) = (0, 0);
        for value in values {
            *(if value.is_some() {
                &mut hits
            } else {
                &mut misses
            }) += 1;
        }
        self.metrics.read(Outcome::Done, hits);
        self.metrics.read(Outcome::Missed, misses);
    }

    /// Asks Redis, and tells the circuit how it went.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Outcome> {
        let (number, link) = self.circuit.link().ok_or(Outcome::NotAsked)?;
        let answer = tokio::time::timeout(
            self.config.answer_timeout.get(),
            Box::pin(link.ask(command)),
        );
        match answer.await {
            Ok(Ok(value)) => {
                self.circuit.answered(number);
                Ok(value)
            }
            // Somebody wrote something else under the key: an answer all the same.
            Ok(Err(error)) if error.code() == Some("WRONGTYPE") => {
                self.circuit.answered(number);
                Err(Outcome::Failed)
            }
            Ok(Err(error)) => {
                self.circuit.failed(number, link.is_gone(&error));
                Err(Outcome::Failed)
            }
            Err(_) => {
                self.circuit.failed(number, Gone::Perhaps);
                Err(Outcome::TimedOut)
            }
        }
    }
}

/// Connects, and connects anew each time the circuit opened.
async fn keep_connected(inner: Arc<Inner>, server: Server) {
    let mut was_told = false;
    loop {
        inner.circuit.try_again();
        inner.metrics.breaker(Breaker::HalfOpen);
        let connecting = Box::pin(server.connect());
        match tokio::time::timeout(inner.config.connect_timeout.get(), connecting).await {
            Ok(Ok(link)) => {
                was_told = false;
                inner.circuit.close(link);
                inner.metrics.breaker(Breaker::Closed);
                tracing::info!("redis answers");
                inner.circuit.until_open().await;
                tracing::warn!("redis fails: checks go on without it");
            }
            Ok(Err(error)) if !was_told => {
                was_told = true;
                tracing::warn!(%error, "redis cannot be reached: checks go on without it");
            }
            Err(_) if !was_told => {
                was_told = true;
                tracing::warn!("redis does not answer in time: checks go on without it");
            }
            Ok(Err(_)) | Err(_) => {}
        }
        inner.circuit.give_up();
        inner.metrics.breaker(Breaker::Open);
        tokio::time::sleep(inner.config.retry_after.get()).await;
    }
}

fn key_text(key: &EntryKey) -> String {
    let mut text = KEY_PREFIX.to_owned();
    URL_SAFE_NO_PAD.encode_string(key.as_bytes(), &mut text);
    text
}

impl fmt::Debug for RedisTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTier")
            .field("breaker", &self.breaker())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
