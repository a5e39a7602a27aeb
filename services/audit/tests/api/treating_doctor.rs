//! What a patient's treating doctor reads (CSP R.1111-43), and for how long.

use aval_domain::event::{Actor, Event, EventKind, Outcome, Subject};
use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::{
    ExportEventsRequest, ExportFormat, GetEventRequest, ListEventsRequest, ListEventsResponse,
    WatchEventsRequest,
};
use tonic::Status;

use crate::deeds::{access, delivery};
use crate::history::ids;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};
use crate::watching::lively;

/// An event of the patient's own, as consent tells it.
fn of_patient(kind: EventKind, patient_id: PatientId) -> Event {
    let now = SystemClock.now();
    let actor = Actor::Patient { patient_id };
    let event_id = EventId::new(now, &SystemRandom);
    let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "gateway");
    event.patient_id = Some(patient_id);
    event
}

/// The patient declares these doctors, or has these left.
pub(crate) fn doctors(
    kind: EventKind,
    patient_id: PatientId,
    before: &[PractitionerId],
    after: &[PractitionerId],
) -> Event {
    let named = |ids: &[PractitionerId]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        [
            ("treating_doctor_ids".to_owned(), ids.join(",")),
            ("open".to_owned(), "true".to_owned()),
        ]
        .into()
    };
    let mut event = of_patient(kind, patient_id);
    (event.before, event.after) = (named(before), named(after));
    event
}

/// A patient with an access of somebody's and a declared doctor.
struct Practice {
    stand: Stand,
    patient: PatientId,
    doctor: PractitionerId,
    accessed: Event,
    next: u64,
}

impl Practice {
    async fn start() -> Self {
        Self::on(Stand::start().await).await
    }

    async fn on(stand: Stand) -> Self {
        let (patient, doctor) = (patient_id(), practitioner_id());
        let accessed = access(practitioner_id(), patient);
        let mut practice = Self {
            stand,
            patient,
            doctor,
            accessed: accessed.clone(),
            next: 1,
        };
        let declared = doctors(EventKind::TreatingDoctorAdded, patient, &[], &[doctor]);
        practice.tell(&[accessed, declared]).await;
        practice
    }

    async fn tell(&mut self, events: &[Event]) {
        let delivery = delivery("consent", self.next, events);
        let mut trail = self.stand.trail("consent");
        trail.append_events(delivery).await.unwrap();
        self.next += events.len() as u64;
    }

    async fn list(&self, doctor: PractitionerId) -> Result<ListEventsResponse, Status> {
        let request = ListEventsRequest {
            patient_id: self.patient.to_string(),
            ..ListEventsRequest::default()
        };
        self.stand.list(Person::Practitioner(doctor), request).await
    }

    async fn is_refused(&self) {
        let refused = self.list(self.doctor).await.unwrap_err();
        assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
    }

    async fn end(&mut self) {
        let (patient, doctor) = (self.patient, self.doctor);
        let ended = doctors(EventKind::TreatingDoctorRemoved, patient, &[doctor], &[]);
        self.tell(&[ended]).await;
    }
}

#[tokio::test]
async fn a_treating_doctor_reads_the_whole_history_while_they_are_one() {
    let mut practice = Practice::start().await;
    let listed = practice.list(practice.doctor).await.unwrap();
    assert_eq!(listed.events.len(), 2);
    assert!(ids(&listed).contains(&practice.accessed.event_id.to_string()));
    assert!(
        listed.events[1]
            .sentence_fr
            .contains("parce que le patient autorisait le Dr Camille MARTIN depuis le ")
    );
    practice.end().await;
    practice.is_refused().await;
}

#[tokio::test]
async fn nobody_else_reads_it_whoever_they_treat() {
    let mut practice = Practice::start().await;
    let colleague = practitioner_id();
    let elsewhere = doctors(
        EventKind::TreatingDoctorAdded,
        patient_id(),
        &[],
        &[colleague],
    );
    practice.tell(&[elsewhere]).await;
    let mut refusals = Vec::new();
    for doctor in [colleague, practitioner_id()] {
        refusals.push(practice.list(doctor).await.unwrap_err());
    }
    // Nor does anybody learn whether there is such a patient.
    let nobody = ListEventsRequest {
        patient_id: patient_id().to_string(),
        ..ListEventsRequest::default()
    };
    let me = Person::Practitioner(practice.doctor);
    refusals.push(practice.stand.list(me, nobody).await.unwrap_err());
    for refused in refusals {
        assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn what_another_producer_says_makes_nobody_a_treating_doctor() {
    let practice = Practice::start().await;
    let stranger = practitioner_id();
    for (first, producer) in [(1, "identity"), (1, "practitioner-directory")] {
        let kind = EventKind::TreatingDoctorAdded;
        let hostile = doctors(kind, practice.patient, &[], &[stranger]);
        let delivery = delivery(producer, first, &[hostile]);
        let mut trail = practice.stand.trail(producer);
        trail.append_events(delivery).await.unwrap();
        let refused = practice.list(stranger).await.unwrap_err();
        assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn a_closed_record_and_a_block_keep_the_treating_doctor_out() {
    let mut practice = Practice::start().await;
    let patient = practice.patient;
    let closed = of_patient(EventKind::RecordClosed, patient);
    practice.tell(&[closed]).await;
    practice.is_refused().await;
    let reopened = of_patient(EventKind::RecordReopened, patient);
    practice.tell(&[reopened]).await;
    practice.list(practice.doctor).await.unwrap();
    let mut blocked = of_patient(EventKind::BlockCreated, patient);
    blocked.subject = Some(Subject::new("block", &"b"));
    let doctor = practice.doctor.to_string();
    blocked.after = [("practitioner_id".to_owned(), doctor)].into();
    practice.tell(&[blocked]).await;
    practice.is_refused().await;
}

#[tokio::test]
async fn the_patient_sees_that_their_treating_doctor_read_and_as_what() {
    let practice = Practice::start().await;
    practice.list(practice.doctor).await.unwrap();
    practice.stand.until_the_log_has(3).await;
    let own = practice
        .stand
        .list(
            Person::Patient(practice.patient),
            ListEventsRequest::default(),
        )
        .await
        .unwrap();
    let reading = &own.events[0];
    let event = reading.event.as_ref().unwrap();
    assert_eq!(event.kind, "trail.read");
    assert_eq!(event.after["ground"], "TREATING_DOCTOR");
    assert!(reading.sentence_fr.ends_with(
        "a consulté l'historique des actions concernant votre dossier en tant que médecin traitant."
    ));
    assert!(
        reading
            .sentence_en
            .ends_with("read the history of your record as treating doctor.")
    );
}

#[tokio::test]
async fn single_events_and_exports_follow_the_same_rule() {
    let mut practice = Practice::start().await;
    let event = |practice: &Practice, patient_id: String| {
        let message = GetEventRequest {
            event_id: practice.accessed.event_id.to_string(),
            include_receipt: true,
            patient_id,
            witnessed: false,
        };
        let me = Person::Practitioner(practice.doctor);
        practice.stand.request(message, "gateway", me)
    };
    let export = |practice: &Practice| {
        let message = ExportEventsRequest {
            patient_id: practice.patient.to_string(),
            filter: None,
            format: ExportFormat::Receipts.into(),
        };
        let me = Person::Practitioner(practice.doctor);
        practice.stand.request(message, "gateway", me)
    };
    let mut trail = practice.stand.trail("gateway");
    let request = event(&practice, practice.patient.to_string());
    let found = trail.get_event(request).await.unwrap().into_inner();
    assert!(!found.receipt.is_empty());
    // Among their own acts it is not.
    let refused = trail.get_event(event(&practice, String::new())).await;
    assert_eq!(reason(&refused.unwrap_err()), "NOT_FOUND");
    let mut pieces = trail
        .export_events(export(&practice))
        .await
        .unwrap()
        .into_inner();
    let first = pieces.message().await.unwrap().unwrap();
    let text = String::from_utf8(first.data).unwrap();
    assert!(text.contains(&practice.accessed.event_id.to_string()));

    practice.end().await;
    let request = event(&practice, practice.patient.to_string());
    let refused = trail.get_event(request).await.unwrap_err();
    assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
    let refused = trail.export_events(export(&practice)).await.unwrap_err();
    assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn a_stream_ends_with_the_quality_and_sends_nothing_of_what_came_after() {
    let mut practice = Practice::on(Stand::start_with(lively()).await).await;
    let message = WatchEventsRequest {
        patient_id: practice.patient.to_string(),
        cursor: "start".to_owned(),
        ..WatchEventsRequest::default()
    };
    let me = Person::Practitioner(practice.doctor);
    let request = practice.stand.request(message, "gateway", me);
    let mut trail = practice.stand.trail("gateway");
    let mut stream = trail.watch_events(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    // Two events, and the trace of watching.
    while seen.len() < 3 {
        let item = stream.message().await.unwrap().unwrap();
        if let Some(aval_proto::audit::v1::watch_events_response::Item::Event(event)) = item.item {
            seen.push(event.event.unwrap().kind);
        }
    }
    practice.end().await;
    let later = access(practitioner_id(), practice.patient);
    practice.tell(&[later]).await;
    let ended = loop {
        match stream.message().await {
            Ok(Some(item)) => {
                use aval_proto::audit::v1::watch_events_response::Item;
                let is_event = matches!(item.item, Some(Item::Event(_)));
                assert!(!is_event, "nothing more is sent");
            }
            Ok(None) => panic!("the stream says why it ends"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&ended), "ACTOR_NOT_ALLOWED");
}
