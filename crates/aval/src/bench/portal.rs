//! The software that patients use: what the bench does through the services' own
//! interfaces, as any software would.

use std::time::Duration;

use anyhow::Context;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as identity;
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::provider::{PatientAccount, Realm};
use aval_testing::synthesize::Person;
use prost_types::Timestamp;

use crate::client::{Bearer, ProviderClient, Software};
use crate::demo::request_id;
use crate::stack::Stack;

/// The patients' portal.
#[derive(Debug)]
pub(crate) struct Portal {
    software: Software,
    provider: ProviderClient,
    token_endpoint: String,
}

impl Portal {
    /// The portal of this stack.
    pub(crate) fn of(stack: &Stack) -> anyhow::Result<Self> {
        Ok(Self {
            software: stack.software("gateway")?,
            provider: stack.provider_client()?,
            token_endpoint: stack.token_endpoint(Realm::Patients),
        })
    }

    /// The `practitioner_id` of a professional of the directory file.
    pub(crate) async fn find(&self, doctor: &Person) -> anyhow::Result<String> {
        let request = directory::ResolveIdentifierRequest {
            identifier: Some(directory::Identifier {
                kind: directory::IdentifierKind::Rpps.into(),
                value: doctor.rpps().unwrap_or_default().to_owned(),
            }),
        };
        let answer = self.software.directory().resolve_identifier(request).await;
        let answer = answer.context("the doctor is not found")?.into_inner();
        match answer.resolved {
            Some(directory::resolve_identifier_response::Resolved::Practitioner(found)) => {
                Ok(found.practitioner_id)
            }
            _ => anyhow::bail!("the number is not a professional's"),
        }
    }

    /// Registers a patient; answers their `patient_id`.
    pub(crate) async fn register(&self, account: &PatientAccount) -> anyhow::Result<String> {
        let request = registration(account);
        let answer = self.software.patients().register_patient(request).await;
        let answer = answer.context("a patient is not registered")?.into_inner();
        Ok(answer.patient.unwrap_or_default().patient_id)
    }

    /// Signs a registered patient in.
    pub(crate) async fn sign_in(&self, account: &PatientAccount) -> anyhow::Result<Bearer> {
        let (endpoint, nonce) = (&self.token_endpoint, request_id());
        let tokens = self
            .provider
            .sign_in(endpoint, &account.username, &nonce, &[]);
        let request = tokens.await?.as_patient();
        let answer = self.software.sessions().exchange_token(request).await;
        let answer = answer.context("a patient is not signed in")?;
        Bearer::new(&answer.into_inner().access_token)
    }

    /// Opens the patient's record.
    pub(crate) async fn open_record(
        &self,
        patient: &Bearer,
        patient_id: &str,
    ) -> anyhow::Result<()> {
        let request = patient.asks(consent::OpenRecordRequest {
            patient_id: patient_id.to_owned(),
            request_id: request_id(),
        });
        let answer = self.software.settings().open_record(request).await;
        answer.context("a record is not opened")?;
        Ok(())
    }

    /// Lets the patient grant a professional access to reports and prescriptions.
    pub(crate) async fn grant(
        &self,
        patient: &Bearer,
        patient_id: &str,
        practitioner_id: &str,
    ) -> anyhow::Result<consent::Grant> {
        let request = patient.asks(grant(patient_id, practitioner_id));
        let answer = self.software.grants().create_grant(request).await;
        let answer = answer.context("access is not granted")?.into_inner();
        answer.grant.context("a grant that was made is answered")
    }

    /// Lets the patient take a grant back.
    pub(crate) async fn revoke(
        &self,
        patient: &Bearer,
        grant: &consent::Grant,
    ) -> anyhow::Result<()> {
        let request = patient.asks(consent::RevokeGrantRequest {
            grant_id: grant.grant_id.clone(),
            etag: grant.etag.clone(),
            request_id: request_id(),
        });
        let answer = self.software.grants().revoke_grant(request).await;
        answer.context("access is not revoked")?;
        Ok(())
    }
}

fn registration(account: &PatientAccount) -> identity::RegisterPatientRequest {
    identity::RegisterPatientRequest {
        ins: Some(identity::Ins {
            matricule: account.ins.clone(),
            oid: account.ins_oid.clone(),
        }),
        traits: Some(identity::IdentityTraits {
            birth_name: account.family_name.clone(),
            birth_first_names: account.given_names.clone(),
            birth_date: account.birth_date.clone(),
            sex: identity::Sex::Female.into(),
            birth_place_code: account.birth_place.clone(),
        }),
        status: identity::IdentityStatus::Qualified.into(),
        request_id: request_id(),
    }
}

/// Longer than any bench.
const GRANTED_FOR: Duration = Duration::from_hours(30 * 24);

fn grant(patient_id: &str, practitioner_id: &str) -> consent::CreateGrantRequest {
    let classes = [
        common::DocumentClass::Report,
        common::DocumentClass::Prescription,
    ];
    let until = SystemClock.now().saturating_add(GRANTED_FOR);
    consent::CreateGrantRequest {
        patient_id: patient_id.to_owned(),
        grantee: Some(common::Grantee {
            grantee: Some(common::grantee::Grantee::PractitionerId(
                practitioner_id.to_owned(),
            )),
        }),
        document_classes: classes.map(i32::from).to_vec(),
        period: Some(common::Period {
            from_at: None,
            until_at: Some(Timestamp {
                seconds: until.unix_seconds(),
                nanos: 0,
            }),
        }),
        request_id: request_id(),
    }
}
