//! The visibility of documents over the wire.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::{DecisionReason, Effect, VisibilityKind};
use tonic::Status;

use crate::people::{ANNA, DOCTOR, Person, UNKNOWN};
use crate::stand::{Stand, fields, question, reason, request_id};

fn set(kind: VisibilityKind) -> proto::SetDocumentVisibilityRequest {
    proto::SetDocumentVisibilityRequest {
        patient_id: ANNA.to_owned(),
        document_id: "report-1".to_owned(),
        kind: kind.into(),
        practitioner_id: String::new(),
        remove: false,
        request_id: request_id(),
    }
}

async fn send(
    stand: &Stand,
    message: proto::SetDocumentVisibilityRequest,
    person: Person,
) -> Result<Vec<proto::DocumentVisibility>, Status> {
    let request = stand.request(message, person);
    let answer = stand
        .settings(person)
        .set_document_visibility(request)
        .await?;
    Ok(answer.into_inner().visibilities)
}

/// To consult the report alone.
fn the_report() -> proto::AccessQuestion {
    let mut question = question();
    question.documents.truncate(1);
    question
}

#[tokio::test]
async fn a_document_hidden_from_the_patient_is_released_in_a_month_and_untold_until_then() {
    let stand = Stand::start().await;
    assert_eq!(
        stand.check(the_report(), Person::Anna).await.effect(),
        Effect::Permit
    );
    let kind = VisibilityKind::HiddenFromPatient;
    let hidden = send(&stand, set(kind), Person::Doctor).await.unwrap();
    let (set_at, release_at) = (hidden[0].set_at.unwrap(), hidden[0].release_at.unwrap());
    let days = (release_at.seconds - set_at.seconds) / 86_400;
    assert!((28..=31).contains(&days));
    for person in [Person::Anna, Person::BelaForAnna] {
        let refused = stand.check(the_report(), person).await;
        assert_eq!(refused.reason(), DecisionReason::NothingPermitted);
        // Nor is it told when that is.
        let promised = refused.hold_until_at.unwrap().seconds;
        assert_eq!(promised - refused.decided_at.unwrap().seconds, 60);
    }
    let message = proto::ListDocumentVisibilitiesRequest {
        patient_id: ANNA.to_owned(),
        ..proto::ListDocumentVisibilitiesRequest::default()
    };
    let request = stand.request(message, Person::Anna);
    let list = stand
        .settings(Person::Anna)
        .list_document_visibilities(request)
        .await
        .unwrap();
    assert!(list.into_inner().visibilities.is_empty());

    // Nor does the patient's own mask tell: it is taken as on any other document.
    let masked = send(&stand, set(VisibilityKind::Masked), Person::Anna).await;
    assert_eq!(masked.unwrap()[0].kind(), VisibilityKind::Masked);
    let unmasked = proto::SetDocumentVisibilityRequest {
        remove: true,
        ..set(VisibilityKind::Masked)
    };
    send(&stand, unmasked, Person::Anna).await.unwrap();

    let announced = proto::SetDocumentVisibilityRequest {
        remove: true,
        ..set(kind)
    };
    assert!(
        send(&stand, announced, Person::Doctor)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        stand.check(the_report(), Person::Anna).await.effect(),
        Effect::Permit
    );
    let again = send(&stand, set(kind), Person::Doctor).await.unwrap_err();
    assert_eq!(reason(&again), "IRREVERSIBLE");
}

#[tokio::test]
async fn a_professional_who_hides_a_document_does_not_learn_that_it_is_masked() {
    let stand = Stand::start().await;
    let masked = set(VisibilityKind::Masked);
    send(&stand, masked, Person::Anna).await.unwrap();
    let hidden = set(VisibilityKind::HiddenFromPatient);
    let told = send(&stand, hidden, Person::Doctor).await.unwrap();
    let told: Vec<_> = told.iter().map(proto::DocumentVisibility::kind).collect();
    assert_eq!(told, [VisibilityKind::HiddenFromPatient]);
}

#[tokio::test]
async fn a_document_is_hidden_from_one_and_revealed_to_one() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let to_doctor = |kind| proto::SetDocumentVisibilityRequest {
        practitioner_id: DOCTOR.to_owned(),
        ..set(kind)
    };
    send(&stand, set(VisibilityKind::Masked), Person::Anna)
        .await
        .unwrap();
    send(
        &stand,
        to_doctor(VisibilityKind::RevealedToOne),
        Person::Anna,
    )
    .await
    .unwrap();
    assert_eq!(
        stand.check(the_report(), Person::Doctor).await.effect(),
        Effect::Permit
    );
    let revealed = VisibilityKind::RevealedToOne;
    let back = proto::SetDocumentVisibilityRequest {
        remove: true,
        ..to_doctor(revealed)
    };
    send(&stand, back, Person::Anna).await.unwrap();
    let hidden = to_doctor(VisibilityKind::HiddenFromOne);
    assert_eq!(send(&stand, hidden, Person::Anna).await.unwrap().len(), 2);
    let refused = stand.check(the_report(), Person::Doctor).await;
    assert_eq!(refused.reason(), DecisionReason::NothingPermitted);
}

#[tokio::test]
async fn the_one_is_named_where_one_is_concerned_and_nowhere_else() {
    let stand = Stand::start().await;
    for (kind, practitioner_id, broken) in [
        (VisibilityKind::HiddenFromOne, "", "practitioner_id"),
        (VisibilityKind::HiddenFromOne, UNKNOWN, "practitioner_id"),
        (VisibilityKind::Masked, DOCTOR, "practitioner_id"),
        (VisibilityKind::Unspecified, "", "kind"),
    ] {
        let message = proto::SetDocumentVisibilityRequest {
            practitioner_id: practitioner_id.to_owned(),
            ..set(kind)
        };
        let status = send(&stand, message, Person::Anna).await.unwrap_err();
        assert_eq!(fields(&status), [broken], "{kind:?} {practitioner_id}");
    }
}
