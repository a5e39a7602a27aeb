//! `AppendEvents` that asks for receipts, and what they prove.

use aval_domain::event::Event;
use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::receipt::{Evidence, Receipt, ReceiptError};
use aval_proto::audit::v1::{AppendEventsRequest, AppendEventsResponse};
use tonic::{Code, Status};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

impl Stand {
    async fn deliver(&self, request: AppendEventsRequest) -> Result<AppendEventsResponse, Status> {
        let mut trail = self.trail(&request.source);
        let answer = trail.append_events(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

fn accesses(count: usize, patient: PatientId) -> Vec<Event> {
    let access = || access(practitioner_id(), patient);
    std::iter::repeat_with(access).take(count).collect()
}

/// The same delivery, with receipts.
fn asking(request: AppendEventsRequest) -> AppendEventsRequest {
    AppendEventsRequest {
        include_receipts: true,
        ..request
    }
}

#[tokio::test]
async fn each_event_is_proved_with_the_public_key_alone_by_what_its_delivery_is_answered() {
    let stand = Stand::start().await;
    let events = accesses(9, patient_id());
    let request = asking(delivery("consent", 1, &events));
    let answer = stand.deliver(request).await.unwrap();
    assert_eq!(answer.acknowledged_sequence, 9);
    assert_eq!(answer.receipts.len(), 9);
    let policy = stand.policy().await;
    for (index, (event, given)) in (0..).zip(events.iter().zip(&answer.receipts)) {
        assert_eq!(given.event_id, event.event_id.to_string());
        let receipt = Receipt::parse(given.receipt.as_bytes()).unwrap();
        let evidence = Evidence::Event(&given.canonical_event);
        let verified = receipt.verify(evidence, &policy).unwrap();
        assert!(verified.event_verified);
        assert_eq!((verified.index, verified.checkpoint.size), (index, 9));
        let told: Event = serde_json::from_slice(&given.canonical_event).unwrap();
        assert_eq!(&told, event);
    }
}

#[tokio::test]
async fn one_bit_that_is_another_is_refused() {
    let stand = Stand::start().await;
    let request = asking(delivery("consent", 1, &accesses(6, patient_id())));
    let answer = stand.deliver(request).await.unwrap();
    let policy = stand.policy().await;
    let given = &answer.receipts[2];
    let receipt = Receipt::parse(given.receipt.as_bytes()).unwrap();
    let sound = Evidence::Event(&given.canonical_event);
    assert!(receipt.verify(sound, &policy).is_ok());
    for place in 0..given.canonical_event.len() {
        let mut spoilt = given.canonical_event.clone();
        spoilt[place] ^= 1;
        let refused = receipt.verify(Evidence::Event(&spoilt), &policy);
        assert_eq!(refused, Err(ReceiptError::EventAltered), "byte {place}");
    }
    let mut other_salt = receipt.clone();
    other_salt.salt.as_mut().unwrap()[0] ^= 1;
    assert!(other_salt.verify(sound, &policy).is_err());
    for place in 0..receipt.path.len() {
        let mut spoilt = receipt.clone();
        let mut bytes = *spoilt.path[place].as_bytes();
        bytes[31] ^= 1;
        spoilt.path[place] = Hash::from_bytes(bytes);
        assert!(spoilt.verify(sound, &policy).is_err(), "hash {place}");
    }
}

#[tokio::test]
async fn what_was_delivered_before_has_a_receipt_too_and_the_one_that_its_patient_is_given() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = accesses(7, patient);
    let first = delivery("consent", 1, &events[..4]);
    stand.deliver(first).await.unwrap();
    let all = asking(delivery("consent", 1, &events));
    // The second time nothing of it is new.
    for _ in 0..2 {
        let answer = stand.deliver(all.clone()).await.unwrap();
        assert_eq!(answer.acknowledged_sequence, 7);
        assert_eq!(answer.receipts.len(), 7);
        for given in answer.receipts {
            let found = stand.event(Person::Patient(patient), &given.event_id).await;
            let found = found.unwrap();
            assert_eq!(given.receipt, found.receipt);
            assert_eq!(given.canonical_event, found.canonical_event);
        }
    }
    assert_eq!(stand.checkpoint().await.size, 7);
}

#[tokio::test]
async fn who_does_not_ask_is_answered_as_ever() {
    let stand = Stand::start().await;
    let request = delivery("consent", 1, &accesses(3, patient_id()));
    let answer = stand.deliver(request).await.unwrap();
    let expected = AppendEventsResponse {
        acknowledged_sequence: 3,
        receipts: Vec::new(),
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn of_more_events_than_an_answer_proves_none_is_recorded() {
    let stand = Stand::start().await;
    let events = accesses(101, patient_id());
    let request = asking(delivery("consent", 1, &events));
    let status = stand.deliver(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reason(&status), "FIELD_INVALID");
    assert_eq!(fields(&status), ["events"]);
    stand.until_the_log_has(0).await;
    let request = asking(delivery("consent", 1, &events[..100]));
    let answer = stand.deliver(request).await.unwrap();
    assert_eq!(answer.receipts.len(), 100);
    let request = delivery("consent", 101, &events[100..]);
    assert!(stand.deliver(request).await.unwrap().receipts.is_empty());
}

#[tokio::test]
async fn a_producer_is_given_receipts_of_its_own_events_alone() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = accesses(2, patient);
    stand.record(&events).await;
    let another = asking(delivery("identity", 1, &events));
    let answer = stand.deliver(another.clone()).await.unwrap();
    assert_eq!(answer.acknowledged_sequence, 2);
    for (event, given) in events.iter().zip(&answer.receipts) {
        assert_eq!(given.event_id, event.event_id.to_string());
        assert!(given.receipt.is_empty() && given.canonical_event.is_empty());
    }
    // Of what was erased, no more than the leaf, and that too to its own producer alone.
    stand.erase(patient, "Article 17").await.unwrap();
    let answer = stand.deliver(another).await.unwrap();
    assert!(answer.receipts.iter().all(|given| given.receipt.is_empty()));
    let own = asking(delivery("consent", 1, &events));
    let answer = stand.deliver(own).await.unwrap();
    let policy = stand.policy().await;
    for (index, given) in (0..).zip(&answer.receipts) {
        assert!(given.canonical_event.is_empty());
        let receipt = Receipt::parse(given.receipt.as_bytes()).unwrap();
        assert!(receipt.salt.is_none());
        let verified = receipt.verify(Evidence::LeafOnly, &policy).unwrap();
        assert_eq!(verified.index, index);
    }
}
