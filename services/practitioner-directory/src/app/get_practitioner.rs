//! One professional.

use aval_domain::id::PractitionerId;
use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::practitioner::Practitioner;
use crate::store::Sourced;

impl App {
    /// Answers one professional, active or not: the human that the id leads to.
    pub async fn get_practitioner(
        &self,
        cx: &RequestContext,
        practitioner_id: PractitionerId,
    ) -> Result<Sourced<Practitioner>, Error> {
        read_directory(cx)?;
        let found = self.people.read(practitioner_id).await?;
        found.ok_or(Error::NotFound {
            what: "practitioner",
        })
    }
}
