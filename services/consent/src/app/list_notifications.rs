//! What was I told?

use aval_domain::id::NotificationId;
use aval_runtime::context::{Actor, Denied, RequestContext};

use super::{App, Page, PageRequest};
use crate::error::Error;
use crate::inbox::{InboxQuery, Reader};
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
    /// The person's own, the newest first. A representative reads the patient's, but what is
    /// told to the patient alone.
    #[tracing::instrument(name = "consent.list_notifications", skip_all)]
    pub async fn list_notifications(
        &self,
        cx: &RequestContext,
        query: ListNotifications,
    ) -> Result<Page<Notification>, Error> {
        let rows = InboxQuery {
            reader: reader(cx)?,
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

/// The person who makes the call, as somebody who reads what they or a patient were told.
pub(super) fn reader(cx: &RequestContext) -> Result<Reader, Denied> {
    Ok(match cx.person()? {
        Actor::Patient(patient) if patient.representative.is_some() => {
            Reader::representative_of(patient.patient_id)
        }
        Actor::Patient(_) | Actor::Practitioner(_) => Reader::themselves(recipient(cx)?),
    })
}

#[cfg(test)]
mod tests {
    use aval_domain::access::AccessMode;
    use aval_domain::document::{DocumentClass, DocumentRef};
    use aval_domain::page::PageSize;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::app::{AccessQuestion, Authorize};
    use crate::notification::NotificationKind;

    async fn list(fixture: &Fixture, cx: &RequestContext) -> Result<Vec<NotificationKind>, Error> {
        let told = listed(fixture, cx).await?;
        Ok(told.iter().map(|told| told.news.kind).collect())
    }

    async fn listed(fixture: &Fixture, cx: &RequestContext) -> Result<Vec<Notification>, Error> {
        let query = ListNotifications {
            unread_only: false,
            page: PageRequest {
                after: None,
                size: PageSize::DEFAULT,
            },
        };
        Ok(fixture.app.list_notifications(cx, query).await?.items)
    }

    async fn authorize(fixture: &Fixture, cx: &RequestContext, question: AccessQuestion) {
        let command = Authorize {
            question,
            request_id: fixture.request_id(),
        };
        fixture.app.authorize(cx, command).await.unwrap();
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

    #[tokio::test]
    async fn who_came_for_what_representatives_may_not_know_of_is_told_to_the_patient_alone() {
        let fixture = Fixture::new().await;
        fixture.doctor_opens_a_secret().await;
        let (patient, representative) = (fixture.as_patient(), fixture.as_representative());
        let told = listed(&fixture, &patient).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].news.kind, NotificationKind::FirstAccess);
        assert_eq!(list(&fixture, &representative).await.unwrap(), []);
        let id = told[0].news.notification_id;
        let acknowledge = async |cx: &RequestContext| {
            let acknowledged = fixture.app.acknowledge_notification(cx, id);
            acknowledged.await
        };
        let refused = acknowledge(&representative).await;
        assert!(matches!(refused, Err(Error::NotFound)));
        acknowledge(&patient).await.unwrap();

        // The same in an emergency is told to everybody.
        let emergency = AccessQuestion {
            mode: AccessMode::BreakGlass,
            emergency_reason: Some("patient inconscient".to_owned()),
            ..fixture.question()
        };
        authorize(&fixture, &fixture.as_doctor(), emergency).await;
        let theirs = list(&fixture, &representative).await.unwrap();
        assert_eq!(theirs, [NotificationKind::EmergencyAccess]);
    }

    #[tokio::test]
    async fn who_came_for_something_else_too_is_told_to_representatives() {
        let fixture = Fixture::new().await;
        fixture.hide_from_representatives().await;
        fixture.grant_to_doctor().await;
        let mut question = fixture.question();
        question.documents.push(DocumentRef {
            id: "report-2".parse().unwrap(),
            class: DocumentClass::Report,
            document_type: None,
            author: None,
            contributed_at: None,
        });
        authorize(&fixture, &fixture.as_doctor(), question).await;
        for cx in [fixture.as_patient(), fixture.as_representative()] {
            let told = list(&fixture, &cx).await.unwrap();
            assert_eq!(told, [NotificationKind::FirstAccess]);
        }
    }
}
