//! What is kept says under which keys, and is put under others while it is used.

use std::collections::BTreeMap;

use aval_database::DatabaseError;

use super::identities::{former, patient_of, registered, update};
use super::sample::registration;
use crate::error::Error;
use crate::patient_keys::{KeyedDigest, SealedIdentity};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{
    FormerMatricule, KeysInUse, OtherKeys, Registered, Rekeyed, SealedPatient, Store, Verdict,
};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        the_keys_in_use_are_known_and_counted,
        a_patient_under_other_keys_is_found_by_them_and_otherwise_as_they_were,
        who_changed_since_they_were_read_stays_as_they_are,
        those_under_other_keys_come_in_their_order_and_page_by_page,
        a_former_matricule_under_other_keys_goes_on_leading_to_its_patient,
        two_of_one_matricule_are_not_made_one_by_their_keys,
        of_two_under_different_digest_keys_who_come_at_once_one_registers,
        somebody_registered_under_another_digest_key_is_met,
    ],
}

const NEW: &str = "a new key";
const NEW_DIGEST: &str = "a new digest key";

/// The same patient under new keys.
fn rekeyed(read: &SealedPatient, ins: u8) -> Rekeyed<SealedPatient> {
    Rekeyed {
        read: read.clone(),
        next: SealedPatient {
            ins_digest: KeyedDigest([ins; 32]),
            traits_digest: KeyedDigest([ins; 32]),
            digest_key_id: NEW_DIGEST.to_owned(),
            sealed: sealed(),
            ..read.clone()
        },
    }
}

fn sealed() -> SealedIdentity {
    SealedIdentity {
        key_id: NEW.to_owned(),
        bytes: vec![7; 3],
    }
}

fn not_under_new<Position>(after: Option<Position>, limit: u64) -> OtherKeys<'static, Position> {
    OtherKeys {
        encryption: NEW,
        digest: NEW_DIGEST,
        after,
        limit,
    }
}

/// A patient who had this waiting number, and has another matricule now.
async fn replaced(store: &SqlStore, waiting: u8, ins: u8) -> (SealedPatient, FormerMatricule) {
    let patient = registered(store, waiting, waiting).await;
    let mut change = update(&patient, 5, ins, waiting);
    let former = former(&patient);
    change.replaced_waiting = Some(former.clone());
    let patient = patient_of(store.update_identity(&change).await.unwrap());
    (patient, former)
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a judge")]
fn same(_: &SealedPatient) -> Result<Verdict, Error> {
    Ok(Verdict::Same)
}

async fn the_keys_in_use_are_known_and_counted(store: &SqlStore) {
    assert_eq!(store.keys_in_use().await.unwrap(), KeysInUse::default());
    let (patient, _) = replaced(store, 1, 2).await;
    registered(store, 3, 3).await;
    store
        .rekey_patients(&[rekeyed(&patient, 102)])
        .await
        .unwrap();
    let in_use = store.keys_in_use().await.unwrap();
    let names = |names: [&str; 2]| names.map(str::to_owned).into();
    assert_eq!(in_use.encryption, names([NEW, "a key"]));
    assert_eq!(in_use.digest, names([NEW_DIGEST, "a digest key"]));
    let counts = store.count_by_key().await.unwrap();
    let counted = |name: &str| BTreeMap::from([(name.to_owned(), 2)]);
    let mut expected = (counted("a key"), counted("a digest key"));
    expected.0.insert(NEW.to_owned(), 1);
    expected.1.insert(NEW_DIGEST.to_owned(), 1);
    assert_eq!((counts.encryption, counts.digest), expected);
    assert_eq!(counts.bound_former, 0);
}

async fn a_patient_under_other_keys_is_found_by_them_and_otherwise_as_they_were(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let row = rekeyed(&patient, 101);
    let traces = store.traces().await;
    assert_eq!(
        store
            .rekey_patients(std::slice::from_ref(&row))
            .await
            .unwrap(),
        1
    );
    let by_id = store.patient(patient.patient_id).await.unwrap();
    assert_eq!(by_id.as_ref(), Some(&row.next));
    assert_eq!(row.next.version, patient.version);
    let (old, new) = ([KeyedDigest([1; 32])], [KeyedDigest([101; 32])]);
    assert_eq!(store.patient_by_ins(&old).await.unwrap(), None);
    assert_eq!(store.patient_by_ins(&new).await.unwrap(), by_id);
    let both = [old[0], new[0]];
    assert_eq!(store.patient_by_ins(&both).await.unwrap(), by_id);
    let by_traits = store.patients_by_traits(&both).await.unwrap();
    assert_eq!(by_traits, std::slice::from_ref(&row.next));
    assert_eq!(store.traces().await, traces);
    let under = store.patient_under_digest_key(NEW_DIGEST).await.unwrap();
    assert_eq!(under, Some(row.next.clone()));
    let under = store
        .patient_under_digest_key("a digest key")
        .await
        .unwrap();
    assert_eq!(under, None);
    // Again, it is done: it changes nothing.
    assert_eq!(store.rekey_patients(&[row]).await.unwrap(), 0);
}

async fn who_changed_since_they_were_read_stays_as_they_are(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let late = rekeyed(&patient, 101);
    let change = update(&patient, 5, 2, 2);
    let changed = patient_of(store.update_identity(&change).await.unwrap());
    assert_eq!(store.rekey_patients(&[late]).await.unwrap(), 0);
    let read = store.patient(patient.patient_id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&changed));
    // And who was rekeyed since they were read changes: the whole row is written.
    let row = rekeyed(&changed, 102);
    assert_eq!(store.rekey_patients(&[row]).await.unwrap(), 1);
    let change = update(&changed, 6, 3, 3);
    let changed = patient_of(store.update_identity(&change).await.unwrap());
    let read = store.patient(patient.patient_id).await.unwrap();
    assert_eq!(read, Some(changed));
}

async fn those_under_other_keys_come_in_their_order_and_page_by_page(store: &SqlStore) {
    let mut patients = Vec::new();
    for ins in 1..=5 {
        patients.push(registered(store, ins, ins).await);
    }
    let done = rekeyed(&patients[2], 103);
    store.rekey_patients(&[done]).await.unwrap();
    // Under one of the two keys is not enough.
    let mut half = rekeyed(&patients[4], 105);
    half.next.sealed = half.read.sealed.clone();
    store
        .rekey_patients(std::slice::from_ref(&half))
        .await
        .unwrap();
    patients[4] = half.next;
    patients.remove(2);
    patients.sort_by_key(|patient| patient.patient_id);
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|last: &SealedPatient| last.patient_id);
        let page = store
            .patients_under_other_keys(&not_under_new(after, 3))
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found, patients);
}

async fn a_former_matricule_under_other_keys_goes_on_leading_to_its_patient(store: &SqlStore) {
    let (patient, former) = replaced(store, 1, 2).await;
    let found = store
        .former_under_other_keys(&not_under_new(None, 10))
        .await
        .unwrap();
    assert_eq!(found, std::slice::from_ref(&former));
    let behind = not_under_new(Some(former.ins_digest), 10);
    let found = store.former_under_other_keys(&behind).await.unwrap();
    assert!(found.is_empty());
    let row = Rekeyed {
        next: FormerMatricule {
            ins_digest: KeyedDigest([101; 32]),
            digest_key_id: NEW_DIGEST.to_owned(),
            sealed: sealed(),
            ..former.clone()
        },
        read: former,
    };
    assert_eq!(
        store
            .rekey_former(std::slice::from_ref(&row))
            .await
            .unwrap(),
        1
    );
    let by_old = store.patient_by_ins(&[KeyedDigest([1; 32])]).await.unwrap();
    assert_eq!(by_old, None);
    let by_new = store
        .patient_by_ins(&[KeyedDigest([101; 32])])
        .await
        .unwrap();
    assert_eq!(by_new, Some(patient));
    assert_eq!(store.rekey_former(&[row]).await.unwrap(), 0);
    let found = store
        .former_under_other_keys(&not_under_new(None, 10))
        .await
        .unwrap();
    assert!(found.is_empty());
}

async fn two_of_one_matricule_are_not_made_one_by_their_keys(store: &SqlStore) {
    let (first, second) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let rows = [rekeyed(&first, 101), rekeyed(&second, 101)];
    let failed = store.rekey_patients(&rows).await;
    assert!(matches!(
        failed,
        Err(Error::Database(DatabaseError::UniqueViolation { .. }))
    ));
    // Neither of them: a batch is one transaction.
    let read = store.patient(first.patient_id).await.unwrap();
    assert_eq!(read, Some(first));
}

async fn of_two_under_different_digest_keys_who_come_at_once_one_registers(store: &SqlStore) {
    let digests = [KeyedDigest([1; 32]), KeyedDigest([101; 32])];
    let attempts: Vec<_> = (0..8)
        .map(|number| {
            let mut attempt = registration(1, 1);
            attempt.ins_digests = digests.to_vec();
            // Every second instance uses the new key already.
            attempt.patient.ins_digest = digests[number % 2];
            attempt
        })
        .collect();
    let answers = attempts
        .iter()
        .map(|attempt| store.register_patient(attempt, &same));
    let answers = futures::future::try_join_all(answers).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(store.traces().await, 1);
}

async fn somebody_registered_under_another_digest_key_is_met(store: &SqlStore) {
    let known = registered(store, 1, 1).await;
    let mut attempt = registration(101, 101);
    attempt.ins_digests.push(known.ins_digest);
    let answer = store.register_patient(&attempt, &same).await.unwrap();
    assert_eq!(answer, Registered::Patient(known.clone()));
    let somebody = registered(store, 2, 2).await;
    let mut claim = update(&somebody, 6, 101, 2);
    claim.ins_digests.push(known.ins_digest);
    let taken = store.update_identity(&claim).await.unwrap();
    assert_eq!(taken, crate::store::Updated::MatriculeTaken);
}
