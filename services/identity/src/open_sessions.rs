//! How many sessions go on, for operators.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::Clock;
use tokio_util::sync::CancellationToken;

use crate::metrics::SessionMetrics;
use crate::store::Store;

/// How often they are counted: as often as metrics are usually read. Each time an index is
/// read from now on to its end, which holds those that go on and no others.
const COUNTED_EVERY: Duration = Duration::from_secs(15);

/// Shows how many sessions go on until `shutdown`. While the database does not answer the
/// last count stands.
pub async fn observe_open_sessions(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) {
    let metrics = SessionMetrics::new();
    let for_ever = async {
        loop {
            match store.open_sessions(clock.now()).await {
                Ok(open) => metrics.show(open),
                Err(error) => tracing::warn!(%error, "the open sessions were not counted"),
            }
            tokio::time::sleep(COUNTED_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
}
