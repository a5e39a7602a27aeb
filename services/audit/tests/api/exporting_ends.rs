//! How a file ends before its end, and that nobody is harmed by another's.

use std::time::Duration;

use aval_audit::config::WatchConfig;
use aval_proto::audit::v1::{ExportEventsRequest, ExportEventsResponse, ExportFormat};
use tonic::{Code, Status, Streaming};

use crate::people::{Person, patient_id};
use crate::stand::{PATIENCE, Stand, reason};
use crate::watching::accesses;

/// More than what waits for a reader on both sides together.
const EVENTS: usize = 3_000;

type Pieces = Streaming<ExportEventsResponse>;

impl Stand {
    /// Asks for a file, and reads its first piece.
    async fn begun(&self, person: Person, seconds: i64) -> Result<Pieces, Status> {
        let request = ExportEventsRequest {
            format: ExportFormat::Receipts.into(),
            ..ExportEventsRequest::default()
        };
        let request = self.request_for(seconds, request, "gateway", person);
        let answer = self.trail("gateway").export_events(request).await?;
        let mut pieces = answer.into_inner();
        pieces.message().await?.expect("a first piece");
        Ok(pieces)
    }
}

/// Reads on, to the end.
async fn end(mut pieces: Pieces) -> Result<(), Status> {
    let read = async {
        while pieces.message().await?.is_some() {}
        Ok(())
    };
    tokio::time::timeout(PATIENCE, read).await.expect("it ends")
}

#[tokio::test]
async fn a_file_ends_with_its_token() {
    let stand = Stand::start().await;
    let me = patient_id();
    stand.record(&accesses(EVENTS, me)).await;
    let pieces = stand.begun(Person::Patient(me), 3).await.unwrap();
    // Clocks may differ by two seconds.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let status = end(pieces).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_file_ends_when_the_service_stops() {
    let mut stand = Stand::start().await;
    let me = patient_id();
    stand.record(&accesses(EVENTS, me)).await;
    let pieces = stand.begun(Person::Patient(me), 300).await.unwrap();
    let ended = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        end(pieces).await
    };
    let (ended, ()) = tokio::join!(ended, stand.stop());
    let status = ended.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");
}

#[tokio::test]
async fn one_reader_has_not_all_files_written() {
    let stand = Stand::start_with(WatchConfig {
        most_exports: 2,
        most_exports_per_reader: 1,
        ..WatchConfig::default()
    })
    .await;
    let (me, other) = (patient_id(), patient_id());
    let events = [accesses(EVENTS, me), accesses(1, other)].concat();
    stand.record(&events).await;
    let mine = stand.begun(Person::Patient(me), 300).await.unwrap();
    let status = stand.begun(Person::Patient(me), 300).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    let theirs = stand.begun(Person::Patient(other), 300).await.unwrap();
    end(theirs).await.unwrap();
    end(mine).await.unwrap();
}

#[tokio::test]
async fn who_does_not_read_a_file_keeps_no_place() {
    let stand = Stand::start_with(WatchConfig {
        slowest_reader: Duration::from_secs(1).into(),
        most_exports: 1,
        ..WatchConfig::default()
    })
    .await;
    let me = patient_id();
    stand.record(&accesses(EVENTS, me)).await;
    let me = Person::Patient(me);
    let sleeper = stand.begun(me, 300).await.unwrap();
    let status = stand.begun(me, 300).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    let freed = async {
        loop {
            if let Ok(pieces) = stand.begun(me, 300).await {
                return pieces;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let reader = tokio::time::timeout(PATIENCE, freed).await;
    end(reader.expect("the place is given back")).await.unwrap();
    let status = end(sleeper).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
}
