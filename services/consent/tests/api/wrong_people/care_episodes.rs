//! Care episodes, and who is authorised.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_care_episodes_request::Of;

use super::{ANOTHER_PATIENT, NOT_ANNA, WrongPeople, anna, refused};
use crate::authorized::list_authorized;
use crate::care_episodes::{close_care_episode, list_care_episodes, open_care_episode};
use crate::people::{DOCTOR, Person};

impl WrongPeople {
    pub(super) async fn try_care_episodes(&mut self) {
        // The doctor alone cares: the nurse is nobody to this episode.
        let alone = || proto::OpenCareEpisodeRequest {
            member_practitioner_ids: vec![DOCTOR.to_owned()],
            ..open_care_episode()
        };
        let opened = self.stand.open_episode(alone(), Person::Doctor).await;
        let episode = opened.unwrap();
        let annas = || list_care_episodes(Of::PatientId(anna()));
        let doctors = || list_care_episodes(Of::PractitionerId(DOCTOR.to_owned()));
        let not_the_doctor = [Person::Anna, Person::Bela, Person::Nurse];
        let nurse = [Person::Nurse];
        refused!(
            self,
            grants.open_care_episode(alone()),
            not_the_doctor,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.close_care_episode(close_care_episode(&episode)),
            ANOTHER_PATIENT,
            "NOT_FOUND"
        );
        refused!(
            self,
            grants.close_care_episode(close_care_episode(&episode)),
            nurse,
            "NOT_FOUND"
        );
        refused!(
            self,
            grants.list_care_episodes(annas()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            grants.list_care_episodes(doctors()),
            not_the_doctor,
            "ACTOR_NOT_ALLOWED"
        );
        refused!(
            self,
            decisions.list_authorized(list_authorized()),
            NOT_ANNA,
            "ACTOR_NOT_ALLOWED"
        );
    }
}
