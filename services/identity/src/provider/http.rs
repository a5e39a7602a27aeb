//! A provider over HTTPS.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aval_domain::time::Timestamp;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::TlsFiles;
use aval_runtime::status::Causes;
use aval_runtime::tls::{HttpsClient, HttpsClientError, HttpsFiles, TlsError};
use futures::future::BoxFuture;
use jsonwebtoken::Algorithm;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::binding;
use super::discovery::Discovery;
use super::id_token::key_id;
use super::logout_token;
use super::published::Published;
use super::{
    ExpectedIdToken, ExpectedLogoutToken, IdentityProvider, LogoutClaims, LogoutRefused,
    ProvenSignIn, ProviderClient, ProviderKeys, SignInProof, SignInRefused,
};
use crate::config::ProviderConfig;

/// Longer answers are not read.
const LARGEST_ANSWER: usize = 256 * 1024;

/// A provider over HTTPS. Discovery and keys are fetched when first needed.
#[derive(Debug)]
pub struct HttpProvider {
    http: HttpsClient,
    discovery_url: String,
    client: ProviderClient,
    expected: ExpectedIdToken,
    algorithms: Vec<Algorithm>,
    client_secret: Option<String>,
    introspects: bool,
    published: Mutex<Published>,
    fetches: AtomicU64,
}

/// Why a provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ProviderSetupError {
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The authority's file, or the certificate's, cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client cannot be built.
    #[error("the HTTP client of the identity provider cannot be built")]
    Http(#[from] HttpsClientError),
}

impl HttpProvider {
    /// A provider as configured, which this name tells from the others in the metrics.
    /// Nothing is fetched yet.
    pub fn new(name: &'static str, config: &ProviderConfig) -> Result<Self, ProviderSetupError> {
        let files = match &config.client_certificate {
            Some(own) => HttpsFiles::Own(TlsFiles {
                certificate: own.certificate.clone(),
                private_key: own.private_key.clone(),
                client_ca: config.ca.clone(),
            }),
            None => HttpsFiles::Authority(config.ca.clone()),
        };
        let timeout = config.timeout.get();
        let http = HttpsClient::new(files, move || {
            reqwest::Client::builder()
                .timeout(timeout)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
        })?;
        let http = http.showing_its_end(name)?;
        let client_secret = config.client_secret_file.as_ref().map(|path| {
            let secret = std::fs::read_to_string(path);
            let unreadable = |source| ProviderSetupError::Unreadable {
                path: path.clone(),
                source,
            };
            secret
                .map(|secret| secret.trim().to_owned())
                .map_err(unreadable)
        });
        Ok(Self {
            http,
            discovery_url: config.discovery_url.clone(),
            client: ProviderClient {
                issuer: config.issuer.clone(),
                client_id: config.client_id.clone(),
            },
            expected: ExpectedIdToken {
                issuer: config.issuer.clone(),
                client_id: config.client_id.clone(),
                acr_values: config.acr_values.keys().cloned().collect(),
                skew: config.clock_skew.get(),
                oldest_sign_in: config.oldest_sign_in.get(),
            },
            algorithms: config
                .algorithms
                .iter()
                .map(|algorithm| algorithm.as_jwt())
                .collect(),
            client_secret: client_secret.transpose()?,
            introspects: config.introspection,
            published: Mutex::default(),
            fetches: AtomicU64::new(0),
        })
    }

    async fn prove_now(
        &self,
        proof: &SignInProof,
        presenter: Option<CertificateThumbprint>,
        now: Timestamp,
    ) -> Result<ProvenSignIn, SignInRefused> {
        let (discovery, keys) = self.published_for(&key_id(&proof.id_token)?, now).await?;
        let claims = self
            .expected
            .verify(&proof.id_token, &keys, &proof.nonce, now)?;
        if !claims.came_with(&proof.access_token) {
            return Err(SignInRefused::TokenInvalid);
        }
        if self.introspects {
            let said = self.introspect(&discovery, &proof.access_token).await?;
            binding::check(&said, &[presenter, self.http.own()])?;
        }
        let user_info = self.user_info(&discovery, &proof.access_token).await?;
        if user_info.get("sub").and_then(Value::as_str) != Some(&claims.subject) {
            return Err(SignInRefused::SubjectsDiffer);
        }
        Ok(ProvenSignIn {
            subject: claims.subject,
            session: claims.session,
            acr: claims.acr,
            authenticated_at: claims.authenticated_at,
            user_info,
        })
    }

    /// Under the keys that ID tokens are verified with.
    async fn prove_logout_now(
        &self,
        logout_token: &str,
        now: Timestamp,
    ) -> Result<LogoutClaims, LogoutRefused> {
        let kid = logout_token::key_id(logout_token)?;
        let published = self.published_for(&kid, now).await;
        let (_, keys) = published.map_err(|_| LogoutRefused::Unavailable)?;
        let expected = ExpectedLogoutToken {
            issuer: &self.client.issuer,
            client_id: &self.client.client_id,
            skew: self.expected.skew,
        };
        expected.verify(logout_token, &keys, now)
    }

    /// The discovery document and the keys, fetched anew when they are old or do not
    /// hold this key. Whoever waits for a fetch shares what became of it.
    async fn published_for(
        &self,
        kid: &str,
        now: Timestamp,
    ) -> Result<(Arc<Discovery>, Arc<ProviderKeys>), SignInRefused> {
        let fetches_seen = self.fetches.load(Ordering::Acquire);
        let mut published = self.published.lock().await;
        let nobody_fetched = self.fetches.load(Ordering::Acquire) == fetches_seen;
        if nobody_fetched && !published.serves(kid, now) && published.may_fetch(now) {
            published.begin_fetch(now);
            match self.fetch().await {
                Ok((discovery, keys)) => published.take(discovery, keys, now),
                Err(error) => {
                    tracing::warn!(%error, "the identity provider's keys were not fetched");
                }
            }
            self.fetches.fetch_add(1, Ordering::Release);
        }
        published
            .usable_for(kid, now)
            .ok_or(SignInRefused::Unavailable)
    }

    async fn fetch(&self) -> Result<(Discovery, ProviderKeys), SignInRefused> {
        let answer = self
            .fetched(self.http.current().get(&self.discovery_url))
            .await?;
        let discovery = Discovery::read(&answer, &self.expected.issuer, self.http.own().is_some())?;
        let answer = self
            .fetched(self.http.current().get(&discovery.jwks_uri))
            .await?;
        let keys = ProviderKeys::from_jwks(&answer, &self.algorithms);
        Ok((discovery, keys.ok_or(SignInRefused::Unavailable)?))
    }

    async fn user_info(
        &self,
        discovery: &Discovery,
        access_token: &str,
    ) -> Result<Map<String, Value>, SignInRefused> {
        let request = self
            .http
            .current()
            .get(&discovery.userinfo_endpoint)
            .bearer_auth(access_token);
        let answer = self.send(request).await?;
        // RFC 6750 §3.1: the token is refused; everything else is the provider's fault.
        if matches!(
            answer.status(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        ) {
            return Err(SignInRefused::AccessTokenRefused);
        }
        let answer = body_of(answer).await?;
        serde_json::from_slice(&answer).map_err(|_| SignInRefused::UserInfoMalformed)
    }

    /// What the provider says of an access token that is alive (RFC 7662).
    async fn introspect(
        &self,
        discovery: &Discovery,
        access_token: &str,
    ) -> Result<Value, SignInRefused> {
        let endpoint = discovery.introspection_endpoint.as_ref();
        let endpoint = endpoint.ok_or(SignInRefused::Unavailable)?;
        let request = self
            .http
            .current()
            .post(endpoint)
            .basic_auth(&self.expected.client_id, self.client_secret.as_ref())
            .form(&[("token", access_token)]);
        let answer = self.fetched(request).await?;
        let answer: Value =
            serde_json::from_slice(&answer).map_err(|_| SignInRefused::Unavailable)?;
        match answer.get("active") {
            Some(Value::Bool(true)) => Ok(answer),
            Some(Value::Bool(false)) => Err(SignInRefused::AccessTokenRefused),
            _ => Err(SignInRefused::Unavailable),
        }
    }

    async fn fetched(&self, request: RequestBuilder) -> Result<Vec<u8>, SignInRefused> {
        body_of(self.send(request).await?).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, SignInRefused> {
        request.send().await.map_err(unavailable)
    }
}

/// The body of a good answer, within the client's own time and size.
async fn body_of(mut answer: Response) -> Result<Vec<u8>, SignInRefused> {
    if answer.status() != StatusCode::OK {
        tracing::warn!(
            http.status_code = answer.status().as_u16(),
            "a provider's answer is no answer"
        );
        return Err(SignInRefused::Unavailable);
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(unavailable)? {
        if body.len() + piece.len() > LARGEST_ANSWER {
            return Err(SignInRefused::Unavailable);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn unavailable(error: reqwest::Error) -> SignInRefused {
    let error = error.without_url();
    tracing::warn!(error = %Causes(&error), "a request to an identity provider failed");
    SignInRefused::Unavailable
}

impl IdentityProvider for HttpProvider {
    fn client(&self) -> &ProviderClient {
        &self.client
    }

    fn prove<'a>(
        &'a self,
        proof: &'a SignInProof,
        presenter: Option<CertificateThumbprint>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<ProvenSignIn, SignInRefused>> {
        Box::pin(self.prove_now(proof, presenter, now))
    }

    fn prove_logout<'a>(
        &'a self,
        logout_token: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<LogoutClaims, LogoutRefused>> {
        Box::pin(self.prove_logout_now(logout_token, now))
    }
}
