//! The patient reads her history.

use std::time::{Duration, Instant};

use aval_proto::audit::v1 as proto;
use tonic::{Response, Status};

use crate::demo::act::patient::SignedInPatient;
use crate::demo::scene::Scene;
use crate::demo::stage::{Stage, Step};
use crate::language::{Text, say};

/// How long the relay may take on a busy machine before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the history until it holds as many accesses as were decided.
pub(crate) async fn first_access(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
) -> anyhow::Result<()> {
    stage.act(&say("Elle lit son historique", "She reads her history"))?;
    let mut step = stage.step(
        &say("Qui a ouvert mon dossier ?", "Who opened my record?"),
        "TrailService.ListEvents (access.decided)",
    )?;
    let events = wait_for(&mut step, scene, patient, &["access.decided"], 1).await?;
    for event in &events {
        step.shows(&sentence(event))?;
    }
    step.holds(
        events.len() == 1,
        &say(
            "l'accès y est, avec son fondement",
            "the access is there, with its ground",
        ),
    )
}

/// Reads the whole history; answers the event of the emergency access.
pub(crate) async fn everything(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
) -> anyhow::Result<proto::RecordedEvent> {
    stage.act(&say("L'historique dit tout", "The history tells it all"))?;
    let mut step = stage.step(
        &say(
            "Tout ce qui est arrivé à mon dossier",
            "All that happened to my record",
        ),
        "TrailService.ListEvents",
    )?;
    let decided = wait_for(&mut step, scene, patient, &["access.decided"], 7).await?;
    let events = wait_for(&mut step, scene, patient, &[], 14).await?;
    for event in events.iter().rev() {
        step.shows(&sentence(event))?;
    }
    step.holds(
        decided.len() == 7,
        &say(
            "sept décisions rendues, sept décisions tracées",
            "seven decisions given, seven decisions traced",
        ),
    )?;
    let sequences: Vec<_> = events
        .iter()
        .rev()
        .map(|event| event.patient_sequence)
        .collect();
    let expected: Vec<_> = (1..=u64::try_from(events.len())?).collect();
    step.holds(
        sequences == expected,
        &say("numérotées sans trou", "numbered without a hole"),
    )?;
    let emergency = proto::EventFilter {
        emergency_only: true,
        outcome: proto::EventOutcome::Success.into(),
        ..proto::EventFilter::default()
    };
    let mut emergencies = step.answer(list(scene, patient, emergency)).await?.events;
    step.holds(
        emergencies.len() == 1,
        &say(
            "l'urgence s'y retrouve d'un filtre",
            "the emergency is one filter away",
        ),
    )?;
    Ok(emergencies.remove(0))
}

async fn wait_for(
    step: &mut Step<'_>,
    scene: &Scene,
    patient: &SignedInPatient,
    kinds: &[&str],
    at_least: usize,
) -> anyhow::Result<Vec<proto::RecordedEvent>> {
    let begun = Instant::now();
    loop {
        let filter = proto::EventFilter {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ..proto::EventFilter::default()
        };
        let events = step.answer(list(scene, patient, filter)).await?.events;
        if events.len() >= at_least || begun.elapsed() > PATIENCE {
            return Ok(events);
        }
        step.measured(tokio::time::sleep(Duration::from_millis(5)))
            .await;
    }
}

async fn list(
    scene: &Scene,
    patient: &SignedInPatient,
    filter: proto::EventFilter,
) -> Result<Response<proto::ListEventsResponse>, Status> {
    let request = patient.bearer.asks(proto::ListEventsRequest {
        patient_id: patient.patient_id.clone(),
        filter: Some(filter),
        page_size: 200,
        page_token: String::new(),
    });
    scene.portal.trail().list_events(request).await
}

fn sentence(event: &proto::RecordedEvent) -> Text {
    say(&event.sentence_fr, &event.sentence_en)
}
