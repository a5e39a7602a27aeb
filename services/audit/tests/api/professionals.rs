//! Two professionals turn out to be one human, and two again.

use aval_domain::event::{Actor, Event, EventKind, Outcome, Subject};
use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::{
    EventFilter, ListEventsRequest, ListEventsResponse, WatchEventsRequest,
};
use tonic::{Code, Status};

use crate::deeds::{access, delivery};
use crate::history::ids;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};
use crate::treating_doctor::doctors;
use crate::watching::{from, lively};

/// What the directory tells of two professionals.
pub(crate) fn told(kind: EventKind, source: PractitionerId, target: PractitionerId) -> Event {
    let now = SystemClock.now();
    let name = "operator".to_owned();
    let actor = Actor::Service { name };
    let event_id = EventId::new(now, &SystemRandom);
    let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "operator");
    event.after = [
        ("source_practitioner_id".to_owned(), source.to_string()),
        ("target_practitioner_id".to_owned(), target.to_string()),
        ("decision_reason".to_owned(), "ADELI and RPPS".to_owned()),
    ]
    .into();
    event
}

/// What professionals did to records, and not what they read here.
fn accesses() -> EventFilter {
    EventFilter {
        kinds: vec!["access.decided".to_owned()],
        ..EventFilter::default()
    }
}

fn id(event: &Event) -> String {
    event.event_id.to_string()
}

/// A professional under an old number and a new one, each with an act on one record.
struct Two {
    stand: Stand,
    patient: PatientId,
    old: PractitionerId,
    new: PractitionerId,
    of_old: Event,
    of_new: Event,
    told: u64,
    accesses: u64,
}

impl Two {
    async fn start() -> Self {
        let stand = Stand::start_with(lively()).await;
        let patient = patient_id();
        let (old, new) = (practitioner_id(), practitioner_id());
        let [of_old, of_new] = [old, new].map(|by| access(by, patient));
        let elsewhere = access(practitioner_id(), patient);
        let events = [of_old.clone(), of_new.clone(), elsewhere];
        stand.record(&events).await;
        Self {
            stand,
            patient,
            old,
            new,
            of_old,
            of_new,
            told: 0,
            accesses: 3,
        }
    }

    async fn tell(&mut self, kind: EventKind) {
        self.told += 1;
        let events = [told(kind, self.old, self.new)];
        let delivery = delivery("practitioner-directory", self.told, &events);
        let mut trail = self.stand.trail("practitioner-directory");
        trail.append_events(delivery).await.unwrap();
    }

    async fn record(&mut self, event: Event) -> String {
        let id = id(&event);
        self.accesses += 1;
        let delivery = delivery("consent", self.accesses, &[event]);
        let mut trail = self.stand.trail("consent");
        trail.append_events(delivery).await.unwrap();
        id
    }

    async fn acts(&self, of: PractitionerId) -> Vec<String> {
        let request = ListEventsRequest {
            filter: Some(accesses()),
            ..ListEventsRequest::default()
        };
        let me = Person::Practitioner(of);
        ids(&self.stand.list(me, request).await.unwrap())
    }

    /// The patient's history, narrowed to a professional.
    async fn narrowed(&self, to: PractitionerId) -> Vec<String> {
        let filter = EventFilter {
            practitioner_id: to.to_string(),
            ..accesses()
        };
        let request = ListEventsRequest {
            filter: Some(filter),
            ..ListEventsRequest::default()
        };
        let me = Person::Patient(self.patient);
        ids(&self.stand.list(me, request).await.unwrap())
    }

    /// The patient's history, for a professional who says that they are treating doctor.
    async fn treated_by(&self, doctor: PractitionerId) -> Result<ListEventsResponse, Status> {
        let request = ListEventsRequest {
            patient_id: self.patient.to_string(),
            ..ListEventsRequest::default()
        };
        self.stand.list(Person::Practitioner(doctor), request).await
    }
}

#[tokio::test]
async fn a_professional_is_found_under_every_identifier_until_they_are_two_again() {
    let mut two = Two::start().await;
    let (of_old, of_new) = (id(&two.of_old), id(&two.of_new));
    let both = [of_new.clone(), of_old.clone()];
    let newly = Person::Practitioner(two.new);
    let not_theirs = two.stand.event(newly, &of_old).await.unwrap_err();
    assert_eq!(not_theirs.code(), Code::NotFound);
    let request = WatchEventsRequest {
        filter: Some(accesses()),
        ..from("start")
    };
    let mut watcher = two.stand.watch(newly, request).await.unwrap();
    assert_eq!(watcher.next_event().await.unwrap(), of_new);

    two.tell(EventKind::DirectoryPractitionersMerged).await;
    assert_eq!(two.acts(two.new).await, both);
    assert_eq!(two.acts(two.old).await, both[1..]);
    for named in [two.old, two.new] {
        assert_eq!(two.narrowed(named).await, both);
    }
    let found = two.stand.event(newly, &of_old).await.unwrap();
    assert_eq!(found.event.unwrap().event.unwrap().event_id, of_old);
    let formerly = Person::Practitioner(two.old);
    let of_another = two.stand.event(formerly, &of_new).await.unwrap_err();
    assert_eq!(of_another.code(), Code::NotFound);
    // What is recorded under the old identifier from now on wakes who watches the new one.
    let late = two.record(access(two.old, two.patient)).await;
    assert_eq!(watcher.next_event().await.unwrap(), late);

    two.tell(EventKind::DirectoryPractitionersUnmerged).await;
    assert_eq!(two.acts(two.new).await, both[..1]);
    assert_eq!(two.narrowed(two.new).await, [of_new]);
    assert_eq!(two.narrowed(two.old).await, [late, of_old.clone()]);
    let not_theirs = two.stand.event(newly, &of_old).await.unwrap_err();
    assert_eq!(not_theirs.code(), Code::NotFound);
}

#[tokio::test]
async fn who_is_treating_doctor_or_blocked_under_one_identifier_is_so_as_a_human() {
    let mut two = Two::start().await;
    let kind = EventKind::TreatingDoctorAdded;
    let declared = doctors(kind, two.patient, &[], &[two.old]);
    two.record(declared).await;
    two.treated_by(two.old).await.unwrap();
    let refused = two.treated_by(two.new).await.unwrap_err();
    assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
    two.tell(EventKind::DirectoryPractitionersMerged).await;
    for doctor in [two.old, two.new] {
        two.treated_by(doctor).await.unwrap();
    }
    let mut blocked = doctors(EventKind::BlockCreated, two.patient, &[], &[]);
    blocked.subject = Some(Subject::new("block", &"b"));
    let named = ("practitioner_id".to_owned(), two.new.to_string());
    blocked.after = [named].into();
    two.record(blocked).await;
    for doctor in [two.old, two.new] {
        let refused = two.treated_by(doctor).await.unwrap_err();
        assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
    }
    two.tell(EventKind::DirectoryPractitionersUnmerged).await;
    two.treated_by(two.old).await.unwrap();
    let refused = two.treated_by(two.new).await.unwrap_err();
    assert_eq!(reason(&refused), "ACTOR_NOT_ALLOWED");
}
