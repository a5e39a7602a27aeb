//! The patient's history, its proofs, and what a restart must keep.

use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::hash::Hash;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::ConsistencyProof;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1 as audit;
use aval_proto::consent::v1 as consent;
use aval_proto::practitioner_directory::v1 as directory;

use super::asking::Decided;
use crate::patience::eventually;
use crate::scene::{Patient, Scene};

/// Waits until the history tells of every decision, and checks that it tells of each
/// once, in order, with the outcome that was given. Answers the decisions' events.
pub(super) async fn one_event_for_each(
    scene: &Scene,
    patient: &Patient,
    decided: &[Decided],
) -> Vec<String> {
    let told = eventually("the history tells of every decision", async || {
        let told = events(scene, patient, &["access.decided"]).await;
        (told.len() >= decided.len()).then_some(told)
    })
    .await;
    let told: Vec<_> = told
        .into_iter()
        .rev()
        .map(|recorded| {
            assert!(!recorded.sentence_fr.is_empty() && !recorded.sentence_en.is_empty());
            let event = recorded.event.unwrap();
            assert_eq!(event.patient_id, patient.patient_id);
            assert_eq!(event.documents.len(), 3);
            assert_eq!(
                event.outcome() == audit::EventOutcome::Success,
                event.decision.as_ref().unwrap().permitted
            );
            Decided {
                permitted: event.decision.unwrap().permitted,
                event_id: event.event_id,
            }
        })
        .collect();
    assert_eq!(told, decided);
    told.into_iter().map(|decided| decided.event_id).collect()
}

/// Checks every event's receipt without any service, with the log's public key alone.
pub(super) async fn receipts_verify(scene: &Scene, patient: &Patient, event_ids: &[String]) {
    let policy = scene.stack.log_policy().unwrap();
    for event_id in event_ids {
        let request = patient.bearer.asks(audit::GetEventRequest {
            event_id: event_id.clone(),
            include_receipt: true,
            patient_id: String::new(),
            witnessed: false,
        });
        let answer = scene
            .portal
            .trail()
            .get_event(request)
            .await
            .unwrap()
            .into_inner();
        let receipt = Receipt::parse(answer.receipt.as_bytes()).unwrap();
        let evidence = Evidence::Event(&answer.canonical_event);
        let verified = receipt.verify(evidence, &policy).unwrap();
        assert!(verified.event_verified);
        assert_eq!(verified.index, answer.event.unwrap().log_index);

        let mut altered = answer.canonical_event.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        assert!(receipt.verify(Evidence::Event(&altered), &policy).is_err());
    }
}

/// What must be the same after a restart.
#[derive(Debug)]
pub(super) struct Kept {
    grants: Vec<consent::Grant>,
    blocks: Vec<consent::Block>,
    visibilities: Vec<consent::DocumentVisibility>,
    settings: consent::RecordSettings,
    freshness: directory::GetFreshnessResponse,
    /// Signing in again adds one.
    events: Vec<audit::RecordedEvent>,
    checkpoint: Checkpoint,
}

/// Everything but what grows by itself.
fn without_ages(mut fresh: directory::GetFreshnessResponse) -> directory::GetFreshnessResponse {
    for source in &mut fresh.sources {
        source.age = None;
    }
    fresh
}

impl Kept {
    pub(super) async fn of(scene: &Scene, patient: &Patient) -> Self {
        let patient_id = patient.patient_id.clone();
        let (mut grants, mut settings) = (scene.portal.grants(), scene.portal.settings());
        let list = patient.bearer.asks(consent::ListGrantsRequest {
            of: Some(consent::list_grants_request::Of::PatientId(
                patient_id.clone(),
            )),
            ..Default::default()
        });
        let list_blocks = patient.bearer.asks(consent::ListBlocksRequest {
            patient_id: patient_id.clone(),
            ..Default::default()
        });
        let list_masks = patient
            .bearer
            .asks(consent::ListDocumentVisibilitiesRequest {
                patient_id: patient_id.clone(),
                ..Default::default()
            });
        let get = patient
            .bearer
            .asks(consent::GetRecordSettingsRequest { patient_id });
        let fresh = directory::GetFreshnessRequest {};
        let fresh = scene.portal.directory().get_freshness(fresh).await.unwrap();
        let visibilities = settings
            .list_document_visibilities(list_masks)
            .await
            .unwrap();
        Self {
            grants: grants.list_grants(list).await.unwrap().into_inner().grants,
            blocks: grants
                .list_blocks(list_blocks)
                .await
                .unwrap()
                .into_inner()
                .blocks,
            visibilities: visibilities.into_inner().visibilities,
            settings: settings
                .get_record_settings(get)
                .await
                .unwrap()
                .into_inner()
                .settings
                .unwrap(),
            freshness: without_ages(fresh.into_inner()),
            events: events(scene, patient, &[]).await,
            checkpoint: checkpoint(scene).await,
        }
    }

    pub(super) fn is_kept_by(&self, after: &Self) {
        assert_eq!((self.grants.len(), self.blocks.len()), (2, 1));
        assert_eq!(self.grants, after.grants);
        assert_eq!(self.blocks, after.blocks);
        assert_eq!(self.visibilities, after.visibilities);
        assert_eq!(self.settings, after.settings);
        assert_eq!(self.freshness, after.freshness);
        // The newest come first; those of before are all there, in their order.
        let added = after.events.len() - self.events.len();
        assert_eq!(self.events, after.events[added..]);
        let numbers = after
            .events
            .iter()
            .rev()
            .map(|event| event.patient_sequence);
        assert!(
            numbers.eq(1..=after.events.len() as u64),
            "numbered without a hole"
        );
    }
}

/// Checks that the later log is a continuation of the earlier one.
pub(super) async fn checkpoints_are_consistent(scene: &Scene, before: &Kept, after: &Kept) {
    let (old, new) = (&before.checkpoint, &after.checkpoint);
    assert!(old.size > 0 && old.size <= new.size);
    assert_eq!(old.origin, new.origin);
    let request = audit::GetConsistencyProofRequest {
        old_size: old.size,
        new_size: new.size,
    };
    let answer = scene
        .portal
        .transparency()
        .get_consistency_proof(request)
        .await
        .unwrap();
    let path = answer.into_inner().path;
    let path = path
        .iter()
        .map(|hash| Hash::try_from(hash.as_slice()).unwrap());
    let proof = ConsistencyProof {
        old_size: old.size,
        new_size: new.size,
        path: path.collect(),
    };
    proof.verify(old.root, new.root).unwrap();
}

/// The newest checkpoint, signed by the key that is pinned.
async fn checkpoint(scene: &Scene) -> Checkpoint {
    let request = audit::GetCheckpointRequest {};
    let answer = scene
        .portal
        .transparency()
        .get_checkpoint(request)
        .await
        .unwrap()
        .into_inner();
    let note = SignedNote::parse(answer.checkpoint.as_bytes()).unwrap();
    scene.stack.log_policy().unwrap().open(&note).unwrap()
}

/// The patient's events of these kinds, all if none is named, the newest first.
pub(super) async fn events(
    scene: &Scene,
    patient: &Patient,
    kinds: &[&str],
) -> Vec<audit::RecordedEvent> {
    let request = patient.bearer.asks(audit::ListEventsRequest {
        patient_id: patient.patient_id.clone(),
        filter: Some(audit::EventFilter {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ..Default::default()
        }),
        page_size: 200,
        page_token: String::new(),
    });
    let answer = scene.portal.trail().list_events(request).await.unwrap();
    answer.into_inner().events
}
