//! `EraseEvents`: what an operator has erased, and what the patient reads of it.

use aval_domain::id::PatientId;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1::{EraseEventsRequest, ListEventsRequest};
use tonic::{Request, Status};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

impl Stand {
    pub(crate) async fn erase(&self, patient: PatientId, ground: &str) -> Result<u64, Status> {
        let request = EraseEventsRequest {
            patient_id: patient.to_string(),
            ground: ground.to_owned(),
        };
        let answer = self.retention("operator").erase_events(request).await?;
        Ok(answer.into_inner().erased_count)
    }
}

#[tokio::test]
async fn the_patient_reads_that_there_was_an_event_and_why_it_was_erased() {
    let stand = Stand::start().await;
    let (anna, bela) = (patient_id(), patient_id());
    let events = [anna, bela, anna].map(|id| access(practitioner_id(), id));
    stand.record(&events).await;
    assert_eq!(stand.erase(anna, "Article 17").await.unwrap(), 2);
    assert_eq!(stand.erase(anna, "Article 17").await.unwrap(), 0);

    let me = Person::Patient(anna);
    let page = stand.list(me, ListEventsRequest::default()).await.unwrap();
    let sequences: Vec<u64> = page.events.iter().map(|e| e.patient_sequence).collect();
    assert_eq!(sequences, [3, 2, 1]);
    let told = page.events[0].event.as_ref().unwrap();
    assert_eq!(
        (told.kind.as_str(), &page.events[0].erasure),
        ("trail.erased", &None)
    );
    assert_eq!(told.after["patient_sequences"], "1-2");
    assert!(page.events[0].sentence_fr.contains("Article 17"));
    for (left, event) in page.events[1..].iter().rev().zip([&events[0], &events[2]]) {
        let erasure = left.erasure.as_ref().unwrap();
        assert_eq!(erasure.erasure_event_id, told.event_id);
        assert_eq!(erasure.ground, "Article 17");
        let shown = left.event.as_ref().unwrap();
        assert_eq!(shown.event_id, event.event_id.to_string());
        assert!(shown.kind.is_empty() && shown.actor.is_none());
        assert!(left.sentence_fr.contains("effacé"), "{}", left.sentence_fr);
    }
    let other = stand.list(Person::Patient(bela), ListEventsRequest::default());
    assert!(other.await.unwrap().events[0].erasure.is_none());

    // The leaf is proved, and nothing of the event.
    let found = stand.event(me, &events[0].event_id.to_string()).await;
    let found = found.unwrap();
    assert!(found.canonical_event.is_empty());
    let receipt = Receipt::parse(found.receipt.as_bytes()).unwrap();
    assert!(receipt.salt.is_none());
    let policy = stand.policy().await;
    let verified = receipt.verify(Evidence::LeafOnly, &policy).unwrap();
    assert_eq!(verified.index, 0);
}

#[tokio::test]
async fn a_ground_is_required_and_a_producer_tells_of_no_erasure() {
    let stand = Stand::start().await;
    for ground in ["", "  ", "two\nlines", &"x".repeat(501)] {
        let refused = stand.erase(patient_id(), ground).await.unwrap_err();
        assert_eq!(fields(&refused), ["ground"]);
    }
    for caller in ["gateway", "consent", "records"] {
        let request = Request::new(EraseEventsRequest::default());
        let refused = stand.retention(caller).erase_events(request).await;
        assert_eq!(reason(&refused.unwrap_err()), "CALLER_NOT_ALLOWED");
    }
    let mut forged = access(practitioner_id(), patient_id());
    forged.kind = aval_domain::event::EventKind::TrailErased;
    let request = delivery("consent", 1, std::slice::from_ref(&forged));
    let refused = stand.trail("consent").append_events(request).await;
    assert_eq!(fields(&refused.unwrap_err()), ["events[0].event"]);
}
