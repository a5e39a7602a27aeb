//! Waiting for what must happen, and not for a time to pass.

use std::time::{Duration, Instant};

/// How long a busy machine may take before something counts as not happening.
const BOUND: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to be seen.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < BOUND, "it did not happen: {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
