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
        let found = self.store.practitioners(&[practitioner_id]).await?;
        let value = found.value.into_iter().next().flatten();
        let value = value.ok_or(Error::NotFound {
            what: "practitioner",
        })?;
        Ok(Sourced {
            value,
            as_of: found.as_of,
        })
    }
}
