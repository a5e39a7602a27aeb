//! A record begins to exist, or is opened again.

use std::collections::BTreeMap;

use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::{PatientId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use crate::error::Error;
use crate::record::Record;
use crate::store::{Change, Write};

/// The platform's services that may open a record without its patient: whoever
/// registers patients.
const PLATFORM: [&str; 3] = ["gateway", "records", "operator"];

/// What is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct OpenRecord {
    /// Whose record.
    pub patient_id: PatientId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Opens the record of the patient who asks, or, for a service of the platform,
    /// of anybody. An open one stays as it is. What the patient closed opens for nobody but
    /// who asks as the patient.
    #[tracing::instrument(name = "consent.open_record", skip_all)]
    pub async fn open_record(
        &self,
        cx: &RequestContext,
        command: OpenRecord,
    ) -> Result<Record, Error> {
        if cx.actor.is_some() {
            cx.patient_owning(command.patient_id)?;
            self.may_open(cx)?;
        } else {
            cx.service_caller(&PLATFORM)?;
        }
        let write = Write::new(cx, "consent.open_record", command.request_id, &command);
        let open = |present: &Option<Record>| {
            let is_closed = present.as_ref().is_some_and(|record| !record.is_open());
            if is_closed && cx.actor.is_none() {
                return Err(Error::RecordUnavailable);
            }
            let (kind, opened) = match present {
                None => {
                    let opened = Record::opened(command.patient_id, cx.now);
                    (EventKind::RecordOpened, Some(opened))
                }
                Some(present) => (EventKind::RecordReopened, present.reopen()),
            };
            Ok(opened.map(|value| record_change(cx, kind, present.as_ref(), value)))
        };
        self.store
            .change_record(&write, command.patient_id, &open)
            .await
    }
}

/// A record's change and the event that tells of it.
pub(super) fn record_change(
    cx: &RequestContext,
    kind: EventKind,
    before: Option<&Record>,
    after: Record,
) -> Change<Record> {
    let event = Event {
        patient_id: Some(after.patient_id),
        before: before.map_or_else(BTreeMap::new, Record::trail_fields),
        after: after.trail_fields(),
        ..cx.event(kind, Outcome::Success)
    };
    Change {
        value: after,
        event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;

    #[tokio::test]
    async fn opening_an_open_record_answers_the_same_and_tells_nothing() {
        let fixture = Fixture::new().await;
        let again = OpenRecord {
            patient_id: fixture.patient,
            request_id: fixture.request_id(),
        };
        let record = fixture
            .app
            .open_record(&fixture.as_patient(), again)
            .await
            .unwrap();
        assert!(record.is_open());
        assert_eq!(fixture.events_of(EventKind::RecordOpened).await, 1);
        assert_eq!(fixture.events_of(EventKind::RecordReopened).await, 0);
    }

    #[tokio::test]
    async fn a_closed_record_is_reopened_with_its_past() {
        let fixture = Fixture::new().await;
        let grant = fixture.grant_to_doctor().await;
        fixture.close_record().await;
        let again = OpenRecord {
            patient_id: fixture.patient,
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .open_record(&fixture.as_patient(), again)
            .await
            .unwrap();
        assert_eq!(fixture.events_of(EventKind::RecordReopened).await, 1);
        let cx = fixture.as_patient();
        let shown = fixture.app.get_grant(&cx, grant.grant_id).await;
        assert_eq!(shown.unwrap().grant, grant);
    }

    #[tokio::test]
    async fn a_record_that_its_patient_closed_is_reopened_by_them_and_by_no_service() {
        let fixture = Fixture::new().await;
        let command = || OpenRecord {
            patient_id: fixture.patient,
            request_id: fixture.request_id(),
        };
        let open = fixture
            .app
            .open_record(&fixture.as_service("records"), command())
            .await;
        assert!(open.unwrap().is_open());
        fixture.close_record().await;
        for service in PLATFORM {
            let cx = fixture.as_service(service);
            let refused = fixture.app.open_record(&cx, command()).await;
            assert!(matches!(refused, Err(Error::RecordUnavailable)));
        }
        let cx = fixture.as_patient();
        let settings = fixture.app.get_record_settings(&cx, fixture.patient).await;
        assert!(!settings.unwrap().is_open());
        assert_eq!(fixture.events_of(EventKind::RecordReopened).await, 0);
        let reopened = fixture
            .app
            .open_record(&fixture.as_patient(), command())
            .await;
        assert!(reopened.unwrap().is_open());
    }

    #[tokio::test]
    async fn a_service_of_the_platform_opens_a_record_and_other_software_does_not() {
        let fixture = Fixture::new().await;
        let command = || OpenRecord {
            patient_id: fixture.other_patient,
            request_id: fixture.request_id(),
        };
        let denied = fixture
            .app
            .open_record(&fixture.as_service("software/x"), command())
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let denied = fixture
            .app
            .open_record(&fixture.as_doctor(), command())
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        let opened = fixture
            .app
            .open_record(&fixture.as_service("records"), command())
            .await;
        assert!(opened.unwrap().is_open());
    }
}
