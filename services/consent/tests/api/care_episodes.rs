//! A care team's care, from its beginning to its end.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_care_episodes_request::Of;
use aval_proto::consent::v1::{Effect, GroundKind};
use prost_types::Timestamp;
use tonic::Status;

use crate::people::{ANNA, DOCTOR, MERGED, NURSE, ORGANIZATION, Person, UNKNOWN};
use crate::stand::{Stand, fields, person, question, reason, request_id};

/// So many days from now.
fn days(days: i64) -> Timestamp {
    use aval_domain::time::{Clock, SystemClock};
    Timestamp {
        seconds: SystemClock.now().unix_seconds() + days * 86_400,
        nanos: 0,
    }
}

/// The doctor and the nurse, for ten days.
pub(crate) fn open_care_episode() -> proto::OpenCareEpisodeRequest {
    proto::OpenCareEpisodeRequest {
        patient_id: ANNA.to_owned(),
        member_practitioner_ids: vec![DOCTOR.to_owned(), NURSE.to_owned()],
        until_at: Some(days(10)),
        request_id: request_id(),
    }
}

pub(crate) fn close_care_episode(episode: &proto::CareEpisode) -> proto::CloseCareEpisodeRequest {
    proto::CloseCareEpisodeRequest {
        care_episode_id: episode.care_episode_id.clone(),
        request_id: request_id(),
    }
}

pub(crate) fn list_care_episodes(of: Of) -> proto::ListCareEpisodesRequest {
    proto::ListCareEpisodesRequest {
        of: Some(of),
        ..proto::ListCareEpisodesRequest::default()
    }
}

impl Stand {
    pub(crate) async fn open_episode(
        &self,
        message: proto::OpenCareEpisodeRequest,
        who: Person,
    ) -> Result<proto::CareEpisode, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).open_care_episode(request).await?;
        Ok(answer.into_inner().care_episode.unwrap())
    }

    async fn close_episode(
        &self,
        message: proto::CloseCareEpisodeRequest,
        who: Person,
    ) -> Result<proto::CareEpisode, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).close_care_episode(request).await?;
        Ok(answer.into_inner().care_episode.unwrap())
    }

    async fn episodes(
        &self,
        message: proto::ListCareEpisodesRequest,
        who: Person,
    ) -> Result<proto::ListCareEpisodesResponse, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).list_care_episodes(request).await?;
        Ok(answer.into_inner())
    }
}

#[tokio::test]
async fn a_team_is_presumed_authorised_until_the_patient_or_a_member_closes_the_episode() {
    let stand = Stand::start().await;
    let episode = stand
        .open_episode(open_care_episode(), Person::Doctor)
        .await
        .unwrap();
    assert_eq!(episode.organization_id, ORGANIZATION);
    assert_eq!(episode.member_practitioner_ids, [DOCTOR, NURSE]);
    let checked = stand.check(question(), Person::Nurse).await;
    let ground = checked.ground.unwrap();
    assert_eq!(
        (ground.kind(), &ground.id),
        (GroundKind::CareEpisode, &episode.care_episode_id)
    );
    let annas = || list_care_episodes(Of::PatientId(ANNA.to_owned()));
    let nurses = list_care_episodes(Of::PractitionerId(NURSE.to_owned()));
    let listed = stand.episodes(annas(), Person::Anna).await.unwrap();
    assert_eq!(listed.care_episodes, vec![episode.clone()]);
    let listed = stand.episodes(nurses, Person::Nurse).await.unwrap();
    assert_eq!(listed.care_episodes, vec![episode.clone()]);

    let closed = stand
        .close_episode(close_care_episode(&episode), Person::Anna)
        .await
        .unwrap();
    assert!(closed.closed_at.is_some());
    assert_ne!(closed.etag, episode.etag);
    let again = stand.close_episode(close_care_episode(&episode), Person::Doctor);
    assert_eq!(again.await.unwrap(), closed);
    let checked = stand.check(question(), Person::Nurse).await;
    assert_eq!(checked.effect(), Effect::Deny);
    let listed = stand.episodes(annas(), Person::Anna).await.unwrap();
    assert!(listed.care_episodes.is_empty());
    let ended = proto::ListCareEpisodesRequest {
        include_ended: true,
        ..annas()
    };
    let listed = stand.episodes(ended, Person::Anna).await.unwrap();
    assert_eq!(listed.care_episodes, [closed]);
    let expected = [
        "record.opened",
        "care_episode.opened",
        "care_episode.closed",
    ];
    assert_eq!(stand.neighbours.event_kinds(3).await, expected);
}

#[tokio::test]
async fn a_block_shuts_a_member_out_and_is_not_told() {
    let stand = Stand::start().await;
    let block = proto::BlockGranteeRequest {
        patient_id: ANNA.to_owned(),
        grantee: Some(person(DOCTOR)),
        period: None,
        request_id: request_id(),
    };
    let block = stand.request(block, Person::Anna);
    let mut anna = stand.grants(Person::Anna);
    anna.block_grantee(block).await.unwrap();
    let refused = stand
        .open_episode(open_care_episode(), Person::Doctor)
        .await;
    assert_eq!(reason(&refused.unwrap_err()), "RECORD_UNAVAILABLE");
    let episode = stand.open_episode(open_care_episode(), Person::Nurse).await;
    assert_eq!(episode.unwrap().member_practitioner_ids, [DOCTOR, NURSE]);
    for (who, effect) in [
        (Person::Doctor, Effect::Deny),
        (Person::Nurse, Effect::Permit),
    ] {
        let checked = stand.check(question(), who).await;
        assert_eq!(checked.effect(), effect);
    }
}

#[tokio::test]
async fn a_team_has_known_members_once_each_and_an_end_within_a_year() {
    let stand = Stand::start().await;
    let with = |members: &[&str]| proto::OpenCareEpisodeRequest {
        member_practitioner_ids: members.iter().map(|&id| id.to_owned()).collect(),
        ..open_care_episode()
    };
    let until = |until_at| proto::OpenCareEpisodeRequest {
        until_at,
        ..open_care_episode()
    };
    let too_many = vec![DOCTOR; 101];
    for (message, broken) in [
        (with(&[]), "member_practitioner_ids"),
        (with(&too_many), "member_practitioner_ids"),
        (with(&[DOCTOR, DOCTOR]), "member_practitioner_ids[1]"),
        (with(&[DOCTOR, "x"]), "member_practitioner_ids[1]"),
        (until(None), "until_at"),
        (until(Some(days(0))), "until_at"),
        (until(Some(days(-1))), "until_at"),
        (until(Some(days(368))), "until_at"),
    ] {
        let status = stand.open_episode(message, Person::Doctor).await;
        assert_eq!(fields(&status.unwrap_err()), [broken]);
    }
    let status = stand
        .open_episode(with(&[DOCTOR, UNKNOWN]), Person::Doctor)
        .await;
    assert_eq!(reason(&status.unwrap_err()), "GRANTEE_UNKNOWN");
    let merged = stand
        .open_episode(with(&[MERGED, NURSE]), Person::Nurse)
        .await;
    assert_eq!(merged.unwrap().member_practitioner_ids, [DOCTOR, NURSE]);
}

#[tokio::test]
async fn the_same_call_again_is_the_same_episode_and_pages_follow() {
    let stand = Stand::start().await;
    let message = open_care_episode();
    let first = stand.open_episode(message.clone(), Person::Doctor).await;
    let first = first.unwrap();
    let again = stand.open_episode(message.clone(), Person::Doctor).await;
    assert_eq!(again.unwrap(), first);
    let other = proto::OpenCareEpisodeRequest {
        until_at: Some(days(11)),
        ..message
    };
    let reused = stand.open_episode(other, Person::Doctor).await;
    assert_eq!(reason(&reused.unwrap_err()), "REQUEST_ID_REUSED");
    let close = close_care_episode(&first);
    stand
        .close_episode(close.clone(), Person::Anna)
        .await
        .unwrap();
    let second = stand
        .open_episode(open_care_episode(), Person::Nurse)
        .await
        .unwrap();
    let elsewhere = proto::CloseCareEpisodeRequest {
        care_episode_id: second.care_episode_id.clone(),
        ..close
    };
    let reused = stand.close_episode(elsewhere, Person::Anna).await;
    assert_eq!(reason(&reused.unwrap_err()), "REQUEST_ID_REUSED");

    let page = |page_token: &str| proto::ListCareEpisodesRequest {
        include_ended: true,
        page_size: 1,
        page_token: page_token.to_owned(),
        ..list_care_episodes(Of::PatientId(ANNA.to_owned()))
    };
    let newest = stand.episodes(page(""), Person::Anna).await.unwrap();
    assert_eq!(newest.care_episodes, [second]);
    let token = newest.next_page_token;
    let oldest = stand.episodes(page(&token), Person::Anna).await.unwrap();
    assert_eq!(
        oldest.care_episodes[0].care_episode_id,
        first.care_episode_id
    );
    assert_eq!(oldest.next_page_token, "");
    let of_another_query = proto::ListCareEpisodesRequest {
        include_ended: false,
        ..page(&token)
    };
    let status = stand.episodes(of_another_query, Person::Anna).await;
    assert_eq!(reason(&status.unwrap_err()), "PAGE_TOKEN_INVALID");
    let nobodys = stand.episodes(proto::ListCareEpisodesRequest::default(), Person::Anna);
    assert_eq!(fields(&nobodys.await.unwrap_err()), ["of"]);
}
