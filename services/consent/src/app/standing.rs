//! A grant, and what it comes to.

use aval_domain::time::Timestamp;

use super::App;
use crate::access_basis::AccessQuery;
use crate::decision::AuthorizationStatus;
use crate::error::Error;
use crate::grant::Grant;
use crate::grantee::Grantee;

/// A grant, and where the patient's authorisation of its grantee stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The grant.
    pub grant: Grant,
    /// What it comes to with all else that the patient said of the grantee.
    pub authorization: AuthorizationStatus,
}

impl App {
    /// What each grant comes to at `now`, from what a decision would rest on.
    pub(super) async fn standings(
        &self,
        grants: Vec<Grant>,
        now: Timestamp,
    ) -> Result<Vec<Standing>, Error> {
        let known = grants.iter().filter_map(query);
        let queries: Vec<AccessQuery<'_>> = known.collect();
        let found = self.bases.access_bases(&queries).await?;
        let mut found = found.iter();
        let mut standings = Vec::with_capacity(grants.len());
        for grant in grants {
            let basis = query(&grant).and_then(|_| found.next());
            let authorization = basis.map_or(AuthorizationStatus::Absent, |basis| {
                AuthorizationStatus::of(basis, now)
            });
            standings.push(Standing {
                grant,
                authorization,
            });
        }
        Ok(standings)
    }
}

/// What is known of the grantee, wherever they act; nothing while the directory does not
/// know them.
fn query(grant: &Grant) -> Option<AccessQuery<'static>> {
    let of = |practitioner_id, organization_id| AccessQuery {
        patient_id: grant.patient_id,
        practitioner_id,
        organization_id,
        documents: Vec::new(),
    };
    match grant.grantee {
        Grantee::Practitioner(id) => Some(of(Some(id), None)),
        Grantee::Organization(id) => Some(of(None, Some(id))),
        Grantee::Rpps(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::access::DenialReason;
    use aval_domain::page::PageSize;

    use super::*;
    use crate::app::testing::Fixture;
    use crate::app::{ListGrants, PageRequest, PreviewAccess, RevokeAllGrants};
    use crate::asked_period::AskedPeriod;
    use crate::decision::AuthorizationStatus::{Absent, Expired, Forbidden, Valid};
    use crate::decision::Verdict;
    use crate::store::GrantsOf;

    async fn statuses(fixture: &Fixture) -> Vec<AuthorizationStatus> {
        let query = ListGrants {
            of: GrantsOf::Patient(fixture.patient),
            state: None,
            page: PageRequest {
                after: None,
                size: PageSize::DEFAULT,
            },
        };
        let cx = fixture.as_patient();
        let page = fixture.app.list_grants(&cx, query).await.unwrap();
        page.items.iter().map(|one| one.authorization).collect()
    }

    fn for_an_hour(fixture: &Fixture, grantee: Grantee) -> crate::app::CreateGrant {
        let until = fixture
            .as_patient()
            .now
            .saturating_add(Duration::from_hours(1));
        crate::app::CreateGrant {
            period: AskedPeriod {
                from: None,
                until: Some(until),
            },
            ..fixture.new_grant(grantee)
        }
    }

    #[tokio::test]
    async fn a_grant_to_somebody_is_about_them_wherever_they_act_and_whatever_the_record_is() {
        let fixture = Fixture::new().await;
        fixture.grant_to_doctor().await;
        let organization = Grantee::Organization(fixture.directory.organization);
        fixture.block(organization).await;
        let doctor = fixture.as_doctor();
        let check = fixture.app.check(&doctor, fixture.question()).await;
        let blocked = Verdict::Deny(DenialReason::Blocked);
        assert_eq!(check.unwrap().verdict, blocked);
        assert_eq!(statuses(&fixture).await, [Valid]);
        let preview = PreviewAccess {
            patient_id: fixture.patient,
            practitioner_id: fixture.doctor(),
            activity_id: fixture.directory.doctor_activity,
            documents: Vec::new(),
        };
        let patient = fixture.as_patient();
        let preview = fixture.app.preview_access(&patient, preview);
        assert_eq!(preview.await.unwrap().authorization, Forbidden);
        fixture.close_record().await;
        assert_eq!(statuses(&fixture).await, [Valid]);
    }

    #[tokio::test]
    async fn the_list_says_what_a_grant_comes_to() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let doctor = Grantee::Practitioner(fixture.doctor());
        let organization = Grantee::Organization(fixture.directory.organization);
        let give = |grantee| {
            fixture
                .app
                .create_grant(&cx, for_an_hour(&fixture, grantee))
        };
        give(doctor).await.unwrap();
        give(organization).await.unwrap();
        let unknown = fixture.directory.known_rpps;
        fixture.directory.knows_the_number(false);
        give(Grantee::Rpps(unknown)).await.unwrap();
        // The newest first: the number that nobody bears yet, the organization, the doctor.
        assert_eq!(statuses(&fixture).await, [Absent, Valid, Valid]);
        fixture.block(doctor).await;
        assert_eq!(statuses(&fixture).await, [Absent, Valid, Forbidden]);
        fixture.clock.advance(Duration::from_hours(2));
        assert_eq!(statuses(&fixture).await, [Absent, Expired, Forbidden]);
        let revoke = RevokeAllGrants {
            patient_id: fixture.patient,
            request_id: fixture.request_id(),
        };
        fixture.app.revoke_all_grants(&cx, revoke).await.unwrap();
        assert_eq!(statuses(&fixture).await, [Absent, Absent, Forbidden]);
    }
}
