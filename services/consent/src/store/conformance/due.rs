//! What time alone brings about.

use std::time::Duration;

use aval_domain::period::Period;
use aval_domain::time::Timestamp;

use super::fixture::{Fixture, NOW, hours, organization, patient, person};
use super::notifications::{doctor, inbox, kinds};
use crate::error::Error;
use crate::grant::{Grant, GrantPatch};
use crate::grantee::Grantee;
use crate::inbox::{Due, Inboxes};
use crate::notification::{NotificationKind, Recipient};
use crate::store::Store;
use crate::visibility::{Concerned, DocumentHistory, Visibility, VisibilityKind};

const DAY: Due = Due::Expiring {
    within: Duration::from_hours(24),
};
const EXPIRED: Due = Due::Expired { since: NOW };

async fn give(fixture: &Fixture, grantee: Grantee, until: i64) -> Grant {
    let grant = Grant {
        period: Period::new(NOW, Some(hours(until))).unwrap(),
        ..fixture.new_grant(grantee)
    };
    fixture.create(grant).await.unwrap()
}

async fn tell(fixture: &Fixture, due: Due, now: Timestamp) -> u64 {
    fixture.store.tell_due(due, now, 100).await.unwrap()
}

async fn prolong(fixture: &Fixture, grant: &Grant, until: i64) {
    let prolong = |grant: &Grant| {
        let patch = GrantPatch {
            classes: None,
            until: Some(Some(hours(until))),
        };
        let updated = grant.update(patch, grant.version.etag(), fixture.now())?;
        Ok(updated.map(|updated| fixture.change(updated)))
    };
    let write = fixture.write();
    fixture
        .store
        .change_grant(&write, patient(1), grant.grant_id, &prolong)
        .await
        .unwrap();
}

pub(super) async fn an_end_that_nears_is_told_once_and_again_when_it_moved(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grant = give(fixture, person(1), 100).await;
    // An organization is nobody, a short visit is no surprise, this one has no end.
    give(fixture, organization(1), 100).await;
    give(fixture, person(2), 20).await;
    fixture.create(fixture.new_grant(person(3))).await.unwrap();
    assert_eq!(tell(fixture, DAY, hours(75)).await, 0);
    assert_eq!(tell(fixture, DAY, hours(76)).await, 1);
    assert_eq!(tell(fixture, DAY, hours(77)).await, 0);
    prolong(fixture, &grant, 200).await;
    assert_eq!(tell(fixture, DAY, hours(99)).await, 0);
    assert_eq!(tell(fixture, DAY, hours(180)).await, 1);
    assert_eq!(
        kinds(fixture, doctor(1)).await,
        [
            NotificationKind::GrantCreated,
            NotificationKind::GrantExpiring,
            NotificationKind::GrantUpdated,
            NotificationKind::GrantExpiring,
        ]
    );
    assert_eq!(kinds(fixture, doctor(2)).await.len(), 1);
    let told = inbox(fixture, doctor(1)).await;
    assert_eq!(told[1].news.subject_id, Some(grant.grant_id.as_uuid()));
}

pub(super) async fn an_end_that_came_is_told_to_the_patient_once(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grant = give(fixture, person(1), 10).await;
    give(fixture, organization(1), 10).await;
    let revoked = give(fixture, person(2), 10).await;
    fixture.revoke(&revoked).await.unwrap();
    assert_eq!(tell(fixture, EXPIRED, hours(9)).await, 0);
    assert_eq!(tell(fixture, EXPIRED, hours(10)).await, 2);
    assert_eq!(tell(fixture, EXPIRED, hours(11)).await, 0);
    let told = inbox(fixture, Recipient::Patient(patient(1))).await;
    let expired = NotificationKind::GrantExpired;
    assert!(told.iter().all(|told| told.news.kind == expired));
    let about: Vec<_> = told.iter().map(|told| told.news.practitioner_id).collect();
    assert!(about.contains(&None) && about.contains(&grant.grantee.practitioner_id()));
}

pub(super) async fn what_ended_too_long_ago_is_not_told(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    give(fixture, person(1), 10).await;
    let since = Due::Expired { since: hours(10) };
    assert_eq!(tell(fixture, since, hours(20)).await, 0);
}

pub(super) async fn instances_that_look_at_once_tell_once(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for number in 1..=20 {
        give(fixture, person(number), 10).await;
    }
    let looks = (0..4).map(|_| async move {
        let mut told = 0;
        loop {
            let some = fixture.store.tell_due(EXPIRED, hours(10), 3).await.unwrap();
            told += some;
            if some == 0 {
                return told;
            }
        }
    });
    let told: u64 = futures::future::join_all(looks).await.into_iter().sum();
    assert_eq!(told, 20);
    let inbox = inbox(fixture, Recipient::Patient(patient(1))).await;
    assert_eq!(inbox.len(), 20);
}

pub(super) async fn a_document_withheld_for_two_weeks_is_told_unless_it_was_shown(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let hidden = |document: &str| Visibility {
        set_by: person(1).practitioner_id(),
        ..fixture.new_setting(document, VisibilityKind::HiddenFromPatient)
    };
    fixture.set(hidden("withheld")).await;
    fixture.set(hidden("shown")).await;
    fixture
        .set(fixture.new_setting("masked", VisibilityKind::Masked))
        .await;
    let show = |settings: &Vec<Visibility>| -> Result<_, Error> {
        let kind = VisibilityKind::HiddenFromPatient;
        let concerned = Concerned::default();
        let mut standing = DocumentHistory(settings).standing(kind, &concerned, NOW);
        Ok(standing.next().map(|setting| {
            fixture.change(Visibility {
                removed_at: Some(NOW),
                ..setting.clone()
            })
        }))
    };
    let (write, shown) = (fixture.write(), "shown".parse().unwrap());
    fixture
        .store
        .change_visibility(&write, patient(1), &shown, &show)
        .await
        .unwrap();
    assert_eq!(tell(fixture, Due::Withheld, hours(14 * 24 - 1)).await, 0);
    assert_eq!(tell(fixture, Due::Withheld, hours(14 * 24)).await, 1);
    assert_eq!(tell(fixture, Due::Withheld, hours(15 * 24)).await, 0);
    let told = inbox(fixture, Recipient::Patient(patient(1))).await;
    let news = &told[0].news;
    assert_eq!(news.kind, NotificationKind::DocumentWithheld);
    assert_eq!(news.practitioner_id, person(1).practitioner_id());
    assert_eq!((told.len(), news.subject_id), (1, None));
}
