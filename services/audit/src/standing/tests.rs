//! Who is a treating doctor after which events.

use std::time::Duration;

use aval_domain::event::Subject;
use aval_domain::time::Clock;

use super::*;
use crate::sample;

struct History {
    sample: sample::Events,
    patient: PatientId,
    doctor: Doctor,
    told: Vec<(&'static str, Event, bool)>,
}

impl History {
    fn new() -> Self {
        let sample = sample::Events::new(1);
        Self {
            patient: sample.patient_id(),
            doctor: Doctor {
                practitioner_id: sample.practitioner_id(),
                organization_id: Some(OrganizationId::new(sample.clock.now(), &sample.random)),
            },
            sample,
            told: Vec::new(),
        }
    }

    /// One whose doctor is declared.
    fn declared() -> Self {
        let mut history = Self::new();
        let me = history.doctor.practitioner_id;
        history.doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
        assert!(history.is_treating_doctor());
        history
    }

    fn event(&self, kind: EventKind) -> Event {
        let mut event = self.sample.of_service(kind);
        event.patient_id = Some(self.patient);
        event
    }

    fn tell(&mut self, source: &'static str, event: Event) {
        self.told.push((source, event, false));
    }

    fn doctors(&mut self, kind: EventKind, before: &[PractitionerId], after: &[PractitionerId]) {
        let event = self.of_doctors(kind, before, after);
        self.tell("consent", event);
    }

    fn of_doctors(
        &self,
        kind: EventKind,
        before: &[PractitionerId],
        after: &[PractitionerId],
    ) -> Event {
        let named = |ids: &[PractitionerId]| {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            [("treating_doctor_ids".to_owned(), ids.join(","))].into()
        };
        let mut event = self.event(kind);
        (event.before, event.after) = (named(before), named(after));
        event
    }

    fn block(&mut self, id: &str, fields: &[(&str, String)]) {
        let mut event = self.event(EventKind::BlockCreated);
        event.subject = Some(Subject::new("block", &id));
        let fields = fields.iter();
        event.after = fields
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        self.tell("consent", event);
    }

    fn standing(&self) -> Standing {
        let mut standing = Standing::of(self.patient);
        for (source, event, is_erased) in &self.told {
            standing.take(Told {
                source,
                under: event.patient_id.unwrap(),
                kind: event.kind,
                event: (!is_erased).then_some(event),
            });
        }
        standing
    }

    fn is_treating_doctor(&self) -> bool {
        let now = self.sample.clock.now();
        let known_as = Identifiers::alone(self.doctor.practitioner_id);
        self.standing()
            .is_treating_doctor(self.doctor, &known_as, now)
    }
}

#[test]
fn whoever_was_declared_is_one_until_they_are_removed() {
    let mut history = History::declared();
    let (me, other) = (
        history.doctor.practitioner_id,
        history.sample.practitioner_id(),
    );
    history.doctors(EventKind::TreatingDoctorAdded, &[me], &[me, other]);
    history.doctors(EventKind::TreatingDoctorRemoved, &[me, other], &[me]);
    assert!(history.is_treating_doctor());
    history.doctors(EventKind::TreatingDoctorRemoved, &[me], &[]);
    assert!(!history.is_treating_doctor());
    history.doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
    assert!(history.is_treating_doctor());
}

#[test]
fn nobody_is_one_without_a_word_of_consent_s_own() {
    let mut history = History::new();
    assert!(!history.is_treating_doctor());
    let me = history.doctor.practitioner_id;
    let declared = history.of_doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
    for source in ["identity", "audit", "practitioner-directory", "Consent", ""] {
        history.tell(source, declared.clone());
    }
    let mut refused = declared.clone();
    refused.outcome = Outcome::Refused;
    history.tell("consent", refused);
    assert!(!history.is_treating_doctor());
    history.tell("consent", declared);
    assert!(history.is_treating_doctor());
}

#[test]
fn a_closed_record_keeps_its_treating_doctor_out_until_it_is_open_again() {
    let mut history = History::declared();
    let closed = history.event(EventKind::RecordClosed);
    history.tell("consent", closed);
    assert!(!history.is_treating_doctor());
    let reopened = history.event(EventKind::RecordReopened);
    history.tell("consent", reopened);
    assert!(history.is_treating_doctor());
}

#[test]
fn a_block_of_the_doctor_or_their_organization_holds_for_its_period() {
    let person = |history: &History| history.doctor.practitioner_id.to_string();
    let organization = |history: &History| history.doctor.organization_id.unwrap().to_string();
    for (field, id) in [
        ("practitioner_id", &person as &dyn Fn(&History) -> String),
        ("organization_id", &organization),
    ] {
        let mut history = History::declared();
        let now = history.sample.clock.now();
        let until = now.saturating_add(Duration::from_mins(5));
        let who = id(&history);
        history.block(
            "b1",
            &[
                (field, who),
                ("from_at", now.to_string()),
                ("until_at", until.to_string()),
            ],
        );
        assert!(!history.is_treating_doctor(), "{field}");
        history.sample.clock.advance(Duration::from_mins(5));
        assert!(history.is_treating_doctor(), "{field}");
    }
    let mut history = History::declared();
    let stranger = history.sample.practitioner_id().to_string();
    history.block("b1", &[("practitioner_id", stranger)]);
    assert!(history.is_treating_doctor(), "somebody else is blocked");
    let who = person(&history);
    history.block("b2", &[("practitioner_id", who)]);
    assert!(!history.is_treating_doctor());
    let mut lifted = history.event(EventKind::BlockRemoved);
    lifted.subject = Some(Subject::new("block", &"b2"));
    history.tell("consent", lifted);
    assert!(history.is_treating_doctor());
}

#[test]
fn what_was_erased_or_cannot_be_read_opens_nothing() {
    for kind in KINDS {
        let mut history = History::new();
        let me = history.doctor.practitioner_id;
        history.doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
        let erased = history.event(kind);
        let source = if aliases::KINDS.contains(&kind) {
            aliases::TELLER
        } else {
            TELLER
        };
        history.told.push((source, erased, true));
        let harmless = [
            EventKind::TreatingDoctorAdded,
            EventKind::RecordReopened,
            EventKind::BlockRemoved,
        ];
        assert_eq!(
            history.is_treating_doctor(),
            harmless.contains(&kind),
            "{kind}"
        );
    }
    let mut history = History::new();
    let me = history.doctor.practitioner_id;
    let declared = history.of_doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
    history.told.push(("consent", declared, true));
    assert!(!history.is_treating_doctor());
    for wrong in ["x", "00000000-0000-0000-0000-00000000000g,", "', --"] {
        let mut history = History::declared();
        history.block("b1", &[("practitioner_id", wrong.to_owned())]);
        assert!(!history.is_treating_doctor(), "{wrong}");
        let mut history = History::declared();
        let mut removed = history.event(EventKind::TreatingDoctorRemoved);
        for side in [&mut removed.before, &mut removed.after] {
            side.insert("treating_doctor_ids".to_owned(), wrong.to_owned());
        }
        history.tell("consent", removed);
        assert!(!history.is_treating_doctor(), "{wrong}");
    }
}

#[test]
fn whoever_is_declared_under_a_merged_identifier_is_one_until_the_two_are_two_again() {
    let mut history = History::new();
    let (s, t) = (history.sample.patient_id(), history.patient);
    let me = history.doctor.practitioner_id;
    let mut declared = history.of_doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
    declared.patient_id = Some(s);
    history.tell("consent", declared);
    for event in history.sample.of_two(EventKind::PatientsMerged, s, t) {
        history.tell("identity", event);
    }
    assert!(history.is_treating_doctor());
    // The record was closed under the one, and is reopened for both.
    let mut closed = history.event(EventKind::RecordClosed);
    closed.patient_id = Some(s);
    history.tell("consent", closed);
    assert!(!history.is_treating_doctor());
    let reopened = history.event(EventKind::RecordReopened);
    history.tell("consent", reopened);
    assert!(history.is_treating_doctor());
    for event in history.sample.of_two(EventKind::PatientsUnmerged, s, t) {
        history.tell("identity", event);
    }
    assert!(!history.is_treating_doctor());
}

#[test]
fn whoever_leads_elsewhere_has_no_treating_doctor_of_their_own() {
    let mut history = History::declared();
    let (s, t) = (history.patient, history.sample.patient_id());
    let [in_s, _] = history.sample.of_two(EventKind::PatientsMerged, s, t);
    history.tell("identity", in_s);
    assert!(!history.is_treating_doctor());
    let [in_s, _] = history.sample.of_two(EventKind::PatientsUnmerged, s, t);
    history.tell("identity", in_s);
    assert!(
        !history.is_treating_doctor(),
        "they have to be declared anew"
    );
    let me = history.doctor.practitioner_id;
    history.doctors(EventKind::TreatingDoctorAdded, &[], &[me]);
    assert!(history.is_treating_doctor());
}

#[test]
fn a_merge_that_another_producer_tells_joins_nobody() {
    let mut history = History::declared();
    let (s, t) = (history.patient, history.sample.patient_id());
    for event in history.sample.of_two(EventKind::PatientsMerged, s, t) {
        history.tell("consent", event);
    }
    assert!(history.is_treating_doctor());
}
