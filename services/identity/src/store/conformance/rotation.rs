//! A rotation reaches everything, whoever serves or rotates at the same time.

use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsKind, InsTraits, InseeCode, Sex};
use aval_domain::time::CivilDate;
use zeroize::Zeroizing;

use super::identities::{patient_of, update};
use super::sample::registration;
use crate::key_rotation::{KeyGone, require_keys, rotate};
use crate::likeness::Likeness;
use crate::patient::Identity;
use crate::patient_keys::PatientKeys;
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{FormerMatricule, Registered, Registration, SealedPatient, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        everybody_is_found_and_read_at_each_step_and_the_last_keys_may_go,
        a_key_that_is_still_needed_is_named,
        a_key_from_before_keys_had_names_is_known_by_what_it_made,
        two_who_rotate_at_once_and_one_who_begins_again_do_each_once,
        one_whose_matricule_another_has_is_told_and_keeps_nobody_else,
        one_that_was_altered_is_told_and_keeps_nobody_else,
        a_former_matricule_is_found_through_the_new_key,
    ],
}

const PATIENTS: u8 = 7;

/// The first keys, those while both are known, and the next ones alone.
pub(super) struct Steps {
    pub(super) first: PatientKeys,
    told: PatientKeys,
    pub(super) both: PatientKeys,
    pub(super) next: PatientKeys,
}

pub(super) fn steps() -> Steps {
    let [digest, encryption, new_digest, new_encryption] =
        [1, 2, 3, 4].map(|byte| Zeroizing::new([byte; 32]));
    let first = || PatientKeys::new(&digest, &encryption);
    let next = || PatientKeys::new(&new_digest, &new_encryption);
    let with = |keys: PatientKeys, digest, encryption| {
        keys.with_other_digest_keys(std::slice::from_ref(digest))
            .with_other_encryption_keys(std::slice::from_ref(encryption))
    };
    Steps {
        told: with(first(), &new_digest, &new_encryption),
        both: with(next(), &digest, &encryption),
        first: first(),
        next: next(),
    }
}

pub(super) fn identity(number: u8) -> Identity {
    let matricule = format!("27903512151{number:02}");
    Identity {
        ins: Ins::with_key(&matricule, InsKind::Test).unwrap(),
        traits: InsTraits {
            birth_name: format!("PAT-{number}"),
            birth_first_names: vec!["DOMINIQUE".to_owned()],
            birth_date: CivilDate::new(1979, 3, 28).unwrap(),
            sex: Sex::Female,
            birth_place: InseeCode::parse("51215").unwrap(),
        },
    }
}

async fn register(store: &SqlStore, keys: &PatientKeys, number: u8) -> SealedPatient {
    let new = registration_under(keys, number);
    let nobody = |_: &SealedPatient| panic!("the matricule is free");
    match store.register_patient(&new, &nobody).await.unwrap() {
        Registered::Patient(patient) => patient,
        Registered::MatriculeTaken => panic!("the matricule is free"),
    }
}

pub(super) fn registration_under(keys: &PatientKeys, number: u8) -> Registration {
    let identity = identity(number);
    let mut new = registration(number, number);
    let patient = &mut new.patient;
    patient.ins_digest = keys.digest_of_ins(&identity.ins);
    patient.traits_digest = keys.digest_of_traits(&identity.traits);
    patient.likeness = Some(keys.digest_of_likeness(&Likeness::of(&identity.traits)));
    patient.digest_key_id = keys.digest_key_id().to_owned();
    patient.sealed = keys.seal(patient.patient_id, &identity);
    new.ins_digests = keys.digests_of_ins(&identity.ins);
    new
}

/// Everybody is found by INS, by traits and by search, and read, with these keys.
async fn all_are_there(store: &SqlStore, keys: &PatientKeys, patients: &[PatientId]) {
    require_keys(store, keys).await.unwrap();
    for (number, patient_id) in (1..).zip(patients) {
        let Identity { ins, traits } = identity(number);
        let found = store.patient_by_ins(&keys.digests_of_ins(&ins)).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.patient_id, *patient_id);
        assert_eq!(
            keys.open(found.patient_id, &found.sealed),
            Ok(identity(number))
        );
        let digests = keys.digests_of_traits(&traits);
        let found = store.patients_by_traits(&digests).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].patient_id, *patient_id);
        let digests = keys.digests_of_likeness(&Likeness::of(&traits));
        let alike = store.patients_alike(&digests, 1).await.unwrap();
        let unknown = alike.unknown.iter().map(|unknown| unknown.patient_id);
        let found = alike.found.iter().map(|found| found.patient_id);
        assert!(found.chain(unknown).eq([*patient_id]));
    }
}

async fn registered(store: &SqlStore, keys: &PatientKeys) -> Vec<PatientId> {
    let mut patients = Vec::new();
    for number in 1..=PATIENTS {
        patients.push(register(store, keys, number).await.patient_id);
    }
    patients
}

async fn everybody_is_found_and_read_at_each_step_and_the_last_keys_may_go(store: &SqlStore) {
    let keys = steps();
    let mut patients = registered(store, &keys.first).await;
    for keys in [&keys.first, &keys.told, &keys.both] {
        all_are_there(store, keys, &patients).await;
    }
    // Some instances use the new keys already, others do not.
    patients.push(register(store, &keys.both, PATIENTS + 1).await.patient_id);
    patients.push(register(store, &keys.told, PATIENTS + 2).await.patient_id);
    for keys in [&keys.told, &keys.both] {
        all_are_there(store, keys, &patients).await;
    }
    let mut said = Vec::new();
    let rotated = rotate(store, &keys.both, |patients| said.push(patients)).await;
    let rotated = rotated.unwrap();
    assert_eq!(rotated.patients, u64::from(PATIENTS) + 1);
    assert_eq!(said.last(), Some(&rotated.patients));
    assert!(rotated.collided.is_empty());
    let (encryption, digest) = (keys.next.encryption_key_id(), keys.next.digest_key_id());
    let all = u64::from(PATIENTS) + 2;
    assert_eq!(
        rotated.counts.encryption,
        [(encryption.to_owned(), all)].into()
    );
    assert_eq!(rotated.counts.digest, [(digest.to_owned(), all)].into());
    for keys in [&keys.both, &keys.next] {
        all_are_there(store, keys, &patients).await;
    }
}

async fn a_key_that_is_still_needed_is_named(store: &SqlStore) {
    let keys = steps();
    registered(store, &keys.first).await;
    let refused = require_keys(store, &keys.next).await.unwrap_err();
    let needed = keys.first.encryption_key_id();
    assert!(matches!(&refused, KeyGone::Encryption { key_id } if key_id == needed));
    assert!(refused.to_string().contains(needed), "{refused}");
    let encryption = [Zeroizing::new([2; 32])];
    let half = steps().next.with_other_encryption_keys(&encryption);
    let refused = require_keys(store, &half).await.unwrap_err();
    let needed = keys.first.digest_key_id();
    assert!(matches!(&refused, KeyGone::Digest { key_id } if key_id == needed));
    assert!(refused.to_string().contains(needed), "{refused}");
    // A rotation without them changes nothing either.
    let refused = rotate(store, &keys.next, |_| {}).await.unwrap_err();
    let needed = keys.first.encryption_key_id();
    assert!(refused.to_string().contains(needed), "{refused}");
}

async fn a_key_from_before_keys_had_names_is_known_by_what_it_made(store: &SqlStore) {
    let keys = steps();
    let identity = identity(1);
    let mut old = registration(1, 1);
    old.patient.ins_digest = keys.first.digest_of_ins(&identity.ins);
    old.patient.traits_digest = keys.first.digest_of_traits(&identity.traits);
    old.patient.likeness = None;
    old.patient.digest_key_id = String::new();
    old.patient.sealed = keys.first.seal(old.patient.patient_id, &identity);
    let nobody = |_: &SealedPatient| panic!("the matricule is free");
    store.register_patient(&old, &nobody).await.unwrap();
    for keys in [&keys.first, &keys.told, &keys.both] {
        all_are_there(store, keys, &[old.patient.patient_id]).await;
    }
    let encryption = [Zeroizing::new([2; 32])];
    let without = steps().next.with_other_encryption_keys(&encryption);
    let refused = require_keys(store, &without).await;
    assert!(matches!(refused, Err(KeyGone::UnnamedDigest)));
    // Under the first keys too a rotation gives it its name.
    let rotated = rotate(store, &keys.first, |_| {}).await.unwrap();
    assert_eq!(rotated.patients, 1);
    let named = keys.first.digest_key_id().to_owned();
    assert_eq!(rotated.counts.digest, [(named, 1)].into());
}

async fn two_who_rotate_at_once_and_one_who_begins_again_do_each_once(store: &SqlStore) {
    let keys = steps();
    let patients = registered(store, &keys.first).await;
    let (one, other) = tokio::join!(
        rotate(store, &keys.both, |_| {}),
        rotate(store, &keys.both, |_| {}),
    );
    let done = one.unwrap().patients + other.unwrap().patients;
    assert_eq!(done, u64::from(PATIENTS));
    let again = rotate(store, &keys.both, |_| {}).await.unwrap();
    assert_eq!((again.patients, again.former), (0, 0));
    all_are_there(store, &keys.next, &patients).await;
}

async fn one_whose_matricule_another_has_is_told_and_keeps_nobody_else(store: &SqlStore) {
    let keys = steps();
    let patients = registered(store, &keys.first).await;
    // An instance was not told of the first key, and registers somebody a second time.
    register(store, &keys.next, 3).await;
    let rotated = rotate(store, &keys.both, |_| {}).await.unwrap();
    assert_eq!(rotated.collided, [patients[2]]);
    assert_eq!(rotated.patients, u64::from(PATIENTS) - 1);
}

async fn one_that_was_altered_is_told_and_keeps_nobody_else(store: &SqlStore) {
    let keys = steps();
    let patients = registered(store, &keys.first).await;
    let mut altered = registration(200, 200);
    altered.patient.sealed.key_id = keys.first.encryption_key_id().to_owned();
    altered.patient.digest_key_id = keys.first.digest_key_id().to_owned();
    let nobody = |_: &SealedPatient| panic!("the matricule is free");
    store.register_patient(&altered, &nobody).await.unwrap();
    let rotated = rotate(store, &keys.both, |_| {}).await.unwrap();
    assert_eq!(rotated.unreadable, [altered.patient.patient_id]);
    assert_eq!(rotated.patients, u64::from(PATIENTS));
    let left = rotated
        .counts
        .encryption
        .get(keys.first.encryption_key_id());
    assert_eq!(left, Some(&1));
    for (number, patient_id) in (1..).zip(&patients) {
        let digest = keys.next.digest_of_ins(&identity(number).ins);
        let found = store.patient_by_ins(&[digest]).await.unwrap().unwrap();
        assert_eq!(found.patient_id, *patient_id);
    }
}

async fn a_former_matricule_is_found_through_the_new_key(store: &SqlStore) {
    let keys = steps();
    let patient = register(store, &keys.first, 1).await;
    let waiting = identity(1).ins;
    let mut change = update(&patient, 5, 200, 200);
    let after = identity(2);
    change.next.ins_digest = keys.first.digest_of_ins(&after.ins);
    change.next.sealed = keys.first.seal(patient.patient_id, &after);
    change.replaced_waiting = Some(FormerMatricule {
        patient_id: patient.patient_id,
        ins_digest: keys.first.digest_of_ins(&waiting),
        digest_key_id: keys.first.digest_key_id().to_owned(),
        sealed: keys.first.seal_former(patient.patient_id, &waiting),
    });
    patient_of(store.update_identity(&change).await.unwrap());
    let rotated = rotate(store, &keys.both, |_| {}).await.unwrap();
    assert_eq!((rotated.patients, rotated.former), (1, 1));
    assert_eq!(rotated.counts.bound_former, 0);
    for ins in [waiting, after.ins] {
        let found = store.patient_by_ins(&[keys.next.digest_of_ins(&ins)]).await;
        assert_eq!(found.unwrap().unwrap().patient_id, patient.patient_id);
    }
    require_keys(store, &keys.next).await.unwrap();
}
