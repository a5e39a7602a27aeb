//! `ListEvents`: whose, and narrowed by what.

use aval_domain::access::{AccessMode, DenialReason, Effect};
use aval_domain::event::{Event, Outcome};
use aval_proto::audit::v1::{EventFilter, EventOutcome, ListEventsRequest, ListEventsResponse};
use aval_runtime::convert::timestamp_to_proto;
use tonic::{Code, Status};

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

impl Stand {
    pub(crate) async fn list(
        &self,
        person: Person,
        request: ListEventsRequest,
    ) -> Result<ListEventsResponse, Status> {
        let request = self.request(request, "gateway", person);
        let answer = self.trail("gateway").list_events(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn narrowed(&self, person: Person, filter: EventFilter) -> Vec<String> {
        let request = ListEventsRequest {
            filter: Some(filter),
            ..ListEventsRequest::default()
        };
        ids(&self.list(person, request).await.unwrap())
    }
}

pub(crate) fn ids(page: &ListEventsResponse) -> Vec<String> {
    let events = page
        .events
        .iter()
        .filter_map(|recorded| recorded.event.as_ref());
    events.map(|event| event.event_id.clone()).collect()
}

/// Makes a good filter a bad one.
type Spoil = fn(&mut EventFilter);

fn id(event: &Event) -> String {
    event.event_id.to_string()
}

#[tokio::test]
async fn a_patient_sees_their_own_history_and_nobody_else_s() {
    let stand = Stand::start().await;
    let (anna, bela) = (patient_id(), patient_id());
    let events = [
        access(practitioner_id(), anna),
        access(practitioner_id(), bela),
        access(practitioner_id(), anna),
    ];
    stand.record(&events).await;
    for named in [String::new(), anna.to_string()] {
        let request = ListEventsRequest {
            patient_id: named,
            ..ListEventsRequest::default()
        };
        let page = stand.list(Person::Patient(anna), request).await.unwrap();
        assert_eq!(ids(&page), [id(&events[2]), id(&events[0])]);
        assert_eq!(page.next_page_token, "");
        let newest = &page.events[0];
        assert_eq!((newest.log_index, newest.patient_sequence), (2, 2));
        assert!(newest.recorded_at.is_some());
        assert!(
            newest
                .sentence_fr
                .contains("parce que vous autorisiez le Dr Camille MARTIN depuis le ")
        );
        let because = "because you had authorised Dr Camille MARTIN since ";
        assert!(newest.sentence_en.contains(because));
    }
    let request = ListEventsRequest {
        patient_id: bela.to_string(),
        ..ListEventsRequest::default()
    };
    let status = stand
        .list(Person::Patient(anna), request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn a_professional_sees_their_own_acts_and_no_patient_s_history() {
    let stand = Stand::start().await;
    let (doctor, patient) = (practitioner_id(), patient_id());
    let events = [
        access(doctor, patient),
        access(practitioner_id(), patient),
        access(doctor, patient_id()),
    ];
    stand.record(&events).await;
    let own = stand
        .list(Person::Practitioner(doctor), ListEventsRequest::default())
        .await
        .unwrap();
    assert_eq!(ids(&own), [id(&events[2]), id(&events[0])]);
    assert!(
        own.events[0]
            .sentence_fr
            .contains("parce que le patient autorisait le Dr Camille MARTIN depuis le ")
    );
    let request = ListEventsRequest {
        patient_id: patient.to_string(),
        ..ListEventsRequest::default()
    };
    let status = stand
        .list(Person::Practitioner(doctor), request)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn each_condition_of_the_filter_counts() {
    let stand = Stand::start().await;
    let (patient, doctor) = (patient_id(), practitioner_id());
    let first = access(doctor, patient);
    let mut emergency = access(practitioner_id(), patient);
    emergency.decision.as_mut().unwrap().mode = AccessMode::BreakGlass;
    emergency.occurred_at = first
        .occurred_at
        .saturating_add(std::time::Duration::from_mins(1));
    let mut refused = access(doctor, patient);
    refused.outcome = Outcome::Refused;
    let decision = refused.decision.as_mut().unwrap();
    (decision.effect, decision.reason) = (Effect::Deny, Some(DenialReason::NoGrant));
    (decision.ground, decision.ground_terms) = (None, None);
    let again = access(doctor, patient);
    let events = [first, emergency, refused, again];
    stand.record(&events).await;
    let [first, emergency, refused, again] = &events;

    let me = Person::Patient(patient);
    let all = || EventFilter::default();
    let minute_later = Some(timestamp_to_proto(emergency.occurred_at));
    let cases: [(EventFilter, Vec<&Event>); 8] = [
        (all(), vec![again, refused, emergency, first]),
        (
            EventFilter {
                from_at: minute_later,
                ..all()
            },
            vec![emergency],
        ),
        (
            EventFilter {
                until_at: minute_later,
                ..all()
            },
            vec![again, refused, first],
        ),
        (
            EventFilter {
                practitioner_id: doctor.to_string(),
                ..all()
            },
            vec![again, refused, first],
        ),
        (
            EventFilter {
                kinds: vec!["grant.*".to_owned(), "block.created".to_owned()],
                ..all()
            },
            vec![],
        ),
        (
            EventFilter {
                outcome: EventOutcome::Refused as i32,
                ..all()
            },
            vec![refused],
        ),
        (
            EventFilter {
                emergency_only: true,
                ..all()
            },
            vec![emergency],
        ),
        (
            EventFilter {
                first_seen_only: true,
                ..all()
            },
            vec![emergency, first],
        ),
    ];
    for (filter, expected) in cases {
        let expected: Vec<String> = expected.into_iter().map(id).collect();
        assert_eq!(
            stand.narrowed(me, filter.clone()).await,
            expected,
            "{filter:?}"
        );
    }
    let access = EventFilter {
        kinds: vec!["access.*".to_owned()],
        ..all()
    };
    assert_eq!(stand.narrowed(me, access).await.len(), 4);
}

#[tokio::test]
async fn a_malformed_question_names_its_fields() {
    let stand = Stand::start().await;
    let me = Person::Patient(patient_id());
    let now = Some(prost_types::Timestamp {
        seconds: 1_800_000_000,
        nanos: 0,
    });
    let cases: [(Spoil, &str); 8] = [
        (|f| f.outcome = 99, "filter.outcome"),
        (|f| f.outcome = -1, "filter.outcome"),
        (
            |f| f.kinds = vec!["access.decided".into(), "grant".into()],
            "filter.kinds[1]",
        ),
        (|f| f.kinds = vec!["*".into()], "filter.kinds[0]"),
        (|f| f.practitioner_id = "x".into(), "filter.practitioner_id"),
        (|f| f.organization_id = "x".into(), "filter.organization_id"),
        (|f| f.from_at = f.until_at, "filter.until_at"),
        (
            |f| f.until_at.as_mut().unwrap().nanos = -1,
            "filter.until_at",
        ),
    ];
    for (spoil, field) in cases {
        let mut filter = EventFilter {
            until_at: now,
            ..EventFilter::default()
        };
        spoil(&mut filter);
        let request = ListEventsRequest {
            filter: Some(filter),
            ..ListEventsRequest::default()
        };
        let status = stand.list(me, request).await.unwrap_err();
        assert_eq!(reason(&status), "FIELD_INVALID", "{field}");
        assert_eq!(fields(&status), [field]);
    }
    for (request, field) in [
        (
            ListEventsRequest {
                page_size: -1,
                ..ListEventsRequest::default()
            },
            "page_size",
        ),
        (
            ListEventsRequest {
                patient_id: "1".into(),
                ..ListEventsRequest::default()
            },
            "patient_id",
        ),
    ] {
        let status = stand.list(me, request).await.unwrap_err();
        assert_eq!(fields(&status), [field]);
    }
}
