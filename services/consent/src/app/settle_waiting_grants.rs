//! Grants take effect when the directory learns of the professional.

use aval_domain::event::EventKind;
use aval_domain::rpps::Rpps;
use aval_runtime::context::RequestContext;

use super::App;
use super::create_grant::grant_event;
use crate::error::Error;
use crate::grant::Grant;
use crate::store::Change;

/// How many numbers one round asks the directory for.
const NUMBERS_PER_ROUND: u64 = 200;

impl App {
    /// Asks the directory for some of the numbers under which grants wait, those above
    /// `after`, and gives the grants to whom it knows by now. Gives the number to go
    /// on after in the next round; `None`: from the first. Of several grants to one
    /// professional one stays; that the others end is traced and told.
    ///
    /// Several replicas may do it at once: a grant is given once.
    #[tracing::instrument(name = "consent.settle_waiting_grants", skip_all)]
    pub async fn settle_waiting_grants(
        &self,
        cx: &RequestContext,
        after: Option<Rpps>,
    ) -> Result<Option<Rpps>, Error> {
        let numbers = self
            .store
            .waiting_numbers(cx.now, after, NUMBERS_PER_ROUND)
            .await?;
        for rpps in &numbers {
            let Some(known) = self.directory.practitioner_by_rpps(*rpps).await? else {
                continue;
            };
            let professional = known.into_grantee();
            let give = |grant: &Grant| {
                Ok(grant.give_to(&professional, cx.now).map(|value| {
                    let event = grant_event(cx, EventKind::GrantUpdated, Some(grant), &value);
                    Change { value, event }
                }))
            };
            let end = |grant: &Grant| {
                let value = grant.lapse(cx.now);
                let event = grant_event(cx, EventKind::GrantUpdated, Some(grant), &value);
                Ok(Some(Change { value, event }))
            };
            self.store.settle_waiting_grants(*rpps, &give, &end).await?;
        }
        Ok(numbers.last().copied())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::document::{DocumentClass, DocumentClasses};
    use aval_domain::event::Subject;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::app::{CreateGrant, ListNotifications, PageRequest};
    use crate::asked_period::AskedPeriod;
    use crate::grant::{GrantOrigin, GrantState};
    use crate::grantee::Grantee;

    async fn waiting(fixture: &Fixture) -> Grant {
        fixture.directory.knows_the_number(false);
        let command = CreateGrant {
            patient_id: fixture.patient,
            grantee: Grantee::Rpps(fixture.directory.known_rpps),
            classes: DocumentClasses::only(DocumentClass::Report),
            period: AskedPeriod::default(),
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .create_grant(&fixture.as_patient(), command)
            .await
            .unwrap()
    }

    async fn settle(fixture: &Fixture) {
        let cx = fixture.as_service("consent");
        fixture.app.settle_waiting_grants(&cx, None).await.unwrap();
    }

    async fn shown(fixture: &Fixture, grant: &Grant) -> Grant {
        fixture
            .app
            .get_grant(&fixture.as_patient(), grant.grant_id)
            .await
            .unwrap()
            .grant
    }

    #[tokio::test]
    async fn a_grant_waits_until_the_directory_knows_the_number_and_then_opens() {
        let fixture = Fixture::new().await;
        let grant = waiting(&fixture).await;
        settle(&fixture).await;
        assert_eq!(
            shown(&fixture, &grant)
                .await
                .state(fixture.as_patient().now),
            GrantState::Waiting
        );
        let check = async || {
            let doctor = fixture.as_doctor();
            fixture
                .app
                .check(&doctor, fixture.question())
                .await
                .unwrap()
                .is_permit()
        };
        assert!(!check().await);
        fixture.directory.knows_the_number(true);
        settle(&fixture).await;
        assert_eq!(
            shown(&fixture, &grant).await.grantee,
            Grantee::Practitioner(fixture.doctor())
        );
        assert!(check().await);
        settle(&fixture).await;
        assert_eq!(fixture.events_of(EventKind::GrantUpdated).await, 1);
    }

    #[tokio::test]
    async fn of_two_grants_to_the_same_human_the_patients_later_word_stays() {
        for waits_first in [true, false] {
            let fixture = Fixture::new().await;
            let give = async |waits: bool| {
                // Identifiers of one millisecond are in no order.
                fixture.clock.advance(Duration::from_secs(1));
                if waits {
                    waiting(&fixture).await
                } else {
                    fixture.grant_to_doctor().await
                }
            };
            let (first, second) = (give(waits_first).await, give(!waits_first).await);
            fixture.directory.knows_the_number(true);
            settle(&fixture).await;
            let now = fixture.as_patient().now;
            assert_eq!(
                shown(&fixture, &first).await.state(now),
                GrantState::Expired
            );
            assert_eq!(
                shown(&fixture, &second).await.state(now),
                GrantState::Active
            );
            let events = fixture.events().await;
            let ended = events.iter().find(|event| {
                let subject = event.subject.as_ref();
                event.kind == EventKind::GrantUpdated
                    && subject == Some(&Subject::new("grant", &first.grant_id))
            });
            let (before, after) = ended.map(|ended| (&ended.before, &ended.after)).unwrap();
            let was = if waits_first { "waiting" } else { "active" };
            assert_eq!((&*before["state"], &*after["state"]), (was, "expired"));
        }
    }

    #[tokio::test]
    async fn a_grant_that_is_given_to_somebody_who_was_blocked_meanwhile_is_not_told_them() {
        for is_blocked in [false, true] {
            let fixture = Fixture::new().await;
            waiting(&fixture).await;
            if is_blocked {
                fixture.block(Grantee::Practitioner(fixture.doctor())).await;
            }
            fixture.directory.knows_the_number(true);
            settle(&fixture).await;
            assert_eq!(fixture.events_of(EventKind::GrantUpdated).await, 1);
            let query = ListNotifications {
                unread_only: true,
                page: PageRequest {
                    after: None,
                    size: aval_domain::page::PageSize::DEFAULT,
                },
            };
            let doctor = fixture.as_doctor();
            let told = fixture.app.list_notifications(&doctor, query).await;
            assert_eq!(told.unwrap().items.is_empty(), is_blocked);
        }
    }

    #[tokio::test]
    async fn a_directory_that_does_not_answer_settles_nothing() {
        let fixture = Fixture::new().await;
        let grant = waiting(&fixture).await;
        fixture.directory.is_down(true);
        let cx = fixture.as_service("consent");
        assert!(fixture.app.settle_waiting_grants(&cx, None).await.is_err());
        let unchanged = shown(&fixture, &grant).await;
        assert_eq!(
            (&unchanged, unchanged.origin),
            (&grant, GrantOrigin::Patient)
        );
    }
}
