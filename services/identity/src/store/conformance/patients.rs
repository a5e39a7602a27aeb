//! Patients are registered once, whoever asks at the same time, and are found again.

use aval_domain::id::PatientId;
use aval_domain::ins::InsStatus;

use super::sample::{RANDOM, at, registration};
use crate::error::Error;
use crate::patient_keys::{KeyedDigest, SealBroken};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{Registered, Registration, SealedPatient, Store, Verdict};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        a_registered_patient_is_found_by_id_by_ins_and_by_traits_and_traced,
        registering_the_same_person_again_answers_the_first_and_changes_nothing,
        a_matricule_with_other_traits_waits_for_a_person,
        a_repeated_request_answers_as_the_first_time,
        the_name_of_another_request_is_refused,
        a_judge_who_fails_leaves_everything_as_it_was,
        of_many_at_once_one_registers_and_the_others_meet_them,
        two_with_the_same_traits_are_both_found_and_a_third_is_not_looked_at,
        nobody_is_found_where_nobody_is,
    ],
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a judge")]
fn same(_: &SealedPatient) -> Result<Verdict, Error> {
    Ok(Verdict::Same)
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a judge")]
fn other(_: &SealedPatient) -> Result<Verdict, Error> {
    Ok(Verdict::Other {
        evidence: vec!["birth_name", "sex"],
    })
}

fn nobody_to_judge(_: &SealedPatient) -> Result<Verdict, Error> {
    panic!("there is nobody to judge")
}

/// The same request once more, as a client repeats it: all else is made anew.
fn repeated(first: &Registration, ins: u8, traits: u8) -> Registration {
    let mut again = registration(ins, traits);
    again.request = first.request.clone();
    again
}

async fn a_registered_patient_is_found_by_id_by_ins_and_by_traits_and_traced(store: &SqlStore) {
    let mut asked = registration(1, 2);
    asked.patient.status = InsStatus::Retrieved;
    asked.patient.updated_at = at(7);
    let patient = asked.patient.clone();
    let registered = store
        .register_patient(&asked, &nobody_to_judge)
        .await
        .unwrap();
    assert_eq!(registered, Registered::Patient(patient.clone()));
    let by_id = store.patient(patient.patient_id).await.unwrap();
    assert_eq!(by_id.as_ref(), Some(&patient));
    let by_ins = store.patient_by_ins(&[patient.ins_digest]).await.unwrap();
    assert_eq!(by_ins.as_ref(), Some(&patient));
    let by_traits = store
        .patients_by_traits(&[patient.traits_digest])
        .await
        .unwrap();
    assert_eq!(by_traits, [patient]);
    assert_eq!(store.traces().await, 1);
}

async fn registering_the_same_person_again_answers_the_first_and_changes_nothing(store: &SqlStore) {
    let first = registration(1, 2);
    store
        .register_patient(&first, &nobody_to_judge)
        .await
        .unwrap();
    let again = store
        .register_patient(&registration(1, 2), &same)
        .await
        .unwrap();
    assert_eq!(again, Registered::Patient(first.patient));
    assert_eq!(store.traces().await, 1);
    assert!(store.issues().await.is_empty());
}

async fn a_matricule_with_other_traits_waits_for_a_person(store: &SqlStore) {
    let first = registration(1, 2);
    store
        .register_patient(&first, &nobody_to_judge)
        .await
        .unwrap();
    let second = registration(1, 3);
    let taken = store.register_patient(&second, &other).await.unwrap();
    assert_eq!(taken, Registered::MatriculeTaken);
    let expected = (
        "collision".to_owned(),
        first.patient.patient_id,
        "birth_name,sex".to_owned(),
    );
    assert_eq!(store.issues().await, [expected]);
    assert_eq!(
        store.patient(second.patient.patient_id).await.unwrap(),
        None
    );
    assert_eq!(store.traces().await, 1);
}

async fn a_repeated_request_answers_as_the_first_time(store: &SqlStore) {
    let first = registration(1, 2);
    store
        .register_patient(&first, &nobody_to_judge)
        .await
        .unwrap();
    let again = repeated(&first, 1, 2);
    let answered = store
        .register_patient(&again, &nobody_to_judge)
        .await
        .unwrap();
    assert_eq!(answered, Registered::Patient(first.patient));

    let refused = registration(1, 3);
    for attempt in [refused.clone(), repeated(&refused, 1, 3)] {
        let answered = store.register_patient(&attempt, &other).await.unwrap();
        assert_eq!(answered, Registered::MatriculeTaken);
    }
    assert_eq!((store.issues().await.len(), store.traces().await), (1, 1));
}

async fn the_name_of_another_request_is_refused(store: &SqlStore) {
    let first = registration(1, 2);
    store
        .register_patient(&first, &nobody_to_judge)
        .await
        .unwrap();
    let mut second = registration(5, 9);
    second.request.request_id = first.request.request_id;
    let refused = store.register_patient(&second, &nobody_to_judge).await;
    assert!(matches!(refused, Err(Error::RequestIdReused)));
    assert_eq!(
        store
            .patient_by_ins(&[second.patient.ins_digest])
            .await
            .unwrap(),
        None
    );
    // Another actor's requests have names of their own.
    second.request.actor = "records".to_owned();
    let answered = store
        .register_patient(&second, &nobody_to_judge)
        .await
        .unwrap();
    assert_eq!(answered, Registered::Patient(second.patient));
}

async fn a_judge_who_fails_leaves_everything_as_it_was(store: &SqlStore) {
    let first = registration(1, 2);
    store
        .register_patient(&first, &nobody_to_judge)
        .await
        .unwrap();
    let second = registration(1, 2);
    let failing = |_: &SealedPatient| Err(Error::SealBroken(SealBroken::Altered));
    let failed = store.register_patient(&second, &failing).await;
    assert!(matches!(
        failed,
        Err(Error::SealBroken(SealBroken::Altered))
    ));
    // The request was not answered: it may be asked again.
    let answered = store.register_patient(&second, &same).await.unwrap();
    assert_eq!(answered, Registered::Patient(first.patient));
    assert!(store.issues().await.is_empty());
}

async fn of_many_at_once_one_registers_and_the_others_meet_them(store: &SqlStore) {
    let attempts: Vec<_> = (0..12).map(|_| registration(1, 2)).collect();
    let answers = attempts
        .iter()
        .map(|attempt| store.register_patient(attempt, &same));
    let answers = futures::future::try_join_all(answers).await.unwrap();
    let ids: Vec<PatientId> = answers
        .iter()
        .map(|answer| match answer {
            Registered::Patient(patient) => patient.patient_id,
            Registered::MatriculeTaken => panic!("they are the same person"),
        })
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert!(
        attempts
            .iter()
            .any(|attempt| attempt.patient.patient_id == ids[0])
    );
    assert_eq!(store.traces().await, 1);
}

async fn two_with_the_same_traits_are_both_found_and_a_third_is_not_looked_at(store: &SqlStore) {
    for ins in 1..=3 {
        let attempt = registration(ins, 7);
        store
            .register_patient(&attempt, &nobody_to_judge)
            .await
            .unwrap();
        let found = store
            .patients_by_traits(&[KeyedDigest([7; 32])])
            .await
            .unwrap();
        assert_eq!(found.len(), usize::from(ins).min(2));
    }
}

async fn nobody_is_found_where_nobody_is(store: &SqlStore) {
    let digest = KeyedDigest([0; 32]);
    assert_eq!(
        store.patient(PatientId::new(at(0), RANDOM)).await.unwrap(),
        None
    );
    assert_eq!(store.patient_by_ins(&[digest]).await.unwrap(), None);
    assert!(
        store
            .patients_by_traits(&[digest])
            .await
            .unwrap()
            .is_empty()
    );
}
