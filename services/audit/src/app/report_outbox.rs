//! A producer says how its outbox stands.

use aval_database::outbox::Report;
use aval_runtime::context::RequestContext;

use super::{App, may_append};
use crate::error::Error;
use crate::hearing::Contradiction;

impl App {
    /// Remembers that this producer was heard and what it said, then says the highest
    /// sequence recorded of this source and epoch. Nothing is written.
    ///
    /// What does not fit what is recorded is refused, and raises an alert once it is certain:
    /// the trail is not complete, or will not be.
    pub async fn report_outbox(&self, cx: &RequestContext, report: Report) -> Result<u64, Error> {
        may_append(cx, &report.source)?;
        self.hearing.heard(&report.source);
        let (source, epoch) = (report.source.as_str(), report.epoch);
        // As the database has it: this instance may not be the one that writes.
        let recorded = self.store.last_sequence(source, epoch).await?;
        let Some(contradiction) = Contradiction::of(&report, recorded) else {
            self.hearing.reported(&report);
            return Ok(recorded);
        };
        if self.hearing.contradicted(&report) {
            let problem = contradiction.to_string();
            self.alert(cx, source, epoch, report.newest_sequence, &problem)
                .await;
        }
        Err(contradiction.into())
    }
}
