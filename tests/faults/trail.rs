//! What the trail must say afterwards.

use std::collections::{BTreeMap, BTreeSet};

use aval_proto::audit::v1 as audit;

use super::lane::{Lane, Seen};
use crate::patience::eventually;
use crate::scene::Scene;

/// Every decision that was given and every change that was confirmed has its event, once
/// and with its outcome; what was asked in vain may have one, or none; and the patient's
/// events are numbered without a hole. Answers how many there are.
pub(super) async fn tells_everything_once(scene: &Scene, lane: &Lane) -> usize {
    let seen = lane.seen();
    eventually("the trail tells everything", async || {
        let told = events(scene, lane).await?;
        complete(&told, &seen).then_some(told.len())
    })
    .await
}

/// Whether everything that must be there has arrived; what must not be there fails.
fn complete(told: &[audit::RecordedEvent], seen: &Seen) -> bool {
    let numbers = told.iter().rev().map(|event| event.patient_sequence);
    assert!(numbers.eq(1..=told.len() as u64), "numbered without a hole");
    let events: Vec<_> = told.iter().filter_map(|told| told.event.as_ref()).collect();
    let ids: BTreeSet<_> = events.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), told.len(), "no event is there twice");

    let decisions = events.iter().filter(|event| event.kind == "access.decided");
    let decisions: BTreeMap<_, _> = decisions
        .map(|event| (&event.event_id, event.decision.as_ref().unwrap().permitted))
        .collect();
    for (event_id, permitted) in &seen.decided {
        match decisions.get(event_id) {
            Some(told) => assert_eq!(told, permitted),
            None => return false,
        }
    }
    let beyond = decisions.len() - seen.decided.len();
    assert!(
        beyond <= seen.undecided,
        "{beyond} decisions that nobody asked for"
    );

    seen.changed.iter().all(|(kind, confirmed)| {
        let told = events.iter().filter(|event| event.kind == *kind).count();
        assert!(
            told <= *confirmed,
            "{kind}: {told} for {confirmed} confirmed"
        );
        told == *confirmed
    })
}

/// All of the patient's, the newest first; nothing while they cannot be read.
async fn events(scene: &Scene, lane: &Lane) -> Option<Vec<audit::RecordedEvent>> {
    let mut told = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = lane.patient.bearer.asks(audit::ListEventsRequest {
            patient_id: lane.patient.patient_id.clone(),
            page_size: 200,
            page_token,
            ..Default::default()
        });
        let page = scene
            .portal
            .trail()
            .list_events(request)
            .await
            .ok()?
            .into_inner();
        told.extend(page.events);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Some(told);
        }
    }
}
