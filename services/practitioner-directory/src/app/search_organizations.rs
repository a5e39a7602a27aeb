//! Structures by name and place.

use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::organization::Organization;
use crate::page::Page;
use crate::search::{OrganizationPosition, OrganizationSearch};
use crate::store::Sourced;

impl App {
    /// Finds the structures that may be meant, the most likely first.
    pub async fn search_organizations(
        &self,
        cx: &RequestContext,
        search: &OrganizationSearch,
    ) -> Result<Sourced<Page<Organization, OrganizationPosition>>, Error> {
        read_directory(cx)?;
        self.store.search_organizations(search).await
    }
}
