//! The patient ends a grant.

use aval_domain::etag::Etag;
use aval_domain::event::EventKind;
use aval_domain::id::{GrantId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::create_grant::grant_event;
use crate::error::Error;
use crate::grant::Grant;
use crate::store::{Change, Write};

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct RevokeGrant {
    /// Which grant.
    pub grant_id: GrantId,
    /// The etag that the patient saw; `None`: whatever it is now.
    pub etag: Option<Etag>,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Ends a grant of the patient's own at once, whether the record is open or not.
    /// One that has ended stays as it is.
    #[tracing::instrument(name = "consent.revoke_grant", skip_all, fields(grant.id = %command.grant_id))]
    pub async fn revoke_grant(
        &self,
        cx: &RequestContext,
        command: RevokeGrant,
    ) -> Result<Grant, Error> {
        let patient_id = cx.patient()?.patient_id;
        let write = Write::new(cx, "consent.revoke_grant", command.request_id, &command);
        let revoke = |grant: &Grant| revocation(cx, grant, command.etag);
        self.store
            .change_grant(&write, patient_id, command.grant_id, &revoke)
            .await
    }
}

/// The end of a grant, if it has not ended.
pub(super) fn revocation(
    cx: &RequestContext,
    grant: &Grant,
    etag: Option<Etag>,
) -> Result<Option<Change<Grant>>, Error> {
    let revoked = grant.revoke(etag, cx.now)?;
    Ok(revoked.map(|value| {
        let event = grant_event(cx, EventKind::GrantRevoked, Some(grant), &value);
        Change { value, event }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;
    use crate::grant::GrantState;

    #[tokio::test]
    async fn revoking_twice_returns_the_same_grant() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let grant = fixture.grant_to_doctor().await;
        let revoke = || RevokeGrant {
            grant_id: grant.grant_id,
            etag: Some(grant.version.etag()),
            request_id: fixture.request_id(),
        };
        let revoked = fixture.app.revoke_grant(&cx, revoke()).await.unwrap();
        assert_eq!(revoked.state(cx.now), GrantState::Revoked);
        assert_eq!(
            fixture.app.revoke_grant(&cx, revoke()).await.unwrap(),
            revoked
        );
        assert_eq!(fixture.events_of(EventKind::GrantRevoked).await, 1);
    }

    #[tokio::test]
    async fn a_grant_is_revoked_in_a_closed_record_too() {
        let fixture = Fixture::new().await;
        let grant = fixture.grant_to_doctor().await;
        fixture.close_record().await;
        let command = RevokeGrant {
            grant_id: grant.grant_id,
            etag: None,
            request_id: fixture.request_id(),
        };
        assert!(
            fixture
                .app
                .revoke_grant(&fixture.as_patient(), command)
                .await
                .is_ok()
        );
    }
}
