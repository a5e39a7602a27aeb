//! A write that is made again is answered as it was the first time, however time and the
//! directory have moved on since.
//!
//! The store answers a repetition by itself. But some writes are refused before they come to
//! it: a period that was to come is over, a professional has left. Who refuses looks first
//! whether this very write was made.

use aval_database::DatabaseError;
use serde::de::DeserializeOwned;

use super::App;
use crate::error::Error;
use crate::store::Write;

impl App {
    /// What this write was answered when it was made, if it was; the refusal otherwise.
    pub(super) async fn as_before<T: DeserializeOwned>(
        &self,
        write: &Write,
        refusal: Error,
    ) -> Result<T, Error> {
        let Some(kept) = self.store.kept_answer(write).await? else {
            return Err(refusal);
        };
        let corrupt = |_| DatabaseError::corrupt("requests", "result", &write.key.request_id);
        Ok(serde_json::from_str(&kept).map_err(corrupt)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::document::{DocumentClass, DocumentClasses};
    use aval_domain::time::Clock as _;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::app::{
        AddTreatingDoctor, BlockGrantee, CreateGrant, DeclareGrant, OpenCareEpisode, RequestGrant,
    };
    use crate::asked_period::AskedPeriod;
    use crate::grantee::Grantee;

    fn for_a_day(fixture: &Fixture) -> AskedPeriod {
        let now = fixture.clock.now();
        AskedPeriod {
            from: Some(now),
            until: Some(now.saturating_add(Duration::from_hours(24))),
        }
    }

    fn grant_to_nurse(fixture: &Fixture) -> CreateGrant {
        CreateGrant {
            period: for_a_day(fixture),
            ..fixture.new_grant(Grantee::Practitioner(fixture.nurse()))
        }
    }

    fn declaration(fixture: &Fixture) -> DeclareGrant {
        DeclareGrant {
            patient_id: fixture.patient,
            on_behalf_of: Some(fixture.doctor()),
            classes: DocumentClasses::only(DocumentClass::Report),
            period: for_a_day(fixture),
            consent_collected: true,
            request_id: fixture.request_id(),
        }
    }

    /// What was asked for is over, and nobody is known any more.
    fn moves_on(fixture: &Fixture) {
        fixture.clock.advance(Duration::from_hours(48));
        fixture.directory.is_down(true);
    }

    #[tokio::test]
    async fn what_a_patient_repeats_is_answered_the_same_when_it_could_not_be_done_any_more() {
        let fixture = Fixture::new().await;
        let app = &fixture.app;
        let grant = grant_to_nurse(&fixture);
        let block = BlockGrantee {
            patient_id: fixture.patient,
            grantee: Grantee::Organization(fixture.directory.organization),
            period: for_a_day(&fixture),
            request_id: fixture.request_id(),
        };
        let doctor = AddTreatingDoctor {
            patient_id: fixture.patient,
            practitioner_id: fixture.doctor(),
            request_id: fixture.request_id(),
        };
        let all = async || {
            let cx = fixture.as_patient();
            let granted = app.create_grant(&cx, grant.clone()).await.unwrap();
            let blocked = app.block_grantee(&cx, block.clone()).await.unwrap();
            let declared = app.add_treating_doctor(&cx, doctor.clone()).await;
            (granted, blocked, declared.unwrap())
        };
        let first = all().await;
        let events = fixture.events().await.len();
        moves_on(&fixture);
        assert_eq!(all().await, first);
        assert_eq!(fixture.events().await.len(), events);
    }

    #[tokio::test]
    async fn what_a_professional_repeats_is_answered_the_same_when_it_could_not_be_done_any_more() {
        let fixture = Fixture::new().await;
        let app = &fixture.app;
        let request = RequestGrant {
            period: for_a_day(&fixture),
            ..fixture.request()
        };
        let declaration = declaration(&fixture);
        let episode = OpenCareEpisode {
            until: for_a_day(&fixture).until.unwrap(),
            ..fixture.new_care_episode()
        };
        let all = async || {
            let doctor = fixture.as_doctor();
            let asked = app.request_grant(&doctor, request.clone()).await.unwrap();
            let opened = app.open_care_episode(&doctor, episode.clone()).await;
            let nurse = fixture.as_nurse();
            let declared = app.declare_grant(&nurse, declaration.clone()).await;
            (asked, opened.unwrap(), declared.unwrap())
        };
        let first = all().await;
        let events = fixture.events().await.len();
        moves_on(&fixture);
        assert_eq!(all().await, first);
        assert_eq!(fixture.events().await.len(), events);
    }

    #[tokio::test]
    async fn what_was_never_done_is_refused_and_its_name_is_still_free() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let command = grant_to_nurse(&fixture);
        fixture.directory.is_down(true);
        let refused = fixture.app.create_grant(&cx, command.clone()).await;
        assert!(matches!(refused, Err(Error::DirectoryUnavailable(_))));
        fixture.directory.is_down(false);
        let done = fixture.app.create_grant(&cx, command.clone()).await;
        assert!(done.is_ok());
        moves_on(&fixture);
        let another = CreateGrant {
            classes: DocumentClasses::ALL,
            ..command
        };
        let refused = fixture.app.create_grant(&cx, another).await;
        assert!(matches!(refused, Err(Error::RequestIdReused)));
    }
}
