//! Producers who deliver as fast as they are acknowledged, and somebody who looks at the log.

use std::sync::Arc;
use std::time::Duration;

use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use tokio::task::JoinSet;

use crate::ledger::OpenLedger;
use crate::log;
use crate::program::Site;

/// How many events are in a delivery, by turns.
const SIZES: [usize; 4] = [1, 5, 1, 40];
/// How long somebody waits who was not answered, or who only looks.
const BREATH: Duration = Duration::from_millis(10);

/// Everybody is busy until this is dropped.
pub(crate) fn begins(site: &Site, ledger: &Arc<OpenLedger>) -> JoinSet<()> {
    let mut everybody = JoinSet::new();
    for producer in 0..ledger.producers.len() {
        let trail = TrailServiceClient::new(site.channel("consent"));
        everybody.spawn(delivers(trail, ledger.clone(), producer));
    }
    everybody.spawn(looks(site.channel("operator"), ledger.clone()));
    everybody
}

async fn delivers(
    mut trail: TrailServiceClient<aval_runtime::channel::Channel>,
    ledger: Arc<OpenLedger>,
    producer: usize,
) {
    let producer = &ledger.producers[producer];
    for size in SIZES.into_iter().cycle() {
        let delivery = producer.lock().unwrap().next(size);
        match trail.append_events(delivery).await {
            Ok(answer) => {
                let acknowledged = answer.into_inner().acknowledged_sequence;
                let is_all = producer.lock().unwrap().is_answered(acknowledged);
                assert!(is_all, "a delivery is acknowledged whole");
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

async fn looks(channel: aval_runtime::channel::Channel, ledger: Arc<OpenLedger>) {
    loop {
        if let Ok(note) = log::newest(&channel).await {
            let checkpoint = log::unverified(&note);
            *ledger.shown.lock().unwrap() = Some(checkpoint);
        }
        tokio::time::sleep(BREATH).await;
    }
}
