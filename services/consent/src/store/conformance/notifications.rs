//! Notifications: who is told, in which order, once.

use std::collections::BTreeSet;
use std::time::Duration;

use aval_domain::etag::Version;
use aval_domain::id::NotificationId;
use uuid::Uuid;

use super::fixture::{Fixture, NOW, hours, organization, patient, person};
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin, GrantStatus};
use crate::grantee::Grantee;
use crate::inbox::{InboxQuery, Inboxes, Reader};
use crate::notification::{
    InboxPosition, Notification, NotificationKind, NotificationPreferences, PreferencesPatch,
    Recipient,
};
use crate::store::{Store, Write};

pub(super) fn doctor(number: u128) -> Recipient {
    Recipient::Practitioner(person(number).practitioner_id().unwrap())
}

pub(super) async fn inbox(fixture: &Fixture, recipient: Recipient) -> Vec<Notification> {
    inbox_of(fixture, Reader::themselves(recipient)).await
}

pub(super) async fn inbox_of(fixture: &Fixture, reader: Reader) -> Vec<Notification> {
    let above = InboxPosition::default();
    let told = fixture
        .store
        .notifications_above(reader, above, 10_000)
        .await
        .unwrap();
    let positions: BTreeSet<_> = told.iter().map(|told| told.position).collect();
    assert!(positions.len() == told.len() && told.is_sorted_by_key(|told| told.position));
    told
}

pub(super) async fn kinds(fixture: &Fixture, recipient: Recipient) -> Vec<NotificationKind> {
    let told = inbox(fixture, recipient).await;
    told.iter().map(|told| told.news.kind).collect()
}

pub(super) async fn mute(fixture: &Fixture, recipient: Recipient, kind: NotificationKind) {
    let muted = NotificationPreferences {
        muted: BTreeSet::from([kind]),
        wanted: BTreeSet::new(),
        version: Version(2),
    };
    let choose = |_: &NotificationPreferences| Ok(Some(muted.clone()));
    fixture
        .store
        .change_notification_preferences(&fixture.write(), recipient, &choose)
        .await
        .unwrap();
}

pub(super) async fn a_change_tells_whom_it_concerns_and_a_repeated_one_nobody_again(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let (write, change) = (
        fixture.write(),
        fixture.change(fixture.new_grant(person(1))),
    );
    for _ in 0..2 {
        let created = fixture.store.create_grant(&write, &change, &[]).await;
        created.unwrap();
    }
    let grant = &change.value;
    fixture.revoke(grant).await.unwrap();
    fixture.revoke(grant).await.unwrap();
    let told = inbox(fixture, doctor(1)).await;
    let kinds: Vec<_> = told.iter().map(|told| told.news.kind).collect();
    assert_eq!(
        kinds,
        [
            NotificationKind::GrantCreated,
            NotificationKind::GrantRevoked
        ]
    );
    let first = &told[0];
    assert_eq!(first.news.patient_id, patient(1));
    assert_eq!(first.news.practitioner_id, person(1).practitioner_id());
    assert_eq!(first.news.subject_id, Some(grant.grant_id.as_uuid()));
    assert_eq!((first.news.at, first.acknowledged_at), (NOW, None));
    for other in [doctor(2), Recipient::Patient(patient(1))] {
        assert_eq!(inbox(fixture, other).await, []);
    }
}

pub(super) async fn a_change_that_is_refused_tells_nobody(fixture: &Fixture) {
    let refused = fixture.create(fixture.new_grant(person(1))).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
    fixture.open_record(patient(1)).await;
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let second = fixture.create(fixture.new_grant(person(1))).await;
    assert!(matches!(second, Err(Error::GrantExists { .. })));
    assert_eq!(inbox(fixture, doctor(1)).await.len(), 1);
}

pub(super) async fn what_is_declared_for_somebody_who_is_blocked_is_told_to_the_patient_alone(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    fixture.block(person(1), None).await;
    let declared = Grant {
        origin: GrantOrigin::Declaration,
        created_by: person(2).practitioner_id(),
        ..fixture.new_grant(person(1))
    };
    let change = fixture.change(declared);
    let declare = async |by| {
        let write = fixture.write();
        fixture.store.create_grant(&write, &change, &[by]).await
    };
    let by_the_blocked = declare(person(1)).await;
    assert!(matches!(by_the_blocked, Err(Error::GranteeBlocked)));
    declare(person(2)).await.unwrap();
    assert_eq!(kinds(fixture, doctor(1)).await, []);
    let anna = Recipient::Patient(patient(1));
    assert_eq!(
        kinds(fixture, anna).await,
        [NotificationKind::GrantDeclared]
    );
}

pub(super) async fn one_step_tells_everybody_whom_it_concerns(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for number in 1..=5 {
        fixture
            .create(fixture.new_grant(person(number)))
            .await
            .unwrap();
    }
    fixture
        .create(fixture.new_grant(organization(1)))
        .await
        .unwrap();
    let revoke = |grant: &Grant| {
        let revoked = grant.revoke(None, fixture.now())?;
        Ok(revoked.map(|revoked| fixture.change(revoked)))
    };
    let write = fixture.write();
    let revoked = fixture
        .store
        .change_given_grants(&write, patient(1), &revoke);
    assert_eq!(revoked.await.unwrap(), 6);
    let expected = [
        NotificationKind::GrantCreated,
        NotificationKind::GrantRevoked,
    ];
    for number in 1..=5 {
        assert_eq!(kinds(fixture, doctor(number)).await, expected);
    }
}

/// Many transactions that each tell several people, and readers that go on from what
/// they have seen: nobody misses one or sees one twice.
pub(super) async fn a_reader_who_goes_on_misses_none_and_sees_none_twice(fixture: &Fixture) {
    const PATIENTS: u128 = 8;
    const DOCTORS: u128 = 3;
    for number in 1..=PATIENTS {
        fixture.open_record(patient(number)).await;
    }
    let writers = (1..=PATIENTS).map(|number| async move {
        // Each begins with another doctor.
        for turn in 0..DOCTORS {
            let grantee = person(1 + (number + turn) % DOCTORS);
            let grant = Grant {
                patient_id: patient(number),
                ..fixture.new_grant(grantee)
            };
            fixture.create(grant).await.unwrap();
        }
        let revoke = |grant: &Grant| {
            let revoked = grant.revoke(None, fixture.now())?;
            Ok(revoked.map(|revoked| fixture.change(revoked)))
        };
        let write = fixture.write();
        fixture
            .store
            .change_given_grants(&write, patient(number), &revoke)
            .await
            .unwrap();
    });
    let expected = usize::try_from(PATIENTS * 2).unwrap();
    let readers = (1..=DOCTORS).map(|number| async move {
        let (mut seen, mut position) = (Vec::new(), InboxPosition::default());
        while seen.len() < expected {
            let more = fixture
                .store
                .notifications_above(Reader::themselves(doctor(number)), position, 2)
                .await
                .unwrap();
            position = more.last().map_or(position, |last| last.position);
            seen.extend(more);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (number, seen)
    });
    let (_, read) = futures::join!(
        futures::future::join_all(writers),
        futures::future::join_all(readers)
    );
    for (number, seen) in read {
        assert_eq!(seen, inbox(fixture, doctor(number)).await);
        let names: BTreeSet<NotificationId> =
            seen.iter().map(|told| told.news.notification_id).collect();
        assert_eq!((seen.len(), names.len()), (expected, expected));
        let asked = [doctor(9), doctor(number)];
        let heads = fixture.store.inbox_heads(&asked).await.unwrap();
        let last = seen.last().unwrap().position;
        assert_eq!(heads, [InboxPosition::default(), last]);
    }
}

pub(super) async fn pages_of_notifications_follow_the_newest_first_while_more_come(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.revoke(&grant).await.unwrap();
    let told = inbox(fixture, doctor(1)).await;
    let query = |after| InboxQuery {
        reader: Reader::themselves(doctor(1)),
        unread_only: false,
        after,
        limit: 1,
    };
    let list = async |query: InboxQuery| fixture.store.notifications(&query).await.unwrap();
    let first = list(query(None)).await;
    assert_eq!(first, [told[1].clone()]);
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let second = list(query(Some(first[0].news.notification_id))).await;
    assert_eq!(second, [told[0].clone()]);
    let third = list(query(Some(second[0].news.notification_id))).await;
    assert_eq!(third, []);
}

pub(super) async fn one_is_read_once_and_only_by_whom_it_is_for(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for _ in 0..2 {
        let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
        fixture.revoke(&grant).await.unwrap();
    }
    let told = inbox(fixture, doctor(1)).await;
    let id = told[0].news.notification_id;
    let acknowledge = |recipient, id, now| {
        let reader = Reader::themselves(recipient);
        fixture.store.acknowledge(reader, id, now)
    };
    for (recipient, id) in [
        (doctor(2), id),
        (Recipient::Patient(patient(1)), id),
        (doctor(1), NotificationId::from_uuid(Uuid::from_u128(1))),
    ] {
        let refused = acknowledge(recipient, id, hours(1)).await;
        assert!(matches!(refused, Err(Error::NotFound)));
    }
    let read = acknowledge(doctor(1), id, hours(1)).await.unwrap();
    assert_eq!(read.acknowledged_at, Some(hours(1)));
    let again = acknowledge(doctor(1), id, hours(2)).await.unwrap();
    assert_eq!(again, read);
    let unread = InboxQuery {
        reader: Reader::themselves(doctor(1)),
        unread_only: true,
        after: None,
        limit: 10,
    };
    let unread = fixture.store.notifications(&unread).await.unwrap();
    assert_eq!(unread.len(), 3);
    assert!(unread.iter().all(|told| told.news.notification_id != id));
}

pub(super) async fn what_is_muted_is_not_told_from_then_on(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let (muting, other) = (person(1), person(2));
    let grant_to = |grantee: Grantee| fixture.create(fixture.new_grant(grantee));
    let first = grant_to(muting).await.unwrap();
    mute(fixture, doctor(1), NotificationKind::GrantRevoked).await;
    fixture.revoke(&first).await.unwrap();
    grant_to(muting).await.unwrap();
    let second = grant_to(other).await.unwrap();
    fixture.revoke(&second).await.unwrap();
    let created = NotificationKind::GrantCreated;
    assert_eq!(kinds(fixture, doctor(1)).await, [created, created]);
    let all = [created, NotificationKind::GrantRevoked];
    assert_eq!(kinds(fixture, doctor(2)).await, all);
}

pub(super) async fn preferences_are_chosen_repeatably_and_by_who_saw_the_last(fixture: &Fixture) {
    let find = || fixture.store.notification_preferences(doctor(1));
    assert_eq!(find().await.unwrap(), NotificationPreferences::default());
    let patch = |version| PreferencesPatch {
        muted: BTreeSet::from([NotificationKind::GrantExpiring]),
        wanted: BTreeSet::from([NotificationKind::UnusualAccess]),
        etag: Version(version).etag(),
    };
    let set = async |write: &Write, version| {
        let choose = |present: &NotificationPreferences| present.choose(&patch(version));
        fixture
            .store
            .change_notification_preferences(write, doctor(1), &choose)
            .await
    };
    let writes: Vec<_> = (0..4).map(|_| fixture.write()).collect();
    let at_once = writes.iter().map(|write| set(write, 1));
    let answers = futures::future::join_all(at_once).await;
    let chosen: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
    let expected = NotificationPreferences {
        muted: patch(1).muted,
        wanted: patch(1).wanted,
        version: Version(2),
    };
    assert_eq!(chosen, std::slice::from_ref(&expected));
    assert_eq!(find().await.unwrap(), expected);
    let write = fixture.write();
    assert_eq!(set(&write, 2).await.unwrap(), expected);
    assert_eq!(set(&write, 7).await.unwrap(), expected);
    let others = fixture.store.notification_preferences(doctor(2)).await;
    assert_eq!(others.unwrap(), NotificationPreferences::default());
}

pub(super) async fn old_notifications_are_forgotten_and_positions_go_on(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let seen = inbox(fixture, doctor(1)).await[0].position;
    fixture.clock.set(hours(1));
    fixture.revoke(&grant).await.unwrap();
    let forget = |horizon| fixture.store.forget_notifications(horizon);
    assert_eq!(forget(NOW).await.unwrap(), 0);
    assert_eq!(forget(hours(1)).await.unwrap(), 1);
    let kept = inbox(fixture, doctor(1)).await;
    assert_eq!(kept.len(), 1);
    assert!(kept[0].position > seen);
    assert_eq!(forget(hours(2)).await.unwrap(), 1);
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    assert!(inbox(fixture, doctor(1)).await[0].position > kept[0].position);
    assert_eq!(grant.status, GrantStatus::Given);
}
