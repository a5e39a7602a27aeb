//! Auditors: what they find across patients, and what is found of them.

use std::time::Duration;

use aval_domain::access::AccessMode;
use aval_domain::event::Event;
use aval_domain::id::PatientId;
use aval_proto::audit::v1::{
    EventFilter, ListEventsRequest, ListHistoryRequest, ListHistoryResponse, SearchEventsRequest,
    SearchEventsResponse,
};
use aval_runtime::convert::timestamp_to_proto;
use tonic::{Code, Status};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

pub(crate) const AUDITOR: &str = "auditor/dana";
pub(crate) const PURPOSE: &str = "Plainte n° 12 du 3 mars";

impl Stand {
    /// A service with an auditor.
    pub(crate) async fn with_auditor() -> Self {
        let stand = Self::start().await;
        stand.admit(AUDITOR);
        stand
    }

    async fn search(&self, request: SearchEventsRequest) -> Result<SearchEventsResponse, Status> {
        let answer = self.oversight(AUDITOR).search_events(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn opened(&self, request: ListHistoryRequest) -> Result<ListHistoryResponse, Status> {
        let answer = self.oversight(AUDITOR).list_history(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

fn search(filter: EventFilter) -> SearchEventsRequest {
    SearchEventsRequest {
        purpose: PURPOSE.to_owned(),
        filter: Some(filter),
        ..SearchEventsRequest::default()
    }
}

fn found(page: &SearchEventsResponse) -> Vec<String> {
    let events = page.events.iter();
    events.map(|event| event.event_id.clone()).collect()
}

fn id(event: &Event) -> String {
    event.event_id.to_string()
}

#[tokio::test]
async fn a_search_finds_across_patients_what_each_condition_leaves() {
    let stand = Stand::with_auditor().await;
    let doctor = practitioner_id();
    let first = access(doctor, patient_id());
    let mut emergency = access(practitioner_id(), patient_id());
    emergency.decision.as_mut().unwrap().mode = AccessMode::BreakGlass;
    let last = access(doctor, patient_id());
    stand
        .record(&[first.clone(), emergency.clone(), last.clone()])
        .await;
    let cases = [
        (
            EventFilter {
                kinds: vec!["access.*".to_owned()],
                ..EventFilter::default()
            },
            vec![id(&last), id(&emergency), id(&first)],
        ),
        (
            EventFilter {
                practitioner_id: doctor.to_string(),
                ..EventFilter::default()
            },
            vec![id(&last), id(&first)],
        ),
        (
            EventFilter {
                emergency_only: true,
                ..EventFilter::default()
            },
            vec![id(&emergency)],
        ),
    ];
    for (filter, expected) in cases {
        let page = stand.search(search(filter)).await.unwrap();
        assert_eq!(found(&page), expected);
        assert_eq!(page.next_page_token, "");
    }
    let later = timestamp_to_proto(last.occurred_at.saturating_add(Duration::from_hours(1)));
    let nothing = SearchEventsRequest {
        recorded_from_at: Some(later),
        ..search(EventFilter::default())
    };
    assert!(stand.search(nothing).await.unwrap().events.is_empty());
}

#[tokio::test]
async fn what_a_search_shows_names_no_patient() {
    let stand = Stand::with_auditor().await;
    let patient = patient_id();
    let event = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&event)).await;
    let page = stand.search(search(EventFilter::default())).await.unwrap();
    let shown = &page.events[0];
    assert!(shown.concerns_patient);
    assert_eq!(shown.ground, "GRANT");
    assert_eq!(
        shown.practitioner.as_ref().unwrap().display_name,
        "Dr Camille MARTIN"
    );
    let all = format!("{page:?}");
    assert!(!all.contains(&patient.to_string()), "{all}");
    assert!(!all.contains("4711"), "nor a document: {all}");
}

#[tokio::test]
async fn pages_of_a_search_show_each_event_once() {
    let stand = Stand::with_auditor().await;
    let events: Vec<Event> = (0..7)
        .map(|_| access(practitioner_id(), patient_id()))
        .collect();
    stand.record(&events).await;
    let kinds = vec!["access.decided".to_owned()];
    let mut request = SearchEventsRequest {
        page_size: 3,
        ..search(EventFilter {
            kinds,
            ..EventFilter::default()
        })
    };
    let mut seen = Vec::new();
    loop {
        let page = stand.search(request.clone()).await.unwrap();
        seen.extend(found(&page));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected: Vec<String> = events.iter().rev().map(id).collect();
    assert_eq!(seen, expected);
    // A token is of one search and of one auditor.
    request.page_size = 2;
    let token = stand.search(SearchEventsRequest {
        page_token: String::new(),
        ..request.clone()
    });
    let token = token.await.unwrap().next_page_token;
    let other_search = SearchEventsRequest {
        page_token: token.clone(),
        ..search(EventFilter::default())
    };
    let refused = stand.search(other_search).await.unwrap_err();
    assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
    stand.admit("auditor/erin");
    let of_another = SearchEventsRequest {
        page_token: token,
        ..request
    };
    let refused = stand
        .oversight("auditor/erin")
        .search_events(of_another)
        .await;
    assert_eq!(reason(&refused.unwrap_err()), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn a_search_is_traced_once_and_in_no_patient_s_history() {
    let stand = Stand::with_auditor().await;
    let patient = patient_id();
    stand.record(&[access(practitioner_id(), patient)]).await;
    let doctor = practitioner_id().to_string();
    let asked = search(EventFilter {
        practitioner_id: doctor.clone(),
        ..EventFilter::default()
    });
    stand.search(asked).await.unwrap();
    stand.until_the_log_has(2).await;
    let own = stand.list(Person::Patient(patient), ListEventsRequest::default());
    assert_eq!(own.await.unwrap().events.len(), 1);
    let kinds = vec!["trail.read".to_owned()];
    let traced = stand.search(search(EventFilter {
        kinds,
        ..EventFilter::default()
    }));
    let traced = traced.await.unwrap();
    let trace = &traced.events[0];
    assert_eq!((trace.software.as_str(), traced.events.len()), (AUDITOR, 1));
    assert!(!trace.concerns_patient);
    assert_eq!(
        trace.sentence_fr,
        format!(
            "Un auditeur de la plateforme a consulté l'historique des actions de toute la plateforme. Motif indiqué : « {PURPOSE} »."
        )
    );
}

#[tokio::test]
async fn whoever_opens_a_history_is_seen_in_it_by_its_patient() {
    let stand = Stand::with_auditor().await;
    let patient = patient_id();
    let events = [
        access(practitioner_id(), patient),
        access(practitioner_id(), patient_id()),
        access(practitioner_id(), patient),
    ];
    stand.record(&events).await;
    let request = ListHistoryRequest {
        purpose: PURPOSE.to_owned(),
        event_id: id(&events[0]),
        page_size: 1,
        page_token: String::new(),
    };
    let page = stand.opened(request.clone()).await.unwrap();
    assert_eq!(page.patient_id, patient.to_string());
    assert_eq!(page.events.len(), 1);
    stand.until_the_log_has(4).await;
    let next = ListHistoryRequest {
        page_token: page.next_page_token,
        ..request
    };
    let rest = stand.opened(next).await.unwrap();
    let rest: Vec<_> = rest
        .events
        .iter()
        .filter_map(|event| event.event.as_ref())
        .collect();
    assert_eq!(rest[0].event_id, id(&events[0]));
    stand.until_the_log_has(5).await;
    let own = stand.list(Person::Patient(patient), ListEventsRequest::default());
    let own = own.await.unwrap();
    let readings = own.events.iter().filter(|recorded| {
        let event = recorded.event.as_ref().unwrap();
        event.kind == "trail.read" && event.software == AUDITOR
    });
    assert_eq!(readings.count(), 2);
    assert_eq!(
        own.events[0].sentence_fr,
        format!(
            "Un auditeur de la plateforme a consulté l'historique des actions concernant votre dossier. Motif indiqué : « {PURPOSE} »."
        )
    );
}

#[tokio::test]
async fn an_opened_history_has_what_was_erased_in_its_place() {
    let stand = Stand::with_auditor().await;
    let patient = patient_id();
    let before = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&before)).await;
    stand.erase(patient, "Article 17").await.unwrap();
    let after = access(practitioner_id(), patient);
    let delivered = delivery("consent", 2, std::slice::from_ref(&after));
    let mut trail = stand.trail("consent");
    trail.append_events(delivered).await.unwrap();
    let request = ListHistoryRequest {
        purpose: PURPOSE.to_owned(),
        event_id: id(&after),
        ..ListHistoryRequest::default()
    };
    let page = stand.opened(request).await.unwrap();
    let sequences: Vec<u64> = page.events.iter().map(|e| e.patient_sequence).collect();
    assert_eq!(sequences, [3, 2, 1]);
    let erased = page.events[2].erasure.as_ref().unwrap();
    assert_eq!(erased.ground, "Article 17");
}

#[tokio::test]
async fn an_event_of_nobody_opens_no_history() {
    let stand = Stand::with_auditor().await;
    let mut of_nobody = access(practitioner_id(), patient_id());
    of_nobody.patient_id = None;
    stand.record(std::slice::from_ref(&of_nobody)).await;
    for event_id in [
        id(&of_nobody),
        id(&access(
            practitioner_id(),
            PatientId::from_uuid(uuid::Uuid::from_u128(1)),
        )),
    ] {
        let request = ListHistoryRequest {
            purpose: PURPOSE.to_owned(),
            event_id,
            ..ListHistoryRequest::default()
        };
        assert_eq!(
            stand.opened(request).await.unwrap_err().code(),
            Code::NotFound
        );
    }
}

#[tokio::test]
async fn a_search_without_a_reason_or_with_a_bad_one_is_refused_and_finds_nothing() {
    let stand = Stand::with_auditor().await;
    for purpose in ["", "court", "deux\nlignes de texte"] {
        let request = SearchEventsRequest {
            purpose: purpose.to_owned(),
            ..SearchEventsRequest::default()
        };
        let refused = stand.search(request).await.unwrap_err();
        assert_eq!(fields(&refused), ["purpose"]);
    }
    let first_seen = EventFilter {
        first_seen_only: true,
        ..EventFilter::default()
    };
    let refused = stand.search(search(first_seen)).await.unwrap_err();
    assert_eq!(fields(&refused), ["filter.first_seen_only"]);
    let now = Some(prost_types::Timestamp::default());
    let upside_down = SearchEventsRequest {
        recorded_from_at: now,
        recorded_until_at: now,
        ..search(EventFilter::default())
    };
    let refused = stand.search(upside_down).await.unwrap_err();
    assert_eq!(fields(&refused), ["recorded_until_at"]);
}
