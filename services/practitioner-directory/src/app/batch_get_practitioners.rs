//! Several professionals.

use aval_domain::id::PractitionerId;
use aval_runtime::context::RequestContext;

use super::{App, read_directory};
use crate::error::Error;
use crate::practitioner::Practitioner;
use crate::store::Sourced;

impl App {
    /// Answers each of these professionals, in one consistent view, in the order asked;
    /// `None` is one that does not exist.
    pub async fn batch_get_practitioners(
        &self,
        cx: &RequestContext,
        practitioner_ids: &[PractitionerId],
    ) -> Result<Sourced<Vec<Option<Practitioner>>>, Error> {
        read_directory(cx)?;
        self.store.practitioners(practitioner_ids).await
    }
}
