//! What the trail must say afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aval_proto::audit::v1 as audit;

use super::journal::{Seen, Verdict};
use crate::scene::{Patient, Scene};

/// How long a relay may take until it has delivered everything.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Every decision that was given and every change that was confirmed has its event, once
/// and with its outcome; what was asked in vain may have one, or none.
pub(super) async fn of_decisions(scene: &Scene, patient: &Patient, seen: &Seen) -> Verdict {
    judge(scene, patient, |told| decisions(told, seen)).await
}

/// Every session that was opened, and each that was closed, has its event, once. Of what was
/// not answered there may be others.
pub(super) async fn of_sessions(scene: &Scene, patient: &Patient, seen: &Seen) -> Verdict {
    judge(scene, patient, |told| {
        let mut verdict = Verdict::default();
        for (kind, sessions) in &seen.named {
            let events = told.iter().filter(|event| event.kind == *kind);
            let times = times(events.filter_map(|event| Some(&event.subject.as_ref()?.id)));
            for session in sessions {
                verdict.untraced.count(times.get(session) == Some(&1));
            }
        }
        verdict
    })
    .await
}

/// Every event whose delivery was confirmed is there, once.
pub(super) async fn of_deliveries(scene: &Scene, patient: &Patient, seen: &Seen) -> Verdict {
    judge(scene, patient, |told| {
        let times = times(told.iter().map(|event| &event.event_id));
        let mut verdict = Verdict::default();
        for event_id in seen.named.values().flatten() {
            verdict.lost.count(times.get(event_id) == Some(&1));
        }
        verdict
    })
    .await
}

/// The verdict on a patient's history, as soon as nothing is wrong with it, or when everything
/// had its time to arrive. The history is numbered without a hole.
async fn judge(
    scene: &Scene,
    patient: &Patient,
    verdict_on: impl Fn(&[audit::Event]) -> Verdict,
) -> Verdict {
    let begun = Instant::now();
    loop {
        let is_over = begun.elapsed() > PATIENCE;
        match events(scene, patient).await {
            Some(told) => {
                let verdict = verdict_on(&told);
                if verdict.is_clean() || is_over {
                    return verdict;
                }
            }
            None => assert!(!is_over, "the history cannot be read"),
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

fn decisions(told: &[audit::Event], seen: &Seen) -> Verdict {
    let mut verdict = Verdict::default();
    let given = told.iter().filter(|event| event.kind == "access.decided");
    let given: BTreeMap<_, _> = given
        .map(|event| (&event.event_id, event.decision.as_ref().unwrap().permitted))
        .collect();
    for (event_id, permitted) in &seen.decided {
        let is_told = given.get(event_id) == Some(permitted);
        verdict.untraced.count(is_told);
    }
    let of_nobody = given.keys().filter(|id| !seen.decided.contains_key(**id));
    let beyond = of_nobody.count();
    assert!(
        beyond <= seen.undecided,
        "{beyond} decisions that nobody asked for"
    );
    for (kind, confirmed) in &seen.changed {
        let told = told.iter().filter(|event| event.kind == *kind).count();
        verdict.lost.of += confirmed;
        verdict.lost.wrong += told.abs_diff(*confirmed);
    }
    verdict
}

fn times<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<&'a String, usize> {
    let mut times = BTreeMap::new();
    for name in names {
        *times.entry(name).or_default() += 1;
    }
    times
}

/// All of the patient's; nothing while they cannot be read.
async fn events(scene: &Scene, patient: &Patient) -> Option<Vec<audit::Event>> {
    let mut told = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = patient.bearer.asks(audit::ListEventsRequest {
            patient_id: patient.patient_id.clone(),
            page_size: 200,
            page_token,
            ..Default::default()
        });
        let mut trail = scene.portal.trail();
        let page = trail.list_events(request).await.ok()?.into_inner();
        told.extend(page.events);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let numbers = told.iter().rev().map(|event| event.patient_sequence);
    assert!(numbers.eq(1..=told.len() as u64), "numbered without a hole");
    let events: Vec<_> = told.into_iter().filter_map(|told| told.event).collect();
    let ids: BTreeSet<_> = events.iter().map(|event| &event.event_id).collect();
    assert_eq!(ids.len(), events.len(), "no event is there twice");
    Some(events)
}
