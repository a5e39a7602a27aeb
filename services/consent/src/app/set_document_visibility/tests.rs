use aval_domain::access::DenialReason;

use super::*;
use crate::app::testing::Fixture;
use crate::app::{ListDocumentVisibilities, PageRequest};

pub(super) fn set(fixture: &Fixture, kind: VisibilityKind) -> SetDocumentVisibility {
    SetDocumentVisibility {
        patient_id: fixture.patient,
        document_id: "report-1".parse().unwrap(),
        kind,
        practitioner_id: kind.concerns_one().then(|| fixture.doctor()),
        remove: false,
        request_id: fixture.request_id(),
    }
}

pub(super) fn take_back(fixture: &Fixture, kind: VisibilityKind) -> SetDocumentVisibility {
    SetDocumentVisibility {
        remove: true,
        ..set(fixture, kind)
    }
}

async fn listed(fixture: &Fixture, cx: &RequestContext) -> Vec<VisibilityKind> {
    let query = ListDocumentVisibilities {
        patient_id: fixture.patient,
        document_id: None,
        page: PageRequest {
            after: None,
            size: aval_domain::page::PageSize::DEFAULT,
        },
    };
    let page = fixture
        .app
        .list_document_visibilities(cx, query)
        .await
        .unwrap();
    page.items.into_iter().map(|setting| setting.kind).collect()
}

#[tokio::test]
async fn a_masked_document_is_seen_again_when_the_mask_is_taken_back() {
    let fixture = Fixture::new().await;
    let cx = fixture.as_patient();
    fixture.grant_to_doctor().await;
    let masked = fixture
        .app
        .set_document_visibility(&cx, set(&fixture, VisibilityKind::Masked));
    assert_eq!(masked.await.unwrap().len(), 1);
    let doctor = fixture.as_doctor();
    let check = async || {
        fixture
            .app
            .check(&doctor, fixture.question())
            .await
            .unwrap()
            .verdict
    };
    assert_eq!(check().await, Verdict::Deny(DenialReason::NothingPermitted));
    let again = fixture
        .app
        .set_document_visibility(&cx, set(&fixture, VisibilityKind::Masked));
    again.await.unwrap();
    assert_eq!(fixture.events_of(EventKind::MaskSet).await, 1);
    let back = take_back(&fixture, VisibilityKind::Masked);
    assert!(
        fixture
            .app
            .set_document_visibility(&cx, back)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(matches!(check().await, Verdict::Permit(_)));
    assert_eq!(fixture.events_of(EventKind::MaskRemoved).await, 1);
}

#[tokio::test]
async fn what_is_hidden_from_the_patient_is_told_to_the_professional_alone() {
    let fixture = Fixture::new().await;
    let kind = VisibilityKind::HiddenFromPatient;
    let (patient, doctor) = (fixture.as_patient(), fixture.as_doctor());
    let refused = fixture
        .app
        .set_document_visibility(&patient, set(&fixture, kind))
        .await;
    assert!(matches!(refused, Err(Error::Denied(_))));
    let hidden = fixture
        .app
        .set_document_visibility(&doctor, set(&fixture, kind))
        .await;
    assert_eq!(hidden.unwrap()[0].set_by, Some(fixture.doctor()));
    assert!(listed(&fixture, &fixture.as_patient()).await.is_empty());
}

#[tokio::test]
async fn only_who_hid_a_document_from_the_patient_announces_it_and_once_for_all() {
    let fixture = Fixture::new().await;
    let kind = VisibilityKind::HiddenFromPatient;
    let app = &fixture.app;
    app.set_document_visibility(&fixture.as_doctor(), set(&fixture, kind))
        .await
        .unwrap();
    let other = app
        .set_document_visibility(&fixture.as_nurse(), take_back(&fixture, kind))
        .await;
    assert!(matches!(other, Err(Error::Denied(_))));
    let announce = take_back(&fixture, kind);
    assert!(
        app.set_document_visibility(&fixture.as_doctor(), announce)
            .await
            .unwrap()
            .is_empty()
    );
    let again = app
        .set_document_visibility(&fixture.as_doctor(), set(&fixture, kind))
        .await;
    assert!(matches!(again, Err(Error::Irreversible(_))));
}

#[tokio::test]
async fn a_professional_who_is_blocked_hides_nothing() {
    let fixture = Fixture::new().await;
    let block = crate::app::BlockGrantee {
        patient_id: fixture.patient,
        grantee: crate::grantee::Grantee::Practitioner(fixture.doctor()),
        period: crate::asked_period::AskedPeriod::default(),
        request_id: fixture.request_id(),
    };
    fixture
        .app
        .block_grantee(&fixture.as_patient(), block)
        .await
        .unwrap();
    let hide = set(&fixture, VisibilityKind::HiddenFromPatient);
    let refused = fixture
        .app
        .set_document_visibility(&fixture.as_doctor(), hide)
        .await;
    assert!(matches!(refused, Err(Error::Denied(_))));
}

#[tokio::test]
async fn a_representative_masks_but_neither_sees_nor_sets_what_is_hidden_from_them() {
    let fixture = Fixture::new().await;
    let secret = VisibilityKind::HiddenFromRepresentatives;
    let app = &fixture.app;
    app.set_document_visibility(&fixture.as_patient(), set(&fixture, secret))
        .await
        .unwrap();
    let cx = fixture.as_representative();
    for command in [set(&fixture, secret), take_back(&fixture, secret)] {
        let refused = app.set_document_visibility(&cx, command).await;
        assert!(matches!(refused, Err(Error::Denied(_))));
    }
    let masked = app
        .set_document_visibility(&cx, set(&fixture, VisibilityKind::Masked))
        .await;
    assert_eq!(masked.unwrap().len(), 1);
    assert!(listed(&fixture, &cx).await.is_empty());
    assert_eq!(listed(&fixture, &fixture.as_patient()).await.len(), 2);
}

#[tokio::test]
async fn what_is_set_on_a_document_tells_nobody_of_it_from_whom_it_is_hidden() {
    let fixture = Fixture::new().await;
    let app = &fixture.app;
    let (patient, representative) = (fixture.as_patient(), fixture.as_representative());
    let elsewhere = SetDocumentVisibility {
        document_id: "report-2".parse().unwrap(),
        ..set(&fixture, VisibilityKind::Masked)
    };
    let seen = [
        (set(&fixture, VisibilityKind::Masked), true),
        (
            set(&fixture, VisibilityKind::HiddenFromRepresentatives),
            true,
        ),
        (elsewhere, true),
        (set(&fixture, VisibilityKind::HiddenFromPatient), false),
    ];
    for (command, by_patient) in seen {
        let doctor = fixture.as_doctor();
        let cx = if by_patient { &patient } else { &doctor };
        app.set_document_visibility(cx, command).await.unwrap();
        let for_representative = listed(&fixture, &representative).await;
        assert!(for_representative.len() <= 1);
    }
    let masked = [VisibilityKind::Masked];
    for cx in [&patient, &representative] {
        assert_eq!(listed(&fixture, cx).await, masked);
        let one = set(&fixture, VisibilityKind::HiddenFromOne);
        let answered = app.set_document_visibility(cx, one).await.unwrap();
        assert_eq!(answered.len(), 1);
        assert_eq!(answered[0].kind, VisibilityKind::HiddenFromOne);
    }
    let announced = take_back(&fixture, VisibilityKind::HiddenFromPatient);
    let doctor = fixture.as_doctor();
    app.set_document_visibility(&doctor, announced)
        .await
        .unwrap();
    assert_eq!(listed(&fixture, &patient).await.len(), 4);
    assert_eq!(listed(&fixture, &representative).await, masked);
}

#[tokio::test]
async fn what_was_shown_to_representatives_cannot_be_hidden_again() {
    let fixture = Fixture::new().await;
    let cx = fixture.as_patient();
    let secret = VisibilityKind::HiddenFromRepresentatives;
    let app = &fixture.app;
    app.set_document_visibility(&cx, set(&fixture, secret))
        .await
        .unwrap();
    app.set_document_visibility(&cx, take_back(&fixture, secret))
        .await
        .unwrap();
    let again = app
        .set_document_visibility(&cx, set(&fixture, secret))
        .await;
    assert!(matches!(again, Err(Error::Irreversible(_))));
}

#[tokio::test]
async fn hiding_from_one_follows_a_merged_identifier_and_refuses_an_unknown_one() {
    let fixture = Fixture::new().await;
    let cx = fixture.as_patient();
    fixture.grant_to_doctor().await;
    let hide = SetDocumentVisibility {
        practitioner_id: Some(fixture.directory.merged),
        ..set(&fixture, VisibilityKind::HiddenFromOne)
    };
    let settings = fixture
        .app
        .set_document_visibility(&cx, hide)
        .await
        .unwrap();
    assert_eq!(settings[0].practitioner_id, Some(fixture.doctor()));
    let unknown = SetDocumentVisibility {
        practitioner_id: Some(fixture.unknown()),
        ..set(&fixture, VisibilityKind::HiddenFromOne)
    };
    let refused = fixture.app.set_document_visibility(&cx, unknown).await;
    assert!(matches!(
        refused,
        Err(Error::Invalid {
            field: "practitioner_id",
            ..
        })
    ));
}

#[tokio::test]
async fn nothing_is_set_in_another_record_or_in_a_closed_one() {
    let fixture = Fixture::new().await;
    for cx in [
        fixture.as_other_patient(),
        fixture.as_doctor(),
        fixture.as_nobody(),
    ] {
        let mask = set(&fixture, VisibilityKind::Masked);
        let denied = fixture.app.set_document_visibility(&cx, mask).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
    fixture.close_record().await;
    for (cx, kind) in [
        (fixture.as_patient(), VisibilityKind::Masked),
        (fixture.as_doctor(), VisibilityKind::HiddenFromPatient),
    ] {
        let refused = fixture
            .app
            .set_document_visibility(&cx, set(&fixture, kind))
            .await;
        assert!(matches!(refused, Err(Error::RecordUnavailable)));
    }
}

#[tokio::test]
async fn the_trail_names_the_one_from_whom_a_document_is_hidden() {
    let fixture = Fixture::new().await;
    let cx = fixture.as_patient();
    let kind = VisibilityKind::HiddenFromOne;
    for command in [set(&fixture, kind), take_back(&fixture, kind)] {
        let changed = fixture.app.set_document_visibility(&cx, command).await;
        changed.unwrap();
    }
    let events = fixture.events().await;
    let [.., hidden, shown] = events.as_slice() else {
        panic!("two events");
    };
    assert_eq!(hidden.after["grantee_name"], "Dr Camille MARTIN");
    assert_eq!(shown.before["grantee_name"], "Dr Camille MARTIN");
}

#[tokio::test]
async fn what_is_hidden_from_one_is_hidden_from_the_human_and_taken_back_for_the_human() {
    let fixture = Fixture::new().await;
    let patient = fixture.as_patient();
    fixture.grant_to_doctor().await;
    let hide = set(&fixture, VisibilityKind::HiddenFromOne);
    fixture
        .app
        .set_document_visibility(&patient, hide)
        .await
        .unwrap();
    fixture.doctor_and_nurse_are_one().await;
    let nurse = fixture.as_nurse();
    let sees = async || {
        let check = fixture.app.check(&nurse, fixture.question()).await;
        check.unwrap().is_permit()
    };
    assert!(!sees().await);
    let to_nurse = |kind| SetDocumentVisibility {
        practitioner_id: Some(fixture.nurse()),
        ..set(&fixture, kind)
    };
    let reveal = to_nurse(VisibilityKind::RevealedToOne);
    let revealed = fixture.app.set_document_visibility(&patient, reveal).await;
    assert!(matches!(revealed, Err(Error::StateConflict(_))));
    let back = SetDocumentVisibility {
        remove: true,
        ..to_nurse(VisibilityKind::HiddenFromOne)
    };
    let left = fixture.app.set_document_visibility(&patient, back).await;
    assert!(left.unwrap().is_empty());
    assert!(sees().await);
}
