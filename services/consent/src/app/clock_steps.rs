//! What people do while the service's clock is wrong, and what is left of it once the clock
//! is right again.

use std::time::Duration;

use aval_domain::document::DocumentClass;
use aval_domain::time::{Clock as _, Timestamp};

use super::testing::Fixture;
use super::{
    AddTreatingDoctor, CloseCareEpisode, CreateGrant, RemoveTreatingDoctor, RevokeAllGrants,
    RevokeGrant, SetDocumentVisibility,
};
use crate::asked_period::AskedPeriod;
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::grant::{Grant, GrantState};
use crate::grantee::Grantee;
use crate::visibility::VisibilityKind;

/// How far a clock is off, and which way.
#[derive(Debug, Clone, Copy)]
enum Step {
    Ahead(Duration),
    Behind(Duration),
}

const STEPS: [Step; 6] = [
    Step::Ahead(Duration::from_millis(200)),
    Step::Ahead(Duration::from_hours(2)),
    Step::Ahead(Duration::from_hours(24 * 400)),
    Step::Behind(Duration::from_millis(200)),
    Step::Behind(Duration::from_hours(2)),
    Step::Behind(Duration::from_hours(24 * 400)),
];

/// What shuts the doctor out.
#[derive(Debug, Clone, Copy)]
enum TakenAway {
    Grant,
    AllGrants,
    CareEpisode,
    TreatingDoctor,
    ByBlock,
    ByMask,
    ByClosing,
}

impl TakenAway {
    const ALL: [Self; 7] = [
        Self::Grant,
        Self::AllGrants,
        Self::CareEpisode,
        Self::TreatingDoctor,
        Self::ByBlock,
        Self::ByMask,
        Self::ByClosing,
    ];
}

/// What let the doctor in.
struct Given {
    grant: Option<Grant>,
    episode: Option<CareEpisode>,
}

#[tokio::test]
async fn what_is_taken_away_while_a_clock_is_wrong_stays_away_when_it_is_right() {
    for taken in TakenAway::ALL {
        for step in STEPS {
            let fixture = Fixture::new().await;
            let given = fixture.let_in(taken).await;
            assert!(fixture.doctor_is_in().await, "{taken:?} {step:?}");
            let right = fixture.clock.now();
            fixture.clock.set(step.from(right));
            fixture.take_away(taken, &given).await;
            assert!(!fixture.doctor_is_in().await, "{taken:?} {step:?}");
            for instant in [
                right,
                right.saturating_add(Duration::from_mins(30)),
                right.saturating_add(Duration::from_hours(24 * 500)),
            ] {
                fixture.clock.set(instant);
                assert!(!fixture.doctor_is_in().await, "{taken:?} {step:?}");
            }
        }
    }
}

/// A clock that is ahead makes a grant that is over by it: the patient can give it anew, and
/// there is one grant when the clock is right, not two and not none.
#[tokio::test]
async fn what_a_wrong_clock_ends_is_given_anew_and_revoked_once() {
    for step in STEPS {
        let fixture = Fixture::new().await;
        let first = fixture.for_an_hour().await.unwrap();
        let right = fixture.clock.now();
        fixture.clock.set(step.from(right));
        let again = fixture.for_an_hour().await;
        fixture.clock.set(right);
        let over = matches!(step, Step::Ahead(by) if by > Duration::from_hours(1));
        let last = match again {
            Ok(second) => {
                assert!(over, "{step:?}: two grants to one grantee");
                second
            }
            Err(Error::GrantExists { .. }) => first,
            Err(error) => panic!("{step:?}: {error}"),
        };
        fixture.revoke(&last).await;
        assert!(!fixture.doctor_is_in().await, "{step:?}");
        let cx = fixture.as_patient();
        let shown = fixture.app.get_grant(&cx, last.grant_id).await.unwrap();
        let state = shown.grant.state(fixture.clock.now());
        assert_eq!(state, GrantState::Revoked, "{step:?}");
    }
}

impl Step {
    fn from(self, right: Timestamp) -> Timestamp {
        match self {
            Self::Ahead(by) => right.saturating_add(by),
            Self::Behind(by) => right.saturating_sub(by),
        }
    }
}

impl Fixture {
    async fn doctor_is_in(&self) -> bool {
        let check = self.app.check(&self.as_doctor(), self.question()).await;
        check.unwrap().is_permit()
    }

    /// For reports, for an hour.
    async fn for_an_hour(&self) -> Result<Grant, Error> {
        let cx = self.as_patient();
        let command = CreateGrant {
            period: AskedPeriod {
                from: None,
                until: Some(cx.now.saturating_add(Duration::from_hours(1))),
            },
            ..self.new_grant(Grantee::Practitioner(self.doctor()))
        };
        self.app.create_grant(&cx, command).await
    }

    async fn let_in(&self, taken: TakenAway) -> Given {
        let mut given = Given {
            grant: None,
            episode: None,
        };
        match taken {
            TakenAway::CareEpisode => given.episode = Some(self.care_episode().await.unwrap()),
            TakenAway::TreatingDoctor => {
                let command = AddTreatingDoctor {
                    patient_id: self.patient,
                    practitioner_id: self.doctor(),
                    request_id: self.request_id(),
                };
                let cx = self.as_patient();
                self.app.add_treating_doctor(&cx, command).await.unwrap();
            }
            TakenAway::Grant
            | TakenAway::AllGrants
            | TakenAway::ByBlock
            | TakenAway::ByMask
            | TakenAway::ByClosing => given.grant = Some(self.for_an_hour().await.unwrap()),
        }
        given
    }

    async fn revoke(&self, grant: &Grant) {
        let command = RevokeGrant {
            grant_id: grant.grant_id,
            etag: None,
            request_id: self.request_id(),
        };
        let cx = self.as_patient();
        self.app.revoke_grant(&cx, command).await.unwrap();
    }

    async fn take_away(&self, taken: TakenAway, given: &Given) {
        let cx = self.as_patient();
        let (patient_id, request_id) = (self.patient, self.request_id());
        match taken {
            TakenAway::Grant => self.revoke(given.grant.as_ref().unwrap()).await,
            TakenAway::AllGrants => {
                let command = RevokeAllGrants {
                    patient_id,
                    request_id,
                };
                self.app.revoke_all_grants(&cx, command).await.unwrap();
            }
            TakenAway::CareEpisode => {
                let episode = given.episode.as_ref().unwrap();
                let command = CloseCareEpisode {
                    care_episode_id: episode.care_episode_id,
                    request_id,
                };
                self.app.close_care_episode(&cx, command).await.unwrap();
            }
            TakenAway::TreatingDoctor => {
                let command = RemoveTreatingDoctor {
                    patient_id,
                    practitioner_id: self.doctor(),
                    request_id,
                };
                self.app.remove_treating_doctor(&cx, command).await.unwrap();
            }
            TakenAway::ByBlock => self.block(Grantee::Practitioner(self.doctor())).await,
            TakenAway::ByMask => {
                let report = self.question().documents.remove(0);
                assert_eq!(report.class, DocumentClass::Report);
                let command = SetDocumentVisibility {
                    patient_id,
                    document_id: report.id,
                    kind: VisibilityKind::Masked,
                    practitioner_id: None,
                    remove: false,
                    request_id,
                };
                self.app
                    .set_document_visibility(&cx, command)
                    .await
                    .unwrap();
            }
            TakenAway::ByClosing => self.close_record().await,
        }
    }
}
