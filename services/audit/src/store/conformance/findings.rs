//! What is found along the log, whoever walks it and however often.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::access::{AccessMode, DenialReason, Effect, Ground};
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId, PractitionerId};

use super::fixture::{Fixture, Hand};
use crate::error::Error;
use crate::finding::walk::Walk;
use crate::finding::{Finding, FindingCursor};
use crate::professionals::{KINDS, TELLER};
use crate::unusual::{Rules, UnusualKind};

const FIRST: UnusualKind = UnusualKind::FirstAccessWithoutRelation;
const EMERGENCY: UnusualKind = UnusualKind::EmergencyWithoutFollowUp;

impl Fixture {
    fn walk(&self) -> Walk {
        Walk {
            store: Arc::new(self.store.clone()),
            rules: Rules::default(),
        }
    }

    /// Everything that is found from there on, with where to go on after each, and after all.
    async fn found(
        &self,
        from: Option<FindingCursor>,
    ) -> (Vec<(Finding, FindingCursor)>, FindingCursor) {
        let walk = self.walk();
        let mut cursor = walk.beginning(from).await.unwrap();
        let mut found = Vec::new();
        loop {
            let step = walk.step(cursor).await.unwrap();
            found.extend(step.found);
            cursor = step.cursor;
            if step.is_last {
                return (found, cursor);
            }
        }
    }

    fn refused(&self, by: PractitionerId, whose: PatientId) -> Event {
        self.a_second_passes();
        let mut event = self.sample.access_by(by, Some(whose));
        event.outcome = Outcome::Refused;
        let decision = event.decision.as_mut().unwrap();
        decision.effect = Effect::Deny;
        (decision.reason, decision.ground) = (Some(DenialReason::NoGrant), None);
        event
    }

    fn emergency(&self, by: PractitionerId, whose: PatientId) -> Event {
        self.a_second_passes();
        let mut event = self.sample.access_by(by, Some(whose));
        let decision = event.decision.as_mut().unwrap();
        (decision.mode, decision.ground) = (AccessMode::BreakGlass, Some(Ground::BreakGlass));
        event
    }

    fn a_second_passes(&self) {
        self.sample.clock.advance(Duration::from_secs(1));
    }

    /// Somebody is joined to a patient.
    fn grant(&self, to: PractitionerId, by: PatientId) -> Event {
        self.a_second_passes();
        let mut event = self.sample.of_service(EventKind::GrantCreated);
        event.patient_id = Some(by);
        let named = ("practitioner_id".to_owned(), to.to_string());
        event.after = [named].into();
        event
    }

    /// Something happens so many days later, which is how the log knows the time.
    async fn days_later(&self, hand: &mut Hand, days: u64) {
        self.sample.clock.advance(Duration::from_hours(24 * days));
        let later = [self.sample.access(Some(self.sample.patient_id()))];
        self.append(hand, &later).await;
    }
}

fn said(found: &[(Finding, FindingCursor)]) -> Vec<(UnusualKind, EventId)> {
    let found = found.iter();
    found.map(|(one, _)| (one.kind, one.event_id)).collect()
}

pub(super) async fn what_nothing_explains_is_found_once_by_whoever_walks(fixture: &Fixture) {
    let sample = &fixture.sample;
    let (anne, bruno) = (sample.patient_id(), sample.patient_id());
    let (stranger, doctor) = (sample.practitioner_id(), sample.practitioner_id());
    let mut hand = fixture.take_over().await;
    let events = [
        sample.access_by(doctor, Some(anne)),
        fixture.refused(stranger, anne),
        fixture.refused(doctor, anne),
        fixture.refused(stranger, anne),
        fixture.grant(stranger, bruno),
        fixture.refused(stranger, bruno),
        fixture.emergency(doctor, bruno),
    ];
    fixture.append(&mut hand, &events).await;
    let expected = [(FIRST, events[1].event_id), (FIRST, events[6].event_id)];
    let (found, end) = fixture.found(None).await;
    assert_eq!(said(&found), expected);
    let (first, after_first) = found[0];
    assert_eq!((first.patient_id, first.practitioner_id), (anne, stranger));
    assert_eq!(first.first_at, events[1].occurred_at);
    // Whoever goes on finds the rest, and whoever begins anew the same.
    assert_eq!(fixture.found(Some(after_first)).await.0, found[1..]);
    assert_eq!(fixture.found(Some(end)).await, (Vec::new(), end));
    assert_eq!(fixture.again().found(None).await.0, found);
    // What comes later makes nothing of before unfound, and is found by itself.
    let later = [
        fixture.grant(stranger, anne),
        fixture.refused(stranger, sample.patient_id()),
    ];
    fixture.append(&mut hand, &later).await;
    let (more, _) = fixture.found(Some(end)).await;
    assert_eq!(said(&more), [(FIRST, later[1].event_id)]);
    let (all, _) = fixture.found(None).await;
    assert_eq!(
        all[..2].iter().map(|one| one.0.id).collect::<Vec<_>>(),
        [found[0].0.id, found[1].0.id]
    );

    let beyond = FindingCursor {
        looked: 1_000,
        followed_up: 0,
    };
    let refused = fixture.walk().beginning(Some(beyond)).await;
    assert!(matches!(refused, Err(Error::PageTokenInvalid(_))));
}

pub(super) async fn an_emergency_is_judged_when_its_time_is_over(fixture: &Fixture) {
    let sample = &fixture.sample;
    let (anne, bruno) = (sample.patient_id(), sample.patient_id());
    let doctor = sample.practitioner_id();
    let mut hand = fixture.take_over().await;
    let broken = [
        fixture.emergency(doctor, anne),
        fixture.emergency(doctor, bruno),
        fixture.emergency(doctor, anne),
    ];
    fixture.append(&mut hand, &broken).await;
    let (first, end) = fixture.found(None).await;
    let firsts = [(FIRST, broken[0].event_id), (FIRST, broken[1].event_id)];
    assert_eq!(said(&first), firsts);
    fixture.days_later(&mut hand, 6).await;
    let grant = [fixture.grant(doctor, bruno)];
    fixture.append(&mut hand, &grant).await;
    let (none, waiting) = fixture.found(Some(end)).await;
    assert_eq!(said(&none), []);
    fixture.days_later(&mut hand, 3).await;
    // Too late for Anne; Bruno's was followed up.
    let grant = [fixture.grant(doctor, anne)];
    fixture.append(&mut hand, &grant).await;
    let without = [(EMERGENCY, broken[0].event_id)];
    for from in [waiting, end] {
        let (found, end) = fixture.found(Some(from)).await;
        assert_eq!(said(&found), without);
        assert_eq!(fixture.found(Some(end)).await.0, []);
    }
    let all = [&firsts[..], &without].concat();
    assert_eq!(said(&fixture.found(None).await.0), all);
    // A month later nobody is told of it who begins then.
    fixture.days_later(&mut hand, 40).await;
    assert_eq!(said(&fixture.found(None).await.0), []);
    assert_eq!(said(&fixture.found(Some(end)).await.0), without);
}

pub(super) async fn several_identifiers_of_a_professional_are_one_human_to_what_is_found(
    fixture: &Fixture,
) {
    let sample = &fixture.sample;
    let (old, new) = (sample.practitioner_id(), sample.practitioner_id());
    let (anne, bruno) = (sample.patient_id(), sample.patient_id());
    let mut hand = fixture.take_over().await;
    let events = [
        fixture.grant(old, anne),
        fixture.refused(new, anne),
        fixture.refused(old, bruno),
        fixture.refused(new, bruno),
    ];
    fixture.append(&mut hand, &events).await;
    let each_alone = [1, 2, 3].map(|place| (FIRST, events[place].event_id));
    assert_eq!(said(&fixture.found(None).await.0), each_alone);
    let merged = [sample.of_professionals(KINDS[0], old, new)];
    fixture.append_from(TELLER, &mut hand, &merged).await;
    let (found, _) = fixture.found(None).await;
    assert_eq!(said(&found), [(FIRST, events[2].event_id)]);
    assert_eq!(found[0].0.practitioner_id, new);
}
