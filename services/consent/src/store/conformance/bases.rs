//! What a decision rests on.

use std::sync::Arc;

use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::id::CareEpisodeId;
use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use uuid::Uuid;

use super::fixture::{Fixture, NOW, hours, organization, patient, person};
use super::requests::{approve, new_request, store};
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::decision::{
    AccessBasis, BlockBasis, BlockTarget, CareEpisodeBasis, GrantBasis, GrantTarget, RecordBasis,
};
use crate::grant::{Grant, GrantOrigin, GrantPatch};
use crate::store::Store as _;
use crate::visibility::{Visibility, VisibilityKind};

/// A grant that began when it was made began before any replica's clock.
fn as_told(grant: &Grant) -> Period {
    if grant.period.from() > grant.created_at {
        return grant.period;
    }
    Period::new(Timestamp::UNIX_EPOCH, grant.period.until()).unwrap()
}

/// An open care episode of the first patient with persons 1 and 2, and a closed one.
const CARE_EPISODES: &str = "\
    INSERT INTO care_episodes VALUES \
        ('{1}', '{patient}', NULL, '{person}', 7, 9000000000000000, NULL, 1), \
        ('{2}', '{patient}', NULL, '{person}', 0, 9000000000000000, 5, 2); \
    INSERT INTO care_episode_members VALUES ('{1}', '{person}'), ('{2}', '{person}')";

async fn open_care_episode(fixture: &Fixture) {
    let uuid = |number: u128| match fixture.db.backend() {
        aval_database::Backend::Postgres => format!("'{}'", Uuid::from_u128(number)),
        aval_database::Backend::Sqlite => format!("x'{}'", Uuid::from_u128(number).simple()),
    };
    let text = CARE_EPISODES
        .replace("'{1}'", &uuid(301))
        .replace("'{2}'", &uuid(302))
        .replace("'{patient}'", &uuid(1))
        .replace("'{person}'", &uuid(101));
    fixture.execute(text.leak()).await;
}

async fn grant(fixture: &Fixture, grant: Grant) -> GrantBasis {
    let grant = fixture.create(grant).await.unwrap();
    GrantBasis {
        grant_id: grant.grant_id,
        target: match grant.grantee.organization_id() {
            Some(_) => GrantTarget::Organization,
            None => GrantTarget::Person,
        },
        declared: grant.origin == GrantOrigin::Declaration,
        classes: grant.classes,
        period: as_told(&grant),
        since: grant.period.from().max(grant.created_at),
    }
}

pub(super) async fn a_basis_holds_what_concerns_these_three_and_nothing_else(fixture: &Fixture) {
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    fixture.add_treating_doctor(patient(1), person(1)).await;
    let ending = Grant {
        classes: DocumentClasses::ALL,
        period: Period::new(hours(-1), Some(hours(1))).unwrap(),
        ..fixture.new_grant(person(1))
    };
    let declared = Grant {
        origin: GrantOrigin::Declaration,
        ..fixture.new_grant(organization(1))
    };
    let grants = vec![grant(fixture, ending).await, grant(fixture, declared).await];
    grant(fixture, fixture.new_grant(person(2))).await;
    grant(
        fixture,
        Grant {
            patient_id: patient(2),
            ..fixture.new_grant(person(1))
        },
    )
    .await;
    fixture.block(person(1), Some(hours(3))).await;
    fixture.block(person(2), None).await;
    fixture.block(organization(1), None).await;
    open_care_episode(fixture).await;

    let basis = fixture.basis(person(1), organization(1), &[]).await;
    let on = |target, until| BlockBasis {
        target,
        begins_at: None,
        until,
    };
    assert_eq!(
        AccessBasis {
            blocks: Vec::new(),
            ..basis.clone()
        },
        AccessBasis {
            record: Some(RecordBasis {
                open: true,
                opposes_break_glass: false,
                opposes_regulation_center: false,
            }),
            other_patient_ids: Vec::new(),
            other_ids: Vec::new(),
            treating_doctor: true,
            grants,
            blocks: Vec::new(),
            care_episodes: vec![CareEpisodeBasis {
                care_episode_id: CareEpisodeId::from_uuid(Uuid::from_u128(301)),
                period: Period::new(
                    Timestamp::UNIX_EPOCH,
                    Some(Timestamp::from_micros(9_000_000_000_000_000)),
                )
                .unwrap(),
                since: Timestamp::from_micros(7),
                blocks: Vec::new(),
            }],
            visibilities: Vec::new(),
        }
    );
    assert_eq!(basis.blocks.len(), 2);
    assert!(
        basis
            .blocks
            .contains(&on(BlockTarget::Person, Some(hours(3))))
    );
    assert!(basis.blocks.contains(&on(BlockTarget::Organization, None)));
}

pub(super) async fn a_basis_leaves_out_what_was_ended(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let over = Grant {
        period: Period::new(hours(-2), Some(hours(-1))).unwrap(),
        ..fixture.new_grant(person(1))
    };
    let over = fixture.create(over).await.unwrap();
    let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let waiting = fixture.new_grant(crate::grantee::Grantee::Rpps(
        "99700024450".parse().unwrap(),
    ));
    fixture.create(waiting).await.unwrap();
    let basis = fixture.basis(person(1), organization(1), &[]).await;
    assert_eq!(basis.grants.len(), 1);
    assert_eq!(basis.grants[0].grant_id, grant.grant_id);
    assert_ne!(over.grant_id, grant.grant_id);

    fixture.revoke(&grant).await.unwrap();
    let block = fixture.block(person(1), None).await;
    fixture.lift(patient(1), &block).await.unwrap();
    fixture.close_record(patient(1)).await;
    let basis = fixture.basis(person(1), organization(1), &[]).await;
    assert!(basis.grants.is_empty() && basis.blocks.is_empty());
    assert!(!basis.record.unwrap().open);
}

/// Narrows a grant to one class.
async fn narrow(fixture: &Fixture, grant: &Grant) -> Grant {
    let patch = GrantPatch {
        classes: Some(DocumentClasses::only(DocumentClass::Report)),
        until: None,
    };
    let narrow = |present: &Grant| {
        let narrowed = present.update(patch, present.version.etag(), fixture.now())?;
        Ok(narrowed.map(|narrowed| fixture.change(narrowed)))
    };
    let write = fixture.write();
    let narrowed = fixture
        .store
        .change_grant(&write, grant.patient_id, grant.grant_id, &narrow)
        .await
        .unwrap();
    assert_eq!(narrowed.updated_at, fixture.now());
    narrowed
}

async fn period_told(fixture: &Fixture) -> Period {
    let basis = fixture.basis(person(1), organization(1), &[]).await;
    basis.grants[0].period
}

pub(super) async fn a_grant_to_come_that_is_changed_by_a_clock_ahead_is_still_to_come(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let to_come = Grant {
        classes: DocumentClasses::ALL,
        period: Period::new(hours(1), Some(hours(9))).unwrap(),
        ..fixture.new_grant(person(1))
    };
    let to_come = fixture.create(to_come).await.unwrap();
    fixture.clock.set(hours(2));
    narrow(fixture, &to_come).await;
    fixture.clock.set(NOW);
    assert_eq!(period_told(fixture).await, to_come.period);
}

pub(super) async fn what_had_begun_when_it_was_given_has_begun_by_every_clock_whatever_changes(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let long_ago = Period::starting(Timestamp::UNIX_EPOCH);
    for is_requested in [false, true] {
        let all = |grant| Grant {
            classes: DocumentClasses::ALL,
            ..grant
        };
        let given = if is_requested {
            let request = all(new_request(fixture, person(1)));
            store(fixture, request.clone()).await.unwrap();
            // It begins with the answer, which comes later.
            fixture.clock.set(hours(1));
            approve(fixture, patient(1), &request).await.unwrap()
        } else {
            fixture
                .create(all(fixture.new_grant(person(1))))
                .await
                .unwrap()
        };
        assert_eq!(period_told(fixture).await, long_ago);
        let narrowed = narrow(fixture, &given).await;
        assert_eq!(period_told(fixture).await, long_ago);
        fixture.revoke(&narrowed).await.unwrap();
    }
}

pub(super) async fn a_basis_holds_the_settings_of_the_documents_asked_for(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for kind in VisibilityKind::ALL {
        fixture.set(fixture.new_setting("d", kind)).await;
    }
    fixture
        .set(fixture.new_setting("e", VisibilityKind::Masked))
        .await;
    let gone = fixture.new_setting("f", VisibilityKind::Masked);
    fixture
        .set(Visibility {
            removed_at: Some(NOW),
            ..gone
        })
        .await;

    let basis = fixture.basis(person(1), organization(1), &["d", "f"]).await;
    assert_eq!(basis.visibilities.len(), 5);
    for setting in &basis.visibilities {
        assert_eq!(setting.document_id.as_str(), "d");
        let one = person(1)
            .practitioner_id()
            .filter(|_| setting.kind.concerns_one());
        assert_eq!(setting.practitioner_id, one);
        assert_eq!(
            setting.release_at,
            Visibility::release_of(setting.kind, NOW)
        );
    }
    let many: Vec<_> = (0..200).map(|number| format!("e{number}")).collect();
    let mut names: Vec<_> = many.iter().map(String::as_str).collect();
    names.push("e");
    let basis = fixture.basis(person(1), organization(1), &names).await;
    assert_eq!(basis.visibilities.len(), 1);
    assert!(
        fixture
            .basis(person(1), organization(1), &[])
            .await
            .visibilities
            .is_empty()
    );
}

pub(super) async fn a_basis_without_a_professional_knows_the_record_alone(fixture: &Fixture) {
    let document = "d".parse().unwrap();
    let query = AccessQuery {
        patient_id: patient(1),
        practitioner_id: None,
        organization_id: None,
        documents: vec![&document],
    };
    let read = async || {
        fixture
            .store
            .access_bases(std::slice::from_ref(&query))
            .await
            .unwrap()
    };
    assert_eq!(read().await, [Arc::default()]);
    fixture.open_record(patient(1)).await;
    fixture.create(fixture.new_grant(person(1))).await.unwrap();
    fixture.block(organization(1), None).await;
    let basis = Arc::unwrap_or_clone(read().await.remove(0));
    assert!(basis.record.is_some());
    assert_eq!(
        AccessBasis {
            record: None,
            ..basis
        },
        AccessBasis::default()
    );
}

pub(super) async fn several_bases_are_given_in_the_order_asked(fixture: &Fixture) {
    fixture.open_record(patient(2)).await;
    let query = |number| AccessQuery {
        patient_id: patient(number),
        practitioner_id: person(1).practitioner_id(),
        organization_id: None,
        documents: Vec::new(),
    };
    let bases = fixture
        .store
        .access_bases(&[query(1), query(2), query(1)])
        .await
        .unwrap();
    let records: Vec<_> = bases.iter().map(|basis| basis.record.is_some()).collect();
    assert_eq!(records, [false, true, false]);
    assert!(fixture.store.access_bases(&[]).await.unwrap().is_empty());
}

pub(super) async fn what_a_returned_change_shut_out_is_shut_out(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for round in 0..10 {
        let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
        assert_eq!(
            fixture
                .basis(person(1), organization(1), &[])
                .await
                .grants
                .len(),
            1
        );
        fixture.revoke(&grant).await.unwrap();
        let basis = fixture.basis(person(1), organization(1), &[]).await;
        assert!(basis.grants.is_empty(), "round {round}");
        let block = fixture.block(organization(1), None).await;
        let basis = fixture.basis(person(1), organization(1), &[]).await;
        assert_eq!(basis.blocks.len(), 1, "round {round}");
        fixture.lift(patient(1), &block).await.unwrap();
    }
}
