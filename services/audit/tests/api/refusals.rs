//! Who may not, for every RPC.

use tonic::Code;

use crate::callers::RPCS;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};

/// What needs a person.
const FOR_A_PERSON: [&str; 5] = [
    "TrailService/ListEvents",
    "TrailService/GetEvent",
    "TrailService/WatchEvents",
    "TrailService/ExportEvents",
    "TransparencyService/GetPatientProof",
];

#[tokio::test]
async fn a_caller_that_the_table_does_not_name_is_refused_everywhere() {
    let stand = Stand::start().await;
    for rpc in RPCS {
        let refused = stand.call(rpc, "provider", None).await;
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{rpc}");
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{rpc}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_of_a_person_is_answered() {
    let stand = Stand::start().await;
    for rpc in FOR_A_PERSON {
        let status = stand.call(rpc, "gateway", None).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{rpc}");
        assert_eq!(reason(&status), "TOKEN_MISSING", "{rpc}");
    }
}

#[tokio::test]
async fn a_producer_reads_nothing_even_with_a_person_s_token() {
    let stand = Stand::start().await;
    let person = Person::Patient(patient_id());
    for rpc in FOR_A_PERSON {
        let status = stand.call(rpc, "consent", Some(person)).await.unwrap_err();
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{rpc}");
    }
}

#[tokio::test]
async fn only_consent_is_told_what_is_found_and_for_nobody() {
    let stand = Stand::start().await;
    let rpc = "FindingService/WatchFindings";
    for caller in ["identity", "gateway", "records", "operator"] {
        let status = stand.call(rpc, caller, None).await.unwrap_err();
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{caller}");
    }
    let person = Some(Person::Patient(patient_id()));
    let status = stand.call(rpc, "consent", person).await.unwrap_err();
    assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
    stand.call(rpc, "consent", None).await.unwrap();
}

#[tokio::test]
async fn only_a_producer_appends() {
    let stand = Stand::start().await;
    let person = Person::Practitioner(practitioner_id());
    for (caller, person) in [
        ("gateway", None),
        ("records", Some(person)),
        ("operator", None),
    ] {
        let refused = stand
            .call("TrailService/AppendEvents", caller, person)
            .await;
        assert_eq!(
            reason(&refused.unwrap_err()),
            "CALLER_NOT_ALLOWED",
            "{caller}"
        );
    }
}

#[tokio::test]
async fn the_producers_have_no_business_with_the_log_s_proofs() {
    let stand = Stand::start().await;
    for rpc in RPCS.iter().filter(|rpc| rpc.starts_with("Transparency")) {
        let status = stand.call(rpc, "consent", None).await.unwrap_err();
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{rpc}");
    }
}

#[tokio::test]
async fn only_an_auditor_in_their_own_name_and_for_nobody_looks_across_patients() {
    let stand = Stand::start().await;
    let person = Person::Practitioner(practitioner_id());
    for rpc in RPCS.iter().filter(|rpc| rpc.starts_with("Oversight")) {
        for caller in [
            "gateway",
            "records",
            "operator",
            "consent",
            "identity",
            "auditor",
            "software/x",
        ] {
            stand.admit(caller);
            let status = stand.call(rpc, caller, None).await.unwrap_err();
            assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{rpc} {caller}");
        }
        stand.admit("auditor/dana");
        let status = stand.call(rpc, "auditor/dana", Some(person)).await;
        assert_eq!(reason(&status.unwrap_err()), "ACTOR_NOT_ALLOWED", "{rpc}");
        // Let in, and told what is missing.
        let status = stand.call(rpc, "auditor/dana", None).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{rpc}");
    }
}

#[tokio::test]
async fn an_auditor_has_no_business_with_what_is_people_s_own() {
    let stand = Stand::start().await;
    stand.admit("auditor/dana");
    for rpc in RPCS.iter().filter(|rpc| !rpc.starts_with("Oversight")) {
        let status = stand.call(rpc, "auditor/dana", None).await.unwrap_err();
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{rpc}");
    }
}
