//! Verifying tokens, as every service does with each call.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use aval_domain::id::SessionId;
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::token::{ClosedSessionList, ClosedSessionSource, ClosedSessionsUnavailable};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::bench::contender::SelfSigned;
use crate::bench::pki;
use crate::bench::spread::Spread;
use crate::language::say;
use crate::output::Rows;

/// As many sessions as are closed in ten minutes on a busy day.
const CLOSED: u32 = 10_000;
const ROUNDS: u32 = 5;
/// How often one token is verified in a round.
const AGAIN: u32 = 100_000;

/// The list of closed sessions, without the network that it comes over.
#[derive(Debug)]
struct KnownList(HashSet<SessionId>);

impl ClosedSessionSource for KnownList {
    fn fetch(&self) -> BoxFuture<'_, Result<ClosedSessionList, ClosedSessionsUnavailable>> {
        let list = ClosedSessionList {
            age: Duration::ZERO,
            sessions: self.0.clone(),
        };
        Box::pin(std::future::ready(Ok(list)))
    }
}

/// Verifies so many tokens once each, and one of them again and again.
pub(super) async fn measure(folder: &Path, tokens: u32) -> anyhow::Result<Rows> {
    let pki = pki::open(folder)?;
    let professional = SelfSigned::new(&pki::files(&pki, "records")?)?;
    let (now, random) = (SystemClock.now(), SystemRandom);
    let closed = (0..CLOSED).map(|_| SessionId::new(now, &random)).collect();
    let closed = Arc::new(KnownList(closed));
    let certificate = Some(professional.thumbprint());
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let verifier = professional.verifier();
        let verifier = verifier.with_closed_sessions(Arc::clone(&closed) as _);
        let issued: Vec<_> = (0..tokens).map(|_| professional.token()).collect();
        let begun = Instant::now();
        for token in &issued {
            verifier.verify(token, certificate).await?;
        }
        fresh.push(microseconds(begun.elapsed(), tokens));
        let token = professional.token();
        verifier.verify(&token, certificate).await?;
        let begun = Instant::now();
        for _ in 0..AGAIN {
            verifier.verify(&token, certificate).await?;
        }
        known.push(microseconds(begun.elapsed(), AGAIN));
    }
    let mut rows = Rows::new(vec![
        ("token", say("jeton", "token")),
        ("verified", say("vérifications", "verified")),
        ("median_us", say("µs (médiane)", "µs (median)")),
        ("lowest_us", say("µs au moins", "µs at least")),
        ("highest_us", say("µs au plus", "µs at most")),
    ]);
    rows.push(row("verified before", AGAIN * ROUNDS, known)?);
    rows.push(row("new", tokens * ROUNDS, fresh)?);
    Ok(rows)
}

fn row(token: &str, verified: u32, rounds: Vec<f64>) -> anyhow::Result<Vec<Value>> {
    let spread = Spread::of(rounds).context("nothing was measured")?;
    let [median, lowest, highest] = [spread.median, spread.lowest, spread.highest]
        .map(|value| (value * 1000.0).round() / 1000.0);
    Ok(vec![
        json!(token),
        json!(verified),
        json!(median),
        json!(lowest),
        json!(highest),
    ])
}

/// For each of so many.
fn microseconds(elapsed: Duration, count: u32) -> f64 {
    elapsed.as_secs_f64() * 1e6 / f64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tokens_are_verified_and_both_ways_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let rows = measure(folder.path(), 3).await.unwrap();
        let output = format!("{rows:?}");
        assert!(output.contains("verified before") && output.contains("new"));
    }
}
