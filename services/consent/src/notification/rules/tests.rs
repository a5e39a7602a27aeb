use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::event::{Actor, EventKind, Outcome};
use aval_domain::id::OrganizationId;
use aval_domain::period::Period;
use uuid::Uuid;

use super::*;
use crate::grantee::NamedGrantee;
use NotificationKind::{
    GrantCreated, GrantDeclared, GrantExpired, GrantRequested, GrantRevoked, GrantUpdated,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn patient() -> PatientId {
    PatientId::from_uuid(Uuid::from_u128(1))
}

fn practitioner(number: u128) -> PractitionerId {
    PractitionerId::from_uuid(Uuid::from_u128(number))
}

fn event() -> Event {
    let actor = Actor::Patient {
        patient_id: patient(),
    };
    let event_id = EventId::from_uuid(Uuid::from_u128(9));
    Event::new(
        event_id,
        NOW,
        EventKind::GrantUpdated,
        Outcome::Success,
        actor,
        "test",
    )
}

fn grant_to(grantee: Grantee) -> Grant {
    Grant::given(
        GrantId::from_uuid(Uuid::from_u128(5)),
        patient(),
        NamedGrantee {
            grantee,
            name: None,
        },
        DocumentClasses::only(DocumentClass::Report),
        Period::starting(NOW),
        NOW,
    )
}

fn doctors() -> Grant {
    grant_to(Grantee::Practitioner(practitioner(11)))
}

fn with(status: GrantStatus) -> Grant {
    Grant {
        status,
        created_by: Some(practitioner(11)),
        ..doctors()
    }
}

/// Who is told of what, and which professional is concerned.
fn told(before: Option<&Grant>, after: &Grant) -> Vec<(Recipient, NotificationKind, u128)> {
    let news = of_grant(before, after, &event());
    let read = news.iter().map(|one| {
        assert_eq!(one.patient_id, patient());
        assert_eq!(one.subject_id, Some(after.grant_id.as_uuid()));
        let concerned = one.practitioner_id.unwrap().as_uuid().as_u128();
        (one.recipient, one.kind, concerned)
    });
    read.collect()
}

#[test]
fn the_professional_is_told_of_what_the_patient_gives_changes_and_ends() {
    let doctor = Recipient::Practitioner(practitioner(11));
    let given = doctors();
    for (before, after, kind) in [
        (None, given.clone(), GrantCreated),
        (Some(given.clone()), given.clone(), GrantUpdated),
        (Some(given), with(GrantStatus::Revoked), GrantRevoked),
        (
            Some(with(GrantStatus::Requested)),
            with(GrantStatus::Given),
            GrantCreated,
        ),
    ] {
        assert_eq!(told(before.as_ref(), &after), [(doctor, kind, 11)]);
    }
}

#[test]
fn the_patient_is_told_of_what_professionals_ask_and_declare() {
    let asked = told(None, &with(GrantStatus::Requested));
    let anna = Recipient::Patient(patient());
    assert_eq!(asked, [(anna, GrantRequested, 11)]);
    let declared = Grant {
        origin: GrantOrigin::Declaration,
        ..with(GrantStatus::Given)
    };
    assert_eq!(told(None, &declared), [(anna, GrantDeclared, 11)]);
    let for_a_colleague = Grant {
        created_by: Some(practitioner(12)),
        ..declared
    };
    let doctor = Recipient::Practitioner(practitioner(11));
    assert_eq!(
        told(None, &for_a_colleague),
        [(doctor, GrantCreated, 11), (anna, GrantDeclared, 12)]
    );
}

#[test]
fn both_are_told_of_a_grant_that_ends_because_another_one_stays() {
    let (anna, doctor) = (
        Recipient::Patient(patient()),
        Recipient::Practitioner(practitioner(11)),
    );
    let ended = told(Some(&doctors()), &with(GrantStatus::Lapsed));
    assert_eq!(
        ended,
        [(doctor, GrantRevoked, 11), (anna, GrantExpired, 11)]
    );
    let waiting = grant_to(Grantee::Rpps("99700024450".parse().unwrap()));
    let ended = of_grant(Some(&waiting), &waiting.lapse(NOW), &event());
    let ended: Vec<_> = ended.iter().map(|one| (one.recipient, one.kind)).collect();
    assert_eq!(ended, [(anna, GrantExpired)]);
}

#[test]
fn nobody_is_told_of_what_concerns_no_person_yet_or_any_more() {
    let organization = Grantee::Organization(OrganizationId::from_uuid(Uuid::from_u128(31)));
    let waiting = grant_to(Grantee::Rpps("99700024450".parse().unwrap()));
    assert_eq!(told(None, &grant_to(organization)), []);
    assert_eq!(told(None, &waiting), []);
    let settled = told(Some(&waiting), &doctors());
    let doctor = Recipient::Practitioner(practitioner(11));
    assert_eq!(settled, [(doctor, GrantCreated, 11)]);
    // Declined, or taken back before it was answered.
    let requested = with(GrantStatus::Requested);
    for (before, after) in [
        (requested.clone(), GrantStatus::Declined),
        (requested, GrantStatus::Revoked),
    ] {
        assert_eq!(told(Some(&before), &with(after)), []);
    }
}

/// Of an access: which documents were asked for, and which of these were permitted; and
/// whether it is of secrets.
const ACCESSES: [(&[(&str, bool)], bool); 8] = [
    (&[], false),
    (&[("open", true)], false),
    (&[("secret", true)], true),
    (&[("secret", true), ("another-secret", false)], true),
    (&[("secret", true), ("open", false)], true),
    (&[("secret", true), ("open", true)], false),
    (&[("secret", false), ("open", true)], false),
    (&[("open", true), ("open-too", false)], false),
];

#[test]
fn an_access_is_of_secrets_where_no_other_document_explains_it() {
    let secret = ["secret", "another-secret"].map(|id| DocumentId::parse(id).unwrap());
    let secret = BTreeSet::from(secret);
    for (asked, expected) in ACCESSES {
        let documents = asked.iter().map(|(id, permitted)| EventDocument {
            id: DocumentId::parse(*id).unwrap(),
            class: DocumentClass::Report,
            document_type: None,
            permitted: *permitted,
        });
        let event = Event {
            documents: documents.collect(),
            ..event()
        };
        assert_eq!(is_of_secrets(&event, &secret), expected, "{asked:?}");
        assert!(!is_of_secrets(&event, &BTreeSet::new()), "{asked:?}");
    }
}

#[test]
fn a_first_access_of_secrets_is_told_to_the_holder_alone_and_an_emergency_to_all() {
    for (is_emergency, is_of_secrets, alone) in [
        (false, false, false),
        (false, true, true),
        (true, false, false),
        (true, true, false),
    ] {
        let access = Access {
            patient_id: patient(),
            practitioner_id: practitioner(11),
            event_id: EventId::from_uuid(Uuid::from_u128(9)),
            at: NOW,
            is_emergency,
            is_of_secrets,
        };
        let told = access.news_for_patient(true).unwrap();
        assert_eq!(told.holder_alone, alone, "{access:?}");
    }
}

#[test]
fn an_emergency_is_told_to_the_patient_and_to_treating_doctors_but_who_made_it() {
    let access = |is_emergency| Access {
        patient_id: patient(),
        practitioner_id: practitioner(11),
        event_id: EventId::from_uuid(Uuid::from_u128(9)),
        at: NOW,
        is_emergency,
        is_of_secrets: false,
    };
    let kind = |news: Option<News>| news.map(|news| news.kind);
    for (is_emergency, is_first, expected) in [
        (true, true, Some(NotificationKind::EmergencyAccess)),
        (true, false, Some(NotificationKind::EmergencyAccess)),
        (false, true, Some(NotificationKind::FirstAccess)),
        (false, false, None),
    ] {
        let told = access(is_emergency).news_for_patient(is_first);
        assert_eq!(kind(told), expected);
    }
    let to_doctor = access(true).news_for_treating_doctor(practitioner(12));
    let to_doctor = to_doctor.unwrap();
    let doctor = Recipient::Practitioner(practitioner(12));
    assert_eq!(
        (to_doctor.recipient, to_doctor.practitioner_id),
        (doctor, Some(practitioner(11)))
    );
    let themselves = access(true).news_for_treating_doctor(practitioner(11));
    assert_eq!(themselves, None);
    let ordinary = access(false).news_for_treating_doctor(practitioner(12));
    assert_eq!(ordinary, None);
}
