//! Who reads of the trail what is not their own: a treating doctor, and an auditor.

use aval_proto::audit::v1 as audit;
use aval_proto::consent::v1 as consent;
use tonic::Status;

use crate::patience::eventually;
use crate::refusal::Refused;
use crate::scene::{CLINIC, fresh_id};
use crate::world::{AUDITOR, World};

const PURPOSE: &str = "Plainte n° 12 du 3 mars";

impl World {
    /// Anne's history, as the doctor asks for it at the practice.
    async fn as_doctor(&self) -> Result<Vec<audit::RecordedEvent>, Status> {
        let request = audit::ListEventsRequest {
            patient_id: self.anne.patient_id.clone(),
            ..Default::default()
        };
        let mut trail = self.scene.clinic.trail();
        let answer = trail.list_events(self.doctor.bearer.asks(request)).await?;
        Ok(answer.into_inner().events)
    }

    async fn as_anne(&self) -> Vec<audit::RecordedEvent> {
        let request = self.anne.bearer.asks(audit::ListEventsRequest::default());
        let answer = self.scene.portal.trail().list_events(request).await;
        answer.unwrap().into_inner().events
    }

    /// What Anne reads of readings of her history by this software.
    async fn readings(&self, software: &str) -> Vec<String> {
        let events = self.as_anne().await.into_iter();
        let readings = events.filter(|recorded| {
            let event = recorded.event.as_ref().unwrap();
            event.kind == "trail.read" && event.software == software
        });
        readings.map(|recorded| recorded.sentence_fr).collect()
    }
}

#[tokio::test]
async fn a_treating_doctor_reads_from_their_declaration_to_its_end() {
    let world = World::begin().await;
    let refused = world.as_doctor().await.unwrap_err();
    Refused::read(refused).is("ACTOR_NOT_ALLOWED");

    let mut settings = world.scene.portal.settings();
    let declared = consent::AddTreatingDoctorRequest {
        patient_id: world.anne.patient_id.clone(),
        practitioner_id: world.doctor.practitioner_id.clone(),
        request_id: fresh_id(),
    };
    let declared = world.anne.bearer.asks(declared);
    settings.add_treating_doctor(declared).await.unwrap();
    let read = eventually("the trail knows the treating doctor", async || {
        world.as_doctor().await.ok()
    });
    let kinds: Vec<String> = read
        .await
        .into_iter()
        .map(|recorded| recorded.event.unwrap().kind)
        .collect();
    assert_eq!(kinds[0], "treating_doctor.added");
    assert!(kinds.contains(&"grant.created".to_owned()), "{kinds:?}");
    let told = eventually("Anne reads that her doctor read", async || {
        world.readings(CLINIC).await.pop()
    });
    assert!(told.await.ends_with(
        "l'historique des actions concernant votre dossier en tant que médecin traitant."
    ));

    let removed = consent::RemoveTreatingDoctorRequest {
        patient_id: world.anne.patient_id.clone(),
        practitioner_id: world.doctor.practitioner_id.clone(),
        request_id: fresh_id(),
    };
    let removed = world.anne.bearer.asks(removed);
    settings.remove_treating_doctor(removed).await.unwrap();
    let refused = eventually("the trail knows the end of it", async || {
        world.as_doctor().await.err()
    });
    Refused::read(refused.await).is("ACTOR_NOT_ALLOWED");
    world.scene.stack.stop().await;
}

#[tokio::test]
async fn an_auditor_finds_an_act_and_the_patient_finds_the_auditor() {
    let world = World::begin().await;
    let auditor = world.scene.stack.software(AUDITOR).unwrap();
    let mut oversight = auditor.oversight();
    let search = audit::SearchEventsRequest {
        purpose: PURPOSE.to_owned(),
        filter: Some(audit::EventFilter {
            kinds: vec!["grant.created".to_owned()],
            ..Default::default()
        }),
        ..Default::default()
    };
    let found = eventually("the grant is found", async || {
        let answer = auditor.oversight().search_events(search.clone()).await;
        answer.unwrap().into_inner().events.into_iter().next()
    });
    let found = found.await;
    assert!(found.concerns_patient);
    assert!(!format!("{found:?}").contains(&world.anne.patient_id));
    assert!(
        world.readings(AUDITOR).await.is_empty(),
        "nothing is opened yet"
    );

    let open = audit::ListHistoryRequest {
        purpose: PURPOSE.to_owned(),
        event_id: found.event_id,
        ..Default::default()
    };
    let opened = oversight.list_history(open).await.unwrap().into_inner();
    assert_eq!(opened.patient_id, world.anne.patient_id);
    let told = eventually("Anne reads of the auditor", async || {
        world.readings(AUDITOR).await.pop()
    });
    assert_eq!(
        told.await,
        format!(
            "Un auditeur de la plateforme a consulté l'historique des actions concernant votre dossier. Motif indiqué : « {PURPOSE} »."
        )
    );
    let unusual = audit::ListUnusualAccessesRequest {
        purpose: PURPOSE.to_owned(),
        ..Default::default()
    };
    let unusual = oversight.list_unusual_accesses(unusual).await.unwrap();
    assert!(unusual.into_inner().accesses.is_empty());
    world.scene.stack.stop().await;
}
