//! A care team begins to care for a patient.

use std::collections::BTreeMap;

use aval_domain::etag::Version;
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::{CareEpisodeId, PatientId, PractitionerId, RequestId};
use aval_domain::time::Timestamp;
use aval_runtime::context::{Denied, PractitionerActor, RequestContext};
use serde::Serialize;

use super::App;
use super::request_grant::{capacities, without_telling_of_blocks};
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::store::{Change, Write};

/// What the professional declares.
#[derive(Debug, Clone, Serialize)]
pub struct OpenCareEpisode {
    /// Whose record.
    pub patient_id: PatientId,
    /// The team; whoever makes the call is one of them.
    pub members: Vec<PractitionerId>,
    /// Until when.
    pub until: Timestamp,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Opens an episode in the organization in which the professional acts. A member
    /// whom the patient blocked is one without effect, and nobody is told.
    #[tracing::instrument(name = "consent.open_care_episode", skip_all)]
    pub async fn open_care_episode(
        &self,
        cx: &RequestContext,
        command: OpenCareEpisode,
    ) -> Result<CareEpisode, Error> {
        let opener = cx.practitioner()?;
        if !command.members.contains(&opener.practitioner_id) {
            return Err(Denied::ActorNotAllowed.into());
        }
        let operation = "consent.open_care_episode";
        let write = Write::new(cx, operation, command.request_id, &command);
        let value = match self.episode_of(cx, opener, &command).await {
            Ok(value) => value,
            Err(refusal) => return self.as_before(&write, refusal).await,
        };
        let event = care_episode_event(cx, EventKind::CareEpisodeOpened, None, &value);
        self.store
            .open_care_episode(&write, &Change { value, event }, &capacities(opener))
            .await
            .map_err(without_telling_of_blocks)
    }

    async fn episode_of(
        &self,
        cx: &RequestContext,
        opener: &PractitionerActor,
        command: &OpenCareEpisode,
    ) -> Result<CareEpisode, Error> {
        let period = CareEpisode::period(command.until, cx.now)?;
        Ok(CareEpisode {
            care_episode_id: CareEpisodeId::new(cx.now, cx.random.as_ref()),
            patient_id: command.patient_id,
            members: self.known_team(&command.members).await?,
            organization_id: opener.activity.organization_id,
            opened_by: opener.practitioner_id,
            period,
            closed_at: None,
            version: Version::FIRST,
        })
    }

    /// The team as the directory knows it: merged identifiers become the present ones.
    /// Everybody must be known.
    async fn known_team(&self, members: &[PractitionerId]) -> Result<Vec<PractitionerId>, Error> {
        let known = self.directory.practitioners(members).await?;
        let ids = known
            .into_iter()
            .map(|one| one.map(|one| one.practitioner_id));
        let mut team: Vec<_> = ids.collect::<Option<_>>().ok_or(Error::GranteeUnknown)?;
        team.sort_unstable();
        team.dedup();
        Ok(team)
    }
}

/// The event that tells of an episode's change.
pub(super) fn care_episode_event(
    cx: &RequestContext,
    kind: EventKind,
    before: Option<&CareEpisode>,
    after: &CareEpisode,
) -> Event {
    Event {
        patient_id: Some(after.patient_id),
        subject: Some(Subject::new("care_episode", &after.care_episode_id)),
        before: before.map_or_else(BTreeMap::new, CareEpisode::trail_fields),
        after: after.trail_fields(),
        ..cx.event(kind, Outcome::Success)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::access::Ground;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::decision::Verdict;
    use crate::grantee::Grantee;

    #[tokio::test]
    async fn an_episode_opens_the_record_to_its_members_while_it_lasts() {
        let fixture = Fixture::new().await;
        let episode = fixture.care_episode().await.unwrap();
        assert_eq!(episode.members, [fixture.doctor(), fixture.nurse()]);
        assert_eq!(
            episode.organization_id,
            Some(fixture.directory.organization)
        );
        let verdict = async || {
            let doctor = fixture.as_doctor();
            let check = fixture.app.check(&doctor, fixture.question()).await;
            check.unwrap().verdict
        };
        let ground = Ground::CareEpisode(episode.care_episode_id);
        assert_eq!(verdict().await, Verdict::Permit(ground));
        let events = fixture.events().await;
        let event = events.last().unwrap();
        assert_eq!(event.kind, EventKind::CareEpisodeOpened);
        assert_eq!(event.patient_id, Some(fixture.patient));
        assert!(event.after.contains_key("until_at"));
        fixture.clock.advance(Duration::from_hours(48));
        assert!(matches!(verdict().await, Verdict::Deny(_)));
    }

    #[tokio::test]
    async fn merged_members_are_the_humans_that_they_are() {
        let fixture = Fixture::new().await;
        let command = OpenCareEpisode {
            members: vec![fixture.directory.merged, fixture.nurse(), fixture.doctor()],
            ..fixture.new_care_episode()
        };
        let cx = fixture.as_nurse();
        let episode = fixture.app.open_care_episode(&cx, command).await.unwrap();
        assert_eq!(episode.members, [fixture.doctor(), fixture.nurse()]);
    }

    #[tokio::test]
    async fn whoever_is_not_a_member_opens_none() {
        let fixture = Fixture::new().await;
        let without_nurse = OpenCareEpisode {
            members: vec![fixture.doctor()],
            ..fixture.new_care_episode()
        };
        for cx in [
            fixture.as_nurse(),
            fixture.as_patient(),
            fixture.as_nobody(),
        ] {
            let refused = fixture.app.open_care_episode(&cx, without_nurse.clone());
            assert!(matches!(refused.await, Err(Error::Denied(_))));
        }
    }

    #[tokio::test]
    async fn an_unknown_member_a_block_on_who_opens_and_a_closed_record_are_refused() {
        let fixture = Fixture::new().await;
        let unknown = OpenCareEpisode {
            members: vec![fixture.doctor(), fixture.unknown()],
            ..fixture.new_care_episode()
        };
        let cx = fixture.as_doctor();
        let refused = fixture.app.open_care_episode(&cx, unknown).await;
        assert!(matches!(refused, Err(Error::GranteeUnknown)));
        fixture.block(Grantee::Practitioner(fixture.doctor())).await;
        let refused = fixture.care_episode().await;
        assert!(matches!(refused, Err(Error::RecordUnavailable)));
        fixture.close_record().await;
        let cx = fixture.as_nurse();
        let command = fixture.new_care_episode();
        let refused = fixture.app.open_care_episode(&cx, command).await;
        assert!(matches!(refused, Err(Error::RecordUnavailable)));
    }

    #[tokio::test]
    async fn a_blocked_member_is_one_without_effect() {
        let fixture = Fixture::new().await;
        fixture.block(Grantee::Practitioner(fixture.nurse())).await;
        fixture.care_episode().await.unwrap();
        let nurse = fixture.as_nurse();
        let check = fixture.app.check(&nurse, fixture.question()).await;
        assert!(!check.unwrap().is_permit());
    }
}
