//! Those who are alike are found, and nobody is missed of whom no likeness is known.

use super::identities::{merged, registered, update};
use super::rotation::{identity, registration_under, steps};
use super::sample::registration;
use crate::likeness::Likeness;
use crate::likeness_filler::fill;
use crate::patient_keys::{KeyedDigest, PatientKeys};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{Alike, Likened, Registered, Registration, SealedPatient, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        those_of_one_likeness_are_found_but_for_the_merged_and_a_third_is_not_looked_at,
        whoever_was_kept_without_a_likeness_is_told_beside_until_one_is_kept,
        a_likeness_of_traits_that_an_older_program_changed_counts_for_nothing,
        a_change_of_an_identity_changes_the_likeness,
        a_search_walks_along_indexes,
        everybody_gets_a_likeness_whoever_else_gives_it_and_whoever_cannot_be_read,
    ],
}

const LIKENESS: KeyedDigest = KeyedDigest([100; 32]);

async fn kept(store: &SqlStore, new: &Registration) -> SealedPatient {
    let nobody = |_: &SealedPatient| panic!("the matricule is free");
    match store.register_patient(new, &nobody).await.unwrap() {
        Registered::Patient(patient) => patient,
        Registered::MatriculeTaken => panic!("the matricule is free"),
    }
}

async fn with_likeness(
    store: &SqlStore,
    number: u8,
    likeness: Option<KeyedDigest>,
) -> SealedPatient {
    let mut new = registration(number, number);
    new.patient.likeness = likeness;
    kept(store, &new).await
}

async fn alike(store: &SqlStore) -> Alike {
    let digests = [KeyedDigest([99; 32]), LIKENESS];
    store.patients_alike(&digests, 10).await.unwrap()
}

async fn those_of_one_likeness_are_found_but_for_the_merged_and_a_third_is_not_looked_at(
    store: &SqlStore,
) {
    assert_eq!(alike(store).await, Alike::default());
    let first = with_likeness(store, 1, Some(LIKENESS)).await;
    with_likeness(store, 2, Some(KeyedDigest([101; 32]))).await;
    assert_eq!(alike(store).await.found, std::slice::from_ref(&first));
    let second = with_likeness(store, 3, Some(LIKENESS)).await;
    let third = with_likeness(store, 4, Some(LIKENESS)).await;
    assert_eq!(alike(store).await.found.len(), 2);
    merged(store, &second, &first).await;
    merged(store, &third, &first).await;
    let found = alike(store).await;
    assert_eq!((found.found, found.unknown), (vec![first], Vec::new()));
}

async fn whoever_was_kept_without_a_likeness_is_told_beside_until_one_is_kept(store: &SqlStore) {
    let mut patients = Vec::new();
    for number in 1..=3 {
        patients.push(with_likeness(store, number, None).await);
    }
    patients.sort_unstable_by_key(|patient| patient.patient_id);
    let found = alike(store).await;
    assert_eq!((found.found.len(), &found.unknown), (0, &patients));
    let two = store.patients_alike(&[LIKENESS], 2).await.unwrap().unknown;
    assert_eq!(two, patients[..2]);
    let behind = Some(patients[0].patient_id);
    let rest = store.patients_without_likeness(behind, 10).await.unwrap();
    assert_eq!(rest, patients[1..]);

    let likened = Likened {
        patient_id: patients[0].patient_id,
        traits_digest: patients[0].traits_digest,
        likeness: LIKENESS,
    };
    assert_eq!(store.keep_likenesses(&[likened]).await.unwrap(), 1);
    // Whoever comes second finds it kept.
    let other = Likened {
        likeness: KeyedDigest([101; 32]),
        ..likened
    };
    assert_eq!(store.keep_likenesses(&[other]).await.unwrap(), 0);
    let found = alike(store).await;
    let known = SealedPatient {
        likeness: Some(LIKENESS),
        ..patients[0].clone()
    };
    assert_eq!(found.found, [known]);
    assert_eq!(found.unknown, patients[1..]);
    // Those who are merged are searched for again should they be two after all.
    merged(store, &patients[1], &patients[2]).await;
    assert_eq!(alike(store).await.unknown.len(), 1);
    let all = store.patients_without_likeness(None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
}

async fn a_likeness_of_traits_that_an_older_program_changed_counts_for_nothing(store: &SqlStore) {
    let patient = with_likeness(store, 1, Some(LIKENESS)).await;
    let traits_digest = KeyedDigest([90; 32]);
    store
        .change_traits_as_before_likenesses(patient.patient_id, traits_digest)
        .await;
    let found = alike(store).await;
    assert!(found.found.is_empty());
    let unknown = SealedPatient {
        traits_digest,
        likeness: None,
        ..patient.clone()
    };
    assert_eq!(found.unknown, [unknown]);
    let mut likened = Likened {
        patient_id: patient.patient_id,
        traits_digest: patient.traits_digest,
        likeness: LIKENESS,
    };
    assert_eq!(store.keep_likenesses(&[likened]).await.unwrap(), 0);
    likened.traits_digest = traits_digest;
    assert_eq!(store.keep_likenesses(&[likened]).await.unwrap(), 1);
    assert_eq!(alike(store).await.found.len(), 1);
}

async fn a_change_of_an_identity_changes_the_likeness(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let mut change = update(&patient, 5, 1, 2);
    change.next.likeness = Some(LIKENESS);
    store.update_identity(&change).await.unwrap();
    assert_eq!(alike(store).await.found, [change.next]);
    let before = [patient.likeness.unwrap()];
    let found = store.patients_alike(&before, 10).await.unwrap();
    assert_eq!(found, Alike::default());
}

async fn a_search_walks_along_indexes(store: &SqlStore) {
    let plan = store.plan_of_a_search().await.join("\n");
    for index in ["patients_likeness_digest", "patients_without_likeness"] {
        assert!(plan.contains(index), "{plan}");
    }
}

/// Who is searched for under these keys, by number.
async fn searched(store: &SqlStore, keys: &PatientKeys, number: u8) -> Vec<SealedPatient> {
    let likeness = Likeness::of(&identity(number).traits);
    let digests = keys.digests_of_likeness(&likeness);
    store.patients_alike(&digests, 10).await.unwrap().found
}

async fn everybody_gets_a_likeness_whoever_else_gives_it_and_whoever_cannot_be_read(
    store: &SqlStore,
) {
    let keys = steps();
    let mut patients = Vec::new();
    // Some instances use the next keys already, and one row is from before keys had names.
    for (number, under) in [(1, &keys.first), (2, &keys.next), (3, &keys.first)] {
        let mut new = registration_under(under, number);
        new.patient.likeness = None;
        if number == 3 {
            new.patient.digest_key_id.clear();
        }
        patients.push(kept(store, &new).await);
    }
    let mut altered = registration(200, 200);
    altered.patient.likeness = None;
    altered.patient.sealed.key_id = keys.first.encryption_key_id().to_owned();
    let altered = kept(store, &altered).await;

    let (one, other) = tokio::join!(fill(store, &keys.both), fill(store, &keys.both));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.patients + other.patients, 3);
    assert_eq!((one.unreadable, other.unreadable), (1, 1));
    for (number, patient) in (1..).zip(&patients) {
        let found = searched(store, &keys.both, number).await;
        let ids: Vec<_> = found.iter().map(|found| found.patient_id).collect();
        assert_eq!(ids, [patient.patient_id]);
        let as_they_were = SealedPatient {
            likeness: None,
            ..found[0].clone()
        };
        assert_eq!(as_they_were, *patient);
    }
    assert_eq!(searched(store, &keys.first, 2).await, []);
    let left = store.patients_without_likeness(None, 10).await.unwrap();
    assert_eq!(left, [altered]);
    assert_eq!(fill(store, &keys.both).await.unwrap().patients, 0);
    // A key that is missing is said, and gives nobody a likeness of nothing.
    fill(store, &keys.next).await.unwrap_err();
}
