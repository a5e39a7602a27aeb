//! One grant, to those whom it concerns.

use aval_domain::id::GrantId;
use aval_runtime::context::{Actor, RequestContext};

use super::App;
use super::standing::Standing;
use crate::error::Error;
use crate::grant::Grant;

impl App {
    /// The grant, to its patient and to the professional whom it names. To everybody
    /// else it does not exist.
    #[tracing::instrument(name = "consent.get_grant", skip_all, fields(grant.id = %grant_id))]
    pub async fn get_grant(
        &self,
        cx: &RequestContext,
        grant_id: GrantId,
    ) -> Result<Standing, Error> {
        let person = cx.person()?;
        let grant = self.store.grant(grant_id).await?.ok_or(Error::NotFound)?;
        if !self.concerns(&grant, person).await? {
            return Err(Error::NotFound);
        }
        let standings = self.standings(vec![grant], cx.now).await?;
        standings.into_iter().next().ok_or(Error::NotFound)
    }

    async fn concerns(&self, grant: &Grant, person: &Actor) -> Result<bool, Error> {
        let person = match person {
            Actor::Patient(patient) if grant.patient_id == patient.patient_id => return Ok(true),
            Actor::Patient(patient) => {
                let human = self.store.patient_identifiers(patient.patient_id).await?;
                return Ok(human.contains(&grant.patient_id));
            }
            Actor::Practitioner(practitioner) => practitioner.practitioner_id,
        };
        match grant.grantee.practitioner_id() {
            Some(named) if named == person => Ok(true),
            Some(named) => Ok(self.store.identifiers(person).await?.contains(&named)),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;
    use crate::decision::AuthorizationStatus;

    #[tokio::test]
    async fn a_grant_is_shown_to_the_two_it_concerns_and_to_nobody_else() {
        let fixture = Fixture::new().await;
        let grant = fixture.grant_to_doctor().await;
        for cx in [fixture.as_patient(), fixture.as_doctor()] {
            let shown = fixture.app.get_grant(&cx, grant.grant_id).await.unwrap();
            assert_eq!(shown.grant, grant);
        }
        for cx in [fixture.as_other_patient(), fixture.as_nurse()] {
            let hidden = fixture.app.get_grant(&cx, grant.grant_id).await;
            assert!(matches!(hidden, Err(Error::NotFound)));
        }
        let denied = fixture
            .app
            .get_grant(&fixture.as_nobody(), grant.grant_id)
            .await;
        assert!(matches!(denied, Err(Error::Denied(_))));
    }

    #[tokio::test]
    async fn a_grant_is_shown_to_the_human_whom_it_names_under_another_identifier() {
        let fixture = Fixture::new().await;
        let grant = fixture.grant_to_doctor().await;
        fixture.doctor_and_nurse_are_one().await;
        let nurse = fixture.as_nurse();
        let shown = fixture.app.get_grant(&nurse, grant.grant_id).await.unwrap();
        assert_eq!(shown.grant, grant);
        assert_eq!(shown.authorization, AuthorizationStatus::Valid);
        let check = fixture.app.check(&nurse, fixture.question()).await;
        assert!(check.unwrap().is_permit());
    }
}
