//! Entries that turn out to be one human.

use aval_domain::id::{PractitionerId, RequestId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_proto::practitioner_directory::v1::watch_changes_response::Item;
use aval_testing::synthesize::{Directory, Person};
use tonic::Code;

use crate::stand::{PATIENCE, Stand, fields, reason, synthesized, until};

async fn resolve(stand: &Stand, person: &Person) -> proto::Practitioner {
    let request = proto::ResolveIdentifierRequest {
        identifier: Some(proto::Identifier {
            kind: proto::IdentifierKind::Idnps.into(),
            value: person.national_id(),
        }),
    };
    let answer = stand.directory("records").resolve_identifier(request).await;
    match answer.unwrap().into_inner().resolved {
        Some(Resolved::Practitioner(practitioner)) => practitioner,
        other => panic!("{other:?}"),
    }
}

fn merging(source: &str, target: &str) -> proto::MergePractitionersRequest {
    proto::MergePractitionersRequest {
        source_practitioner_id: source.to_owned(),
        target_practitioner_id: target.to_owned(),
        undo: false,
        reason: "même personne, pièce vue".to_owned(),
        request_id: RequestId::new(&SystemRandom).to_string(),
    }
}

/// Two entries of the same names, profession and place.
async fn twins(stand: &Stand) -> (Directory, [proto::Practitioner; 2]) {
    let mut directory = synthesized(60);
    let settled = directory
        .people
        .iter()
        .position(|person| person.activities.iter().any(|a| a.organization.is_some()))
        .unwrap();
    let mut twin = directory.people[settled].clone();
    twin.number = directory.people[settled + 1].number.clone();
    directory.people[settled + 1] = twin;
    directory.people.swap(0, settled);
    directory.people.swap(1, settled + 1);
    stand.import(&directory).await;
    let one = resolve(stand, &directory.people[0]).await;
    let other = resolve(stand, &directory.people[1]).await;
    (directory, [one, other])
}

#[tokio::test]
async fn two_entries_become_one_human_and_two_again_and_everybody_is_told() {
    let stand = Stand::start().await;
    let (directory, [one, other]) = twins(&stand).await;
    let watch = proto::WatchChangesRequest::default();
    let watching = stand.directory("consent").watch_changes(watch).await;
    let mut changes = watching.unwrap().into_inner();

    let mut admin = stand.admin("operator");
    let request = merging(&one.practitioner_id, &other.practitioner_id);
    let merged = admin.merge_practitioners(request.clone()).await.unwrap();
    let merged = merged.into_inner().practitioner.unwrap();
    assert_eq!(merged.practitioner_id, other.practitioner_id);
    for person in &directory.people[..2] {
        assert_eq!(resolve(&stand, person).await, merged);
    }
    let ask = proto::GetPractitionerRequest {
        practitioner_id: one.practitioner_id.clone(),
    };
    let asked = stand.directory("records").get_practitioner(ask).await;
    assert_eq!(
        asked.unwrap().into_inner().practitioner,
        Some(merged.clone())
    );
    let ask = proto::BatchGetPractitionersRequest {
        practitioner_ids: vec![
            one.practitioner_id.clone(),
            PractitionerId::new(SystemClock.now(), &SystemRandom).to_string(),
        ],
    };
    let batch = stand
        .directory("records")
        .batch_get_practitioners(ask)
        .await;
    let batch = batch.unwrap().into_inner();
    assert_eq!(batch.practitioners, std::slice::from_ref(&merged));
    assert_eq!(batch.missing_practitioner_ids.len(), 1);

    let undo = proto::MergePractitionersRequest {
        undo: true,
        ..merging(&one.practitioner_id, &other.practitioner_id)
    };
    admin.merge_practitioners(undo).await.unwrap();
    let back = resolve(&stand, &directory.people[0]).await;
    assert_eq!(back.practitioner_id, one.practitioner_id);
    assert_eq!(back.activities, one.activities);

    let mut told = Vec::new();
    while told.len() < 2 {
        let next = tokio::time::timeout(PATIENCE, changes.message()).await;
        match next.unwrap().unwrap().unwrap().item.unwrap() {
            Item::PractitionersMerged(merge) => {
                assert_eq!(merge.source_practitioner_id, one.practitioner_id);
                assert_eq!(merge.target_practitioner_id, other.practitioner_id);
                told.push("merged");
            }
            Item::PractitionersUnmerged(merge) => {
                assert_eq!(merge.source_practitioner_id, one.practitioner_id);
                assert_eq!(merge.target_practitioner_id, other.practitioner_id);
                told.push("unmerged");
            }
            Item::PractitionerChanged(_) | Item::OrganizationChanged(_) | Item::HeartbeatAt(_) => {}
        }
    }
    assert_eq!(told, ["merged", "unmerged"]);
    let watch = proto::WatchChangesRequest {
        cursor: "start".to_owned(),
        merges_only: true,
        ..proto::WatchChangesRequest::default()
    };
    let watching = stand.directory("consent").watch_changes(watch).await;
    let mut changes = watching.unwrap().into_inner();
    for expected in told {
        let next = tokio::time::timeout(PATIENCE, changes.message()).await;
        let item = next.unwrap().unwrap().unwrap().item.unwrap();
        assert_eq!(
            expected == "merged",
            matches!(item, Item::PractitionersMerged(_))
        );
        assert_eq!(
            expected == "unmerged",
            matches!(item, Item::PractitionersUnmerged(_))
        );
    }

    until("the trail is told", || async {
        stand.trail.told().len() == 3
    })
    .await;
    let trail = stand.trail.told();
    assert_eq!(trail[1].kind, "directory.practitioners_merged");
    assert_eq!(trail[1].after["decision_reason"], request.reason);
    assert_eq!(trail[2].kind, "directory.practitioners_unmerged");
}

#[tokio::test]
async fn likely_duplicates_are_listed_with_their_evidence() {
    let stand = Stand::start().await;
    let (_, twins) = twins(&stand).await;
    let request = proto::ListDuplicatesRequest::default();
    let listed = stand.admin("operator").list_duplicates(request).await;
    let listed = listed.unwrap().into_inner();
    let found = listed.candidates.iter().find(|pair| {
        let pair = [pair.first.as_ref(), pair.second.as_ref()];
        twins.iter().all(|twin| pair.contains(&Some(twin)))
    });
    let evidence = &found.unwrap().evidence;
    for word in ["same names", "same profession", "same organization"] {
        assert!(evidence.iter().any(|found| found == word), "{evidence:?}");
    }
    let wrong = proto::ListDuplicatesRequest {
        page_token: "x".to_owned(),
        ..Default::default()
    };
    let status = stand
        .admin("operator")
        .list_duplicates(wrong)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused_with_its_reason() {
    let stand = Stand::start().await;
    let (_, [one, other]) = twins(&stand).await;
    let (one, other) = (one.practitioner_id, other.practitioner_id);
    let mut admin = stand.admin("operator");
    let empty = proto::MergePractitionersRequest::default();
    let status = admin.merge_practitioners(empty).await.unwrap_err();
    assert_eq!(
        fields(&status),
        [
            "source_practitioner_id",
            "target_practitioner_id",
            "reason",
            "request_id"
        ]
    );
    let status = admin.merge_practitioners(merging(&one, &one)).await;
    assert_eq!(fields(&status.unwrap_err()), ["target_practitioner_id"]);
    let unknown = PractitionerId::new(SystemClock.now(), &SystemRandom).to_string();
    let status = admin.merge_practitioners(merging(&one, &unknown)).await;
    assert_eq!(reason(&status.unwrap_err()), "NOT_FOUND");
    admin
        .merge_practitioners(merging(&one, &other))
        .await
        .unwrap();
    let status = admin.merge_practitioners(merging(&one, &other)).await;
    let status = status.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "STATE_CONFLICT")
    );
}

#[tokio::test]
async fn whoever_is_not_the_operator_merges_nobody() {
    let stand = Stand::start().await;
    let (directory, [one, other]) = twins(&stand).await;
    let request = merging(&one.practitioner_id, &other.practitioner_id);
    let status = stand.admin("gateway").merge_practitioners(request).await;
    assert_eq!(reason(&status.unwrap_err()), "CALLER_NOT_ALLOWED");
    let request = proto::ListDuplicatesRequest::default();
    let status = stand.admin("gateway").list_duplicates(request).await;
    assert_eq!(reason(&status.unwrap_err()), "CALLER_NOT_ALLOWED");
    assert_eq!(resolve(&stand, &directory.people[0]).await, one);
}
