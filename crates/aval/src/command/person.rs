//! Whoever a command acts for, signed in through the development provider.

use anyhow::Context;
use aval_proto::identity::v1::ExchangeTokenRequest;
use aval_proto::identity::v1::bearer::Person as Proto;
use clap::Args;

use crate::client::{Bearer, ProviderTokens, Software};
use crate::demo::request_id;

use super::Session;

/// For whom the command acts.
#[derive(Debug, Args)]
pub struct PatientArguments {
    /// The patient's account at the development provider.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = "patiente")]
    pub account: String,
}

/// For which professional the command acts.
#[derive(Debug, Args)]
pub struct ProfessionalArguments {
    /// The professional's national identifier, for example 8 and the RPPS number.
    #[arg(long = "as", value_name = "IDENTIFIER")]
    pub account: String,
    /// The practice situation, when there are several.
    #[arg(long, default_value = "")]
    pub activity: String,
}

/// A patient, or a professional.
#[derive(Debug, Args)]
pub struct EitherArguments {
    /// The account at the development provider.
    #[arg(long = "as", value_name = "ACCOUNT", default_value = "patiente")]
    account: String,
    /// The account is a professional's, by their national identifier.
    #[arg(long)]
    pub professional: bool,
    /// The professional's practice situation, when there are several.
    #[arg(long, default_value = "", requires = "professional")]
    activity: String,
}

/// A signed-in person, and the software that they use.
#[derive(Debug)]
pub struct SignedIn {
    /// Their patient id; empty for professionals.
    pub patient_id: String,
    /// Their practitioner id; empty for patients.
    pub practitioner_id: String,
    /// Their token.
    pub bearer: Bearer,
    /// What they call with.
    pub software: Software,
}

/// A sign-in at the development provider, and how it becomes one at Aval.
pub(super) struct Exchange {
    /// What calls.
    pub(super) software: Software,
    /// The name in its certificate, to which the token will be bound.
    pub(super) certificate: &'static str,
    /// What it asks identity.
    pub(super) request: ExchangeTokenRequest,
}

/// The patients' portal.
const PORTAL: &str = "gateway";
/// A practice's software.
const SOFTWARE: &str = "software/command-line";

impl Session {
    /// Signs a patient in, with the portal.
    pub(super) async fn patient(&self, who: &PatientArguments) -> anyhow::Result<SignedIn> {
        self.exchange_for_patient(who).await?.sign_in().await
    }

    /// Signs a professional in, with a practice's software.
    pub(super) async fn professional(
        &self,
        who: &ProfessionalArguments,
    ) -> anyhow::Result<SignedIn> {
        self.exchange_for_professional(who).await?.sign_in().await
    }

    /// Signs in whoever is named.
    pub(super) async fn either(&self, who: &EitherArguments) -> anyhow::Result<SignedIn> {
        let account = who.account.clone();
        if who.professional {
            let activity = who.activity.clone();
            return self
                .professional(&ProfessionalArguments { account, activity })
                .await;
        }
        self.patient(&PatientArguments { account }).await
    }

    /// Signs a patient in at the provider alone.
    pub(super) async fn exchange_for_patient(
        &self,
        who: &PatientArguments,
    ) -> anyhow::Result<Exchange> {
        let tokens = self.provider_tokens("patients", &who.account).await;
        let tokens = tokens.context("the development provider does not sign this patient in")?;
        Ok(Exchange {
            software: self.software(PORTAL)?,
            certificate: PORTAL,
            request: tokens.as_patient(),
        })
    }

    /// Signs a professional in at the provider alone.
    pub(super) async fn exchange_for_professional(
        &self,
        who: &ProfessionalArguments,
    ) -> anyhow::Result<Exchange> {
        let tokens = self.provider_tokens("esante-wallet", &who.account).await;
        let tokens = tokens.context("the development provider does not sign this person in")?;
        Ok(Exchange {
            software: self.software(SOFTWARE)?,
            certificate: SOFTWARE,
            request: tokens.as_practitioner(&who.activity),
        })
    }

    async fn provider_tokens(&self, realm: &str, account: &str) -> anyhow::Result<ProviderTokens> {
        let endpoint = self.stack.ports.token_endpoint(realm);
        let nonce = request_id();
        self.provider()?
            .sign_in(&endpoint, account, &nonce, &[])
            .await
    }
}

impl Exchange {
    async fn sign_in(self) -> anyhow::Result<SignedIn> {
        let answer = self
            .software
            .sessions()
            .exchange_token(self.request)
            .await?
            .into_inner();
        let person = answer.bearer.unwrap_or_default().person;
        let (patient_id, practitioner_id) = match person {
            Some(Proto::Patient(patient)) => (patient.patient_id, String::new()),
            Some(Proto::Practitioner(person)) => (String::new(), person.practitioner_id),
            None => anyhow::bail!("identity answered a token of nobody"),
        };
        Ok(SignedIn {
            patient_id,
            practitioner_id,
            bearer: Bearer::new(&answer.access_token)?,
            software: self.software,
        })
    }
}
