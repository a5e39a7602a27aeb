//! Whether the directory knows a grantee.

use super::App;
use crate::directory::{KnownOrganization, KnownPractitioner};
use crate::error::Error;
use crate::grantee::{Grantee, NamedGrantee};

impl App {
    /// The grantee as the directory knows them: a merged identifier becomes the
    /// present one, a number the professional. A number that the directory does not
    /// know stays one, without a name.
    pub(super) async fn known_grantee(&self, grantee: Grantee) -> Result<NamedGrantee, Error> {
        let unknown = NamedGrantee {
            grantee,
            name: None,
        };
        match grantee {
            Grantee::Practitioner(id) => {
                let known = self.directory.practitioner(id).await?;
                known
                    .map(KnownPractitioner::into_grantee)
                    .ok_or(Error::GranteeUnknown)
            }
            Grantee::Organization(id) => {
                let known = self.directory.organization(id).await?;
                known
                    .map(KnownOrganization::into_grantee)
                    .ok_or(Error::GranteeUnknown)
            }
            Grantee::Rpps(rpps) => {
                let known = self.directory.practitioner_by_rpps(rpps).await?;
                Ok(known.map_or(unknown, KnownPractitioner::into_grantee))
            }
        }
    }
}
