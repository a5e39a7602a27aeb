//! How people stand to a patient of whose history something was erased.

use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Clock;

use super::fixture::Fixture;
use crate::erasure::{MOST_AT_ONCE, Target};
use crate::query::Filter;
use crate::query::{Query, Scope};
use crate::standing::{Doctor, Standing, Told};
use crate::store::Store;

struct Record<'a> {
    fixture: &'a Fixture,
    patient: PatientId,
    doctor: PractitionerId,
}

impl<'a> Record<'a> {
    fn of(fixture: &'a Fixture) -> Self {
        Self {
            fixture,
            patient: fixture.sample.patient_id(),
            doctor: fixture.sample.practitioner_id(),
        }
    }

    fn event(&self, kind: EventKind, after: &[(&str, String)]) -> Event {
        let mut event = self.fixture.sample.of_service(kind);
        event.patient_id = Some(self.patient);
        let after = after.iter();
        event.after = after
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        event
    }

    /// Consent tells the whole list each time.
    fn declared(&self, doctors: &[PractitionerId]) -> Event {
        let doctors: Vec<String> = doctors.iter().map(ToString::to_string).collect();
        let after = [("treating_doctor_ids", doctors.join(","))];
        self.event(EventKind::TreatingDoctorAdded, &after)
    }

    fn blocked(&self) -> Event {
        let after = [("practitioner_id", self.doctor.to_string())];
        let mut event = self.event(EventKind::BlockCreated, &after);
        event.subject = Some(Subject::new("block", &"b1"));
        event
    }

    fn everything(&self) -> Target {
        Target::Patient(self.patient)
    }

    /// As a reading asks it.
    async fn has_as_treating_doctor(&self, practitioner_id: PractitionerId) -> bool {
        let store = &self.fixture.store;
        let mut standing = Standing::of(self.patient);
        for told in store.standing(self.patient).await.unwrap() {
            let entry = told.entry.map(|entry| entry.open().unwrap());
            standing.take(Told {
                source: &told.source,
                under: told.under,
                kind: told.kind,
                event: entry.as_ref().map(|entry| &entry.event),
            });
        }
        let known_as = store.professional(practitioner_id).await.unwrap();
        let doctor = Doctor {
            practitioner_id,
            organization_id: None,
        };
        standing.is_treating_doctor(doctor, &known_as, self.fixture.sample.clock.now())
    }
}

pub(super) async fn a_block_that_was_erased_keeps_out_whom_a_later_list_of_doctors_names(
    fixture: &Fixture,
) {
    let record = Record::of(fixture);
    let (blocked, other) = (record.doctor, fixture.sample.practitioner_id());
    let mut hand = fixture.take_over().await;
    let events = [record.declared(&[blocked]), record.blocked()];
    fixture.append(&mut hand, &events).await;
    assert!(!record.has_as_treating_doctor(blocked).await);
    fixture.erase(&mut hand, record.everything()).await;
    assert!(!record.has_as_treating_doctor(blocked).await);
    // Whoever is added is told with those who were there.
    let events = [record.declared(&[blocked, other])];
    fixture.append(&mut hand, &events).await;
    assert!(!record.has_as_treating_doctor(blocked).await);
    assert!(
        !record.has_as_treating_doctor(other).await,
        "nobody knows any more whom the block names"
    );

    // What is left of it is in no list, and whoever looks for its kind does not find it.
    let query = Query {
        scope: Scope::Patient(record.patient),
        filter: Filter {
            kinds: [EventKind::BlockCreated].into(),
            ..Filter::default()
        },
        before: None,
        limit: 10,
    };
    let page = fixture.store.page(&query).await.unwrap();
    assert!(page.entries.is_empty() && page.erased.is_empty());
    let whole = Query {
        filter: Filter::default(),
        ..query
    };
    let page = fixture.store.page(&whole).await.unwrap();
    assert_eq!((page.entries.len(), page.erased.len()), (2, 2));
}

pub(super) async fn a_block_that_an_earlier_step_erased_holds_while_the_declaration_is_there(
    fixture: &Fixture,
) {
    let record = Record::of(fixture);
    let mut hand = fixture.take_over().await;
    let accesses = std::iter::repeat_with(|| fixture.sample.access(Some(record.patient)));
    let accesses = accesses.take(usize::try_from(MOST_AT_ONCE).unwrap());
    let mut events = vec![record.blocked()];
    events.extend(accesses);
    events.push(record.declared(&[record.doctor]));
    fixture.append(&mut hand, &events).await;
    let first = fixture.erase(&mut hand, record.everything()).await;
    assert!(first.next.is_some(), "the declaration is of another step");
    assert!(!record.has_as_treating_doctor(record.doctor).await);
    fixture.erase(&mut hand, record.everything()).await;
    assert!(!record.has_as_treating_doctor(record.doctor).await);
}

pub(super) async fn a_record_that_was_closed_stays_so_when_that_was_erased(fixture: &Fixture) {
    let record = Record::of(fixture);
    let mut hand = fixture.take_over().await;
    let closed = [record.event(EventKind::RecordClosed, &[])];
    fixture.append(&mut hand, &closed).await;
    fixture.erase(&mut hand, record.everything()).await;
    let declared = [record.declared(&[record.doctor])];
    fixture.append(&mut hand, &declared).await;
    assert!(!record.has_as_treating_doctor(record.doctor).await);
    let reopened = [record.event(EventKind::RecordReopened, &[])];
    fixture.append(&mut hand, &reopened).await;
    assert!(record.has_as_treating_doctor(record.doctor).await);
}

pub(super) async fn what_had_no_effect_leaves_nothing_that_has_one(fixture: &Fixture) {
    let record = Record::of(fixture);
    let mut hand = fixture.take_over().await;
    let mut refused = record.blocked();
    refused.outcome = Outcome::Refused;
    let former = fixture.sample.practitioner_id();
    let events = [refused, record.declared(&[former])];
    fixture.append(&mut hand, &events).await;
    fixture.erase(&mut hand, record.everything()).await;
    assert!(!record.has_as_treating_doctor(former).await);
    let declared = [record.declared(&[record.doctor])];
    fixture.append(&mut hand, &declared).await;
    assert!(record.has_as_treating_doctor(record.doctor).await);
    assert!(!record.has_as_treating_doctor(former).await);
}
