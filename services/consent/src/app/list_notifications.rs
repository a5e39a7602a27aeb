//! What was I told?

use aval_domain::id::NotificationId;
use aval_runtime::context::{Actor, Denied, RequestContext};

use super::{App, Page, PageRequest};
use crate::error::Error;
use crate::inbox::InboxQuery;
use crate::notification::{Notification, Recipient};

/// Which of the person's own are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ListNotifications {
    /// Only those not yet read.
    pub unread_only: bool,
    /// Which page.
    pub page: PageRequest<NotificationId>,
}

impl App {
    /// The person's own, the newest first. A representative reads the patient's.
    #[tracing::instrument(name = "consent.list_notifications", skip_all)]
    pub async fn list_notifications(
        &self,
        cx: &RequestContext,
        query: ListNotifications,
    ) -> Result<Page<Notification>, Error> {
        let rows = InboxQuery {
            recipient: recipient(cx)?,
            unread_only: query.unread_only,
            after: query.page.after,
            limit: query.page.size.with_one_more(),
        };
        let found = self.inboxes.notifications(&rows).await?;
        Ok(Page::of(found, query.page.size))
    }
}

/// The person who makes the call, as somebody who is told things.
pub(super) fn recipient(cx: &RequestContext) -> Result<Recipient, Denied> {
    Ok(match cx.person()? {
        Actor::Patient(patient) => Recipient::Patient(patient.patient_id),
        Actor::Practitioner(actor) => Recipient::Practitioner(actor.practitioner_id),
    })
}

#[cfg(test)]
mod tests {
    use aval_domain::page::PageSize;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::notification::NotificationKind;

    async fn list(fixture: &Fixture, cx: &RequestContext) -> Result<Vec<NotificationKind>, Error> {
        let query = ListNotifications {
            unread_only: false,
            page: PageRequest {
                after: None,
                size: PageSize::DEFAULT,
            },
        };
        let page = fixture.app.list_notifications(cx, query).await?;
        Ok(page.items.iter().map(|told| told.news.kind).collect())
    }

    #[tokio::test]
    async fn each_is_told_what_concerns_them_and_a_representative_reads_the_patients() {
        let fixture = Fixture::new().await;
        fixture.request_by_doctor().await.unwrap();
        fixture.grant_to_doctor().await;
        for patient in [fixture.as_patient(), fixture.as_representative()] {
            let told = list(&fixture, &patient).await.unwrap();
            assert_eq!(told, [NotificationKind::GrantRequested]);
        }
        let doctors = [fixture.as_doctor(), fixture.as_doctor_through_software()];
        for doctor in doctors {
            let told = list(&fixture, &doctor).await.unwrap();
            assert_eq!(told, [NotificationKind::GrantCreated]);
        }
        for other in [fixture.as_other_patient(), fixture.as_nurse()] {
            assert_eq!(list(&fixture, &other).await.unwrap(), []);
        }
        let nobody = list(&fixture, &fixture.as_nobody()).await;
        assert!(matches!(nobody, Err(Error::Denied(Denied::TokenMissing))));
    }
}
