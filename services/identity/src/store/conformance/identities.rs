//! Identities change under their version, lead to one another and back.

use aval_database::requests::RequestKey;
use aval_domain::etag::Version;
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{PatientId, RequestId};

use super::identity_issues::all_issues;
use super::sample::{RANDOM, at, event, open, registration, session};
use crate::error::Error;
use crate::identity_issue::IssueKind;
use crate::patient_keys::KeyedDigest;
use crate::session::{Closed, Closing, Person, Session};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{
    FormerMatricule, IdentityUpdate, Joined, Joining, NewIssue, Registered, SealedPatient,
    SessionsOf, Store, Updated, Verdict,
};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        an_identity_changes_under_the_version_that_was_read_and_is_traced,
        a_stale_version_changes_nothing,
        of_many_who_change_one_version_one_does,
        a_repeated_change_changes_nothing_more,
        another_patient_s_matricule_is_refused_and_kept_as_a_collision,
        a_replaced_waiting_number_goes_on_leading_to_its_patient,
        a_change_closes_the_sessions_of_the_record_when_it_says_so,
        a_merge_leads_to_the_target_is_traced_twice_and_is_taken_back,
        who_is_merged_is_merged_no_further_and_takes_nobody_in,
        two_who_merge_each_other_at_once_make_no_circle,
        a_repeated_merge_changes_nothing_more,
        a_merged_patient_s_traits_name_nobody,
    ],
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a judge")]
pub(super) fn same(_: &SealedPatient) -> Result<Verdict, Error> {
    Ok(Verdict::Same)
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a judge")]
pub(super) fn other(_: &SealedPatient) -> Result<Verdict, Error> {
    Ok(Verdict::Other {
        evidence: vec!["sex"],
    })
}

fn traced(_: &Session) -> Event {
    event(EventKind::SessionClosed)
}

fn both(_: PatientId) -> [Event; 2] {
    [
        event(EventKind::PatientsMerged),
        event(EventKind::PatientsMerged),
    ]
}

fn signed_out(second: i64) -> SessionsOf<'static> {
    SessionsOf {
        closed: Closed {
            at: at(second),
            why: Closing::IdentityChanged,
        },
        trace: &traced,
    }
}

fn request(operation: &'static str) -> RequestKey {
    RequestKey {
        actor: "operator".to_owned(),
        request_id: RequestId::new(RANDOM),
        operation,
        fingerprint: [9; 32],
    }
}

pub(super) async fn registered(store: &SqlStore, ins: u8, traits: u8) -> SealedPatient {
    let new = registration(ins, traits);
    match store.register_patient(&new, &same).await.unwrap() {
        Registered::Patient(patient) => patient,
        Registered::MatriculeTaken => panic!("the matricule is free"),
    }
}

pub(super) fn update(
    read: &SealedPatient,
    second: i64,
    ins: u8,
    traits: u8,
) -> IdentityUpdate<'static> {
    IdentityUpdate {
        next: SealedPatient {
            ins_digest: KeyedDigest([ins; 32]),
            traits_digest: KeyedDigest([traits; 32]),
            updated_at: at(second),
            version: read.version.next(),
            ..read.clone()
        },
        read: read.version,
        ins_digests: vec![KeyedDigest([ins; 32])],
        replaced_waiting: None,
        close: None,
        event: event(EventKind::PatientIdentityUpdated),
        issue: NewIssue::at(at(second), RANDOM),
        request: request("identity.update_identity"),
    }
}

/// The patient's matricule, as one that they had before.
pub(super) fn former(patient: &SealedPatient) -> FormerMatricule {
    FormerMatricule {
        patient_id: patient.patient_id,
        ins_digest: patient.ins_digest,
        digest_key_id: patient.digest_key_id.clone(),
        sealed: patient.sealed.clone(),
    }
}

pub(super) fn patient_of(updated: Updated) -> SealedPatient {
    match updated {
        Updated::Identity(updated) => updated.patient,
        Updated::MatriculeTaken => panic!("the matricule is free"),
    }
}

pub(super) fn merge(source: PatientId, target: Option<PatientId>, second: i64) -> Joining<'static> {
    Joining {
        source,
        target,
        at: at(second),
        events: &both,
        close: signed_out(second),
        request: request("identity.merge_patients"),
    }
}

pub(super) async fn merged(
    store: &SqlStore,
    source: &SealedPatient,
    target: &SealedPatient,
) -> Joined {
    let merge = merge(source.patient_id, Some(target.patient_id), 10);
    store.join_patients(&merge).await.unwrap()
}

async fn an_identity_changes_under_the_version_that_was_read_and_is_traced(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let change = update(&patient, 5, 2, 2);
    let updated = patient_of(store.update_identity(&change).await.unwrap());
    assert_eq!(updated, change.next);
    let read = store.patient(patient.patient_id).await.unwrap();
    assert_eq!(read, Some(change.next));
    let by_old = store.patient_by_ins(&[patient.ins_digest]).await.unwrap();
    assert_eq!(by_old, None);
    assert_eq!(store.traces().await, 2);
}

async fn a_stale_version_changes_nothing(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let mut stale = update(&patient, 5, 2, 2);
    stale.read = Version(7);
    for _ in 0..2 {
        let refused = store.update_identity(&stale).await;
        assert!(matches!(refused, Err(Error::EtagMismatch)));
    }
    let read = store.patient(patient.patient_id).await.unwrap();
    assert_eq!(read, Some(patient));
    assert_eq!(store.traces().await, 1);
}

async fn of_many_who_change_one_version_one_does(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let changes: Vec<_> = (2..10)
        .map(|traits| update(&patient, 5, 1, traits))
        .collect();
    let answers = changes.iter().map(|change| store.update_identity(change));
    let answers = futures::future::join_all(answers).await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!((done, store.traces().await), (1, 2));
}

async fn a_repeated_change_changes_nothing_more(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let change = update(&patient, 5, 2, 2);
    let first = patient_of(store.update_identity(&change).await.unwrap());
    let again = patient_of(store.update_identity(&change).await.unwrap());
    assert_eq!(first, again);
    let mut other = update(&first, 6, 3, 3);
    other.request = RequestKey {
        fingerprint: [1; 32],
        ..change.request
    };
    let refused = store.update_identity(&other).await;
    assert!(matches!(refused, Err(Error::RequestIdReused)));
    assert_eq!(store.traces().await, 2);
}

async fn another_patient_s_matricule_is_refused_and_kept_as_a_collision(store: &SqlStore) {
    let (holder, claimant) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let claim = update(&claimant, 5, 1, 2);
    for _ in 0..2 {
        let taken = store.update_identity(&claim).await.unwrap();
        assert_eq!(taken, Updated::MatriculeTaken);
    }
    let read = store.patient(claimant.patient_id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&claimant));
    let issues = all_issues(store).await;
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].kind, IssueKind::Collision);
    assert_eq!(issues[0].patients, [holder.patient_id, claimant.patient_id]);
}

async fn a_replaced_waiting_number_goes_on_leading_to_its_patient(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let mut change = update(&patient, 5, 2, 1);
    change.replaced_waiting = Some(former(&patient));
    let updated = patient_of(store.update_identity(&change).await.unwrap());
    for digest in [patient.ins_digest, updated.ins_digest] {
        let found = store.patient_by_ins(&[digest]).await.unwrap();
        assert_eq!(found.as_ref(), Some(&updated));
    }
    // Nobody else is registered under it, nor given it.
    let again = store.register_patient(&registration(1, 1), &same).await;
    assert_eq!(again.unwrap(), Registered::Patient(updated.clone()));
    let taken = store.register_patient(&registration(1, 9), &other).await;
    assert_eq!(taken.unwrap(), Registered::MatriculeTaken);
    let somebody = registered(store, 3, 3).await;
    let claim = update(&somebody, 6, 1, 3);
    let taken = store.update_identity(&claim).await.unwrap();
    assert_eq!(taken, Updated::MatriculeTaken);
}

async fn a_change_closes_the_sessions_of_the_record_when_it_says_so(store: &SqlStore) {
    let patient = registered(store, 1, 1).await;
    let person = Person::Patient {
        patient_id: patient.patient_id,
        representative: None,
    };
    let (own, of_another) = (
        session(person, 0, None),
        session(super::sample::patient(), 0, None),
    );
    for session in [&own, &of_another] {
        open(store, session).await;
    }
    let quiet = update(&patient, 5, 1, 2);
    let patient = patient_of(store.update_identity(&quiet).await.unwrap());
    let read = store.session(own.session_id).await.unwrap().unwrap();
    assert_eq!(read.closed, None);
    let mut loud = update(&patient, 6, 1, 3);
    loud.close = Some(signed_out(6));
    let Updated::Identity(updated) = store.update_identity(&loud).await.unwrap() else {
        panic!("the matricule is their own");
    };
    assert_eq!(updated.sessions, [own.session_id]);
    let read = store.session(own.session_id).await.unwrap().unwrap();
    assert_eq!(read.closed, Some(signed_out(6).closed));
    let read = store.session(of_another.session_id).await.unwrap().unwrap();
    assert_eq!(read.closed, None);
}

async fn a_merge_leads_to_the_target_is_traced_twice_and_is_taken_back(store: &SqlStore) {
    let (source, target) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let of = |patient: &SealedPatient| Person::Patient {
        patient_id: patient.patient_id,
        representative: None,
    };
    let sessions = [session(of(&source), 0, None), session(of(&target), 0, None)];
    for session in &sessions {
        open(store, session).await;
    }
    let joined = merged(store, &source, &target).await;
    assert_eq!(joined.source.merged_into, Some(target.patient_id));
    assert_eq!(joined.target, target);
    assert_eq!(joined.sessions, [sessions[0].session_id]);
    let read = store.patient(source.patient_id).await.unwrap();
    assert_eq!(read, Some(joined.source));
    assert_eq!(store.traces().await, 4 + 2 + 1);

    let back = merge(source.patient_id, None, 20);
    let apart = store.join_patients(&back).await.unwrap();
    assert_eq!(apart.source.merged_into, None);
    assert_eq!(apart.source.ins_digest, source.ins_digest);
    assert_eq!(apart.target, target);
    assert_eq!(apart.sessions, [sessions[1].session_id]);
    assert_eq!(store.traces().await, 4 + 3 + 2 + 1);
    let again = store.join_patients(&back).await.unwrap();
    assert_eq!((again.source, again.target), (apart.source, apart.target));
    assert!(again.sessions.is_empty());
}

async fn who_is_merged_is_merged_no_further_and_takes_nobody_in(store: &SqlStore) {
    let (one, two, three) = (
        registered(store, 1, 1).await,
        registered(store, 2, 2).await,
        registered(store, 3, 3).await,
    );
    merged(store, &one, &two).await;
    for (source, target) in [
        (&one, Some(&three)),
        (&one, Some(&two)),
        (&three, Some(&one)),
        (&two, Some(&one)),
        (&three, None),
    ] {
        let target = target.map(|target| target.patient_id);
        let joining = merge(source.patient_id, target, 20);
        for _ in 0..2 {
            let refused = store.join_patients(&joining).await;
            assert!(matches!(refused, Err(Error::MergeConflict)));
        }
    }
    // Who stayed may turn out to be somebody else.
    merged(store, &two, &three).await;
}

async fn two_who_merge_each_other_at_once_make_no_circle(store: &SqlStore) {
    let (one, two) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let there = merge(one.patient_id, Some(two.patient_id), 10);
    let back = merge(two.patient_id, Some(one.patient_id), 10);
    let (there, back) =
        futures::future::join(store.join_patients(&there), store.join_patients(&back)).await;
    assert!(there.is_ok() != back.is_ok());
    let refused = there.and(back).unwrap_err();
    assert!(matches!(refused, Error::MergeConflict));
}

async fn a_repeated_merge_changes_nothing_more(store: &SqlStore) {
    let (source, target) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let merging = merge(source.patient_id, Some(target.patient_id), 10);
    let first = store.join_patients(&merging).await.unwrap();
    let again = store.join_patients(&merging).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(store.traces().await, 4);
    let mut other = merge(target.patient_id, Some(source.patient_id), 10);
    other.request = RequestKey {
        fingerprint: [1; 32],
        ..merging.request
    };
    let refused = store.join_patients(&other).await;
    assert!(matches!(refused, Err(Error::RequestIdReused)));
}

async fn a_merged_patient_s_traits_name_nobody(store: &SqlStore) {
    let (source, target) = (registered(store, 1, 7).await, registered(store, 2, 7).await);
    merged(store, &source, &target).await;
    let found = store.patients_by_traits(&[KeyedDigest([7; 32])]).await;
    assert_eq!(found.unwrap(), [target]);
}
