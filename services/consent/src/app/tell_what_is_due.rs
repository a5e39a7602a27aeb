//! What time alone brings about is told too.

use std::time::Duration;

use aval_domain::time::Timestamp;
use aval_runtime::context::RequestContext;

use super::App;
use crate::error::Error;
use crate::inbox::Due;

/// How many rows one transaction looks at.
const AT_ONCE: u64 = 200;

/// How long before and after an end it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueSettings {
    /// How long before its end an authorisation is about to end.
    pub expiring_before: Duration,
    /// What ended longer ago than this is not told any more.
    pub kept_for: Duration,
}

impl App {
    /// Tells of authorisations that are about to end or have ended, and of documents
    /// withheld for two weeks; and says how many. Several replicas may do it at once,
    /// or again: each is told once.
    #[tracing::instrument(name = "consent.tell_what_is_due", skip_all)]
    pub async fn tell_what_is_due(
        &self,
        cx: &RequestContext,
        settings: DueSettings,
    ) -> Result<u64, Error> {
        let mut all = 0;
        for due in [
            Due::Expiring {
                within: settings.expiring_before,
            },
            Due::Expired {
                since: cx.now.saturating_sub(settings.kept_for),
            },
            Due::Withheld,
        ] {
            loop {
                let told = self.inboxes.tell_due(due, cx.now, AT_ONCE).await?;
                all += told;
                if told < AT_ONCE {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Forgets the notifications made before `horizon`, and says how many.
    pub async fn forget_notifications(&self, horizon: Timestamp) -> Result<u64, Error> {
        self.inboxes.forget_notifications(horizon).await
    }
}
