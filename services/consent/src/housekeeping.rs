//! What the service does beside answering calls.
//!
//! What it forgets is lost for good, and what it tells is told once: neither rests on this
//! instance's clock alone ([`SqlStore::believed`]).

use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::caller::CallerId;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use tokio_util::sync::CancellationToken;

use crate::app::{App, DueSettings};
use crate::config::NotificationsConfig;
use crate::error::Error;
use crate::store::sql::SqlStore;

/// How often some of the waiting grants are looked at.
const SETTLE_EVERY: Duration = Duration::from_mins(1);
/// How often answered requests and old changes are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// Gives waiting grants to the professionals whom the directory has learnt of, some
/// numbers a minute, until `shutdown`.
pub async fn settle_waiting_grants(
    app: Arc<App>,
    environment: Environment,
    own_name: CallerId,
    shutdown: CancellationToken,
) {
    let for_ever = async {
        let mut after = None;
        loop {
            let cx = RequestContext::for_service(&environment, own_name.clone());
            after = match app.settle_waiting_grants(&cx, after).await {
                Ok(last) => last,
                Err(error) => {
                    tracing::warn!(%error, "waiting grants were not settled");
                    after
                }
            };
            tokio::time::sleep(SETTLE_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
}

/// Tells what time alone brings about, and forgets old notifications, until `shutdown`.
pub async fn tell_what_is_due(
    app: Arc<App>,
    store: SqlStore,
    environment: Environment,
    own_name: CallerId,
    config: NotificationsConfig,
    shutdown: CancellationToken,
) {
    let settings = DueSettings {
        expiring_before: config.expiring_before.get(),
        kept_for: config.kept_for.get(),
    };
    let for_ever = async {
        loop {
            let cx = RequestContext::for_service(&environment, own_name.clone());
            match store.believed(cx.now).await {
                Ok(now) => tell_by(&app, &RequestContext { now, ..cx }, settings).await,
                Err(error) => tracing::warn!(%error, "what is due was not told"),
            }
            tokio::time::sleep(config.look_every.get()).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
}

async fn tell_by(app: &App, cx: &RequestContext, settings: DueSettings) {
    match app.tell_what_is_due(cx, settings).await {
        Ok(0) => {}
        Ok(told) => tracing::debug!(told, "people were told what is due"),
        Err(error) => tracing::warn!(%error, "what is due was not told"),
    }
    let horizon = cx.now.saturating_sub(settings.kept_for);
    if let Err(error) = app.forget_notifications(horizon).await {
        tracing::warn!(%error, "old notifications were not forgotten");
    }
}

/// Forgets requests answered longer than `kept_for` ago, and changes that no cache asks
/// for, until `shutdown`.
pub async fn forget(
    store: SqlStore,
    clock: Arc<dyn Clock>,
    kept_for: Duration,
    shutdown: CancellationToken,
) {
    let for_ever = async {
        loop {
            match forget_answered(&store, clock.now(), kept_for).await {
                Ok(forgotten) => tracing::debug!(forgotten, "answered requests were forgotten"),
                Err(error) => tracing::warn!(%error, "answered requests were not forgotten"),
            }
            if let Err(error) = store.forget_changes().await {
                tracing::warn!(%error, "old changes were not forgotten");
            }
            tokio::time::sleep(FORGET_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
}

async fn forget_answered(
    store: &SqlStore,
    now: Timestamp,
    kept_for: Duration,
) -> Result<u64, Error> {
    let now = store.believed(now).await?;
    store.forget_before(now.saturating_sub(kept_for)).await
}
