//! Whoever hid a document from the patient announces it, whatever became of them since.

use super::tests::{set, take_back};
use super::*;
use crate::app::OpenRecord;
use crate::app::testing::Fixture;

const HIDDEN: VisibilityKind = VisibilityKind::HiddenFromPatient;

async fn hides(fixture: &Fixture, cx: &RequestContext) {
    let hide = set(fixture, HIDDEN);
    let hidden = fixture.app.set_document_visibility(cx, hide).await;
    assert_eq!(hidden.unwrap().len(), 1);
}

async fn announces(fixture: &Fixture, cx: &RequestContext) -> Result<(), Error> {
    let announce = take_back(fixture, HIDDEN);
    let left = fixture.app.set_document_visibility(cx, announce).await?;
    assert!(left.is_empty());
    Ok(())
}

#[tokio::test]
async fn who_was_blocked_since_announces_what_they_hid_and_hides_nothing_more() {
    for by_organization in [false, true] {
        let fixture = Fixture::new().await;
        let doctor = fixture.as_doctor();
        hides(&fixture, &doctor).await;
        fixture
            .block(if by_organization {
                Grantee::Organization(fixture.directory.organization)
            } else {
                Grantee::Practitioner(fixture.doctor())
            })
            .await;
        let another = SetDocumentVisibility {
            document_id: "report-2".parse().unwrap(),
            ..set(&fixture, HIDDEN)
        };
        let refused = fixture.app.set_document_visibility(&doctor, another).await;
        assert!(matches!(refused, Err(Error::Denied(_))));
        for _ in 0..2 {
            announces(&fixture, &doctor).await.unwrap();
        }
        assert_eq!(fixture.events_of(EventKind::MaskRemoved).await, 1);
    }
}

#[tokio::test]
async fn who_is_blocked_and_hid_nothing_is_refused_whether_something_is_hidden_or_not() {
    let fixture = Fixture::new().await;
    fixture.block(Grantee::Practitioner(fixture.nurse())).await;
    let nurse = fixture.as_nurse();
    let refused = announces(&fixture, &nurse).await;
    assert!(matches!(refused, Err(Error::Denied(_))));
    hides(&fixture, &fixture.as_doctor()).await;
    let refused = announces(&fixture, &nurse).await;
    assert!(matches!(refused, Err(Error::Denied(_))));
}

#[tokio::test]
async fn a_document_is_announced_under_another_identifier_of_who_hid_it() {
    let fixture = Fixture::new().await;
    hides(&fixture, &fixture.as_doctor()).await;
    let nurse = fixture.as_nurse();
    let refused = announces(&fixture, &nurse).await;
    assert!(matches!(refused, Err(Error::Denied(_))));
    fixture.doctor_and_nurse_are_one().await;
    announces(&fixture, &nurse).await.unwrap();
}

#[tokio::test]
async fn of_two_who_hid_a_document_of_one_patient_under_two_identifiers_either_announces_it() {
    for first in [true, false] {
        let fixture = Fixture::new().await;
        let open = OpenRecord {
            patient_id: fixture.other_patient,
            request_id: fixture.request_id(),
        };
        let platform = fixture.as_service("records");
        fixture.app.open_record(&platform, open).await.unwrap();
        let (doctor, nurse) = (fixture.as_doctor(), fixture.as_nurse());
        hides(&fixture, &doctor).await;
        let hide = SetDocumentVisibility {
            patient_id: fixture.other_patient,
            ..set(&fixture, HIDDEN)
        };
        let hidden = fixture.app.set_document_visibility(&nurse, hide).await;
        hidden.unwrap();
        fixture.both_patients_are_one().await;
        let cx = if first { &doctor } else { &nurse };
        announces(&fixture, cx).await.unwrap();
    }
}
