//! Every act of a patient's, of somebody who signed in weakly.

use std::time::Duration;

use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::etag::Etag;
use aval_runtime::context::{Actor, Denied, RequestContext};
use aval_runtime::token::AuthenticationStrength;

use crate::app::testing::Fixture;
use crate::app::{
    AddTreatingDoctor, BlockGrantee, CloseRecord, DeclineGrant, OpenRecord, RemoveTreatingDoctor,
    RevokeAllGrants, RevokeGrant, SetDocumentVisibility, SetEmergencyOppositions, UnblockGrantee,
    UpdateGrant,
};
use crate::asked_period::AskedPeriod;
use crate::error::Error;
use crate::grant::{Grant, GrantPatch};
use crate::grantee::Grantee;
use crate::record::Oppositions;
use crate::visibility::VisibilityKind;

/// The person of this context, signed in with one factor.
fn weakly(cx: RequestContext) -> RequestContext {
    signed_in(cx, AuthenticationStrength::Low)
}

fn signed_in(mut cx: RequestContext, strength: AuthenticationStrength) -> RequestContext {
    let mut actor = Actor::clone(cx.actor.as_deref().unwrap());
    let Actor::Patient(patient) = &mut actor else {
        panic!("a patient");
    };
    patient.strength = strength;
    cx.actor = Some(actor.into());
    cx
}

#[track_caller]
fn too_weak<T: std::fmt::Debug>(answer: &Result<T, Error>) {
    assert!(
        matches!(answer, Err(Error::Denied(Denied::AuthenticationTooWeak))),
        "{answer:?}"
    );
}

fn update(fixture: &Fixture, grant: &Grant, patch: GrantPatch) -> UpdateGrant {
    UpdateGrant {
        grant_id: grant.grant_id,
        etag: grant.version.etag(),
        patch,
        request_id: fixture.request_id(),
    }
}

fn visibility(fixture: &Fixture, kind: VisibilityKind, remove: bool) -> SetDocumentVisibility {
    let concerns_one = matches!(
        kind,
        VisibilityKind::HiddenFromOne | VisibilityKind::RevealedToOne
    );
    SetDocumentVisibility {
        patient_id: fixture.patient,
        document_id: "report-1".parse().unwrap(),
        kind,
        practitioner_id: concerns_one.then(|| fixture.doctor()),
        remove,
        request_id: fixture.request_id(),
    }
}

fn oppositions(fixture: &Fixture, opposes: bool, etag: Etag) -> SetEmergencyOppositions {
    SetEmergencyOppositions {
        patient_id: fixture.patient,
        oppositions: Oppositions {
            break_glass: Some(opposes),
            regulation_center: None,
        },
        etag,
        request_id: fixture.request_id(),
    }
}

#[tokio::test]
async fn nobody_is_let_in_on_a_weak_sign_in_and_anybody_is_shut_out() {
    let fixture = Fixture::new().await;
    let (app, weak) = (&fixture.app, weakly(fixture.as_patient()));
    let by_name = Grantee::Practitioner(fixture.doctor());
    too_weak(&app.create_grant(&weak, fixture.new_grant(by_name)).await);
    let for_them = weakly(fixture.as_representative());
    too_weak(
        &app.create_grant(&for_them, fixture.new_grant(by_name))
            .await,
    );

    let request = fixture.request_by_doctor().await.unwrap();
    too_weak(
        &app.approve_grant(&weak, fixture.approval_of(&request))
            .await,
    );
    let decline = DeclineGrant {
        grant_id: request.grant_id,
        etag: request.version.etag(),
        request_id: fixture.request_id(),
    };
    app.decline_grant(&weak, decline).await.unwrap();

    let doctor = || AddTreatingDoctor {
        patient_id: fixture.patient,
        practitioner_id: fixture.doctor(),
        request_id: fixture.request_id(),
    };
    too_weak(&app.add_treating_doctor(&weak, doctor()).await);
    app.add_treating_doctor(&fixture.as_patient(), doctor())
        .await
        .unwrap();
    let no_longer = RemoveTreatingDoctor {
        patient_id: fixture.patient,
        practitioner_id: fixture.doctor(),
        request_id: fixture.request_id(),
    };
    app.remove_treating_doctor(&weak, no_longer).await.unwrap();

    let block = BlockGrantee {
        patient_id: fixture.patient,
        grantee: Grantee::Practitioner(fixture.nurse()),
        period: AskedPeriod::default(),
        request_id: fixture.request_id(),
    };
    let block = app.block_grantee(&weak, block).await.unwrap();
    let unblock = || UnblockGrantee {
        block_id: block.block_id,
        request_id: fixture.request_id(),
    };
    too_weak(&app.unblock_grantee(&weak, unblock()).await);
    app.unblock_grantee(&fixture.as_patient(), unblock())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_grant_is_narrowed_and_ended_on_a_weak_sign_in_and_not_widened() {
    let fixture = Fixture::new().await;
    let (app, weak) = (&fixture.app, weakly(fixture.as_patient()));
    let grant = fixture.grant_to_doctor().await;
    let more = DocumentClasses::only(DocumentClass::Report).with(DocumentClass::Imaging);
    let patch = |classes, until| GrantPatch { classes, until };
    let widening = update(&fixture, &grant, patch(Some(more), None));
    too_weak(&app.update_grant(&weak, widening).await);

    let soon = weak.now.saturating_add(Duration::from_hours(1));
    let ending = update(&fixture, &grant, patch(None, Some(Some(soon))));
    let shorter = app.update_grant(&weak, ending).await.unwrap();
    let later = soon.saturating_add(Duration::from_hours(1));
    for longer in [patch(None, Some(Some(later))), patch(None, Some(None))] {
        let longer = update(&fixture, &shorter, longer);
        too_weak(&app.update_grant(&weak, longer).await);
    }
    // Another class instead of the first one is not less.
    let other = DocumentClasses::only(DocumentClass::Imaging);
    let exchanged = update(&fixture, &shorter, patch(Some(other), None));
    too_weak(&app.update_grant(&weak, exchanged).await);

    let revoke = RevokeGrant {
        grant_id: grant.grant_id,
        etag: None,
        request_id: fixture.request_id(),
    };
    app.revoke_grant(&weak, revoke).await.unwrap();
    let revoke_all = RevokeAllGrants {
        patient_id: fixture.patient,
        request_id: fixture.request_id(),
    };
    app.revoke_all_grants(&weak, revoke_all).await.unwrap();
}

#[tokio::test]
async fn documents_are_hidden_on_a_weak_sign_in_and_not_shown() {
    use VisibilityKind::{HiddenFromOne, HiddenFromRepresentatives, Masked, RevealedToOne};
    let fixture = Fixture::new().await;
    let (app, weak) = (&fixture.app, weakly(fixture.as_patient()));
    let set = |cx, kind, remove| {
        let command = visibility(&fixture, kind, remove);
        async move { app.set_document_visibility(&cx, command).await }
    };
    for kind in [Masked, HiddenFromOne, HiddenFromRepresentatives] {
        set(weak.clone(), kind, false).await.unwrap();
        too_weak(&set(weak.clone(), kind, true).await);
    }
    let strong = fixture.as_patient();
    set(strong.clone(), HiddenFromOne, true).await.unwrap();
    too_weak(&set(weak.clone(), RevealedToOne, false).await);
    set(strong, RevealedToOne, false).await.unwrap();
    set(weak, RevealedToOne, true).await.unwrap();
}

#[tokio::test]
async fn the_record_is_closed_and_opposed_on_a_weak_sign_in_and_not_opened() {
    let fixture = Fixture::new().await;
    let (app, weak) = (&fixture.app, weakly(fixture.as_patient()));
    let record = app.get_record_settings(&weak, fixture.patient).await;
    let etag = record.unwrap().version.etag();
    let opposing = oppositions(&fixture, true, etag);
    let opposing = app.set_emergency_oppositions(&weak, opposing).await;
    let etag = opposing.unwrap().version.etag();
    let no_longer = oppositions(&fixture, false, etag);
    too_weak(&app.set_emergency_oppositions(&weak, no_longer).await);

    let close = CloseRecord {
        patient_id: fixture.patient,
        request_id: fixture.request_id(),
    };
    app.close_record(&weak, close).await.unwrap();
    let open = || OpenRecord {
        patient_id: fixture.patient,
        request_id: fixture.request_id(),
    };
    too_weak(&app.open_record(&weak, open()).await);
    // A service signs in for nobody, and opens what is not there yet.
    let others = OpenRecord {
        patient_id: fixture.other_patient,
        ..open()
    };
    app.open_record(&fixture.as_service("gateway"), others)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_operator_may_ask_for_more_or_for_nothing() {
    use AuthenticationStrength::{High, Low, Substantial};
    for (least, too_little) in [
        (Low, None),
        (Substantial, Some(Low)),
        (High, Some(Substantial)),
    ] {
        let fixture = Fixture::new().await;
        let as_patient = |strength| signed_in(fixture.as_patient(), strength);
        let grant = || fixture.new_grant(Grantee::Practitioner(fixture.doctor()));
        let (refused, given) = (grant(), grant());
        let (weaker, enough) = (too_little.map(as_patient), as_patient(least));
        let app = fixture.app.opening_with(least);
        if let Some(weaker) = weaker {
            too_weak(&app.create_grant(&weaker, refused).await);
        }
        app.create_grant(&enough, given).await.unwrap();
    }
}
