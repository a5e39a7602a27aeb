//! What one patient does under any of their identifiers.

use std::sync::Arc;

use aval_domain::aliases::IdentityChange;
use aval_domain::etag::Version;
use aval_domain::id::{BlockId, PatientId};
use aval_domain::period::Period;
use aval_domain::random::SystemRandom;

use super::super::fixture::{Fixture, organization, patient, person};
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::block::Block;
use crate::cache::{AccessKey, Authority};
use crate::decision::AccessBasis;
use crate::grant::Grant;
use crate::grantee::Grantee;
use crate::identity_changes::{ChangeCursor, Identities, Learnt};
use crate::record::{Oppositions, Record};
use crate::store::Store;
use crate::visibility::{Visibility, VisibilityKind};

pub(super) fn merged(source: u128, target: u128) -> IdentityChange<PatientId> {
    IdentityChange::Merged {
        source: patient(source),
        target: patient(target),
    }
}

pub(super) fn unmerged(source: u128) -> IdentityChange<PatientId> {
    let source = patient(source);
    IdentityChange::Unmerged { source }
}

/// What identity tells next.
pub(in crate::store::conformance) async fn learn(
    fixture: &Fixture,
    change: IdentityChange<PatientId>,
) {
    let after = Identities::<PatientId>::followed_to(&fixture.store).await;
    let after = after.unwrap();
    let learnt = Learnt {
        cursor: ChangeCursor::from_text(format!("{}+", after.as_text())),
        after,
        change: Some(change),
    };
    let followed = fixture.store.learn(&learnt).await.unwrap();
    assert_eq!(followed, learnt.cursor);
}

/// Whose entry it is, asked for under one identifier of the patient.
pub(super) fn key(patient_id: PatientId) -> AccessKey {
    AccessKey {
        patient_id,
        practitioner_id: person(1).practitioner_id(),
        organization_id: organization(1).organization_id(),
    }
}

/// What is known of this patient and the first person: the entry says the same.
pub(super) async fn basis(fixture: &Fixture, number: u128) -> AccessBasis {
    let document = "d".parse().unwrap();
    let key = key(patient(number));
    let query = AccessQuery {
        documents: vec![&document],
        ..key.query()
    };
    let asked = fixture.store.access_bases(std::slice::from_ref(&query));
    let basis = asked.await.unwrap().remove(0);
    let entry = fixture.store.entry(&key).await.unwrap();
    assert_eq!(entry.answer(&query).unwrap(), basis);
    Arc::unwrap_or_clone(basis)
}

pub(super) async fn change_record(
    fixture: &Fixture,
    number: u128,
    rule: impl Fn(&Record) -> Option<Record> + Send + Sync,
) -> Record {
    let rule = |record: &Option<Record>| {
        let changed = rule(record.as_ref().expect("there is a record"));
        Ok(changed.map(|changed| fixture.change(changed)))
    };
    fixture
        .store
        .change_record(&fixture.write(), patient(number), &rule)
        .await
        .unwrap()
}

pub(super) async fn oppose(fixture: &Fixture, number: u128, break_glass: bool) -> Record {
    change_record(fixture, number, |record| {
        let oppositions = Oppositions {
            break_glass: Some(break_glass),
            regulation_center: None,
        };
        record.oppose(oppositions, record.version.etag()).unwrap()
    })
    .await
}

pub(super) async fn block(fixture: &Fixture, number: u128) -> Block {
    block_of(fixture, number, person(1)).await
}

pub(super) async fn block_of(fixture: &Fixture, number: u128, grantee: Grantee) -> Block {
    let now = fixture.now();
    let block = |_: &Option<Block>| {
        Ok(Some(fixture.change(Block {
            block_id: BlockId::new(now, &SystemRandom),
            patient_id: patient(number),
            grantee,
            grantee_name: None,
            period: Period::starting(now),
            immediate: true,
            created_at: now,
            removed_at: None,
            version: Version::FIRST,
        })))
    };
    fixture
        .store
        .block_grantee(&fixture.write(), patient(number), grantee, &block)
        .await
        .unwrap()
}

pub(super) async fn grant(fixture: &Fixture, number: u128) -> Grant {
    let grant = Grant {
        patient_id: patient(number),
        ..fixture.new_grant(person(1))
    };
    fixture.create(grant).await.unwrap()
}

pub(super) async fn hide(fixture: &Fixture, number: u128, kind: VisibilityKind) -> Visibility {
    let setting = Visibility {
        patient_id: patient(number),
        ..fixture.new_setting("d", kind)
    };
    set(fixture, number, setting.clone()).await;
    setting
}

pub(super) async fn set(fixture: &Fixture, number: u128, setting: Visibility) -> Vec<Visibility> {
    let document_id = setting.document_id.clone();
    let set = |_: &Vec<Visibility>| Ok(Some(fixture.change(setting.clone())));
    fixture
        .store
        .change_visibility(&fixture.write(), patient(number), &document_id, &set)
        .await
        .unwrap()
}
