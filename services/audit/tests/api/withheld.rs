//! What of a history is withheld from whom, until when, and that all of it stays proved.

use std::collections::BTreeMap;
use std::time::Duration;

use aval_audit::config::WatchConfig;
use aval_audit::export;
use aval_domain::access::AccessMode;
use aval_domain::document::DocumentClass;
use aval_domain::event::{Actor, Event, EventDocument, EventKind, Subject};
use aval_domain::id::{DocumentId, PatientId, PractitionerId};
use aval_domain::time::{Clock, SystemClock, Timestamp};
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1::{
    EventFilter, ExportFormat, ListEventsRequest, RecordedEvent, Withheld,
};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::Stand;
use crate::treating_doctor::doctors;
use crate::watching::{from, ids, lively};

const SECRET: &str = "1.2.250.1.999^secret";
const OPEN: &str = "1.2.250.1.999^open";

/// A patient's history with documents that were hidden.
struct Record {
    stand: Stand,
    patient: PatientId,
    doctor: PractitionerId,
    next: u64,
}

impl Record {
    async fn start(watch: WatchConfig) -> Self {
        Self {
            stand: Stand::start_with(watch).await,
            patient: patient_id(),
            doctor: practitioner_id(),
            next: 1,
        }
    }

    async fn tell(&mut self, events: &[Event]) {
        let delivery = delivery("consent", self.next, events);
        let mut trail = self.stand.trail("consent");
        trail.append_events(delivery).await.unwrap();
        self.next += events.len() as u64;
    }

    /// A setting on the secret document, as consent tells it; by the doctor if it hides it from
    /// the patient, otherwise by the patient.
    fn setting(&self, kind: EventKind, visibility: &str, release_at: Option<Timestamp>) -> Event {
        let mut event = access(self.doctor, self.patient);
        (event.kind, event.decision) = (kind, None);
        event.documents.clear();
        event.subject = Some(Subject::new("document", &SECRET));
        if visibility != "hidden_from_patient" {
            let patient_id = self.patient;
            event.actor = Actor::Patient { patient_id };
        }
        let mut fields = BTreeMap::new();
        fields.insert("visibility".to_owned(), visibility.to_owned());
        fields.extend(release_at.map(|at| ("release_at".to_owned(), at.to_string())));
        match kind {
            EventKind::MaskRemoved => event.before = fields,
            _ => event.after = fields,
        }
        event
    }

    fn hidden_from_patient(&self) -> Event {
        let at = SystemClock.now().saturating_add(Duration::from_mins(2));
        self.setting(EventKind::MaskSet, "hidden_from_patient", Some(at))
    }

    fn access_to(&self, documents: &[&str], mode: AccessMode) -> Event {
        let mut event = access(self.doctor, self.patient);
        let documents = documents.iter().map(|id| EventDocument {
            id: DocumentId::parse(*id).unwrap(),
            class: DocumentClass::Report,
            document_type: None,
            permitted: true,
        });
        event.documents = documents.collect();
        event.decision.as_mut().unwrap().mode = mode;
        event
    }

    /// The whole list, the oldest first.
    async fn list(&self, person: Person) -> Vec<RecordedEvent> {
        let request = ListEventsRequest {
            patient_id: match person {
                Person::Practitioner(_) => self.patient.to_string(),
                _ => String::new(),
            },
            ..ListEventsRequest::default()
        };
        let mut events = self.stand.list(person, request).await.unwrap().events;
        // A reading by somebody else than the patient leaves its own trace.
        events.retain(|event| {
            let event = event.event.as_ref().unwrap();
            event.kind != "trail.read"
        });
        events.reverse();
        events
    }

    fn holder(&self) -> Person {
        Person::Patient(self.patient)
    }

    fn representative(&self) -> Person {
        Person::RepresentativeOf(self.patient)
    }
}

fn withheld(events: &[RecordedEvent]) -> Vec<Withheld> {
    events.iter().map(RecordedEvent::withheld).collect()
}

fn documents(event: &RecordedEvent) -> Vec<&str> {
    let documents = event.event.as_ref().unwrap().documents.iter();
    documents
        .map(|document| document.document_id.as_str())
        .collect()
}

/// Nothing in these answers tells of the secret document.
fn require_untold(events: &[RecordedEvent]) {
    let text = format!("{events:?}");
    for telling in [SECRET, "hidden_from", "annonce", "announce"] {
        assert!(!text.contains(telling), "{telling} in {text}");
    }
}

#[tokio::test]
async fn a_patient_is_told_of_a_document_once_it_is_announced_and_not_before() {
    use Withheld::{Documents, Event as Whole, Unspecified};
    let mut record = Record::start(WatchConfig::default()).await;
    let events = [
        record.hidden_from_patient(),
        record.access_to(&[SECRET], AccessMode::Normal),
        record.access_to(&[SECRET, OPEN], AccessMode::Normal),
        record.access_to(&[OPEN], AccessMode::Normal),
    ];
    record.tell(&events).await;

    let listed = record.list(record.holder()).await;
    assert_eq!(
        withheld(&listed),
        [Whole, Documents, Documents, Unspecified]
    );
    require_untold(&listed);
    let told = listed[0].event.as_ref().unwrap();
    assert_eq!(told.event_id, events[0].event_id.to_string());
    assert!(told.kind.is_empty() && told.actor.is_none() && told.occurred_at.is_none());
    // Who opened the record is told all the same.
    for event in &listed[1..] {
        assert!(event.sentence_fr.contains("Dr Camille MARTIN"));
    }
    assert!(documents(&listed[1]).is_empty());
    assert_eq!(documents(&listed[2]), [OPEN]);

    let announced = record.setting(EventKind::MaskRemoved, "hidden_from_patient", None);
    record.tell(std::slice::from_ref(&announced)).await;
    let listed = record.list(record.holder()).await;
    assert_eq!(withheld(&listed), [Unspecified; 5]);
    assert_eq!(documents(&listed[2]), [SECRET, OPEN]);
    assert!(
        listed[0].sentence_fr.contains("annonce"),
        "{}",
        listed[0].sentence_fr
    );
}

#[tokio::test]
async fn what_was_not_announced_is_told_when_its_month_is_over() {
    let mut record = Record::start(WatchConfig::default()).await;
    let events = [
        record.hidden_from_patient(),
        record.access_to(&[SECRET], AccessMode::Normal),
    ];
    record.tell(&events).await;
    assert_eq!(
        withheld(&record.list(record.holder()).await),
        [Withheld::Event, Withheld::Documents]
    );
    record.stand.clock.advance(Duration::from_mins(2));
    assert_eq!(
        withheld(&record.list(record.holder()).await),
        [Withheld::Unspecified; 2]
    );
}

#[tokio::test]
async fn a_representative_is_told_neither_of_the_document_nor_that_somebody_read_it() {
    use Withheld::{Documents, Event as Whole, Unspecified};
    let mut record = Record::start(WatchConfig::default()).await;
    let (patient, treating) = (record.patient, practitioner_id());
    let events = [
        record.access_to(&[SECRET], AccessMode::Normal),
        record.setting(EventKind::MaskSet, "hidden_from_representatives", None),
        record.setting(EventKind::MaskSet, "masked", None),
        record.access_to(&[SECRET, OPEN], AccessMode::Normal),
        record.access_to(&[SECRET], AccessMode::BreakGlass),
        doctors(EventKind::TreatingDoctorAdded, patient, &[], &[treating]),
    ];
    record.tell(&events).await;

    let listed = record.list(record.representative()).await;
    let expected = [Whole, Whole, Whole, Documents, Documents, Unspecified];
    assert_eq!(withheld(&listed), expected);
    require_untold(&listed);
    // Everybody else reads everything.
    for person in [record.holder(), Person::Practitioner(treating)] {
        let listed = record.list(person).await;
        assert_eq!(withheld(&listed), [Unspecified; 6], "{person:?}");
        assert_eq!(documents(&listed[0]), [SECRET]);
    }
    let own = ListEventsRequest::default();
    let own = record
        .stand
        .list(Person::Practitioner(record.doctor), own)
        .await;
    assert!(
        own.unwrap()
            .events
            .iter()
            .any(|event| documents(event) == [SECRET])
    );
}

#[tokio::test]
async fn a_list_that_is_narrowed_does_not_tell_what_a_withheld_event_is() {
    let mut record = Record::start(lively()).await;
    let opened = record.access_to(&[OPEN], AccessMode::Normal);
    let masked = record.setting(EventKind::MaskSet, "masked", None);
    let masked = Event {
        subject: Some(Subject::new("document", &OPEN)),
        ..masked
    };
    let events = [masked.clone(), record.hidden_from_patient(), opened.clone()];
    record.tell(&events).await;
    let by_doctor = EventFilter {
        practitioner_id: record.doctor.to_string(),
        ..EventFilter::default()
    };
    let of_kind = EventFilter {
        kinds: vec!["mask.*".to_owned()],
        ..EventFilter::default()
    };
    // The newest of its kind is withheld: its place is the next one's, and nothing tells of it.
    for (filter, expected) in [(by_doctor.clone(), &opened), (of_kind, &masked)] {
        let request = ListEventsRequest {
            filter: Some(filter),
            page_size: 1,
            ..ListEventsRequest::default()
        };
        let page = record.stand.list(record.holder(), request).await;
        let page = page.unwrap();
        let listed: Vec<_> = page
            .events
            .iter()
            .map(|e| e.event.as_ref().unwrap())
            .collect();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].event_id, expected.event_id.to_string());
        assert_eq!(page.next_page_token, "");
    }
    let mut narrowed = from("start");
    narrowed.filter = Some(by_doctor);
    let mut watcher = record.stand.watch(record.holder(), narrowed).await.unwrap();
    assert_eq!(watcher.next_events(1).await, [opened.event_id.to_string()]);
    let mut whole = record
        .stand
        .watch(record.holder(), from("start"))
        .await
        .unwrap();
    assert_eq!(whole.next_events(3).await, ids(&events));
}

#[tokio::test]
async fn what_is_withheld_is_proved_by_its_place_alone() {
    let mut record = Record::start(WatchConfig::default()).await;
    let events = [
        record.hidden_from_patient(),
        record.access_to(&[SECRET, OPEN], AccessMode::Normal),
        record.access_to(&[OPEN], AccessMode::Normal),
    ];
    record.tell(&events).await;
    let policy = record.stand.policy().await;
    for (place, event) in (0..).zip(&events) {
        let id = event.event_id.to_string();
        let found = record.stand.event(record.holder(), &id).await.unwrap();
        let receipt = Receipt::parse(found.receipt.as_bytes()).unwrap();
        let is_whole = place == 2;
        assert_eq!(receipt.salt.is_some(), is_whole);
        assert_eq!(found.canonical_event.is_empty(), !is_whole);
        let evidence = if is_whole {
            Evidence::Event(&found.canonical_event)
        } else {
            Evidence::LeafOnly
        };
        assert_eq!(receipt.verify(evidence, &policy).unwrap().index, place);
        require_untold(std::slice::from_ref(found.event.as_ref().unwrap()));
    }

    let receipts = record
        .stand
        .export_text(record.patient, ExportFormat::Receipts)
        .await;
    let lines: Vec<serde_json::Value> = receipts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let is_withheld = |line: &serde_json::Value| line.get("withheld").is_some();
    assert_eq!(
        lines.iter().map(is_withheld).collect::<Vec<_>>(),
        [true, true, false]
    );
    for format in [
        ExportFormat::Receipts,
        ExportFormat::Csv,
        ExportFormat::FhirBalpNdjson,
        ExportFormat::FhirTdeBundle,
    ] {
        let file = record.stand.export_text(record.patient, format).await;
        assert!(!file.contains("hidden_from"), "{format:?}");
        let shown = export::read(&file).unwrap().map(Result::unwrap);
        let told = shown.filter_map(|shown| shown.canonical.ok());
        let told: Vec<String> = told.map(|told| String::from_utf8(told).unwrap()).collect();
        // That exports were made is told as well.
        assert!(told[0].contains(OPEN), "{format:?}");
        assert!(!told.concat().contains(SECRET), "{format:?}");
    }
}

#[tokio::test]
async fn an_open_stream_withholds_what_is_hidden_by_then_and_no_longer() {
    use Withheld::{Documents, Event as Whole, Unspecified};
    let mut record = Record::start(lively()).await;
    let access = |record: &Record| record.access_to(&[SECRET], AccessMode::Normal);
    let shown = record.setting(EventKind::MaskRemoved, "hidden_from_patient", None);
    let steps = [
        (access(&record), Unspecified),
        (record.hidden_from_patient(), Whole),
        (access(&record), Documents),
        (access(&record), Documents),
        (shown, Unspecified),
        (access(&record), Unspecified),
        (record.hidden_from_patient(), Whole),
        (access(&record), Documents),
    ];
    let watch = record.stand.watch(record.holder(), from("start"));
    let mut watcher = watch.await.unwrap();
    for (event, expected) in steps {
        record.tell(std::slice::from_ref(&event)).await;
        let sent = watcher.next_recorded().await.unwrap();
        assert_eq!(sent.withheld(), expected, "{:?}", event.kind);
    }
    record.stand.clock.advance(Duration::from_mins(2));
    let late = access(&record);
    record.tell(&[late]).await;
    let sent = watcher.next_recorded().await.unwrap();
    assert_eq!(sent.withheld(), Unspecified);
}

#[tokio::test]
async fn every_part_of_a_long_file_withholds_what_is_hidden() {
    let mut record = Record::start(WatchConfig::default()).await;
    let accesses = std::iter::repeat_with(|| record.access_to(&[SECRET], AccessMode::Normal));
    let mut events: Vec<Event> = accesses.take(250).collect();
    events.push(record.hidden_from_patient());
    record.tell(&events).await;
    let receipts = record
        .stand
        .export_text(record.patient, ExportFormat::Receipts)
        .await;
    assert_eq!(receipts.lines().count(), events.len());
    for line in receipts.lines() {
        assert!(
            line.contains("withheld") && !line.contains(SECRET),
            "{line}"
        );
    }
}
