//! The visibility of documents.

use std::collections::BTreeSet;

use super::fixture::{Fixture, NOW, hours, organization, patient, person};
use crate::error::Error;
use crate::store::{Store, VisibilityQuery};
use crate::visibility::{Visibility, VisibilityKind};

pub(super) async fn list(
    fixture: &Fixture,
    document: Option<&str>,
    leaving_out: &[VisibilityKind],
    hour: i64,
) -> Vec<Visibility> {
    let query = VisibilityQuery {
        patient_id: patient(1),
        document_id: document.map(|document| document.parse().unwrap()),
        leaving_out: leaving_out.to_vec(),
        now: hours(hour),
        after: None,
        limit: 100,
    };
    fixture.store.visibilities(&query).await.unwrap()
}

pub(super) async fn a_setting_is_added_once_taken_back_and_remembered(fixture: &Fixture) {
    let mask = fixture.new_setting("d", VisibilityKind::Masked);
    let document_id = mask.document_id.clone();
    let nothing = |_: &Vec<Visibility>| Ok(None);
    let write = fixture.write();
    let refused = fixture
        .store
        .change_visibility(&write, patient(1), &document_id, &nothing)
        .await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));

    fixture.open_record(patient(1)).await;
    assert_eq!(fixture.set(mask.clone()).await, std::slice::from_ref(&mask));
    let taken_back = Visibility {
        removed_at: Some(NOW),
        ..mask
    };
    let settings = fixture.set(taken_back.clone()).await;
    assert_eq!(settings, std::slice::from_ref(&taken_back));
    let again = fixture.new_setting("d", VisibilityKind::Masked);
    let all = fixture.set(again.clone()).await;
    assert_eq!(all, [taken_back, again]);
}

pub(super) async fn lists_of_settings_show_what_holds_and_nothing_of_what_is_hidden(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    for kind in VisibilityKind::ALL {
        fixture.set(fixture.new_setting("d", kind)).await;
    }
    let other = fixture.new_setting("e", VisibilityKind::Masked);
    fixture.set(other.clone()).await;
    let gone = fixture.new_setting("f", VisibilityKind::Masked);
    fixture.set(gone.clone()).await;
    fixture
        .set(Visibility {
            removed_at: Some(NOW),
            ..gone
        })
        .await;

    assert_eq!(list(fixture, None, &[], 0).await.len(), 6);
    assert_eq!(
        list(fixture, Some("e"), &[], 0).await,
        std::slice::from_ref(&other)
    );
    // What is set on a document in any other way goes with it.
    let hidden = [VisibilityKind::HiddenFromPatient];
    assert_eq!(list(fixture, None, &hidden, 0).await, [other]);
    assert!(list(fixture, Some("d"), &hidden, 0).await.is_empty());
    let after_a_month = 24 * 31 + 1;
    for leaving_out in [&[], hidden.as_slice()] {
        let listed = list(fixture, None, leaving_out, after_a_month).await;
        assert_eq!(listed.len(), 5);
    }
    let both = [hidden[0], VisibilityKind::HiddenFromRepresentatives];
    assert_eq!(list(fixture, None, &both, after_a_month).await.len(), 1);
}

/// More than anybody sets, and no bound of the contract.
const VERY_MANY: usize = 10_000;

pub(super) async fn of_ten_thousand_masks_each_holds_and_all_are_listed(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let first = fixture.new_setting("m0", VisibilityKind::Masked);
    fixture.set(first).await;
    fixture.copy_masks(VERY_MANY).await;
    let asked = ["m0", "m7", "m9999", "m10000", "d"];
    let basis = fixture.basis(person(1), organization(1), &asked).await;
    let masked: Vec<_> = basis
        .visibilities
        .iter()
        .map(|setting| setting.document_id.as_str())
        .collect();
    assert_eq!(BTreeSet::from_iter(masked), ["m0", "m7", "m9999"].into());

    let mut listed = BTreeSet::new();
    let mut after = None;
    loop {
        let query = VisibilityQuery {
            patient_id: patient(1),
            document_id: None,
            leaving_out: Vec::new(),
            now: NOW,
            after,
            limit: 200,
        };
        let page = fixture.store.visibilities(&query).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.mask_id);
        listed.extend(page.into_iter().map(|setting| setting.document_id));
    }
    assert_eq!(listed.len(), VERY_MANY);

    // One more is a change like any other.
    let more = fixture.new_setting("m10000", VisibilityKind::Masked);
    assert_eq!(fixture.set(more).await.len(), 1);
    let basis = fixture.basis(person(1), organization(1), &asked).await;
    assert_eq!(basis.visibilities.len(), 4);
}
