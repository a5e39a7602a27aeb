//! Who can see my record, or this document?

use std::collections::BTreeMap;

use aval_domain::document::DocumentRef;
use aval_domain::id::{PatientId, PractitionerId};
use aval_runtime::context::RequestContext;
use uuid::Uuid;

use super::{App, Page, PageRequest};
use crate::access_basis::AccessQuery;
use crate::authorized::{Authorized, Candidate};
use crate::decision::{Policy, Question};
use crate::error::Error;
use crate::grantee::Grantee;
use crate::policies::Policies;
use crate::store::CandidateQuery;

/// How many candidates are asked about in one view of the database.
const AT_ONCE: usize = 50;

/// What is asked.
#[derive(Debug, Clone)]
pub struct ListAuthorized {
    /// Whose record.
    pub patient_id: PatientId,
    /// Only who can see this document; `None`: the record.
    pub document: Option<DocumentRef>,
    /// Which page.
    pub page: PageRequest<Uuid>,
}

impl App {
    /// Those whose check in normal mode would permit. Told to the patient alone.
    #[tracing::instrument(name = "consent.list_authorized", skip_all)]
    pub async fn list_authorized(
        &self,
        cx: &RequestContext,
        query: ListAuthorized,
    ) -> Result<Page<Authorized>, Error> {
        cx.patient_owning(query.patient_id)?;
        let record = self.store.record(query.patient_id).await?;
        record.ok_or(Error::RecordUnavailable)?.require_open()?;
        let policies = self.policies.policies().await?;
        let policy = policies.in_force(cx.now);
        let candidates = self.candidates(cx, &query, policy).await?;
        let mut found = Vec::new();
        for some in candidates.chunks(AT_ONCE) {
            found.extend(self.authorized_of(cx, &query, some, &policies).await?);
            if found.len() > query.page.size.get() {
                break;
            }
        }
        Ok(Page::of(found, query.page.size))
    }

    /// Everybody after the page before whom something may authorise, by their place.
    async fn candidates(
        &self,
        cx: &RequestContext,
        query: &ListAuthorized,
        policy: &Policy,
    ) -> Result<Vec<Candidate>, Error> {
        let grantees = CandidateQuery {
            patient_id: query.patient_id,
            document_id: query.document.as_ref().map(|document| document.id.clone()),
            now: cx.now,
        };
        let grantees = self.store.candidates(&grantees).await?;
        // The author sees a masked document with the authorisation of their organization.
        let author = query.document.as_ref().and_then(|document| document.author);
        let people = grantees.iter().filter_map(|one| one.practitioner_id());
        let mut people: Vec<PractitionerId> = people.chain(author).collect();
        people.sort_unstable();
        people.dedup();
        // Whom the directory does not know cannot ask.
        let known = self.directory.practitioners(&people).await?;
        let people = known.iter().flatten().map(Candidate::practitioner);
        let organizations = grantees.iter().filter_map(|one| one.organization_id());
        let organizations = organizations.map(|id| Candidate::organization(id, policy));
        let by_place: BTreeMap<_, _> = people
            .chain(organizations)
            .map(|candidate| (candidate.place(), candidate))
            .filter(|(place, _)| query.page.after.is_none_or(|after| *place > after))
            .collect();
        Ok(by_place.into_values().collect())
    }

    async fn authorized_of(
        &self,
        cx: &RequestContext,
        query: &ListAuthorized,
        candidates: &[Candidate],
        policies: &Policies,
    ) -> Result<Vec<Authorized>, Error> {
        let document = query.document.as_ref();
        let asked = candidates.iter().map(|candidate| {
            let questions = candidate.questions(query.patient_id, document);
            (candidate.grantee, questions)
        });
        let asked: Vec<(Grantee, Vec<Question>)> = asked.collect();
        let mut queries = Vec::new();
        let mut place = |question| place_of(&mut queries, AccessQuery::of(question));
        let places: Vec<Vec<usize>> = asked
            .iter()
            .map(|(_, questions)| questions.iter().map(&mut place).collect())
            .collect();
        let bases = self.bases.access_bases(&queries).await?;
        let authorized = asked.iter().zip(&places);
        let authorized = authorized.filter_map(|((grantee, questions), places)| {
            let asked = questions
                .iter()
                .zip(places)
                .filter_map(|(question, place)| Some((question, bases.get(*place)?.as_ref())));
            Authorized::of(*grantee, asked, policies, cx.now)
        });
        Ok(authorized.collect())
    }
}

/// Where the query stands among those to be asked; each is asked once.
fn place_of<'a>(queries: &mut Vec<AccessQuery<'a>>, query: AccessQuery<'a>) -> usize {
    let there = queries.iter().position(|other| *other == query);
    there.unwrap_or_else(|| {
        queries.push(query);
        queries.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use aval_domain::access::Ground;
    use aval_domain::document::{DocumentClass, DocumentClasses};
    use aval_domain::page::PageSize;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::app::{AddTreatingDoctor, CloseCareEpisode, RevokeAllGrants, SetDocumentVisibility};
    use crate::visibility::VisibilityKind;

    fn query(fixture: &Fixture, document: Option<DocumentRef>) -> ListAuthorized {
        ListAuthorized {
            patient_id: fixture.patient,
            document,
            page: PageRequest {
                after: None,
                size: PageSize::DEFAULT,
            },
        }
    }

    async fn list(fixture: &Fixture, document: Option<DocumentRef>) -> Vec<Authorized> {
        let cx = fixture.as_patient();
        let page = fixture
            .app
            .list_authorized(&cx, query(fixture, document))
            .await
            .unwrap();
        assert!(!page.more);
        page.items
    }

    /// The list names a professional, or their organization, if and only if their own
    /// check permits, for the record and for the document.
    async fn assert_agrees_with_checks(fixture: &Fixture, step: &str) {
        let report = fixture.question().documents.remove(0);
        for document in [None, Some(report)] {
            let listed = list(fixture, document.clone()).await;
            for (cx, id) in [
                (fixture.as_doctor(), fixture.doctor()),
                (fixture.as_nurse(), fixture.nurse()),
            ] {
                let mut question = fixture.question();
                question.documents = document.clone().into_iter().collect();
                let decision = fixture.app.check(&cx, question).await.unwrap();
                let organization = fixture.directory.organization;
                let entry = listed.iter().find(|one| {
                    one.grantee == Grantee::Practitioner(id)
                        || one.grantee == Grantee::Organization(organization)
                });
                assert_eq!(entry.is_some(), decision.is_permit(), "{step} {id}");
                let own = listed
                    .iter()
                    .find(|one| one.grantee == Grantee::Practitioner(id));
                if let Some(own) = own {
                    assert_eq!(Some(own.ground), decision.verdict.ground(), "{step}");
                    assert_eq!(own.classes, decision.permitted_classes, "{step}");
                }
            }
        }
    }

    #[tokio::test]
    async fn the_list_says_what_checks_say_after_every_change() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        assert_agrees_with_checks(&fixture, "nobody").await;
        assert!(list(&fixture, None).await.is_empty());
        fixture.grant_to_doctor().await;
        assert_agrees_with_checks(&fixture, "grant").await;
        let episode = fixture.care_episode().await.unwrap();
        assert_agrees_with_checks(&fixture, "episode").await;
        assert_eq!(list(&fixture, None).await.len(), 2);
        fixture.block(Grantee::Practitioner(fixture.nurse())).await;
        assert_agrees_with_checks(&fixture, "block on the nurse").await;
        let hide = SetDocumentVisibility {
            patient_id: fixture.patient,
            document_id: "report-1".parse().unwrap(),
            kind: VisibilityKind::Masked,
            practitioner_id: None,
            remove: false,
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .set_document_visibility(&cx, hide)
            .await
            .unwrap();
        assert_agrees_with_checks(&fixture, "mask").await;
        let treating = AddTreatingDoctor {
            patient_id: fixture.patient,
            practitioner_id: fixture.doctor(),
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .add_treating_doctor(&cx, treating)
            .await
            .unwrap();
        assert_agrees_with_checks(&fixture, "treating doctor").await;
        let listed = list(&fixture, None).await;
        assert_eq!(listed[0].ground, Ground::TreatingDoctor);
        let close = CloseCareEpisode {
            care_episode_id: episode.care_episode_id,
            request_id: fixture.request_id(),
        };
        fixture.app.close_care_episode(&cx, close).await.unwrap();
        let revoke = RevokeAllGrants {
            patient_id: fixture.patient,
            request_id: fixture.request_id(),
        };
        fixture.app.revoke_all_grants(&cx, revoke).await.unwrap();
        assert_agrees_with_checks(&fixture, "revoked").await;
        let organization = Grantee::Organization(fixture.directory.organization);
        fixture.block(organization).await;
        assert_agrees_with_checks(&fixture, "block on the organization").await;
        assert!(list(&fixture, None).await.is_empty());
    }

    #[tokio::test]
    async fn an_organization_stands_for_its_members_and_the_author_for_themselves() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let until = cx.now.saturating_add(std::time::Duration::from_hours(9));
        let organization = Grantee::Organization(fixture.directory.organization);
        let grant = crate::app::CreateGrant {
            patient_id: fixture.patient,
            grantee: organization,
            classes: DocumentClasses::only(DocumentClass::Report),
            period: crate::asked_period::AskedPeriod {
                from: None,
                until: Some(until),
            },
            request_id: fixture.request_id(),
        };
        fixture.app.create_grant(&cx, grant).await.unwrap();
        let listed = list(&fixture, None).await;
        assert_eq!((listed.len(), listed[0].grantee), (1, organization));
        assert_eq!(listed[0].until, Some(until));
        assert_agrees_with_checks(&fixture, "organization").await;
        let mask = SetDocumentVisibility {
            patient_id: fixture.patient,
            document_id: "report-1".parse().unwrap(),
            kind: VisibilityKind::Masked,
            practitioner_id: None,
            remove: false,
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .set_document_visibility(&cx, mask)
            .await
            .unwrap();
        let mut report = fixture.question().documents.remove(0);
        assert!(list(&fixture, Some(report.clone())).await.is_empty());
        report.author = Some(fixture.doctor());
        let listed = list(&fixture, Some(report.clone())).await;
        let doctor = Grantee::Practitioner(fixture.doctor());
        assert_eq!((listed.len(), listed[0].grantee), (1, doctor));
        let reveal = SetDocumentVisibility {
            patient_id: fixture.patient,
            document_id: "report-1".parse().unwrap(),
            kind: VisibilityKind::RevealedToOne,
            practitioner_id: Some(fixture.nurse()),
            remove: false,
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .set_document_visibility(&cx, reveal)
            .await
            .unwrap();
        assert_eq!(list(&fixture, Some(report)).await.len(), 2);
    }

    #[tokio::test]
    async fn pages_show_each_once() {
        let fixture = Fixture::new().await;
        fixture.care_episode().await.unwrap();
        let cx = fixture.as_patient();
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let mut query = query(&fixture, None);
            query.page = PageRequest {
                after,
                size: PageSize::from_request(1).unwrap(),
            };
            let page = fixture.app.list_authorized(&cx, query).await.unwrap();
            pages.extend(page.items);
            if !page.more {
                break;
            }
            after = pages.last().map(Authorized::place);
        }
        assert_eq!(pages, list(&fixture, None).await);
        assert_eq!(pages.len(), 2);
    }

    #[tokio::test]
    async fn it_is_told_to_the_patient_alone_while_the_record_is_open() {
        let fixture = Fixture::new().await;
        for cx in [
            fixture.as_other_patient(),
            fixture.as_doctor(),
            fixture.as_nobody(),
        ] {
            let denied = fixture
                .app
                .list_authorized(&cx, query(&fixture, None))
                .await;
            assert!(matches!(denied, Err(Error::Denied(_))));
        }
        fixture.close_record().await;
        let cx = fixture.as_patient();
        let closed = fixture
            .app
            .list_authorized(&cx, query(&fixture, None))
            .await;
        assert!(matches!(closed, Err(Error::RecordUnavailable)));
    }
}
