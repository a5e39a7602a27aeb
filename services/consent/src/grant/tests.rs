use std::time::Duration;

use aval_domain::document::DocumentClass;
use aval_domain::id::OrganizationId;
use aval_domain::random::SeededRandom;

use super::*;

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(super) fn hours(hours: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(3_600 * hours))
}

pub(super) fn grant() -> Grant {
    let random = SeededRandom::new(1);
    Grant {
        grant_id: GrantId::new(NOW, &random),
        patient_id: PatientId::new(NOW, &random),
        grantee: Grantee::Practitioner(PractitionerId::new(NOW, &random)),
        grantee_name: None,
        classes: DocumentClasses::only(DocumentClass::Report),
        period: Period::new(hours(1), Some(hours(10))).unwrap(),
        origin: GrantOrigin::Patient,
        status: GrantStatus::Given,
        created_by: None,
        request: None,
        created_at: NOW,
        updated_at: NOW,
        ended_at: None,
        version: Version::FIRST,
    }
}

fn waiting() -> Grant {
    Grant {
        grantee: Grantee::Rpps("99700024450".parse().unwrap()),
        ..grant()
    }
}

const UNCHANGED: GrantPatch = GrantPatch {
    classes: None,
    until: None,
};

#[test]
fn a_given_grant_moves_through_its_states_with_time_alone() {
    let states = [0, 1, 9, 10].map(|hour| grant().state(hours(hour)));
    let expected = [
        GrantState::Scheduled,
        GrantState::Active,
        GrantState::Active,
        GrantState::Expired,
    ];
    assert_eq!(states, expected);
    let states = [0, 1, 10].map(|hour| waiting().state(hours(hour)));
    assert_eq!(
        states,
        [
            GrantState::Waiting,
            GrantState::Waiting,
            GrantState::Expired
        ]
    );
}

#[test]
fn what_was_done_with_a_grant_beats_its_period() {
    for (status, state) in [
        (GrantStatus::Requested, GrantState::Requested),
        (GrantStatus::Lapsed, GrantState::Expired),
        (GrantStatus::Revoked, GrantState::Revoked),
        (GrantStatus::Declined, GrantState::Declined),
    ] {
        let grant = Grant { status, ..grant() };
        for hour in [0, 5, 20] {
            assert_eq!(grant.state(hours(hour)), state);
            assert!(!grant.is_live(hours(hour)));
        }
        assert_eq!(GrantStatus::from_code(status.code()), Some(status));
    }
}

#[test]
fn an_update_changes_what_it_names_and_the_version() {
    let grant = grant();
    let patch = GrantPatch {
        classes: Some(DocumentClasses::ALL),
        until: Some(None),
    };
    let changed = grant
        .update(patch, grant.version.etag(), hours(2))
        .unwrap()
        .unwrap();
    assert_eq!(changed.classes, DocumentClasses::ALL);
    assert_eq!(
        (changed.period.from(), changed.period.until()),
        (hours(1), None)
    );
    assert_eq!(
        (changed.version, changed.updated_at),
        (Version(2), hours(2))
    );
    assert_eq!(changed.grant_id, grant.grant_id);
}

#[test]
fn an_update_that_changes_nothing_leaves_the_version() {
    let grant = grant();
    assert_eq!(
        grant
            .update(UNCHANGED, grant.version.etag(), hours(2))
            .unwrap(),
        None
    );
    let same = GrantPatch {
        classes: Some(grant.classes),
        until: Some(grant.period.until()),
    };
    assert_eq!(
        grant.update(same, grant.version.etag(), hours(2)).unwrap(),
        None
    );
}

#[test]
fn a_stale_etag_and_an_ended_grant_are_refused() {
    let grant = grant();
    let stale = grant.update(UNCHANGED, Version(7).etag(), hours(2));
    assert!(matches!(stale, Err(Error::EtagMismatch)));
    let over = grant.update(UNCHANGED, grant.version.etag(), hours(10));
    assert!(matches!(over, Err(Error::StateConflict(_))));
    let past = GrantPatch {
        until: Some(Some(hours(2))),
        ..UNCHANGED
    };
    let refused = grant.update(past, grant.version.etag(), hours(2));
    assert!(matches!(
        refused,
        Err(Error::Invalid {
            field: "period.until_at",
            ..
        })
    ));
}

#[test]
fn an_organizations_grant_keeps_an_end() {
    let organization_id = OrganizationId::new(NOW, &SeededRandom::new(3));
    let grant = Grant {
        grantee: Grantee::Organization(organization_id),
        ..grant()
    };
    let endless = GrantPatch {
        until: Some(None),
        ..UNCHANGED
    };
    assert!(
        grant
            .update(endless, grant.version.etag(), hours(2))
            .is_err()
    );
}

#[test]
fn a_grant_is_revoked_once_and_then_stays_as_it_is() {
    let grant = grant();
    let revoked = grant
        .revoke(Some(grant.version.etag()), hours(2))
        .unwrap()
        .unwrap();
    assert_eq!(revoked.state(hours(2)), GrantState::Revoked);
    assert_eq!(revoked.ended_at, Some(hours(2)));
    // The second call still carries the etag that the patient saw before the first.
    assert_eq!(
        revoked
            .revoke(Some(grant.version.etag()), hours(3))
            .unwrap(),
        None
    );
    assert!(matches!(
        grant.revoke(Some(Version(9).etag()), hours(2)),
        Err(Error::EtagMismatch)
    ));
}

#[test]
fn a_waiting_grant_is_revoked_and_an_expired_one_stays_expired() {
    assert!(waiting().revoke(None, hours(2)).unwrap().is_some());
    // Where a clock is ahead the grant is over; it must not permit again where it is not.
    let ended = grant().revoke(None, hours(10)).unwrap().unwrap();
    assert_eq!(ended.state(hours(2)), GrantState::Revoked);
}

#[test]
fn the_trail_keeps_the_grantee_the_classes_and_the_period() {
    let fields = waiting().trail_fields(NOW);
    let field = |name: &str| fields.get(name).map(String::as_str);
    assert_eq!(field("state"), Some("waiting"));
    assert_eq!(field("rpps"), Some("99700024450"));
    assert_eq!(field("document_classes"), Some("10"));
    assert_eq!(field("until_at"), Some(hours(10).to_string().as_str()));
}
