//! Pages, and the tokens between them.

use aval_domain::event::Event;
use aval_proto::audit::v1::{EventFilter, ListEventsRequest};
use tonic::Code;

use crate::deeds::{access, delivery};
use crate::history::ids;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};

fn page(page_size: i32, page_token: &str) -> ListEventsRequest {
    ListEventsRequest {
        page_size,
        page_token: page_token.to_owned(),
        ..ListEventsRequest::default()
    }
}

#[tokio::test]
async fn every_event_is_seen_once_while_the_log_grows() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events: Vec<Event> = (0..25)
        .map(|_| access(practitioner_id(), patient))
        .collect();
    stand.record(&events).await;
    let mut trail = stand.trail("consent");
    let mut next = 26;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let answer = stand
            .list(Person::Patient(patient), page(7, &token))
            .await
            .unwrap();
        seen.extend(ids(&answer));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
        let later = [
            access(practitioner_id(), patient),
            access(practitioner_id(), patient),
        ];
        trail
            .append_events(delivery("consent", next, &later))
            .await
            .unwrap();
        next += 2;
    }
    let expected: Vec<String> = events
        .iter()
        .rev()
        .map(|e| e.event_id.to_string())
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_page_has_at_most_two_hundred_events() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events: Vec<Event> = (0..201)
        .map(|_| access(practitioner_id(), patient))
        .collect();
    stand.record(&events).await;
    for (asked, given) in [(0, 50), (1, 1), (200, 200), (i32::MAX, 200)] {
        let answer = stand
            .list(Person::Patient(patient), page(asked, ""))
            .await
            .unwrap();
        assert_eq!(answer.events.len(), given);
        assert!(!answer.next_page_token.is_empty());
    }
}

#[tokio::test]
async fn a_forged_or_foreign_token_is_refused() {
    let stand = Stand::start().await;
    let (anna, bela) = (patient_id(), patient_id());
    let mut events = Vec::new();
    for _ in 0..3 {
        events.extend([
            access(practitioner_id(), anna),
            access(practitioner_id(), bela),
        ]);
    }
    stand.record(&events).await;
    let first = stand
        .list(Person::Patient(anna), page(1, ""))
        .await
        .unwrap();
    let token = first.next_page_token;

    let mut flipped = token.clone().into_bytes();
    flipped[0] = if flipped[0] == b'A' { b'B' } else { b'A' };
    let other_filter = ListEventsRequest {
        filter: Some(EventFilter {
            emergency_only: true,
            ..EventFilter::default()
        }),
        ..page(1, &token)
    };
    for (person, request) in [
        (anna, page(1, &String::from_utf8(flipped).unwrap())),
        (anna, page(1, "x")),
        (anna, page(1, &token[..token.len() - 4])),
        (anna, other_filter),
        (bela, page(1, &token)),
    ] {
        let status = stand
            .list(Person::Patient(person), request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    }
    // The size of the page is not part of the query.
    assert!(
        stand
            .list(Person::Patient(anna), page(2, &token))
            .await
            .is_ok()
    );
}
