//! Correcting where somebody practises.

use aval_domain::id::{ActivityId, RequestId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_testing::synthesize::Directory;
use tonic::Code;

use crate::stand::{Stand, fields, reason, synthesized, until};

async fn only_activity(stand: &Stand, directory: &Directory, rank: usize) -> proto::Activity {
    let request = proto::ResolveIdentifierRequest {
        identifier: Some(proto::Identifier {
            kind: proto::IdentifierKind::Idnps.into(),
            value: directory.people[rank].national_id(),
        }),
    };
    let answer = stand.directory("records").resolve_identifier(request).await;
    match answer.unwrap().into_inner().resolved {
        Some(Resolved::Practitioner(mut person)) => person.activities.remove(0),
        other => panic!("{other:?}"),
    }
}

fn correcting(activity_id: &str, organization_id: &str) -> proto::OverrideAttachmentRequest {
    proto::OverrideAttachmentRequest {
        activity_id: activity_id.to_owned(),
        organization_id: organization_id.to_owned(),
        reason: "appelé au cabinet".to_owned(),
        request_id: RequestId::new(&SystemRandom).to_string(),
    }
}

/// Two people with one place each, and their ranks.
async fn two_places(stand: &Stand) -> (Directory, [usize; 2]) {
    let directory = synthesized(60);
    stand.import(&directory).await;
    let settled: Vec<usize> = (0..directory.people.len())
        .filter(|rank| {
            let person = &directory.people[*rank];
            person.activities.len() == 1 && person.activities[0].organization.is_some()
        })
        .collect();
    let id = |rank: usize| {
        let place = directory.people[rank].activities[0].organization.as_ref();
        place.unwrap().technical_id.clone()
    };
    let one = settled[0];
    let other = settled.iter().find(|rank| id(**rank) != id(one)).unwrap();
    let ranks = [one, *other];
    (directory, ranks)
}

#[tokio::test]
async fn a_correction_is_shown_with_its_reason_until_the_source_agrees() {
    let stand = Stand::start().await;
    let (mut directory, [one, other]) = two_places(&stand).await;
    let wrong = only_activity(&stand, &directory, one).await;
    let right = only_activity(&stand, &directory, other).await;
    let right = right.organization.unwrap();
    let request = correcting(&wrong.activity_id, &right.organization_id);
    let mut admin = stand.admin("operator");
    let corrected = admin.override_attachment(request.clone()).await.unwrap();
    let corrected = corrected.into_inner().activity.unwrap();
    assert_eq!(corrected.organization.as_ref(), Some(&right));
    let shown = corrected.attachment_override.clone().unwrap();
    assert_eq!(shown.reason, request.reason);
    assert!(shown.author.contains("operator") && shown.created_at.is_some());
    let source = wrong.organization.as_ref().unwrap();
    assert_eq!(shown.source_organization_id, source.organization_id);

    stand.import(&directory).await;
    assert_eq!(only_activity(&stand, &directory, one).await, corrected);
    let place = directory.people[other].activities[0].organization.clone();
    directory.people[one].activities[0].organization = place;
    let import = stand.import(&directory).await;
    assert_eq!(import.report.unwrap().overrides_retired_count, 1);
    let settled = only_activity(&stand, &directory, one).await;
    assert_eq!(settled.activity_id, wrong.activity_id);
    assert_eq!(settled.organization, Some(right));
    assert_eq!(settled.attachment_override, None);

    until("the trail is told", || async {
        stand.trail.told().len() == 4
    })
    .await;
    let trail = stand.trail.told();
    assert_eq!(trail[1].kind, "directory.attachment_overridden");
    assert_eq!(trail[1].before["organization_id"], source.organization_id);
    assert_eq!(trail[1].after["decision_reason"], request.reason);
    assert_eq!(trail[3].after["overrides_retired_count"], "1");
}

#[tokio::test]
async fn a_correction_is_taken_back_without_a_place() {
    let stand = Stand::start().await;
    let (directory, [one, other]) = two_places(&stand).await;
    let before = only_activity(&stand, &directory, one).await;
    let right = only_activity(&stand, &directory, other).await;
    let right = right.organization.unwrap().organization_id;
    let mut admin = stand.admin("operator");
    let nothing = admin
        .override_attachment(correcting(&before.activity_id, ""))
        .await;
    let status = nothing.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "STATE_CONFLICT")
    );
    let request = correcting(&before.activity_id, &right);
    admin.override_attachment(request).await.unwrap();
    let request = correcting(&before.activity_id, "");
    let back = admin.override_attachment(request).await.unwrap();
    assert_eq!(back.into_inner().activity, Some(before));
    until("the trail is told", || async {
        stand.trail.told().len() == 3
    })
    .await;
    let told = stand.trail.told().remove(2);
    assert_eq!(told.kind, "directory.attachment_override_ended");
}

#[tokio::test]
async fn what_cannot_be_corrected_is_refused_with_its_reason() {
    let stand = Stand::start().await;
    let (directory, [one, _]) = two_places(&stand).await;
    let mut admin = stand.admin("operator");
    let empty = proto::OverrideAttachmentRequest::default();
    let status = admin.override_attachment(empty).await.unwrap_err();
    assert_eq!(fields(&status), ["activity_id", "reason", "request_id"]);
    let activity = only_activity(&stand, &directory, one).await;
    let wrong = correcting(&activity.activity_id, "somewhere");
    let status = admin.override_attachment(wrong).await.unwrap_err();
    assert_eq!(fields(&status), ["organization_id"]);
    let unknown = ActivityId::new(SystemClock.now(), &SystemRandom).to_string();
    let status = admin.override_attachment(correcting(&unknown, "")).await;
    assert_eq!(reason(&status.unwrap_err()), "NOT_FOUND");
}

#[tokio::test]
async fn whoever_is_not_the_operator_corrects_nothing() {
    let stand = Stand::start().await;
    let (directory, [one, other]) = two_places(&stand).await;
    let before = only_activity(&stand, &directory, one).await;
    let right = only_activity(&stand, &directory, other).await;
    let right = right.organization.unwrap().organization_id;
    let request = correcting(&before.activity_id, &right);
    let status = stand.admin("gateway").override_attachment(request).await;
    assert_eq!(reason(&status.unwrap_err()), "CALLER_NOT_ALLOWED");
    assert_eq!(only_activity(&stand, &directory, one).await, before);
}
