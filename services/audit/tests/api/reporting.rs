//! `ReportOutbox`: a producer's sign of life.

use std::time::Duration;

use aval_audit::own_trail;
use aval_proto::audit::v1::{ListEventsRequest, ReportOutboxRequest, ReportOutboxResponse};
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, metadata, reason};

/// Makes a good report a bad one.
type Spoil = fn(&mut ReportOutboxRequest);

/// Later than a report that was overtaken can be.
const WELL_AFTER: Duration = Duration::from_secs(20);

/// Some instant.
const LONG_AGO: Option<Timestamp> = Some(Timestamp {
    seconds: 1_800_000_000,
    nanos: 0,
});

fn report(newest_sequence: u64, oldest_waiting_at: Option<Timestamp>) -> ReportOutboxRequest {
    ReportOutboxRequest {
        source: "consent".to_owned(),
        epoch: 1,
        newest_sequence,
        oldest_waiting_at,
    }
}

impl Stand {
    async fn report(&self, request: ReportOutboxRequest) -> Result<ReportOutboxResponse, Status> {
        let answer = self.trail("consent").report_outbox(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// Has the log grow by one event of audit's own. Those go one way, in their order: whatever
    /// it had to tell before stands there too then.
    async fn grows_by_a_reading_alone(&self, to: u64) {
        let reader = Person::Practitioner(practitioner_id());
        let request = ListEventsRequest::default();
        self.list(reader, request).await.unwrap();
        self.until_the_log_has(to).await;
    }

    async fn record_three(&self) {
        let events = [(); 3].map(|()| access(practitioner_id(), patient_id()));
        self.record(&events).await;
    }
}

fn assert_contradicts(refused: Result<ReportOutboxResponse, Status>, recorded: &str) {
    let status = refused.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "STATE_CONFLICT");
    let told = metadata(&status, "recorded_sequence");
    assert_eq!(told.as_deref(), Some(recorded));
}

#[tokio::test]
async fn a_report_is_answered_with_what_is_recorded_and_nothing_is_recorded_of_it() {
    let stand = Stand::start().await;
    assert_eq!(
        stand
            .report(report(0, None))
            .await
            .unwrap()
            .recorded_sequence,
        0
    );
    stand.record_three().await;
    for (newest, waits) in [(3, None), (3, LONG_AGO), (9, LONG_AGO)] {
        let answer = stand.report(report(newest, waits)).await;
        assert_eq!(answer.unwrap().recorded_sequence, 3);
    }
    let other_epoch = ReportOutboxRequest {
        epoch: 2,
        ..report(0, None)
    };
    assert_eq!(
        stand.report(other_epoch).await.unwrap().recorded_sequence,
        0
    );
    stand.grows_by_a_reading_alone(4).await;
}

#[tokio::test]
async fn a_report_that_is_behind_is_refused_and_raises_an_alert_once_it_is_said_again() {
    let stand = Stand::start().await;
    stand.record_three().await;
    for _ in 0..2 {
        assert_contradicts(stand.report(report(2, None)).await, "3");
    }
    stand.grows_by_a_reading_alone(4).await;
    // The alert becomes an entry of the log: one, however often it is said.
    for _ in 0..2 {
        stand.clock.advance(WELL_AFTER);
        assert_contradicts(stand.report(report(2, None)).await, "3");
    }
    stand.until_the_log_has(5).await;
    stand.grows_by_a_reading_alone(6).await;
}

#[tokio::test]
async fn a_report_that_was_overtaken_by_a_delivery_raises_none() {
    let stand = Stand::start().await;
    stand.record_three().await;
    for _ in 0..3 {
        assert_contradicts(stand.report(report(2, None)).await, "3");
        stand.clock.advance(WELL_AFTER);
        stand.report(report(3, None)).await.unwrap();
    }
    stand.grows_by_a_reading_alone(4).await;
}

#[tokio::test]
async fn what_was_acknowledged_and_is_not_there_is_missed_by_the_producer_s_report() {
    let stand = Stand::start().await;
    stand.record_three().await;
    assert_contradicts(stand.report(report(5, None)).await, "3");
    stand.clock.advance(WELL_AFTER);
    assert_contradicts(stand.report(report(5, None)).await, "3");
    stand.until_the_log_has(4).await;
}

#[tokio::test]
async fn a_producer_reports_of_its_own_outbox_alone() {
    let stand = Stand::start().await;
    for (caller, source) in [
        ("consent", "identity"),
        ("consent", own_trail::SOURCE),
        ("consent", ""),
        ("gateway", "gateway"),
        ("records", "consent"),
        ("operator", "consent"),
    ] {
        let request = ReportOutboxRequest {
            source: source.to_owned(),
            ..report(0, None)
        };
        let refused = stand.trail(caller).report_outbox(request).await;
        let status = refused.unwrap_err();
        assert_eq!(
            reason(&status),
            "CALLER_NOT_ALLOWED",
            "{caller} as {source}"
        );
    }
    let person = Person::Practitioner(practitioner_id());
    let request = stand.request(report(0, None), "consent", person);
    let refused = stand.trail("consent").report_outbox(request).await;
    assert_eq!(reason(&refused.unwrap_err()), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn a_malformed_report_names_its_fields() {
    let stand = Stand::start().await;
    let cases: [(Spoil, &str); 4] = [
        (|r| r.epoch = 0, "epoch"),
        (|r| r.epoch = 1 << 63, "epoch"),
        (|r| r.newest_sequence = 1 << 63, "newest_sequence"),
        (
            |r| r.oldest_waiting_at.as_mut().unwrap().nanos = -1,
            "oldest_waiting_at",
        ),
    ];
    for (spoil, field) in cases {
        let mut request = report(0, LONG_AGO);
        spoil(&mut request);
        let status = stand.report(request).await.unwrap_err();
        assert_eq!(reason(&status), "FIELD_INVALID", "{field}");
        assert_eq!(fields(&status), [field]);
    }
}
