//! Decisions that were answered.

use aval_database::Backend;
use aval_domain::access::{DenialReason, Ground};
use aval_domain::document::DocumentClasses;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::time::Timestamp;

use super::fixture::{Fixture, NOW, hours, patient};
use crate::decision::{Decision, Verdict};
use crate::decision_log::{DecisionLog, RecordedDecision, TracedDecision};
use crate::error::Error;
use crate::record::Record;
use crate::store::{Store, Write};

fn decision(fixture: &Fixture, write: &Write, revision: &str) -> TracedDecision {
    TracedDecision {
        key: write.key.clone(),
        decision: Decision {
            verdict: Verdict::Deny(DenialReason::NoGrant),
            ground_terms: None,
            permitted_documents: vec!["d".parse().unwrap()],
            permitted_classes: DocumentClasses::ALL,
            holds_until: Some(hours(1)),
            policy_revision: revision.to_owned(),
            obligations: Vec::new(),
            decided_at: NOW,
        },
        event: fixture
            .cx(patient(1))
            .event(EventKind::AccessDecided, Outcome::Refused),
        access: None,
    }
}

async fn record(
    fixture: &Fixture,
    decisions: &[TracedDecision],
) -> Vec<Result<RecordedDecision, Error>> {
    fixture.store.record_decisions(decisions).await.unwrap()
}

fn as_recorded(decision: &TracedDecision) -> RecordedDecision {
    RecordedDecision {
        decision: decision.decision.clone(),
        event_id: decision.event.event_id,
    }
}

pub(super) async fn a_recorded_decision_is_answered_again_and_traced_once(fixture: &Fixture) {
    let write = fixture.write();
    let first = decision(fixture, &write, "first");
    let answer = record(fixture, std::slice::from_ref(&first))
        .await
        .remove(0)
        .unwrap();
    assert_eq!(answer, as_recorded(&first));
    let second = decision(fixture, &write, "second");
    let again = record(fixture, &[second]).await.remove(0).unwrap();
    assert_eq!(again, as_recorded(&first));
    assert_eq!(
        (fixture.events().await, fixture.count("decisions").await),
        (1, 1)
    );
    assert!(record(fixture, &[]).await.is_empty());
}

/// What a decision permits of three documents.
fn permitting(fixture: &Fixture, write: &Write, documents: &[&str]) -> TracedDecision {
    let mut traced = decision(fixture, write, "any");
    traced.decision.verdict = Verdict::Permit(Ground::TreatingDoctor);
    traced.decision.permitted_documents = documents.iter().map(|id| id.parse().unwrap()).collect();
    traced
}

pub(super) async fn a_repetition_that_is_permitted_less_is_a_decision_of_its_own(
    fixture: &Fixture,
) {
    let write = fixture.write();
    let asks = async |documents: &[&str]| {
        let asked = permitting(fixture, &write, documents);
        let answer = record(fixture, std::slice::from_ref(&asked))
            .await
            .remove(0);
        let answer = answer.unwrap();
        (
            answer == as_recorded(&asked),
            answer.decision.permitted_documents.len(),
        )
    };
    assert_eq!(asks(&["a", "b"]).await, (true, 2));
    assert_eq!(asks(&["c", "b", "a"]).await, (false, 2));
    // One is taken away, and another is there for it.
    assert_eq!(asks(&["a", "c"]).await, (true, 2));
    assert_eq!(asks(&["a"]).await, (true, 1));
    assert_eq!(asks(&["a", "b", "c"]).await, (false, 1));
    assert_eq!(
        (fixture.events().await, fixture.count("decisions").await),
        (3, 1)
    );
}

pub(super) async fn in_one_batch_too_nobody_is_given_more_than_is_permitted_last(
    fixture: &Fixture,
) {
    let write = fixture.write();
    let mut denied = decision(fixture, &write, "denied");
    denied.decision.permitted_documents = Vec::new();
    let batch = [
        permitting(fixture, &write, &["a", "b"]),
        permitting(fixture, &write, &["a"]),
        permitting(fixture, &write, &["a", "b"]),
        denied,
        permitting(fixture, &write, &["a", "b"]),
    ];
    let answers = record(fixture, &batch).await;
    let as_decided = [0, 1, 1, 3, 3].map(|which: usize| as_recorded(&batch[which]));
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, as_decided);
    let after = permitting(fixture, &write, &["a", "b"]);
    let after = record(fixture, &[after]).await.remove(0).unwrap();
    assert_eq!(after, as_recorded(&batch[3]));
    assert_eq!(
        (fixture.events().await, fixture.count("decisions").await),
        (3, 1)
    );
}

pub(super) async fn a_repetition_promises_no_more_than_what_was_decided_last(fixture: &Fixture) {
    let write = fixture.write();
    let first = permitting(fixture, &write, &["a"]);
    record(fixture, std::slice::from_ref(&first)).await;
    let mut again = permitting(fixture, &write, &["a"]);
    for (promised, expected) in [(Some(2), 1), (None, 1)] {
        again.decision.holds_until = promised.map(hours);
        let answer = record(fixture, std::slice::from_ref(&again)).await;
        let answer = answer.into_iter().next().unwrap().unwrap();
        assert_eq!(answer.decision.holds_until, Some(hours(expected)));
    }
    again.decision.holds_until = Some(NOW);
    let shorter = record(fixture, &[again]).await.remove(0).unwrap();
    assert_eq!(shorter.decision.holds_until, Some(NOW));
    assert_eq!(shorter.event_id, first.event.event_id);
}

pub(super) async fn one_batch_may_hold_new_known_repeated_and_reused_names(fixture: &Fixture) {
    let (known, repeated) = (fixture.write(), fixture.write());
    let first = decision(fixture, &known, "first");
    record(fixture, std::slice::from_ref(&first)).await;
    let mut reused = decision(fixture, &known, "reused");
    reused.key.fingerprint[0] ^= 1;
    let batch = [
        decision(fixture, &fixture.write(), "new"),
        decision(fixture, &known, "known"),
        decision(fixture, &repeated, "one"),
        decision(fixture, &repeated, "two"),
        reused,
    ];
    let answers = record(fixture, &batch).await;
    assert_eq!(*answers[0].as_ref().unwrap(), as_recorded(&batch[0]));
    assert_eq!(*answers[1].as_ref().unwrap(), as_recorded(&first));
    assert_eq!(*answers[2].as_ref().unwrap(), as_recorded(&batch[2]));
    assert_eq!(*answers[3].as_ref().unwrap(), as_recorded(&batch[2]));
    assert!(matches!(answers[4], Err(Error::RequestIdReused)));
    assert_eq!(
        (fixture.events().await, fixture.count("decisions").await),
        (3, 3)
    );
}

pub(super) async fn a_decision_recorded_twice_at_once_is_traced_once(fixture: &Fixture) {
    let writes: Vec<_> = (0..4).map(|_| fixture.write()).collect();
    // Each call holds the same names in another order.
    let batches: Vec<Vec<_>> = (0..8)
        .map(|call| {
            let mut batch: Vec<_> = writes
                .iter()
                .map(|write| decision(fixture, write, "any"))
                .collect();
            batch.rotate_left(call % writes.len());
            batch
        })
        .collect();
    let calls = batches
        .iter()
        .map(|batch| fixture.store.record_decisions(batch));
    let answers = futures::future::join_all(calls).await;
    let mut event_ids: Vec<_> = answers
        .into_iter()
        .flat_map(|answer| answer.unwrap())
        .map(|answer| answer.unwrap().event_id)
        .collect();
    assert_eq!(event_ids.len(), 32);
    event_ids.sort();
    event_ids.dedup();
    assert_eq!(event_ids.len(), 4);
    assert_eq!(
        (fixture.events().await, fixture.count("decisions").await),
        (4, 4)
    );
}

pub(super) async fn a_clock_that_is_ahead_of_the_databases_is_not_believed(fixture: &Fixture) {
    let past = Timestamp::from_unix_seconds(1_500_000_000);
    assert_eq!(fixture.store.believed(past).await.unwrap(), past);
    let ahead = Timestamp::from_unix_seconds(100_000_000_000);
    let believed = fixture.store.believed(ahead).await.unwrap();
    match fixture.db.backend() {
        // One program, one machine, one clock.
        Backend::Sqlite => assert_eq!(believed, ahead),
        Backend::Postgres => assert!(past < believed && believed < ahead),
    }
}

pub(super) async fn forgotten_requests_may_be_made_again(fixture: &Fixture) {
    let write = fixture.write();
    record(fixture, &[decision(fixture, &write, "first")]).await;
    fixture.open_record(patient(1)).await;
    assert_eq!(fixture.store.forget_before(NOW).await.unwrap(), 0);
    assert_eq!(fixture.store.forget_before(hours(1)).await.unwrap(), 2);
    record(fixture, &[decision(fixture, &write, "second")]).await;
    assert_eq!(
        (fixture.events().await, fixture.count("decisions").await),
        (3, 1)
    );
    let nothing = |_: &Option<Record>| Ok(None);
    assert!(
        fixture
            .store
            .change_record(&fixture.write(), patient(1), &nothing)
            .await
            .is_ok()
    );
}
