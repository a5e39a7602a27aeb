use std::time::Duration;

use aval_domain::access::{AccessMode, DenialReason, Ground, GroundHolder, GroundTerms};
use aval_domain::time::Clock;

use super::*;
use crate::app::testing::Fixture;
use crate::app::{RevokeGrant, asking::AccessQuestion};
use crate::decision::Verdict;

fn authorize(fixture: &Fixture) -> Authorize {
    Authorize {
        question: fixture.question(),
        request_id: fixture.request_id(),
    }
}

async fn decisions_traced(fixture: &Fixture) -> Vec<Event> {
    let mut events = fixture.events().await;
    events.retain(|event| event.kind == EventKind::AccessDecided);
    events
}

#[tokio::test]
async fn permits_and_denials_are_traced_with_what_was_asked_and_permitted() {
    let fixture = Fixture::new().await;
    let denied = fixture
        .app
        .authorize(&fixture.as_doctor(), authorize(&fixture))
        .await
        .unwrap();
    let grant = fixture.grant_to_doctor().await;
    let given = fixture
        .app
        .authorize(&fixture.as_doctor(), authorize(&fixture))
        .await
        .unwrap();
    assert_eq!(
        given.decision.verdict,
        Verdict::Permit(Ground::Grant(grant.grant_id))
    );
    assert!(given.decision.obligations.is_empty());

    let events = decisions_traced(&fixture).await;
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, [denied.event_id, given.event_id]);
    let outcomes: Vec<_> = events.iter().map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Refused, Outcome::Success]);
    let permitted: Vec<_> = events
        .iter()
        .map(|event| event.documents[0].permitted)
        .collect();
    assert_eq!(permitted, [false, true]);
    assert!(
        events
            .iter()
            .all(|event| event.patient_id == Some(fixture.patient))
    );
    let summary = events[0].decision.as_ref().unwrap();
    assert_eq!(summary.reason, Some(DenialReason::NoGrant));
    assert!(summary.policy_revision.ends_with("+example"));
    let terms = events.iter().map(|event| {
        let decision = event.decision.as_ref().unwrap();
        decision.ground_terms
    });
    let given = GroundTerms {
        holder: GroundHolder::Practitioner,
        since: grant.period.from(),
    };
    assert_eq!(terms.collect::<Vec<_>>(), [None, Some(given)]);
}

#[tokio::test]
async fn a_repetition_answers_the_first_decision_and_is_traced_once() {
    let fixture = Fixture::new().await;
    fixture.grant_to_doctor().await;
    let command = authorize(&fixture);
    let cx = fixture.as_doctor();
    let authorize = || fixture.app.authorize(&cx, command.clone());
    let first = authorize().await.unwrap();
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(authorize().await.unwrap(), first);
    assert_eq!(decisions_traced(&fixture).await.len(), 1);
}

#[tokio::test]
async fn a_repetition_of_a_denial_stays_one() {
    let fixture = Fixture::new().await;
    let command = authorize(&fixture);
    let cx = fixture.as_doctor();
    let first = fixture.app.authorize(&cx, command.clone()).await.unwrap();
    fixture.grant_to_doctor().await;
    let again = fixture.app.authorize(&cx, command).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(decisions_traced(&fixture).await.len(), 1);
}

#[tokio::test]
async fn a_repetition_opens_nothing_that_was_revoked_since_and_is_traced_as_denied() {
    let fixture = Fixture::new().await;
    let grant = fixture.grant_to_doctor().await;
    let command = authorize(&fixture);
    let authorize = || async {
        let cx = fixture.as_doctor();
        fixture.app.authorize(&cx, command.clone()).await.unwrap()
    };
    let first = authorize().await;
    assert!(first.decision.is_permit());
    let revoke = RevokeGrant {
        grant_id: grant.grant_id,
        etag: None,
        request_id: fixture.request_id(),
    };
    let patient = fixture.as_patient();
    fixture.app.revoke_grant(&patient, revoke).await.unwrap();
    let second = authorize().await;
    let denied = Verdict::Deny(DenialReason::NoGrant);
    assert_eq!(second.decision.verdict, denied);
    assert!(second.decision.permitted_documents.is_empty());
    // Nor does it open again under this name what is given again.
    assert_eq!(authorize().await, second);
    fixture.grant_to_doctor().await;
    assert_eq!(authorize().await, second);
    let traced = decisions_traced(&fixture).await;
    let traced: Vec<_> = traced
        .iter()
        .map(|event| (event.event_id, event.outcome))
        .collect();
    let expected = [
        (first.event_id, Outcome::Success),
        (second.event_id, Outcome::Refused),
    ];
    assert_eq!(traced, expected);
}

#[tokio::test]
async fn the_same_name_for_another_question_or_by_another_person() {
    let fixture = Fixture::new().await;
    let command = authorize(&fixture);
    fixture
        .app
        .authorize(&fixture.as_doctor(), command.clone())
        .await
        .unwrap();
    let other = Authorize {
        question: AccessQuestion {
            documents: Vec::new(),
            ..fixture.question()
        },
        ..command.clone()
    };
    let reused = fixture.app.authorize(&fixture.as_doctor(), other).await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
    assert!(
        fixture
            .app
            .authorize(&fixture.as_nurse(), command)
            .await
            .is_ok()
    );
    assert_eq!(decisions_traced(&fixture).await.len(), 2);
}

#[tokio::test]
async fn many_calls_at_once_are_each_traced_once_under_their_own_name() {
    let fixture = Fixture::new().await;
    fixture.grant_to_doctor().await;
    let cx = fixture.as_doctor();
    let commands: Vec<_> = (0..100).map(|_| authorize(&fixture)).collect();
    let calls = commands.iter().chain(&commands);
    let calls = calls.map(|command| fixture.app.authorize(&cx, command.clone()));
    let answers = futures::future::join_all(calls).await;
    let ids: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap().event_id)
        .collect();
    assert_eq!(ids[..100], ids[100..]);
    let mut traced: Vec<_> = decisions_traced(&fixture)
        .await
        .iter()
        .map(|event| event.event_id)
        .collect();
    traced.sort();
    let mut answered = ids[..100].to_vec();
    answered.sort();
    assert_eq!(traced, answered);
}

#[tokio::test]
async fn while_the_trail_is_behind_only_emergencies_go_on_and_are_marked_late() {
    let fixture = Fixture::new().await;
    fixture.trail_backlog.observe(Some(fixture.clock.now()));
    fixture.clock.advance(Duration::from_mins(16));
    let refused = fixture
        .app
        .authorize(&fixture.as_doctor(), authorize(&fixture))
        .await;
    assert!(matches!(refused, Err(Error::TrailUnavailable)));
    let emergency = Authorize {
        question: AccessQuestion {
            mode: AccessMode::BreakGlass,
            emergency_reason: Some("patient inconscient".to_owned()),
            ..fixture.question()
        },
        request_id: fixture.request_id(),
    };
    let given = fixture
        .app
        .authorize(&fixture.as_doctor(), emergency)
        .await
        .unwrap();
    assert_eq!(given.decision.verdict, Verdict::Permit(Ground::BreakGlass));
    let events = decisions_traced(&fixture).await;
    assert!(events.len() == 1 && events[0].late);
    let reason = events[0]
        .decision
        .as_ref()
        .unwrap()
        .emergency_reason
        .as_deref();
    assert_eq!(reason, Some("patient inconscient"));
}

#[tokio::test]
async fn a_patients_own_reading_is_traced_too() {
    let fixture = Fixture::new().await;
    let own = fixture
        .app
        .authorize(&fixture.as_patient(), authorize(&fixture))
        .await
        .unwrap();
    assert_eq!(own.decision.verdict, Verdict::Permit(Ground::OwnRecord));
    assert_eq!(decisions_traced(&fixture).await.len(), 1);
    let denied = fixture
        .app
        .authorize(&fixture.as_nobody(), authorize(&fixture))
        .await;
    assert!(matches!(denied, Err(Error::Denied(_))));
}
