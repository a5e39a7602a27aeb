//! `AppendEvents`.

use aval_audit::own_trail;
use aval_domain::event::Event;
use aval_proto::audit::v1::event_actor::Actor;
use aval_proto::audit::v1::{AppendEventsRequest, EventActor, ListEventsRequest};
use tonic::Code;

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{PATIENCE, Stand, fields, metadata, reason};

/// Makes a good delivery a bad one.
type Spoil = fn(&mut AppendEventsRequest);

fn accesses(count: usize) -> Vec<Event> {
    let patient = patient_id();
    let access = || access(practitioner_id(), patient);
    std::iter::repeat_with(access).take(count).collect()
}

#[tokio::test]
async fn delivering_again_is_harmless() {
    let stand = Stand::start().await;
    let mut trail = stand.trail("consent");
    let events = accesses(3);
    for (count, expected) in [(2, 2), (2, 2), (3, 3), (1, 3)] {
        let answer = trail
            .append_events(delivery("consent", 1, &events[..count]))
            .await;
        let acknowledged = answer.unwrap().into_inner().acknowledged_sequence;
        assert_eq!(acknowledged, expected);
    }
    let Some(patient) = events[0].patient_id else {
        panic!("the events concern a patient");
    };
    let request = stand.request(
        ListEventsRequest::default(),
        "gateway",
        Person::Patient(patient),
    );
    let page = stand
        .trail("gateway")
        .list_events(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.events.len(), 3);
}

#[tokio::test]
async fn a_hole_is_refused_with_the_expected_sequence_and_raises_an_alert() {
    let stand = Stand::start().await;
    let mut trail = stand.trail("consent");
    let events = accesses(3);
    trail
        .append_events(delivery("consent", 1, &events[..1]))
        .await
        .unwrap();
    for _ in 0..2 {
        let refused = trail
            .append_events(delivery("consent", 3, &events[2..]))
            .await;
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "STATE_CONFLICT");
        assert_eq!(metadata(&status, "expected_sequence").as_deref(), Some("2"));
    }
    // The alert becomes an entry of the log: one, however often the hole is shown.
    stand.until_the_log_has(2).await;
    trail
        .append_events(delivery("consent", 2, &events[1..]))
        .await
        .unwrap();
    stand.until_the_log_has(4).await;
}

#[tokio::test]
async fn an_alert_that_could_not_be_recorded_is_raised_when_the_hole_is_shown_again() {
    let stand = Stand::start().await;
    let mut trail = stand.trail("consent");
    let events = accesses(2);
    let first = delivery("consent", 1, &events[..1]);
    trail.append_events(first).await.unwrap();
    let fails = "CREATE TRIGGER fails BEFORE INSERT ON outbox \
        BEGIN SELECT RAISE(ABORT, 'no'); END";
    for change in [fails, "DROP TRIGGER fails"] {
        stand.execute(change).await;
        let refused = trail.append_events(delivery("consent", 3, &events[1..]));
        assert_eq!(reason(&refused.await.unwrap_err()), "STATE_CONFLICT");
    }
    stand.until_the_log_has(2).await;
}

#[tokio::test]
async fn a_producer_speaks_for_itself_alone() {
    let stand = Stand::start().await;
    let events = accesses(1);
    for (caller, source) in [
        ("consent", "identity"),
        ("consent", own_trail::SOURCE),
        ("consent", ""),
        ("gateway", "gateway"),
        ("records", "consent"),
        ("operator", "operator"),
    ] {
        let mut trail = stand.trail(caller);
        let refused = trail.append_events(delivery(source, 1, &events)).await;
        let status = refused.unwrap_err();
        assert_eq!(
            reason(&status),
            "CALLER_NOT_ALLOWED",
            "{caller} as {source}"
        );
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    let person = Person::Practitioner(practitioner_id());
    let request = stand.request(delivery("consent", 1, &events), "consent", person);
    let status = stand
        .trail("consent")
        .append_events(request)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn a_malformed_delivery_names_its_fields() {
    let stand = Stand::start().await;
    let good = || delivery("consent", 1, &accesses(2));
    let cases: [(Spoil, &str); 13] = [
        (|r| r.events.clear(), "events"),
        (|r| r.events = vec![r.events[0].clone(); 1_001], "events"),
        (|r| r.epoch = 0, "epoch"),
        (|r| r.epoch = u64::MAX, "epoch"),
        (|r| r.events[0].sequence = 0, "events[0].sequence"),
        (|r| r.events[1].sequence = 7, "events[1].sequence"),
        (|r| r.events[1].event = None, "events[1].event"),
        (
            |r| event(r).event_id = "1".to_owned(),
            "events[1].event.event_id",
        ),
        (
            |r| event(r).kind = "access.guessed".to_owned(),
            "events[1].event.kind",
        ),
        (|r| event(r).outcome = 99, "events[1].event.outcome"),
        (
            |r| event(r).documents[0].document_class = 99,
            "events[1].event.documents[0].document_class",
        ),
        (
            |r| {
                event(r).actor = Some(EventActor {
                    actor: Some(Actor::Service(String::new())),
                });
            },
            "events[1].event.actor.service",
        ),
        (
            |r| event(r).occurred_at.as_mut().unwrap().seconds = 253_402_300_799,
            "events[1].event",
        ),
    ];
    for (spoil, field) in cases {
        let mut request = good();
        spoil(&mut request);
        let status = stand
            .trail("consent")
            .append_events(request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert_eq!(reason(&status), "FIELD_INVALID", "{field}");
        assert_eq!(fields(&status), [field]);
    }
    stand.until_the_log_has(0).await;
}

fn event(request: &mut AppendEventsRequest) -> &mut aval_proto::audit::v1::Event {
    request.events[1].event.as_mut().unwrap()
}

#[tokio::test]
async fn another_event_under_a_used_identifier_is_refused() {
    let stand = Stand::start().await;
    let events = accesses(1);
    stand.record(&events).await;
    let mut forged = events[0].clone();
    forged.software = "somebody-else".to_owned();
    let refused = stand
        .trail("identity")
        .append_events(delivery("identity", 1, &[forged]))
        .await;
    let status = refused.unwrap_err();
    assert_eq!(reason(&status), "STATE_CONFLICT");
    assert_eq!(metadata(&status, "sequence").as_deref(), Some("1"));
    assert_eq!(metadata(&status, "expected_sequence"), None);
}

#[tokio::test]
async fn the_log_goes_on_where_it_was_after_a_restart() {
    let mut stand = Stand::start().await;
    let events = accesses(5);
    stand.record(&events[..2]).await;
    let before = stand.checkpoint().await;
    stand.stop().await;
    stand.start_again().await;
    let mut trail = stand.trail("consent");
    let answer = trail
        .append_events(delivery("consent", 2, &events[1..]))
        .await;
    assert_eq!(answer.unwrap().into_inner().acknowledged_sequence, 5);
    let after = stand.checkpoint().await;
    assert_eq!((before.size, after.size), (2, 5));
    assert_eq!(before.origin, after.origin);
}

#[tokio::test]
async fn many_callers_at_once_lose_nothing() {
    let stand = Stand::start().await;
    let events = accesses(64);
    let mut callers = tokio::task::JoinSet::new();
    for epoch in 1..=64_u64 {
        let mut trail = stand.trail("consent");
        let mut delivery = delivery("consent", 1, &events[at(epoch - 1)..at(epoch)]);
        delivery.epoch = epoch;
        callers.spawn(async move { trail.append_events(delivery).await });
    }
    let all = tokio::time::timeout(PATIENCE, callers.join_all())
        .await
        .unwrap();
    assert!(all.iter().all(Result::is_ok));
    stand.until_the_log_has(64).await;
}

fn at(index: u64) -> usize {
    usize::try_from(index).unwrap()
}
