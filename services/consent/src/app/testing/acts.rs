//! What people do in many tests.

use std::time::Duration;

use aval_domain::document::{DocumentClass, DocumentClasses};

use super::Fixture;
use crate::app::{BlockGrantee, OpenCareEpisode, RequestGrant};
use crate::asked_period::AskedPeriod;
use crate::care_episode::CareEpisode;
use crate::error::Error;
use crate::grant::{Grant, Purpose};
use crate::grantee::Grantee;

impl Fixture {
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
