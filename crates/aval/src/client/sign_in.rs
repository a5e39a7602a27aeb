//! Signing in: first at an identity provider, then at Aval.

use std::path::Path;

use anyhow::Context;
use aval_proto::identity::v1::exchange_token_request::Capacity;
use aval_proto::identity::v1::{
    ExchangeTokenRequest, PatientCapacity, PractitionerCapacity, RepresentativeCapacity,
};
use serde::Deserialize;

/// The development identity provider, as a client sees it.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    http: reqwest::Client,
    client_id: String,
    client_secret: String,
}

/// What the provider gives at a sign-in.
#[derive(Clone, Deserialize)]
pub struct ProviderTokens {
    access_token: String,
    id_token: String,
    #[serde(skip)]
    nonce: String,
}

impl ProviderClient {
    /// Believes certificates signed by this authority and signs in as this client.
    pub fn new(ca: &Path, client_id: &str, client_secret: &str) -> anyhow::Result<Self> {
        let pem = std::fs::read(ca).with_context(|| format!("cannot read {}", ca.display()))?;
        let http = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&pem)?])
            .https_only(true)
            .build()?;
        Ok(Self {
            http,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
        })
    }

    /// Signs somebody in at a token endpoint. `extra` are further parameters of the
    /// development provider, such as `("hostile", "missing_acr")`.
    pub async fn sign_in(
        &self,
        token_endpoint: &str,
        username: &str,
        nonce: &str,
        extra: &[(&str, &str)],
    ) -> anyhow::Result<ProviderTokens> {
        let mut form = vec![
            ("grant_type", "password"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("username", username),
            ("nonce", nonce),
        ];
        form.extend_from_slice(extra);
        let response = self.http.post(token_endpoint).form(&form).send().await?;
        let tokens: ProviderTokens = response.error_for_status()?.json().await?;
        Ok(ProviderTokens {
            nonce: nonce.to_owned(),
            ..tokens
        })
    }

    /// Asks whether an access token is alive, as a service does that is shown it.
    pub(crate) async fn introspect(
        &self,
        endpoint: &str,
        tokens: &ProviderTokens,
    ) -> anyhow::Result<()> {
        let request = self
            .http
            .post(endpoint)
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .form(&[("token", &tokens.access_token)]);
        request.send().await?.error_for_status()?.bytes().await?;
        Ok(())
    }

    /// Asks whose an access token is.
    pub(crate) async fn user_info(
        &self,
        endpoint: &str,
        tokens: &ProviderTokens,
    ) -> anyhow::Result<()> {
        let request = self.http.get(endpoint).bearer_auth(&tokens.access_token);
        request.send().await?.error_for_status()?.bytes().await?;
        Ok(())
    }
}

impl ProviderTokens {
    /// Asks for a professional's token, in this practice situation; empty: none is
    /// chosen.
    #[must_use]
    pub fn as_practitioner(&self, activity_id: &str) -> ExchangeTokenRequest {
        self.exchange(Capacity::Practitioner(PractitionerCapacity {
            activity_id: activity_id.to_owned(),
        }))
    }

    /// Asks for a patient's token.
    #[must_use]
    pub fn as_patient(&self) -> ExchangeTokenRequest {
        self.exchange(Capacity::Patient(PatientCapacity {}))
    }

    /// Asks for a representative's token.
    #[must_use]
    pub fn as_representative_of(&self, patient_id: &str) -> ExchangeTokenRequest {
        self.exchange(Capacity::Representative(RepresentativeCapacity {
            patient_id: patient_id.to_owned(),
        }))
    }

    fn exchange(&self, capacity: Capacity) -> ExchangeTokenRequest {
        ExchangeTokenRequest {
            grant_type: "urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
            subject_token: self.access_token.clone(),
            subject_token_type: "urn:ietf:params:oauth:token-type:access_token".to_owned(),
            id_token: self.id_token.clone(),
            nonce: self.nonce.clone(),
            scope: String::new(),
            capacity: Some(capacity),
        }
    }
}

impl std::fmt::Debug for ProviderTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProviderTokens(..)")
    }
}
