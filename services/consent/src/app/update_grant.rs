//! The patient changes a grant.

use aval_domain::etag::Etag;
use aval_domain::event::EventKind;
use aval_domain::id::{GrantId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::create_grant::grant_event;
use crate::error::Error;
use crate::grant::{Grant, GrantPatch};
use crate::store::{Change, Write};

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct UpdateGrant {
    /// Which grant.
    pub grant_id: GrantId,
    /// The etag that the patient saw.
    pub etag: Etag,
    /// What of it is to be changed.
    pub patch: GrantPatch,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Changes the classes or the end of a live grant of the patient's own.
    #[tracing::instrument(name = "consent.update_grant", skip_all, fields(grant.id = %command.grant_id))]
    pub async fn update_grant(
        &self,
        cx: &RequestContext,
        command: UpdateGrant,
    ) -> Result<Grant, Error> {
        let patient_id = cx.patient()?.patient_id;
        let write = Write::new(cx, "consent.update_grant", command.request_id, &command);
        let update = |grant: &Grant| {
            let updated = grant.update(command.patch, command.etag, cx.now)?;
            if updated
                .as_ref()
                .is_some_and(|updated| updated.opens_more_than(grant))
            {
                self.may_open(cx)?;
            }
            Ok(updated.map(|value| {
                let event = grant_event(cx, EventKind::GrantUpdated, Some(grant), &value);
                Change { value, event }
            }))
        };
        self.store
            .change_grant(&write, patient_id, command.grant_id, &update)
            .await
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::document::DocumentClasses;

    use super::*;
    use crate::app::testing::Fixture;

    fn narrowing(grant: &Grant, fixture: &Fixture) -> UpdateGrant {
        UpdateGrant {
            grant_id: grant.grant_id,
            etag: grant.version.etag(),
            patch: GrantPatch {
                classes: Some(DocumentClasses::ALL),
                until: None,
            },
            request_id: fixture.request_id(),
        }
    }

    #[tokio::test]
    async fn an_update_under_a_stale_etag_changes_nothing() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let grant = fixture.grant_to_doctor().await;
        let changed = fixture
            .app
            .update_grant(&cx, narrowing(&grant, &fixture))
            .await
            .unwrap();
        assert_eq!(changed.classes, DocumentClasses::ALL);
        let stale = fixture
            .app
            .update_grant(&cx, narrowing(&grant, &fixture))
            .await;
        assert!(matches!(stale, Err(Error::EtagMismatch)));
        let shown = fixture.app.get_grant(&cx, grant.grant_id).await;
        assert_eq!(shown.unwrap().grant, changed);
    }

    #[tokio::test]
    async fn somebody_elses_grant_does_not_exist() {
        let fixture = Fixture::new().await;
        let grant = fixture.grant_to_doctor().await;
        let other = fixture.as_other_patient();
        let refused = fixture
            .app
            .update_grant(&other, narrowing(&grant, &fixture))
            .await;
        assert!(matches!(refused, Err(Error::NotFound)));
        let doctor = fixture.as_doctor();
        let refused = fixture
            .app
            .update_grant(&doctor, narrowing(&grant, &fixture))
            .await;
        assert!(matches!(refused, Err(Error::Denied(_))));
    }
}
