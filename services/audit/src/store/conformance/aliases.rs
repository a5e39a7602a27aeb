//! Who was merged is read with the one who stays.

use aval_database::migrate::{self, MigratorTrait};
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{EventId, PatientId};

use super::fixture::{Fixture, Hand};
use crate::query::{Filter, Onward, Query, Scope};
use crate::store::sql::{Migrator, damage};
use crate::store::{CommitError, Store};

const MERGED: EventKind = EventKind::PatientsMerged;
const UNMERGED: EventKind = EventKind::PatientsUnmerged;

impl Fixture {
    /// Identity tells this of two patients.
    async fn tell(&self, hand: &mut Hand, kind: EventKind, source: PatientId, target: PatientId) {
        let told = self.sample.of_two(kind, source, target);
        self.append_from("identity", hand, &told).await;
    }

    async fn identifiers(&self, patient: PatientId) -> Vec<PatientId> {
        self.store.identifiers(patient).await.unwrap()
    }

    async fn present(&self, patient: PatientId) -> PatientId {
        self.store.present_patient(patient).await.unwrap()
    }

    /// Whose events the history of this patient has, from the oldest.
    async fn whose(&self, patient: PatientId) -> Vec<PatientId> {
        let entries = self.list(Scope::Patient(patient), Filter::default()).await;
        let entries = entries.into_iter().rev();
        entries
            .filter_map(|entry| entry.open().unwrap().event.patient_id)
            .collect()
    }

    fn accesses(&self, patients: &[PatientId]) -> Vec<Event> {
        let patients = patients.iter();
        patients.map(|id| self.sample.access(Some(*id))).collect()
    }

    fn patients<const N: usize>(&self) -> [PatientId; N] {
        std::array::from_fn(|_| self.sample.patient_id())
    }
}

fn sorted<const N: usize>(mut ids: [PatientId; N]) -> Vec<PatientId> {
    ids.sort_unstable();
    ids.to_vec()
}

pub(super) async fn who_is_merged_is_read_with_whom_they_lead_to(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [s, t, other] = fixture.patients();
    let before = fixture.accesses(&[s, t, other, s]);
    fixture.append(&mut hand, &before).await;
    assert_eq!(fixture.whose(t).await, [t]);
    fixture.tell(&mut hand, MERGED, s, t).await;
    fixture
        .append(&mut hand, &fixture.accesses(&[s, other, t]))
        .await;

    assert_eq!(fixture.identifiers(t).await, sorted([s, t]));
    for (whose, present) in [(s, t), (t, t), (other, other)] {
        assert_eq!(fixture.present(whose).await, present);
    }
    assert_eq!(fixture.whose(t).await, [s, t, s, s, t, s, t]);
    // Whoever still comes as the other sees what they saw.
    assert_eq!(fixture.identifiers(s).await, [s]);
    assert_eq!(fixture.whose(s).await, [s, s, s, s]);
    assert_eq!(fixture.whose(other).await, [other, other]);

    fixture.tell(&mut hand, UNMERGED, s, t).await;
    fixture.append(&mut hand, &fixture.accesses(&[s, t])).await;
    assert_eq!(fixture.identifiers(t).await, [t]);
    assert_eq!(fixture.present(s).await, s);
    assert_eq!(fixture.whose(t).await, [t, t, t, t, t]);
    assert_eq!(fixture.whose(s).await, [s, s, s, s, s, s]);
}

pub(super) async fn merges_make_chains_and_are_taken_back_link_by_link(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [a, b, c, d] = fixture.patients();
    fixture.tell(&mut hand, MERGED, a, b).await;
    fixture.tell(&mut hand, MERGED, b, c).await;
    fixture.tell(&mut hand, MERGED, d, c).await;
    assert_eq!(fixture.identifiers(c).await, sorted([a, b, c, d]));
    for led in [a, b, d] {
        assert_eq!(fixture.identifiers(led).await, [led]);
    }
    fixture.tell(&mut hand, UNMERGED, b, c).await;
    assert_eq!(fixture.identifiers(c).await, sorted([c, d]));
    assert_eq!(fixture.identifiers(b).await, sorted([a, b]));
    fixture.tell(&mut hand, UNMERGED, a, b).await;
    fixture.tell(&mut hand, UNMERGED, d, c).await;
    for alone in [a, b, c, d] {
        assert_eq!(fixture.identifiers(alone).await, [alone]);
    }
}

pub(super) async fn both_copies_of_a_merge_and_its_repetition_change_nothing_more(
    fixture: &Fixture,
) {
    let mut hand = fixture.take_over().await;
    let [s, t] = fixture.patients();
    let [of_source, of_target] = fixture.sample.of_two(MERGED, s, t);
    for copy in [of_source, of_target] {
        fixture.append_from("identity", &mut hand, &[copy]).await;
        assert_eq!(fixture.identifiers(t).await, sorted([s, t]));
        assert_eq!(fixture.identifiers(s).await, [s]);
    }
    fixture.tell(&mut hand, MERGED, s, t).await;
    assert_eq!(fixture.identifiers(t).await, sorted([s, t]));
    let [of_source, of_target] = fixture.sample.of_two(UNMERGED, s, t);
    for copy in [of_target, of_source] {
        fixture.append_from("identity", &mut hand, &[copy]).await;
        assert_eq!(fixture.identifiers(t).await, [t]);
    }
    fixture.tell(&mut hand, UNMERGED, s, t).await;
    assert_eq!(fixture.identifiers(t).await, [t]);
}

pub(super) async fn a_merge_that_another_producer_tells_leads_nowhere(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [s, t] = fixture.patients();
    let theirs = fixture.accesses(&[s]);
    fixture.append(&mut hand, &theirs).await;
    for producer in ["consent", "practitioner-directory", "audit", "gateway", ""] {
        let told = fixture.sample.of_two(MERGED, s, t);
        fixture.append_from(producer, &mut hand, &told).await;
        assert_eq!(fixture.identifiers(t).await, [t], "{producer}");
    }
    assert!(fixture.whose(t).await.iter().all(|whose| *whose == t));
    // Nor does one take a merge back.
    fixture.tell(&mut hand, MERGED, s, t).await;
    let told = fixture.sample.of_two(UNMERGED, s, t);
    fixture.append_from("consent", &mut hand, &told).await;
    assert_eq!(fixture.identifiers(t).await, sorted([s, t]));
}

pub(super) async fn a_merge_of_nobody_clear_leads_nowhere(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [s, t] = fixture.patients();
    let malformed = |field: &str, value: &str| {
        let mut told = fixture.sample.of_two(MERGED, s, t);
        for event in &mut told {
            event.after.insert(field.to_owned(), value.to_owned());
        }
        told
    };
    let mut all = Vec::new();
    for field in ["source_patient_id", "target_patient_id"] {
        for value in ["", "x", "\u{0}", "' OR 1 = 1", "0193b5a0-0000-7000-8000"] {
            all.extend(malformed(field, value));
        }
        let mut without = fixture.sample.of_two(MERGED, s, t);
        for event in &mut without {
            event.after.remove(field);
        }
        all.extend(without);
    }
    all.extend(malformed("source_patient_id", &t.to_string()));
    all.extend(malformed("target_patient_id", &s.to_string()));
    fixture.append_from("identity", &mut hand, &all).await;
    for patient in [s, t] {
        assert_eq!(fixture.identifiers(patient).await, [patient]);
    }
    assert_eq!(fixture.whose(s).await.len(), all.len() / 2);
    let found = fixture.store.examine(&fixture.key).await.unwrap();
    let aliases = found.faults.iter();
    assert_eq!(
        aliases.filter(|f| f.to_string().contains("human")).count(),
        0
    );
}

pub(super) async fn a_merge_in_a_batch_that_is_not_taken_leads_nowhere(fixture: &Fixture) {
    let mut overtaken = fixture.take_over().await;
    drop(std::mem::replace(
        &mut overtaken.lease,
        crate::store::Lease::new(()),
    ));
    let _now = fixture.take_over().await;
    let [s, t] = fixture.patients();
    let told = fixture.sample.of_two(MERGED, s, t);
    let refused = fixture.try_append_from("identity", &mut overtaken, &told);
    assert!(matches!(refused.await, Err(CommitError::Fenced)));
    assert_eq!(fixture.identifiers(t).await, [t]);
}

pub(super) async fn pages_of_several_identifiers_are_one_list(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [a, b, c, other] = fixture.patients();
    for (source, target) in [(a, b), (b, c)] {
        fixture.tell(&mut hand, MERGED, source, target).await;
    }
    for patients in [[a, b, c, other], [c, c, a, other], [b, a, a, c]] {
        let accesses = fixture.accesses(&patients);
        fixture.append(&mut hand, &accesses).await;
    }
    let scope = Scope::Patient(c);
    let ids = |entries: Vec<crate::entry::StoredEntry>| -> Vec<EventId> {
        let entries = entries.into_iter();
        entries.map(|e| e.open().unwrap().event.event_id).collect()
    };
    let whole = fixture.list(scope, Filter::default()).await;
    let places: Vec<u64> = whole.iter().map(|entry| entry.log_index).collect();
    assert!(places.is_sorted_by(|later, earlier| later > earlier));
    let whole = ids(whole);
    assert_eq!(whole.len(), 4 + 10);

    let (mut backwards, mut before) = (Vec::new(), None);
    loop {
        let filter = Filter::default();
        let query = Query {
            scope,
            filter,
            before,
            limit: 3,
        };
        let page = fixture.store.events(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 3);
        before = Some(last.log_index);
        backwards.extend(ids(page));
    }
    assert_eq!(backwards, whole);

    let (mut forwards, mut from) = (Vec::new(), 0);
    loop {
        let filter = Filter::default();
        let onward = Onward {
            scope,
            filter,
            from,
            limit: 3,
        };
        let page = fixture.store.events_from(&onward).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.log_index + 1;
        forwards.extend(ids(page));
    }
    forwards.reverse();
    assert_eq!(forwards, whole);

    let news = fixture.store.news_from(0).await.unwrap();
    assert_eq!(news.next, 16);
    for patient in [a, b, c, other] {
        assert!(news.scopes.contains(&Scope::Patient(patient)));
    }
    let theirs = fixture.accesses(&[a]);
    fixture.append(&mut hand, &theirs).await;
    let news = fixture.store.news_from(16).await.unwrap();
    assert!(news.scopes.contains(&Scope::Patient(a)));
    assert!(news.scopes.contains(&Scope::Patient(c)));
    assert!(!news.scopes.contains(&Scope::Patient(b)));
}

pub(super) async fn the_first_access_to_a_human_is_one_whatever_the_identifier(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [s, t] = fixture.patients();
    let (doctor, nurse) = (
        fixture.sample.practitioner_id(),
        fixture.sample.practitioner_id(),
    );
    let by = |who, whom| fixture.sample.access_by(who, Some(whom));
    let events = [by(doctor, s), by(doctor, t), by(nurse, t), by(nurse, s)];
    fixture.append(&mut hand, &events).await;
    let filter = Filter {
        first_access_only: true,
        ..Filter::default()
    };
    let firsts = async |patient| -> Vec<EventId> {
        let entries = fixture.list(Scope::Patient(patient), filter.clone()).await;
        let entries = entries.into_iter().rev();
        entries.map(|e| e.open().unwrap().event.event_id).collect()
    };
    assert_eq!(firsts(t).await, [events[1].event_id, events[2].event_id]);
    fixture.tell(&mut hand, MERGED, s, t).await;
    assert_eq!(firsts(t).await, [events[0].event_id, events[2].event_id]);
}

pub(super) async fn merges_from_before_there_were_aliases_are_known(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let [a, b, c, d] = fixture.patients();
    for (source, target) in [(a, b), (b, c), (d, c)] {
        fixture.tell(&mut hand, MERGED, source, target).await;
    }
    fixture.tell(&mut hand, UNMERGED, d, c).await;
    let forged = fixture.sample.of_two(MERGED, d, a);
    fixture.append_from("consent", &mut hand, &forged).await;
    damage::lay_in_clear(&fixture.store).await;
    let table = Migrator::migration_table_name().to_string();
    let take_back = format!(
        "DROP TABLE patient_aliases; ALTER TABLE log_head DROP COLUMN aliases_to; \
         DELETE FROM {table} WHERE version = 'm0003_create_patient_aliases'"
    );
    damage::execute(&fixture.db, &take_back).await;
    migrate::migrate::<Migrator>(&fixture.db).await.unwrap();
    assert_eq!(fixture.identifiers(c).await, sorted([a, b, c]));
    assert_eq!(fixture.identifiers(d).await, [d]);
    assert_eq!(fixture.identifiers(a).await, [a]);
}

pub(super) async fn merges_that_an_older_program_wrote_are_taken_in_by_the_next_writer(
    fixture: &Fixture,
) {
    let mut hand = fixture.take_over().await;
    let [a, b, c] = fixture.patients();
    fixture.tell(&mut hand, MERGED, a, c).await;
    fixture.tell(&mut hand, MERGED, b, c).await;
    // As if the writer of the second had not known of aliases.
    let older = "UPDATE log_head SET aliases_to = 2; \
         DELETE FROM patient_aliases WHERE leads_to IS NOT NULL \
         AND patient_id = (SELECT patient_id FROM events WHERE log_index = 2)";
    damage::execute(&fixture.db, older).await;
    assert_eq!(fixture.identifiers(c).await, sorted([a, c]));
    drop(hand);
    let mut hand = fixture.take_over().await;
    assert_eq!(fixture.identifiers(c).await, sorted([a, b, c]));
    fixture.tell(&mut hand, UNMERGED, b, c).await;
    drop(hand);
    let _hand = fixture.take_over().await;
    assert_eq!(fixture.identifiers(c).await, sorted([a, c]));
}
