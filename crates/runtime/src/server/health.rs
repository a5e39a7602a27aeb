//! What `grpc.health.v1` says of the services while they are served.
//!
//! The empty name is the server: it serves until it drains, whatever becomes of its database,
//! unless it must be started again, as `/live` of the ops listener says. The name of a service is
//! whether calls to it can be answered, as `/ready`.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::condition::Condition;

/// So often it is asked whether the service can work.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After so many times in a row that it could not, it says so. Once may be a pool whose
/// connections are all at work.
const FAILURES: u32 = 2;

/// Says of these services what their condition is; returns never.
pub(super) async fn follow(
    health: HealthReporter,
    services: Vec<&'static str>,
    condition: Condition,
) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = Said::default();
    loop {
        looks.tick().await;
        if !condition.is_alive() {
            // For good: nobody need look again.
            say(&health, &services, false).await;
            say(&health, &[""], false).await;
            return std::future::pending().await;
        }
        let is_ready = condition.is_ready().await;
        let Some(serving) = said.after(is_ready) else {
            continue;
        };
        if serving {
            tracing::info!("the service can work again: health says so");
        } else {
            tracing::warn!("the service cannot work, and health says so");
        }
        say(&health, &services, serving).await;
    }
}

/// Says the same of all of these.
pub(super) async fn say(health: &HealthReporter, services: &[&str], serving: bool) {
    let status = if serving {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    for name in services {
        health.set_service_status(name, status).await;
    }
}

/// What was said last, and how often it was not so since.
#[derive(Debug, Default)]
struct Said {
    failures: u32,
}

impl Said {
    /// What is to be said now, if it is something else than before.
    fn after(&mut self, is_ready: bool) -> Option<bool> {
        let before = self.failures;
        self.failures = if is_ready {
            0
        } else {
            before.saturating_add(1).min(FAILURES)
        };
        let (was_serving, serving) = (before < FAILURES, self.failures < FAILURES);
        (was_serving != serving).then_some(serving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_failures_in_a_row_are_said_once_and_the_first_success_at_once() {
        let mut said = Said::default();
        let ready = [
            true, false, true, false, false, false, false, true, true, false,
        ];
        let says: Vec<_> = ready.map(|is_ready| said.after(is_ready)).into();
        let mut expected = [None; 10];
        expected[4] = Some(false);
        expected[7] = Some(true);
        assert_eq!(says, expected);
    }
}
