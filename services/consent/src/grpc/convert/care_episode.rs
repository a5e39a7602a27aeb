//! Care episodes.

use std::collections::HashSet;

use aval_domain::id::{CareEpisodeId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_care_episodes_request::Of;
use aval_runtime::convert::{timestamp_from_proto, timestamp_to_proto};
use aval_runtime::status::{FieldErrors, Refusal};

use super::page::{Pages, Query};
use super::period_to_proto;
use crate::app::{CloseCareEpisode, ListCareEpisodes, OpenCareEpisode};
use crate::care_episode::CareEpisode;
use crate::store::CareEpisodesOf;

/// How many professionals one team has.
const MOST_MEMBERS: usize = 100;

pub(in crate::grpc) fn open_care_episode(
    request: &proto::OpenCareEpisodeRequest,
) -> Result<OpenCareEpisode, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let members = members(&mut fields, &request.member_practitioner_ids);
    let until = timestamp_from_proto(&mut fields, "until_at", request.until_at.as_ref());
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(OpenCareEpisode {
            patient_id: patient_id?,
            members: members?,
            until: until?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn close_care_episode(
    request: &proto::CloseCareEpisodeRequest,
) -> Result<CloseCareEpisode, Refusal> {
    let mut fields = FieldErrors::new();
    let care_episode_id = fields.parse("care_episode_id", &request.care_episode_id);
    let request_id = fields.parse("request_id", &request.request_id);
    fields.build(|| {
        Some(CloseCareEpisode {
            care_episode_id: care_episode_id?,
            request_id: request_id?,
        })
    })
}

pub(in crate::grpc) fn list_care_episodes(
    request: &proto::ListCareEpisodesRequest,
    pages: &Pages,
    now: Timestamp,
) -> Result<(Query, ListCareEpisodes), Refusal> {
    let mut fields = FieldErrors::new();
    let of = match fields.required("of", request.of.as_ref()) {
        Some(Of::PatientId(id)) => fields.parse("patient_id", id).map(CareEpisodesOf::Patient),
        Some(Of::PractitionerId(id)) => fields
            .parse("practitioner_id", id)
            .map(CareEpisodesOf::Member),
        None => None,
    };
    let of = fields.build(|| of)?;
    let include_ended = request.include_ended;
    let query = Query::new("ListCareEpisodes", &(of, include_ended));
    let page = pages.open(
        &query,
        request.page_size,
        &request.page_token,
        now,
        CareEpisodeId::from_uuid,
    )?;
    Ok((
        query,
        ListCareEpisodes {
            of,
            include_ended,
            page,
        },
    ))
}

pub(in crate::grpc) fn care_episode_to_proto(episode: &CareEpisode) -> proto::CareEpisode {
    let members = episode.members.iter().map(ToString::to_string);
    proto::CareEpisode {
        care_episode_id: episode.care_episode_id.to_string(),
        patient_id: episode.patient_id.to_string(),
        member_practitioner_ids: members.collect(),
        organization_id: episode
            .organization_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        period: Some(period_to_proto(&episode.period)),
        closed_at: episode.closed_at.map(timestamp_to_proto),
        etag: episode.version.etag().to_string(),
    }
}

/// The team: at least one, not too many, nobody twice.
fn members(fields: &mut FieldErrors, values: &[String]) -> Option<Vec<PractitionerId>> {
    if !(1..=MOST_MEMBERS).contains(&values.len()) {
        fields.add("member_practitioner_ids", "must be 1 to 100");
        return None;
    }
    let mut seen = HashSet::new();
    fields.each("member_practitioner_ids", values, |fields, value| {
        let member: PractitionerId = fields.parse("", value)?;
        if !seen.insert(member) {
            fields.add("", "must not be repeated");
            return None;
        }
        Some(member)
    })
}
