//! One structure.

use aval_domain::id::OrganizationId;
use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::organization::Organization;
use crate::store::Sourced;

impl App {
    /// Answers one structure, whether somebody practises in it or not.
    pub async fn get_organization(
        &self,
        cx: &RequestContext,
        organization_id: OrganizationId,
    ) -> Result<Sourced<Organization>, Error> {
        read_directory(cx)?;
        let found = self.store.organization(organization_id).await?;
        let value = found.value.ok_or(Error::NotFound {
            what: "organization",
        })?;
        Ok(Sourced {
            value,
            as_of: found.as_of,
        })
    }
}
