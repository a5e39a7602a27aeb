//! A change holds from the moment its call returns, however many ask meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use consent::Effect;
use tokio::task::JoinSet;

use crate::patience::eventually;
use crate::scene::{document, fresh_id};
use crate::world::{World, practitioner};

/// How many ask at once, and how often each asks after the change.
const ASKERS: usize = 4;
const QUESTIONS: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_holds_for_every_question_that_is_asked_after_it() {
    let world = World::begin().await;
    assert_holds(&world, "nothing", Effect::Permit, async || ()).await;
    assert_holds(&world, "a mask", Effect::Deny, async || {
        mask(&world, false).await;
    })
    .await;
    assert_holds(&world, "its end", Effect::Permit, async || {
        mask(&world, true).await;
    })
    .await;
    let mut block_id = String::new();
    assert_holds(&world, "a block", Effect::Deny, async || {
        block_id = block(&world).await;
    })
    .await;
    assert_holds(&world, "its end", Effect::Permit, async || {
        unblock(&world, &block_id).await;
    })
    .await;
    assert_holds(&world, "closing the record", Effect::Deny, async || {
        close(&world).await;
    })
    .await;
    assert_holds(&world, "opening it again", Effect::Permit, async || {
        open(&world).await;
    })
    .await;
    assert_holds(&world, "narrowing", Effect::Deny, async || {
        narrow(&world).await;
    })
    .await;
    let widened = [
        common::DocumentClass::Imaging,
        common::DocumentClass::Report,
    ];
    let widen = async || update(&world, &widened).await;
    assert_holds(&world, "widening", Effect::Permit, widen).await;
    assert_holds(&world, "revoking", Effect::Deny, async || {
        revoke(&world).await;
    })
    .await;
}

/// Has many ask whether the doctor may see the report, makes the change meanwhile, and
/// checks whatever was asked after it had returned.
async fn assert_holds(world: &World, what: &str, effect: Effect, change: impl AsyncFnOnce()) {
    let changed = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let mut askers = JoinSet::new();
    for _ in 0..ASKERS {
        let (changed, asked) = (Arc::clone(&changed), Arc::clone(&asked));
        let mut decisions = world.scene.clinic.decisions();
        let (bearer, question) = (world.doctor.bearer.clone(), question(world));
        askers.spawn(async move {
            let mut after = Vec::new();
            while after.len() < QUESTIONS {
                let counts = changed.load(Ordering::SeqCst);
                let answer = decisions
                    .check(bearer.asks(question.clone()))
                    .await
                    .unwrap();
                asked.fetch_add(1, Ordering::SeqCst);
                if counts {
                    after.push(answer.into_inner().decision.unwrap());
                }
            }
            after
        });
    }
    eventually("everybody is asking", async || {
        (asked.load(Ordering::SeqCst) > ASKERS).then_some(())
    })
    .await;
    change().await;
    changed.store(true, Ordering::SeqCst);
    for decision in askers.join_all().await.into_iter().flatten() {
        assert_eq!(decision.effect(), effect, "after {what}: {decision:?}");
    }
}

fn question(world: &World) -> consent::CheckRequest {
    consent::CheckRequest {
        question: Some(consent::AccessQuestion {
            patient_id: world.anne.patient_id.clone(),
            action: common::AccessAction::Consult.into(),
            mode: common::AccessMode::Normal.into(),
            documents: vec![document("document-1", common::DocumentClass::Report)],
            ..Default::default()
        }),
    }
}

async fn mask(world: &World, remove: bool) {
    let request = world
        .anne
        .bearer
        .asks(consent::SetDocumentVisibilityRequest {
            patient_id: world.anne.patient_id.clone(),
            document_id: "document-1".to_owned(),
            kind: consent::VisibilityKind::Masked.into(),
            practitioner_id: String::new(),
            remove,
            request_id: fresh_id(),
        });
    world
        .scene
        .portal
        .settings()
        .set_document_visibility(request)
        .await
        .unwrap();
}

async fn block(world: &World) -> String {
    let request = world.anne.bearer.asks(consent::BlockGranteeRequest {
        patient_id: world.anne.patient_id.clone(),
        grantee: Some(practitioner(&world.doctor.practitioner_id)),
        period: None,
        request_id: fresh_id(),
    });
    let answer = world
        .scene
        .portal
        .grants()
        .block_grantee(request)
        .await
        .unwrap();
    answer.into_inner().block.unwrap().block_id
}

async fn unblock(world: &World, block_id: &str) {
    let request = world.anne.bearer.asks(consent::UnblockGranteeRequest {
        block_id: block_id.to_owned(),
        request_id: fresh_id(),
    });
    world
        .scene
        .portal
        .grants()
        .unblock_grantee(request)
        .await
        .unwrap();
}

async fn close(world: &World) {
    let request = world.anne.bearer.asks(consent::CloseRecordRequest {
        patient_id: world.anne.patient_id.clone(),
        request_id: fresh_id(),
    });
    world
        .scene
        .portal
        .settings()
        .close_record(request)
        .await
        .unwrap();
}

async fn open(world: &World) {
    let request = world.anne.bearer.asks(consent::OpenRecordRequest {
        patient_id: world.anne.patient_id.clone(),
        request_id: fresh_id(),
    });
    world
        .scene
        .portal
        .settings()
        .open_record(request)
        .await
        .unwrap();
}

async fn narrow(world: &World) {
    update(world, &[common::DocumentClass::Imaging]).await;
}

/// Gives the doctor's grant these classes.
async fn update(world: &World, classes: &[common::DocumentClass]) {
    let mut grants = world.scene.portal.grants();
    let request = world.anne.bearer.asks(consent::GetGrantRequest {
        grant_id: world.grant.grant_id.clone(),
    });
    let grant = grants
        .get_grant(request)
        .await
        .unwrap()
        .into_inner()
        .grant
        .unwrap();
    let request = world.anne.bearer.asks(consent::UpdateGrantRequest {
        grant: Some(consent::Grant {
            document_classes: classes.iter().map(|class| i32::from(*class)).collect(),
            ..grant
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["document_classes".to_owned()],
        }),
        request_id: fresh_id(),
    });
    grants.update_grant(request).await.unwrap();
}

async fn revoke(world: &World) {
    let request = world.anne.bearer.asks(consent::RevokeGrantRequest {
        grant_id: world.grant.grant_id.clone(),
        etag: String::new(),
        request_id: fresh_id(),
    });
    world
        .scene
        .portal
        .grants()
        .revoke_grant(request)
        .await
        .unwrap();
}
