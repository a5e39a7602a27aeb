//! Whoever reads somebody else's traces leaves one.

use aval_proto::audit::v1::event_actor::Actor;
use aval_proto::audit::v1::{EventFilter, ListEventsRequest, RecordedEvent};

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::Stand;

impl Stand {
    async fn readings(&self, person: Person) -> Vec<RecordedEvent> {
        let filter = EventFilter {
            kinds: vec!["trail.read".to_owned()],
            ..EventFilter::default()
        };
        let request = ListEventsRequest {
            filter: Some(filter),
            ..ListEventsRequest::default()
        };
        self.list(person, request).await.unwrap().events
    }
}

#[tokio::test]
async fn a_patient_reading_their_own_record_leaves_none() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let event = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&event)).await;
    for _ in 0..2 {
        assert!(stand.readings(Person::Patient(patient)).await.is_empty());
        let id = event.event_id.to_string();
        stand.event(Person::Patient(patient), &id).await.unwrap();
    }
    stand.until_the_log_has(1).await;
}

#[tokio::test]
async fn a_representative_s_reading_is_shown_to_the_patient() {
    let stand = Stand::start().await;
    let patient = patient_id();
    stand.record(&[access(practitioner_id(), patient)]).await;
    let reader = Person::RepresentativeOf(patient);
    let request = ListEventsRequest::default();
    assert_eq!(stand.list(reader, request).await.unwrap().events.len(), 1);
    stand.until_the_log_has(2).await;
    let readings = stand.readings(Person::Patient(patient)).await;
    let event = readings[0].event.as_ref().unwrap();
    assert!(event.representative.is_some());
    assert_eq!(event.software, "gateway");
    assert_eq!(
        readings[0].sentence_fr,
        "Votre représentant a consulté l'historique des actions concernant votre dossier."
    );
}

#[tokio::test]
async fn a_professional_s_reading_of_one_event_is_shown_to_its_patient() {
    let stand = Stand::start().await;
    let (doctor, patient) = (practitioner_id(), patient_id());
    let event = access(doctor, patient);
    stand.record(std::slice::from_ref(&event)).await;
    let id = event.event_id.to_string();
    stand
        .event(Person::Practitioner(doctor), &id)
        .await
        .unwrap();
    stand.until_the_log_has(2).await;
    let readings = stand.readings(Person::Patient(patient)).await;
    let reading = readings[0].event.as_ref().unwrap();
    let subject = reading.subject.as_ref().unwrap();
    assert_eq!(
        (subject.kind.as_str(), subject.id.as_str()),
        ("event", id.as_str())
    );
    assert!(matches!(
        reading.actor.as_ref().unwrap().actor,
        Some(Actor::Practitioner(_))
    ));
    assert_eq!(readings[0].patient_sequence, 2);
}

#[tokio::test]
async fn a_professional_s_reading_of_their_own_acts_is_one_of_them() {
    let stand = Stand::start().await;
    let doctor = practitioner_id();
    stand.record(&[access(doctor, patient_id())]).await;
    let own = stand
        .list(Person::Practitioner(doctor), ListEventsRequest::default())
        .await;
    assert_eq!(own.unwrap().events.len(), 1);
    stand.until_the_log_has(2).await;
    let readings = stand.readings(Person::Practitioner(doctor)).await;
    assert_eq!(readings.len(), 1);
    assert_eq!(readings[0].event.as_ref().unwrap().patient_id, "");
}
