//! The care ends.

use aval_domain::event::EventKind;
use aval_domain::id::{CareEpisodeId, RequestId};
use aval_runtime::context::{Actor, RequestContext};
use serde::Serialize;

use super::App;
use super::open_care_episode::care_episode_event;
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::store::{CareEpisodesOf, Change, Write};

/// What is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct CloseCareEpisode {
    /// Which episode.
    pub care_episode_id: CareEpisodeId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Ends an episode of the patient, or of which the professional is a member,
    /// whether the record is open or not. One that is over stays as it is.
    #[tracing::instrument(name = "consent.close_care_episode", skip_all, fields(care_episode.id = %command.care_episode_id))]
    pub async fn close_care_episode(
        &self,
        cx: &RequestContext,
        command: CloseCareEpisode,
    ) -> Result<CareEpisode, Error> {
        let of = match cx.person()? {
            Actor::Patient(patient) => CareEpisodesOf::Patient(patient.patient_id),
            Actor::Practitioner(member) => CareEpisodesOf::Member(member.practitioner_id),
        };
        let close = |episode: &CareEpisode| {
            Ok(episode.close(cx.now).map(|value| {
                let kind = EventKind::CareEpisodeClosed;
                let event = care_episode_event(cx, kind, Some(episode), &value);
                Change { value, event }
            }))
        };
        let operation = "consent.close_care_episode";
        let write = Write::new(cx, operation, command.request_id, &command);
        self.store
            .change_care_episode(&write, of, command.care_episode_id, &close)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;

    fn close(fixture: &Fixture, episode: &CareEpisode) -> CloseCareEpisode {
        CloseCareEpisode {
            care_episode_id: episode.care_episode_id,
            request_id: fixture.request_id(),
        }
    }

    #[tokio::test]
    async fn the_patient_or_any_member_closes_it_once_and_the_presumption_ends() {
        for by_patient in [true, false] {
            let fixture = Fixture::new().await;
            let episode = fixture.care_episode().await.unwrap();
            fixture.close_record().await;
            let cx = if by_patient {
                fixture.as_patient()
            } else {
                fixture.as_nurse()
            };
            let command = close(&fixture, &episode);
            let closed = fixture.app.close_care_episode(&cx, command).await.unwrap();
            assert_eq!(closed.closed_at, Some(cx.now));
            let command = close(&fixture, &episode);
            let again = fixture.app.close_care_episode(&cx, command).await.unwrap();
            assert_eq!(again, closed);
            assert_eq!(fixture.events_of(EventKind::CareEpisodeClosed).await, 1);
            fixture.open_record().await;
            let doctor = fixture.as_doctor();
            let check = fixture.app.check(&doctor, fixture.question()).await;
            assert!(!check.unwrap().is_permit());
        }
    }

    #[tokio::test]
    async fn to_everybody_else_it_does_not_exist() {
        let fixture = Fixture::new().await;
        let alone = crate::app::OpenCareEpisode {
            members: vec![fixture.doctor()],
            ..fixture.new_care_episode()
        };
        let doctor = fixture.as_doctor();
        let episode = fixture.app.open_care_episode(&doctor, alone).await.unwrap();
        for cx in [fixture.as_other_patient(), fixture.as_nurse()] {
            let command = close(&fixture, &episode);
            let hidden = fixture.app.close_care_episode(&cx, command).await;
            assert!(matches!(hidden, Err(Error::NotFound)));
        }
        let command = close(&fixture, &episode);
        let nobody = fixture.as_nobody();
        let denied = fixture.app.close_care_episode(&nobody, command).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }
}
