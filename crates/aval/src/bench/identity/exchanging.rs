//! `ExchangeToken`, beside what the provider takes for the questions that it rests on.

use std::time::{Duration, Instant};

use anyhow::Context;
use aval_testing::provider::Realm;
use serde_json::{Value, json};

use crate::bench::people::People;
use crate::bench::spread::Spread;
use crate::demo::request_id;
use crate::language::say;
use crate::output::Rows;
use crate::stack::Stack;

/// The first ones open connections.
const UNCOUNTED: u32 = 5;

/// Signs a doctor in so many times, one after the other. Before each exchange the provider
/// is asked the same two questions directly: whether the access token is alive, and whose
/// it is.
pub(super) async fn measure(
    stack: &Stack,
    people: &People,
    exchanges: u32,
) -> anyhow::Result<Rows> {
    let (software, provider) = (stack.software("records")?, stack.provider_client()?);
    let realm = Realm::Professionals;
    let endpoint = |name: &str| stack.provider().endpoint_url(realm, name);
    let (sign_in, introspect) = (stack.token_endpoint(realm), endpoint("token/introspect"));
    let user_info = endpoint("userinfo");
    let (mut alone, mut whole, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..exchanges + UNCOUNTED {
        let nonce = request_id();
        let tokens = provider.sign_in(&sign_in, &people.doctor_account, &nonce, &[]);
        let tokens = tokens.await?;
        let begun = Instant::now();
        provider.introspect(&introspect, &tokens).await?;
        provider.user_info(&user_info, &tokens).await?;
        let provider_took = begun.elapsed();
        let request = tokens.as_practitioner("");
        let begun = Instant::now();
        let answer = software.sessions().exchange_token(request).await;
        answer.context("the doctor is not signed in")?;
        let took = begun.elapsed();
        if number >= UNCOUNTED {
            alone.push(milliseconds(provider_took));
            whole.push(milliseconds(took));
            beyond.push(milliseconds(took) - milliseconds(provider_took));
        }
    }
    let mut rows = Rows::new(vec![
        ("what", say("quoi", "what")),
        ("median_ms", say("ms (médiane)", "ms (median)")),
        ("lowest_ms", say("ms au moins", "ms at least")),
        ("highest_ms", say("ms au plus", "ms at most")),
    ]);
    rows.push(row("the provider alone", alone)?);
    rows.push(row("ExchangeToken", whole)?);
    rows.push(row("beyond the provider", beyond)?);
    Ok(rows)
}

fn row(what: &str, values: Vec<f64>) -> anyhow::Result<Vec<Value>> {
    let spread = Spread::of(values).context("nothing was measured")?;
    let [median, lowest, highest] =
        [spread.median, spread.lowest, spread.highest].map(|value| (value * 100.0).round() / 100.0);
    Ok(vec![
        json!(what),
        json!(median),
        json!(lowest),
        json!(highest),
    ])
}

fn milliseconds(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1e3
}
