//! The patient ends every grant.

use aval_domain::id::{PatientId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::revoke_grant::revocation;
use crate::error::Error;
use crate::grant::Grant;
use crate::store::Write;

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct RevokeAllGrants {
    /// Whose record.
    pub patient_id: PatientId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Ends every grant of the patient that nobody ended in one step, and says how many.
    #[tracing::instrument(name = "consent.revoke_all_grants", skip_all)]
    pub async fn revoke_all_grants(
        &self,
        cx: &RequestContext,
        command: RevokeAllGrants,
    ) -> Result<u32, Error> {
        cx.patient_owning(command.patient_id)?;
        let write = Write::new(
            cx,
            "consent.revoke_all_grants",
            command.request_id,
            &command,
        );
        let revoke = |grant: &Grant| revocation(cx, grant, None);
        self.store
            .change_given_grants(&write, command.patient_id, &revoke)
            .await
    }
}
