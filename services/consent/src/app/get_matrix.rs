//! Which matrix is in force, and which were loaded.

use std::sync::Arc;

use aval_runtime::context::RequestContext;

use super::{App, keep_policy};
use crate::error::Error;
use crate::policies::Policies;

impl App {
    /// The policies of every matrix, present and to come.
    #[tracing::instrument(name = "consent.get_matrix", skip_all)]
    pub async fn get_matrix(&self, cx: &RequestContext) -> Result<Arc<Policies>, Error> {
        keep_policy(cx)?;
        self.policies.policies().await
    }
}
