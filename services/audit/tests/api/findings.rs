//! `WatchFindings`: what patients who ask for it are told, from any place of the log on.

use aval_domain::event::{Actor, Event, EventDocument, EventKind, Subject};
use aval_domain::id::{DocumentId, PatientId};
use aval_proto::audit::v1::watch_findings_response::Item;
use aval_proto::audit::v1::{Finding, UnusualKind, WatchFindingsRequest, WatchFindingsResponse};
use tonic::{Code, Status, Streaming};

use crate::deeds::{access, delivery};
use crate::people::{patient_id, practitioner_id};
use crate::professionals::told;
use crate::stand::{PATIENCE, Stand, fields, reason};
use crate::unusual::{emergency, of_last_week, refused};

type Told = Streaming<WatchFindingsResponse>;

impl Stand {
    async fn follow(&self, cursor: &str) -> Result<Told, Status> {
        let request = WatchFindingsRequest {
            cursor: cursor.to_owned(),
        };
        let answer = self.findings("consent").watch_findings(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

async fn next(told: &mut Told) -> (Item, String) {
    let item = tokio::time::timeout(PATIENCE, told.message()).await;
    let item = item.expect("something is told").unwrap().unwrap();
    (item.item.unwrap(), item.cursor)
}

/// Everything up to the sign of life that there is nothing more, and where that is.
async fn all(told: &mut Told) -> (Vec<(Finding, String)>, String) {
    let mut found = Vec::new();
    loop {
        match next(told).await {
            (Item::Finding(finding), cursor) => found.push((finding, cursor)),
            (Item::HeartbeatAt(_), cursor) => return (found, cursor),
        }
    }
}

#[tokio::test]
async fn what_is_found_is_told_once_from_each_cursor_on_also_after_a_restart() {
    let mut stand = Stand::with_auditor().await;
    let (anne, bruno) = (patient_id(), patient_id());
    let (doctor, stranger) = (practitioner_id(), practitioner_id());
    let tried = [refused(stranger, anne), refused(stranger, bruno)];
    let events = [access(doctor, anne), tried[0].clone(), tried[1].clone()];
    let mut open = stand.follow("start").await.unwrap();
    let (nothing, _) = all(&mut open).await;
    assert!(nothing.is_empty());
    stand.record(&events).await;
    // Whoever watches is told as the log takes it.
    let (found, end) = all(&mut open).await;
    drop(open);
    assert_eq!(found.len(), 2);
    for ((finding, _), (event, patient)) in found.iter().zip(tried.iter().zip([anne, bruno])) {
        assert_eq!(finding.kind(), UnusualKind::FirstAccessWithoutRelation);
        assert_eq!(finding.event_id, event.event_id.to_string());
        assert_eq!(finding.patient_id, patient.to_string());
        assert_eq!(finding.practitioner_id, stranger.to_string());
    }
    // The auditor's list has the same under the same names.
    let mut listed = stand.unusual(of_last_week()).await.unwrap().accesses;
    listed.sort_by(|one, other| one.event_ids.cmp(&other.event_ids));
    let mut named: Vec<_> = found.iter().map(|(one, _)| one.clone()).collect();
    named.sort_by(|one, other| one.event_id.cmp(&other.event_id));
    let listed = listed.iter().map(|one| &one.unusual_id);
    assert!(listed.eq(named.iter().map(|one| &one.finding_id)));

    stand.stop().await;
    stand.start_again().await;
    for (from, rest) in [
        ("start", &found[..]),
        (&found[0].1, &found[1..]),
        (&end, &[]),
    ] {
        let mut again = stand.follow(from).await.unwrap();
        assert_eq!(all(&mut again).await.0, rest, "{from}");
    }
}

/// The patient hides the document of every access here from who represents them.
fn hidden_from_representatives(patient_id: PatientId) -> Event {
    let mut event = access(practitioner_id(), patient_id);
    (event.kind, event.decision) = (EventKind::MaskSet, None);
    event.actor = Actor::Patient { patient_id };
    event.subject = Some(Subject::new("document", &event.documents[0].id));
    event.documents.clear();
    let hides = "hidden_from_representatives".to_owned();
    event.after = [("visibility".to_owned(), hides)].into();
    event
}

#[tokio::test]
async fn it_is_told_of_what_is_found_whether_representatives_may_know() {
    let stand = Stand::start().await;
    let (anne, bruno) = (patient_id(), patient_id());
    let of_secrets = refused(practitioner_id(), anne);
    let mut explained = refused(practitioner_id(), anne);
    explained.documents.push(EventDocument {
        id: DocumentId::parse("1.2.250.1.999^open").unwrap(),
        ..explained.documents[0].clone()
    });
    let events = [
        of_secrets,
        explained,
        emergency(practitioner_id(), anne),
        refused(practitioner_id(), bruno),
        hidden_from_representatives(anne),
    ];
    stand.record(&events).await;
    let withheld = async || {
        let (found, _) = all(&mut stand.follow("start").await.unwrap()).await;
        let found = found.into_iter();
        let told = found.map(|(one, _)| (one.event_id, one.withheld_from_representatives));
        told.collect::<Vec<_>>()
    };
    let of_first = |expected| {
        let expected = [expected, false, false, false];
        let ids = events.iter().map(|event| event.event_id.to_string());
        ids.zip(expected).collect::<Vec<_>>()
    };
    assert_eq!(withheld().await, of_first(true));
    // As the log says when it is told: the document is shown by now.
    let mut shown = hidden_from_representatives(anne);
    shown.kind = EventKind::MaskRemoved;
    shown.before = std::mem::take(&mut shown.after);
    let next = delivery("consent", 6, &[shown]);
    stand.trail("consent").append_events(next).await.unwrap();
    assert_eq!(withheld().await, of_first(false));
}

#[tokio::test]
async fn one_human_with_two_numbers_comes_for_the_first_time_once() {
    let stand = Stand::with_auditor().await;
    let (old, new, anne) = (practitioner_id(), practitioner_id(), patient_id());
    let tried = [refused(old, anne), refused(new, anne)];
    stand.record(&tried).await;
    let list = async || stand.unusual(of_last_week()).await.unwrap().accesses;
    assert_eq!(list().await.len(), 2);
    let merged = [told(EventKind::DirectoryPractitionersMerged, old, new)];
    let merged = delivery("practitioner-directory", 1, &merged);
    let mut trail = stand.trail("practitioner-directory");
    trail.append_events(merged).await.unwrap();
    let listed = list().await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].practitioner_id, new.to_string());
    assert_eq!(listed[0].event_ids, [tried[0].event_id.to_string()]);
    // Under whichever number somebody asks.
    for by in [old, new] {
        let mut request = of_last_week();
        request.practitioner_id = by.to_string();
        let theirs = stand.unusual(request).await.unwrap().accesses;
        assert_eq!(theirs, listed, "{by}");
    }
    let (found, _) = all(&mut stand.follow("").await.unwrap()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0.finding_id, listed[0].unusual_id);
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused() {
    let stand = Stand::start().await;
    for cursor in ["x", "1", "-1.0", "1.2.3"] {
        let refused = stand.follow(cursor).await.unwrap_err();
        assert_eq!(fields(&refused), ["cursor"], "{cursor}");
    }
    // The log is not that long, or was restored.
    for cursor in ["1000.0", "0.1"] {
        let refused = stand.follow(cursor).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID", "{cursor}");
    }
}

#[tokio::test]
async fn so_many_follow_at_once_and_whoever_goes_leaves_a_place() {
    let stand = Stand::start().await;
    let mut following = Vec::new();
    for _ in 0..32 {
        following.push(stand.follow("").await.unwrap());
    }
    let refused = stand.follow("").await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused), "OVERLOADED");
    following.pop();
    let freed = async {
        while stand.follow("").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let freed = tokio::time::timeout(PATIENCE, freed).await;
    freed.expect("the place is given back");
}
