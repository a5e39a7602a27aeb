//! What people do in many tests.

use std::time::Duration;

use aval_domain::aliases::IdentityChange;
use aval_domain::document::{DocumentClass, DocumentClasses};

use super::Fixture;
use crate::app::{
    ApproveGrant, Authorize, BlockGrantee, CreateGrant, OpenCareEpisode, RequestGrant,
    SetDocumentVisibility,
};
use crate::asked_period::AskedPeriod;
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::grant::{Approval, Grant, Purpose};
use crate::grantee::Grantee;
use crate::identity_changes::{ChangeCursor, Identities, Learnt};
use crate::store::sql::SqlStore;
use crate::visibility::VisibilityKind;

impl Fixture {
    /// A grant of reports, until revoked.
    pub(crate) fn new_grant(&self, grantee: Grantee) -> CreateGrant {
        CreateGrant {
            patient_id: self.patient,
            grantee,
            classes: DocumentClasses::only(DocumentClass::Report),
            period: AskedPeriod::default(),
            request_id: self.request_id(),
        }
    }

    /// A request for reports, until revoked.
    pub(crate) fn request(&self) -> RequestGrant {
        RequestGrant {
            patient_id: self.patient,
            classes: DocumentClasses::only(DocumentClass::Report),
            period: AskedPeriod::default(),
            purpose: Purpose::parse("suivi du diabète").unwrap(),
            request_id: self.request_id(),
        }
    }

    /// A yes to this request, as it stands.
    pub(crate) fn approval_of(&self, request: &Grant) -> ApproveGrant {
        ApproveGrant {
            grant_id: request.grant_id,
            etag: request.version.etag(),
            approval: Approval {
                classes: None,
                period: None,
            },
            request_id: self.request_id(),
        }
    }

    pub(crate) async fn request_by_doctor(&self) -> Result<Grant, Error> {
        self.app
            .request_grant(&self.as_doctor(), self.request())
            .await
    }

    pub(crate) async fn block(&self, grantee: Grantee) {
        let command = BlockGrantee {
            patient_id: self.patient,
            grantee,
            period: AskedPeriod::default(),
            request_id: self.request_id(),
        };
        self.app
            .block_grantee(&self.as_patient(), command)
            .await
            .unwrap();
    }

    /// The directory finds that the doctor's entry is the nurse's: one human, who is the
    /// nurse by now.
    pub(crate) async fn doctor_and_nurse_are_one(&self) {
        self.learn_of_one(self.doctor(), self.nurse()).await;
    }

    /// The other patient's identity is found to be the patient's.
    pub(crate) async fn both_patients_are_one(&self) {
        self.learn_of_one(self.other_patient, self.patient).await;
    }

    async fn learn_of_one<Id>(&self, source: Id, target: Id)
    where
        SqlStore: Identities<Id>,
    {
        let store = SqlStore::new(self.database.db.clone());
        let learnt = Learnt {
            after: Identities::<Id>::followed_to(&store).await.unwrap(),
            cursor: ChangeCursor::from_text("merged".to_owned()),
            change: Some(IdentityChange::Merged { source, target }),
        };
        store.learn(&learnt).await.unwrap();
    }

    /// The patient hides the report that is asked for from who represents them.
    pub(crate) async fn hide_from_representatives(&self) {
        let patient = self.as_patient();
        let hide = SetDocumentVisibility {
            patient_id: self.patient,
            document_id: self.question().documents[0].id.clone(),
            kind: VisibilityKind::HiddenFromRepresentatives,
            practitioner_id: None,
            remove: false,
            request_id: self.request_id(),
        };
        let hidden = self.app.set_document_visibility(&patient, hide);
        hidden.await.unwrap();
    }

    /// The doctor opens that report for the first time, and nothing else.
    pub(crate) async fn doctor_opens_a_secret(&self) {
        self.hide_from_representatives().await;
        self.grant_to_doctor().await;
        let open = Authorize {
            question: self.question(),
            request_id: self.request_id(),
        };
        let opened = self.app.authorize(&self.as_doctor(), open).await.unwrap();
        assert!(opened.decision.is_permit());
    }

    /// The doctor and the nurse, for two days.
    pub(crate) fn new_care_episode(&self) -> OpenCareEpisode {
        OpenCareEpisode {
            patient_id: self.patient,
            members: vec![self.doctor(), self.nurse()],
            until: self
                .as_patient()
                .now
                .saturating_add(Duration::from_hours(48)),
            request_id: self.request_id(),
        }
    }

    /// The doctor opens it.
    pub(crate) async fn care_episode(&self) -> Result<CareEpisode, Error> {
        self.app
            .open_care_episode(&self.as_doctor(), self.new_care_episode())
            .await
    }
}
