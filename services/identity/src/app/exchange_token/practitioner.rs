//! A professional: what the provider says, held against the directory.

use aval_domain::id::ActivityId;
use aval_domain::id_nat_ps::IdNatPs;

use super::{App, Concerned, strength};
use crate::activity_choice::choose;
use crate::directory::DirectoryPractitioner;
use crate::error::Error;
use crate::provider::ProvenSignIn;
use crate::psc::{SubjectName, UserInfo};
use crate::refusal::SessionRefused;
use crate::session::{Bearer, Person, PractitionerBearer};

impl App {
    pub(super) async fn practitioner_bearer(
        &self,
        proven: &ProvenSignIn,
        asked: Option<ActivityId>,
        concerned: &mut Concerned,
    ) -> Result<Bearer, Error> {
        let user_info = UserInfo::read(&proven.user_info).map_err(|malformed| {
            tracing::info!(reason = %malformed, "a UserInfo was not read");
            SessionRefused::UserInfoInvalid
        })?;
        let SubjectName::National(identifier) = &user_info.name else {
            // A test identity of a software editor, say: the directory holds none of those.
            return Err(SessionRefused::PractitionerUnknown.into());
        };
        let practitioner = self.known_practitioner(identifier).await?;
        concerned.practitioner_id = Some(practitioner.practitioner_id);
        let mut activity = choose(&practitioner, &user_info, asked)?.claims.clone();
        activity.regulation_access = user_info.regulation;
        Ok(Bearer {
            person: Person::Practitioner(Box::new(PractitionerBearer {
                practitioner_id: practitioner.practitioner_id,
                display_name: practitioner.display_name,
                // Nobody's software signs in at Pro Santé Connect in a person's place.
                direct: true,
                activity,
            })),
            strength: strength(&self.settings.practitioners_acr, proven)?,
            authenticated_at: proven.authenticated_at,
        })
    }

    async fn known_practitioner(
        &self,
        identifier: &IdNatPs,
    ) -> Result<DirectoryPractitioner, Error> {
        let known = self.directory.practitioner(identifier).await?;
        Ok(known.ok_or(SessionRefused::PractitionerUnknown)?)
    }
}
