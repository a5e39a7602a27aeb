//! Two patients turn out to be one human, and two again.

use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::{
    ExportFormat, GetPatientProofRequest, GetPatientProofResponse, ListEventsRequest,
    ListEventsResponse,
};
use serde_json::Value;
use tonic::{Code, Status};

use crate::deeds::{access, delivery};
use crate::history::ids;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};
use crate::watching::{from, lively};

/// What identity tells of two patients, in the history of each.
fn told(kind: EventKind, source: PatientId, target: PatientId) -> [Event; 2] {
    [source, target].map(|patient_id| {
        let now = SystemClock.now();
        let name = "operator".to_owned();
        let actor = Actor::Service { name };
        let event_id = EventId::new(now, &SystemRandom);
        let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "operator");
        event.patient_id = Some(patient_id);
        event.after = [
            ("source_patient_id".to_owned(), source.to_string()),
            ("target_patient_id".to_owned(), target.to_string()),
        ]
        .into();
        event
    })
}

fn id(event: &Event) -> String {
    event.event_id.to_string()
}

/// Two patients with an access each, and somebody else.
struct Two {
    stand: Stand,
    s: PatientId,
    t: PatientId,
    of_s: Event,
    of_t: Event,
}

impl Two {
    async fn start() -> Self {
        Self::on(Stand::start().await).await
    }

    async fn on(stand: Stand) -> Self {
        let (s, t) = (patient_id(), patient_id());
        let [of_s, of_t] = [s, t].map(|id| access(practitioner_id(), id));
        let elsewhere = access(practitioner_id(), patient_id());
        let events = [of_s.clone(), of_t.clone(), elsewhere];
        stand.record(&events).await;
        Self {
            stand,
            s,
            t,
            of_s,
            of_t,
        }
    }

    async fn tell(&self, first: u64, kind: EventKind) -> [Event; 2] {
        let events = told(kind, self.s, self.t);
        let delivery = delivery("identity", first, &events);
        let mut trail = self.stand.trail("identity");
        trail.append_events(delivery).await.unwrap();
        events
    }

    async fn history(&self, patient: PatientId) -> ListEventsResponse {
        self.list(Person::Patient(patient)).await
    }

    async fn list(&self, person: Person) -> ListEventsResponse {
        let listed = self.stand.list(person, ListEventsRequest::default());
        listed.await.unwrap()
    }

    async fn proof(
        &self,
        person: Person,
        patient_id: String,
    ) -> Result<GetPatientProofResponse, Status> {
        let request = GetPatientProofRequest {
            patient_id,
            ..GetPatientProofRequest::default()
        };
        let request = self.stand.request(request, "gateway", person);
        let mut transparency = self.stand.transparency("gateway");
        let answer = transparency.get_patient_proof(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// The one who stays knows nothing of the other.
    async fn are_two(&self) {
        let seen = ids(&self.history(self.t).await);
        assert!(!seen.contains(&id(&self.of_s)));
        let me = Person::Patient(self.t);
        let refused = self.stand.event(me, &id(&self.of_s)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let refused = self.proof(me, self.s.to_string()).await.unwrap_err();
        assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
        let own = self.proof(me, String::new()).await.unwrap();
        assert_eq!(own.patient_ids, [self.t.to_string()]);
        let export = self.stand.export_text(self.t, ExportFormat::Receipts).await;
        assert!(!export.contains(&id(&self.of_s)));
    }
}

#[tokio::test]
async fn who_stays_sees_what_stands_under_both_until_they_are_two_again() {
    let two = Two::start().await;
    two.are_two().await;
    let [in_s, in_t] = two.tell(1, EventKind::PatientsMerged).await;
    two.stand.until_the_log_has(6).await;

    let listed = two.history(two.t).await;
    let seen = ids(&listed);
    for event in [&two.of_s, &two.of_t, &in_s, &in_t] {
        assert!(seen.contains(&id(event)));
        let found = two.stand.event(Person::Patient(two.t), &id(event)).await;
        let found = found.unwrap().event.unwrap().event.unwrap();
        // Each says under which identifier it stands.
        assert_eq!(found.patient_id, event.patient_id.unwrap().to_string());
    }
    let places = listed.events.iter().map(|event| event.log_index);
    assert!(places.is_sorted_by(|later, earlier| later > earlier));
    let export = two.stand.export_text(two.t, ExportFormat::Receipts).await;
    for event in [&two.of_s, &two.of_t, &in_s, &in_t] {
        assert!(export.contains(&id(event)));
    }
    let first: Value = serde_json::from_str(export.lines().next().unwrap()).unwrap();
    let first = first["canonical_event"].as_str().unwrap();
    assert!(first.contains(&id(&two.of_s)), "the oldest first");

    // Each identifier has a proof of its own, and theirs has the copy of the merge.
    let me = Person::Patient(two.t);
    let own = two.proof(me, String::new()).await.unwrap();
    let mut both = [two.s.to_string(), two.t.to_string()];
    both.sort_unstable();
    assert_eq!(own.patient_ids, both);
    let others = two.proof(me, two.s.to_string()).await.unwrap();
    assert_eq!(others.event_count, 2);
    // Who still comes as the other sees what they saw.
    assert_eq!(ids(&two.history(two.s).await), [id(&in_s), id(&two.of_s)]);

    let [back_in_s, _] = two.tell(3, EventKind::PatientsUnmerged).await;
    two.are_two().await;
    let later = access(practitioner_id(), two.s);
    let delivery = delivery("consent", 4, std::slice::from_ref(&later));
    let mut trail = two.stand.trail("consent");
    trail.append_events(delivery).await.unwrap();
    assert!(!ids(&two.history(two.t).await).contains(&id(&later)));
    assert_eq!(
        ids(&two.history(two.s).await),
        [id(&later), id(&back_in_s), id(&in_s), id(&two.of_s)]
    );
}

#[tokio::test]
async fn whoever_represents_the_one_who_stays_reads_both_and_leaves_a_trace() {
    let two = Two::start().await;
    let representative = Person::RepresentativeOf(two.t);
    two.tell(1, EventKind::PatientsMerged).await;
    assert!(ids(&two.list(representative).await).contains(&id(&two.of_s)));
    let found = two.stand.event(representative, &id(&two.of_s)).await;
    found.unwrap();
    two.stand.until_the_log_has(7).await;
    let read = two.history(two.t).await.events;
    let read = read.iter().filter_map(|event| event.event.as_ref());
    let read = read.filter(|event| event.kind == "trail.read");
    assert_eq!(read.count(), 2);
    let of_s = two.list(Person::RepresentativeOf(two.s)).await;
    assert!(!ids(&of_s).contains(&id(&two.of_t)));
}

#[tokio::test]
async fn a_watcher_is_told_what_comes_under_either_identifier_from_the_merge_on() {
    let two = Two::on(Stand::start_with(lively()).await).await;
    let watch = two.stand.watch(Person::Patient(two.t), from(""));
    let mut watcher = watch.await.unwrap();
    let [in_s, in_t] = two.tell(1, EventKind::PatientsMerged).await;
    let later = [
        access(practitioner_id(), two.s),
        access(practitioner_id(), two.t),
        access(practitioner_id(), two.s),
    ];
    let delivery = delivery("consent", 4, &later);
    let mut trail = two.stand.trail("consent");
    trail.append_events(delivery).await.unwrap();
    let expected: Vec<String> = [&in_s, &in_t].into_iter().chain(&later).map(id).collect();
    assert_eq!(watcher.next_events(5).await, expected);
}

#[tokio::test]
async fn nobody_but_identity_opens_one_history_to_another() {
    let two = Two::start().await;
    let hostile = told(EventKind::PatientsMerged, two.s, two.t);
    for (producer, first) in [("consent", 4), ("practitioner-directory", 1)] {
        let mut events = hostile.clone();
        for event in &mut events {
            event.event_id = EventId::new(SystemClock.now(), &SystemRandom);
        }
        let delivery = delivery(producer, first, &events);
        let mut trail = two.stand.trail(producer);
        trail.append_events(delivery).await.unwrap();
        two.are_two().await;
    }
    // Nor under its name.
    let delivery = delivery("identity", 1, &hostile);
    let mut trail = two.stand.trail("consent");
    let refused = trail.append_events(delivery).await.unwrap_err();
    assert_eq!(reason(&refused), "CALLER_NOT_ALLOWED");
    two.are_two().await;
}

#[tokio::test]
async fn what_identity_tells_of_nobody_opens_nothing_and_is_recorded_all_the_same() {
    let two = Two::start().await;
    let mut events = Vec::new();
    for value in ["", "x", "0193b5a0-0000-7000-8000-00000000000g"] {
        let mut malformed = told(EventKind::PatientsMerged, two.s, two.t);
        for event in &mut malformed {
            let source = "source_patient_id".to_owned();
            event.after.insert(source, value.to_owned());
        }
        events.extend(malformed);
    }
    let [itself, _] = told(EventKind::PatientsMerged, two.t, two.t);
    events.push(itself);
    let delivery = delivery("identity", 1, &events);
    let mut trail = two.stand.trail("identity");
    let answer = trail.append_events(delivery).await.unwrap().into_inner();
    assert_eq!(answer.acknowledged_sequence, 7);
    two.are_two().await;
}

#[tokio::test]
async fn a_merge_that_is_delivered_again_is_one() {
    let two = Two::start().await;
    let events = told(EventKind::PatientsMerged, two.s, two.t);
    let mut trail = two.stand.trail("identity");
    for _ in 0..2 {
        let delivery = delivery("identity", 1, &events);
        trail.append_events(delivery).await.unwrap();
        assert_eq!(two.history(two.t).await.events.len(), 4);
    }
}
