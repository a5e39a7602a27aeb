//! `GetEvent`, and what its receipt proves.

use aval_audit::server::Server;
use aval_merkle_log::receipt::{Evidence, Receipt, ReceiptError};
use aval_proto::audit::v1::{GetEventRequest, GetEventResponse};
use aval_runtime::environment::Environment;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

impl Stand {
    pub(crate) async fn event(&self, person: Person, id: &str) -> Result<GetEventResponse, Status> {
        let message = GetEventRequest {
            event_id: id.to_owned(),
            include_receipt: true,
            patient_id: String::new(),
            witnessed: false,
        };
        let request = self.request(message, "records", person);
        let answer = self.trail("records").get_event(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn a_receipt_proves_the_event_with_the_public_key_alone() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events: Vec<_> = (0..9).map(|_| access(practitioner_id(), patient)).collect();
    stand.record(&events).await;
    let policy = stand.policy().await;
    for (index, event) in (0..).zip(&events) {
        let found = stand
            .event(Person::Patient(patient), &event.event_id.to_string())
            .await
            .unwrap();
        assert_eq!(found.event.as_ref().unwrap().log_index, index);
        let receipt = Receipt::parse(found.receipt.as_bytes()).unwrap();
        let evidence = Evidence::Event(&found.canonical_event);
        let verified = receipt.verify(evidence, &policy).unwrap();
        assert!(verified.event_verified);
        assert_eq!(verified.index, index);
        assert_eq!(verified.leaf.patient_sequence(), index + 1);
        assert_eq!(verified.checkpoint.size, 9);
        // The canonical bytes are the event, and no other bytes are.
        let told: aval_domain::event::Event =
            serde_json::from_slice(&found.canonical_event).unwrap();
        assert_eq!(&told, event);
        let altered = String::from_utf8(found.canonical_event)
            .unwrap()
            .replace("permit", "deny");
        let refused = receipt.verify(Evidence::Event(altered.as_bytes()), &policy);
        assert_eq!(refused, Err(ReceiptError::EventAltered));
    }
}

#[tokio::test]
async fn without_being_asked_no_receipt_is_made() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let event = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&event)).await;
    let message = GetEventRequest {
        event_id: event.event_id.to_string(),
        include_receipt: false,
        patient_id: String::new(),
        witnessed: false,
    };
    let request = stand.request(message, "gateway", Person::Patient(patient));
    let answer = stand
        .trail("gateway")
        .get_event(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.receipt, "");
    assert!(!answer.canonical_event.is_empty());
}

#[tokio::test]
async fn an_event_of_somebody_else_is_not_found() {
    let stand = Stand::start().await;
    let (doctor, patient) = (practitioner_id(), patient_id());
    let event = access(doctor, patient);
    stand.record(std::slice::from_ref(&event)).await;
    let id = event.event_id.to_string();
    for person in [Person::Patient(patient), Person::Practitioner(doctor)] {
        assert!(stand.event(person, &id).await.is_ok(), "{person:?}");
    }
    let absent = access(doctor, patient).event_id.to_string();
    for (person, id) in [
        (Person::Patient(patient_id()), &id),
        (Person::Practitioner(practitioner_id()), &id),
        (Person::RepresentativeOf(patient_id()), &id),
        (Person::Patient(patient), &absent),
    ] {
        let status = stand.event(person, id).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(reason(&status), "NOT_FOUND");
    }
    let status = stand
        .event(Person::Patient(patient), "1")
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["event_id"]);
}

#[tokio::test]
async fn a_log_is_not_continued_under_a_new_key() {
    let mut stand = Stand::start().await;
    stand
        .record(&[access(practitioner_id(), patient_id())])
        .await;
    stand.stop().await;
    let config = stand.config();
    std::fs::remove_file(&config.log.key_file).unwrap();
    let started = Server::start(config, Environment::system(), CancellationToken::new()).await;
    let refused = started.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the log in the database is not the configured key's"
    );
}
